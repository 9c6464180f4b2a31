"""The emergency desk's view of its calls."""

from datetime import datetime
from typing import Any

from functions.hospitals.rules.emergencies import EmergencyState
from functions.hospitals.table.desks import CaseRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.tracking.actions import Evidence
from functions.tracking.rules.emergencies import EmergencyKind, PositionSource


class PatientPosition(Reading, frozen=True, kw_only=True):
    """求助位置，GCJ-02。`source`：reported 是求助时上报的，last_known 是陪诊师手机最后一次上报的。"""

    lat: float
    lng: float
    accuracy_m: float | None
    source: PositionSource
    observed_at: datetime


class CaseLine(Reading, frozen=True, kw_only=True):
    """急救台的一次求助；位置和病情只在详情里。"""

    call_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    state: EmergencyState
    called_at: datetime
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    resolved_at: datetime | None
    unanswered_at: datetime | None
    taken_by_staff: bool

    @classmethod
    def of(cls, case: CaseRow) -> "CaseLine":
        return cls(**line_of(case))


class CaseView(CaseLine, frozen=True, kw_only=True):
    """一次求助的详情。`condition` 仅在本人单独同意紧急情况下共享时才有；每次查看都留痕。"""

    kind: EmergencyKind
    positions: list[PatientPosition]
    condition: str | None

    @classmethod
    def of_evidence(cls, case: CaseRow, evidence: Evidence) -> "CaseView":
        positions = [
            PatientPosition(
                lat=position.lat,
                lng=position.lng,
                accuracy_m=position.accuracy_m,
                source=position.source,
                observed_at=clock.china(position.observed_at),
            )
            for position in evidence.positions
        ]
        return cls(**line_of(case), kind=evidence.kind, positions=positions, condition=evidence.condition)


class CaseList(Reading, frozen=True, kw_only=True):
    """新的在前。"""

    items: list[CaseLine]
    next_cursor: str | None


def line_of(case: CaseRow) -> dict[str, Any]:
    """What list and detail show alike."""
    stamps = ("called_at", "acknowledged_at", "en_route_at", "resolved_at", "unanswered_at")
    times = {name: clock.china(at) if (at := getattr(case, name)) else None for name in stamps}
    return {
        "call_id": case.call_id,
        "hospital_id": case.hospital_id,
        "campus_id": case.campus_id,
        "department_id": case.department_id,
        "state": EmergencyState(case.state),
        "taken_by_staff": bool(case.taken_by_staff),
        **times,
    }
