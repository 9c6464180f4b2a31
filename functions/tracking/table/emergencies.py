"""Emergency calls of a visit, and what is sealed of them."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from functions.hospitals.rules.emergencies import EmergencyState
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.rules.emergencies import Attempt
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.positions import Trail
from functions.tracking.table.visits import Visit, visit_key

_PAGE = 50


class EmergencyCall(TrackingRow, discriminator="emergency_call"):
    """One call, and what became of telling everybody. `condition_shared` is None until that has been looked up."""

    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    caller_id = UnicodeAttribute()
    called_by = UnicodeAttribute()
    called_at = InstantAttribute()
    state = UnicodeAttribute(default=EmergencyState.CALLED.value)
    attempts: JsonAttribute[tuple[Attempt, ...]] = JsonAttribute(tuple[Attempt, ...])
    position_recorded = BooleanAttribute(default=False)
    condition_shared = BooleanAttribute(null=True)
    unanswered_at = InstantAttribute(null=True)
    acknowledged_at = InstantAttribute(null=True)
    en_route_at = InstantAttribute(null=True)
    resolved_at = InstantAttribute(null=True)

    @property
    def visit_id(self) -> str:
        return str(self.pk)

    @property
    def call_id(self) -> str:
        return str(self.sk).removeprefix("EMERGENCY#")


class OpenEmergency(TrackingRow, discriminator="emergency_open"):
    """Which call of the visit is open: the next press joins it."""

    call_id = UnicodeAttribute()
    called_at = InstantAttribute()


class EmergencyReport(TrackingRow, discriminator="emergency_report"):
    """What one press said, sealed: what happened, where. Expires as positions do."""

    received_at = InstantAttribute()
    sealed_report = UnicodeAttribute()


class EmergencyCondition(TrackingRow, discriminator="emergency_condition"):
    """The condition summary that the patient agreed to share, and the last known position, sealed as they then were."""

    sealed_condition = UnicodeAttribute()


def emergency_key(visit_id: str, call_id: str) -> tuple[str, str]:
    return visit_id, f"EMERGENCY#{call_id}"


def open_emergency_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "EMERGENCY_OPEN"


def report_key(visit_id: str, call_id: str, at: datetime) -> tuple[str, str]:
    return visit_id, f"SOS#{call_id}#{ids.new('REPORT', at)}"


def condition_key(visit_id: str, call_id: str) -> tuple[str, str]:
    return visit_id, f"SOS#{call_id}#CONDITION"


def find_visit_and_open_emergency(visit_id: str) -> tuple[Visit | None, OpenEmergency | None]:
    """One BatchGetItem."""
    rows = find_all(TrackingRow, [visit_key(visit_id), open_emergency_key(visit_id)])
    visit, opened = rows.get(visit_key(visit_id)), rows.get(open_emergency_key(visit_id))
    assert visit is None or isinstance(visit, Visit)
    assert opened is None or isinstance(opened, OpenEmergency)
    return visit, opened


def find_open_emergency(visit_id: str) -> OpenEmergency | None:
    return find(OpenEmergency, *open_emergency_key(visit_id))


def find_emergency(visit_id: str, call_id: str) -> EmergencyCall | None:
    return find(EmergencyCall, *emergency_key(visit_id, call_id)) if ids.is_id("emc", call_id) else None


def emergencies_of(visit_id: str) -> Sequence[EmergencyCall]:
    """The visit's calls, newest first: one Query."""
    rows, _ = query_page(EmergencyCall, visit_id, prefix="EMERGENCY#", limit=_PAGE, newest_first=True)
    return rows


def find_condition(visit_id: str, call_id: str) -> EmergencyCondition | None:
    return find(EmergencyCondition, *condition_key(visit_id, call_id))


def reports_of(visit_id: str, call_id: str) -> Sequence[EmergencyReport]:
    """What the presses of one call said, in order: one Query."""
    rows, _ = query_page(EmergencyReport, visit_id, prefix=f"SOS#{call_id}#REPORT", limit=_PAGE)
    return rows


def latest_trail(visit_id: str) -> Trail | None:
    """The latest batch of the companion's positions."""
    rows, _ = query_page(Trail, visit_id, prefix="TRAIL#", limit=1, newest_first=True)
    return rows[0] if rows else None
