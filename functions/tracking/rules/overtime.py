"""Staying longer than planned (B9): proposed after the free minutes, approved by the client or in advance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules import overtime as pricing
from functions.booking.rules.overtime import Extension, OvertimeTerms
from functions.booking.rules.pricing import Overtime
from functions.shared import clock
from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import VisitNotRunning, VisitState


class OvertimeState(StrEnum):
    """Where a request for more time stands."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True)
class OvertimeRequest:
    """More time in whole units, priced by the order's frozen rate; share + commission = amount."""

    overtime_id: str
    minutes: int
    amount_fen: int
    share_fen: int
    commission_fen: int
    state: OvertimeState
    asked_at: datetime
    answered_at: datetime | None = None
    automatic: bool = False
    """The client had approved so much in advance."""
    sealed_reason: str | None = None
    """Why it was declined."""


class OvertimeNotCharged(Conflict):
    """The order was placed at a price without a rate for overtime: staying longer costs nothing."""

    code = "overtime_not_charged"
    title = "本订单没有约定超时费，延时不另收费"


class OvertimeTooEarly(Conflict):
    """The planned time, or the free minutes after it, still run."""

    code = "overtime_too_early"
    title = "还在约定时间或免费时长内，暂不能申请超时费"


class OvertimePending(Conflict):
    """One request at a time: the client has not answered the last one."""

    code = "overtime_pending"
    title = "上一次延时申请还在等待用户确认"


class OvertimeTooLong(Conflict):
    """More than a visit may last beyond its plan, or than it did."""

    code = "overtime_too_long"
    title = "延时超出可申请的时长"


class OvertimeAnswered(Conflict):
    """A request is answered once."""

    code = "overtime_answered"
    title = "这次延时申请已经答复过了"


class OvertimeNotFound(NotFound):
    """There is no such request in this visit."""

    code = "overtime_not_found"
    title = "没有找到这次延时申请"


ON_SITE = frozenset({VisitState.ARRIVED, VisitState.IN_PROGRESS})
"""The companion is with the patient."""


def approved_min(requests: Sequence[OvertimeRequest]) -> int:
    """Minutes that the client has agreed to pay for."""
    return sum(each.minutes for each in requests if each.state is OvertimeState.APPROVED)


def approved_fen(requests: Sequence[OvertimeRequest]) -> int:
    """What the client has agreed to pay for them."""
    return sum(each.amount_fen for each in requests if each.state is OvertimeState.APPROVED)


def is_authorised(cap_fen: int, requests: Sequence[OvertimeRequest], amount_fen: int) -> bool:
    """Whether the client approved so much more in advance: all overtime together stays within the cap."""
    return approved_fen(requests) + amount_fen <= cap_fen


def propose(
    terms: OvertimeTerms,
    requests: Sequence[OvertimeRequest],
    *,
    minutes: int,
    state: VisitState,
    planned_end: datetime,
    ended_at: datetime | None,
    now: datetime,
    policy: Policy,
) -> Extension:
    """What the wanted minutes, rounded up to units, would cost on top of what was approved before.

    After the visit's end only what it really lasted can be asked for. Raises OvertimeNotCharged, VisitNotRunning,
    OvertimeTooEarly, OvertimePending, OvertimeTooLong.
    """
    rate = terms.rate
    if rate is None:
        raise OvertimeNotCharged()
    if not _may_ask(state, ended_at, now, policy):
        raise VisitNotRunning()
    free_until = pricing.free_until(rate, planned_end)
    if min(now, ended_at or now) <= free_until:
        raise OvertimeTooEarly(f"{clock.china(free_until):%H:%M} 之后可以申请")
    if any(each.state is OvertimeState.ASKED for each in requests):
        raise OvertimePending()
    agreed_min = approved_min(requests)
    if agreed_min + pricing.in_units(rate, minutes) > _limit_min(rate, free_until, ended_at, policy):
        raise OvertimeTooLong()
    return pricing.extension(
        rate, planned_end=planned_end, agreed_min=agreed_min, more_min=minutes, share_bp=terms.share_bp
    )


def _may_ask(state: VisitState, ended_at: datetime | None, now: datetime, policy: Policy) -> bool:
    if ended_at is None:
        return state in ON_SITE
    is_over = state in (VisitState.ENDED, VisitState.REPORTED)
    return is_over and now <= ended_at + timedelta(seconds=policy.extras_after_end_s)


def _limit_min(rate: Overtime, free_until: datetime, ended_at: datetime | None, policy: Policy) -> int:
    if ended_at is None:
        return policy.overtime_max_min
    lasted_min = -(-(ended_at - free_until) // timedelta(minutes=1))
    return min(policy.overtime_max_min, pricing.in_units(rate, lasted_min))


def answer(
    requests: Sequence[OvertimeRequest], overtime_id: str, state: OvertimeState, *, at: datetime, reason: str | None
) -> tuple[tuple[OvertimeRequest, ...], OvertimeRequest]:
    """The requests with this one answered, and the answered one. Raises OvertimeNotFound, OvertimeAnswered."""
    found = next((each for each in requests if each.overtime_id == overtime_id), None)
    if found is None:
        raise OvertimeNotFound()
    if found.state is not OvertimeState.ASKED:
        raise OvertimeAnswered()
    answered = replace(found, state=state, answered_at=at, sealed_reason=reason)
    return tuple(answered if each is found else each for each in requests), answered
