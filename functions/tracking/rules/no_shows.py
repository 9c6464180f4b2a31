"""Somebody did not come (B4): when that may be said, how long is waited, and what the clock decides.

The clock decides only what the evidence of the visit itself proves. Where it does not, people decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import VisitState


class Absent(StrEnum):
    """Who is said not to have come."""

    CLIENT = "client"
    """The patient is not at the meeting point."""
    COMPANION = "companion"


class CaseState(StrEnum):
    """Where a report of absence stands."""

    WAITING = "waiting"
    CONTESTED = "contested"
    """The other side says otherwise, or the evidence does not suffice: people decide."""
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"
    """Both were there after all, and the visit went on."""


class Decider(StrEnum):
    """Who ended a case."""

    RULE = "rule"
    STAFF = "staff"


OPEN = frozenset({CaseState.WAITING, CaseState.CONTESTED})
_S = CaseState
CASE_MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    _S.WAITING: frozenset({_S.CONTESTED, _S.UPHELD, _S.DISMISSED, _S.RESOLVED}),
    _S.CONTESTED: frozenset({_S.UPHELD, _S.DISMISSED, _S.RESOLVED}),
    _S.UPHELD: frozenset(),
    _S.DISMISSED: frozenset(),
    _S.RESOLVED: frozenset(),
}
NO_SHOW_STATES: Mapping[Absent, VisitState] = {
    Absent.CLIENT: VisitState.NO_SHOW_CLIENT,
    Absent.COMPANION: VisitState.NO_SHOW_COMPANION,
}
"""How a visit ends when the report is upheld."""


class NoShowTooEarly(Conflict):
    """The visit has not begun by the plan: nobody is late."""

    code = "no_show_too_early"
    title = "还没到约定时间，请稍等"


class NoShowImpossible(Conflict):
    """The visit's progress shows that both are there, or that it is over."""

    code = "no_show_impossible"
    title = "当前进度下不能报告对方未到"


class PresenceUnproven(Conflict):
    """Only who is there can say that somebody else is not."""

    code = "presence_unproven"
    title = "请先在院区内打卡，证明您已到场"


class NoShowOpen(Conflict):
    """One report at a time."""

    code = "no_show_open"
    title = "已有一份未到场报告正在处理"


class NoShowClosed(Conflict):
    """The case is decided."""

    code = "no_show_closed"
    title = "这份未到场报告已经处理完毕"


class NoShowNotFound(NotFound):
    """There is no such case in this visit."""

    code = "no_show_not_found"
    title = "没有找到这份未到场报告"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the visit itself tells about who is there."""

    state: VisitState
    starts_at: datetime
    checked_in_at: datetime | None
    """When the companion's last accepted check-in was received."""
    arrived_at: datetime | None
    """When the arrival was recorded, by our clock."""

    def companion_is_there(self, policy: Policy) -> bool:
        """Whether a check-in on the campus proves that the companion waited for the planned start."""
        earliest = self.starts_at - timedelta(seconds=policy.no_show_presence_s)
        return self.checked_in_at is not None and self.checked_in_at >= earliest


_REPORTABLE = {
    Absent.CLIENT: frozenset({VisitState.ARRIVED}),
    Absent.COMPANION: frozenset({VisitState.SCHEDULED, VisitState.DEPARTED}),
}


def check_reportable(absent: Absent, evidence: Evidence, *, now: datetime, policy: Policy) -> None:
    """Raises NoShowImpossible, NoShowTooEarly, PresenceUnproven unless absence may be reported now."""
    if evidence.state not in _REPORTABLE[absent]:
        raise NoShowImpossible()
    if now < evidence.starts_at:
        raise NoShowTooEarly()
    is_there = evidence.companion_is_there(policy)
    if absent is Absent.CLIENT and not is_there:
        raise PresenceUnproven()
    if absent is Absent.COMPANION and is_there:
        raise NoShowImpossible("陪诊师已在院区内打卡，请按约定的碰头地点会合，或联系客服")


def waits_until(absent: Absent, evidence: Evidence, *, reported_at: datetime, policy: Policy) -> datetime:
    """Until when is waited: the policy's time after the planned start (or a later arrival), with time to answer."""
    begun_at = evidence.starts_at
    if absent is Absent.CLIENT and evidence.arrived_at is not None:
        begun_at = max(begun_at, evidence.arrived_at)
    waited = begun_at + timedelta(seconds=policy.no_show_wait_s)
    return max(waited, reported_at + timedelta(seconds=policy.no_show_answer_s))


def verdict(absent: Absent, evidence: Evidence, *, now: datetime, policy: Policy) -> CaseState:
    """What an uncontested case comes to when its clock has run out: UPHELD, RESOLVED, or CONTESTED for people.

    A client is absent if the companion proved to be there and no step followed the arrival. A companion is absent who
    never set out; of one who set out and did not arrive, people decide.
    """
    if now < evidence.starts_at:
        return CaseState.RESOLVED
    is_there = evidence.companion_is_there(policy)
    if absent is Absent.CLIENT:
        if evidence.state is not VisitState.ARRIVED:
            return CaseState.RESOLVED
        return CaseState.UPHELD if is_there else CaseState.CONTESTED
    if is_there or evidence.state not in _REPORTABLE[absent]:
        return CaseState.RESOLVED
    return CaseState.UPHELD if evidence.state is VisitState.SCHEDULED else CaseState.CONTESTED


def move_case(state: CaseState, to: CaseState) -> CaseState:
    """`to`, if a case may go there from `state`; otherwise NoShowClosed."""
    if to not in CASE_MOVES[state]:
        raise NoShowClosed()
    return to
