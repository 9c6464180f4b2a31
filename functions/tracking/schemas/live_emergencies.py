"""What the live channel tells of emergency calls: never where or how the patient is."""

from datetime import datetime

from functions.hospitals.rules.emergencies import EmergencyState
from functions.shared import clock
from functions.tracking.events import EmergencyCalled
from functions.tracking.rules import emergencies as rules
from functions.tracking.rules.access import Standing
from functions.tracking.rules.emergencies import Reached, Recipient
from functions.tracking.schemas.live import Told
from functions.tracking.table.emergencies import EmergencyCall


class EmergencyTold(Told, frozen=True, kw_only=True, tag="emergency.changed"):
    """To everybody who follows the visit: the call as it now is. The highest `version` is the latest."""

    visit_id: str
    call_id: str
    state: EmergencyState
    hotline: str
    called_by: Standing
    called_at: datetime
    reached: dict[Recipient, Reached]
    said: str
    unanswered: bool
    version: int

    @classmethod
    def of(cls, call: EmergencyCall) -> "EmergencyTold":
        return cls(
            visit_id=call.visit_id,
            call_id=call.call_id,
            state=EmergencyState(call.state),
            hotline=rules.HOTLINE,
            called_by=Standing(call.called_by),
            called_at=clock.china(call.called_at),
            reached=rules.reached(call.attempts),
            said=rules.said(call.attempts, is_taken=call.state != EmergencyState.CALLED),
            unanswered=call.unanswered_at is not None,
            version=int(call.version),
        )


class DeskTold(Told, frozen=True, kw_only=True, tag="emergency.called"):
    """To a hospital's desk: a call for help; `details` is where position and condition are read."""

    call_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    called_at: datetime
    details: str

    @classmethod
    def of(cls, event: EmergencyCalled) -> "DeskTold":
        return cls(
            call_id=event.call_id,
            hospital_id=event.hospital_id,
            campus_id=event.campus_id,
            department_id=event.department_id,
            called_at=clock.china(event.called_at),
            details=f"/emergency-desks/{event.hospital_id}/calls/{event.call_id}",
        )
