"""Visit reports: when they are due, who reads them, what they are (F14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.caller import Caller, Role
from functions.shared.errors import Conflict, Forbidden, NotFound

DISCLAIMER = "本报告由陪诊师如实转述医生的说明，不构成诊断或治疗建议；用药与复诊请以医生的医嘱和病历为准。"
"""Shown with every report: a companion relays what the doctor said and is no doctor."""
SCOPE = "report"
"""What a guest's pass must cover (F11)."""


@dataclass(frozen=True)
class Policy:
    """Thresholds of care."""

    report_due_s: int = 60 * 60
    """How long after the visit's end the report is due."""
    report_missing_s: int = 24 * 60 * 60
    """So long after it was due nobody waits for it any more: the order goes on without it."""

    def __post_init__(self) -> None:
        if min(self.report_due_s, self.report_missing_s) <= 0:
            raise ValueError("care policy: a report's times are positive")


@dataclass(frozen=True, kw_only=True)
class Medicine:
    """One medicine as the doctor prescribed it."""

    name: str
    dosage: str
    usage: str


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """What the doctor said, in the companion's words. Health data: sealed wherever it is stored."""

    medical_advice: str
    medicines: Sequence[Medicine]
    next_visit: str | None
    summary: str


class ReportNotFound(NotFound):
    """There is no report, or the caller has no part in the visit."""

    code = "report_not_found"
    title = "没有找到陪诊报告"


class VisitNotEnded(Conflict):
    """The visit has not ended."""

    code = "visit_not_ended"
    title = "陪诊结束后才能提交报告"


class ReportExists(Conflict):
    """A visit has one report."""

    code = "report_exists"
    title = "这次陪诊的报告已经提交过了"


class ReasonRequired(Forbidden):
    """Staff read a report only for a reason, which is kept."""

    code = "reason_required"
    title = "工作人员查看陪诊报告须填写理由"


class Reader(StrEnum):
    """A reader's part in the report."""

    CLIENT = "client"
    COMPANION = "companion"
    GUEST = "guest"
    STAFF = "staff"


def reader_of(caller: Caller, *, client_id: str, companion_id: str, order_id: str) -> Reader | None:
    """The caller's part, or None for a stranger. A guest's pass must still be checked to be alive."""
    if Role.GUEST in caller.roles:
        return Reader.GUEST if caller.order_id == order_id else None
    if Role.CLIENT in caller.roles and caller.subject == client_id:
        return Reader.CLIENT
    if Role.COMPANION in caller.roles and caller.subject == companion_id:
        return Reader.COMPANION
    return Reader.STAFF if caller.is_staff else None


def due_at(ended_at: datetime, policy: Policy) -> datetime:
    """When the report of a visit that ended then is due."""
    return ended_at + timedelta(seconds=policy.report_due_s)
