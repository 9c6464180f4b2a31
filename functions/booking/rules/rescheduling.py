"""Whether a visit may be moved to another time, and where it could go (B3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules.cancellation import Terms
from functions.booking.rules.orders import OrderState
from functions.shared.errors import Conflict

MOVABLE = frozenset({OrderState.PAID, OrderState.DISPATCHING, OrderState.ASSIGNED})
MAX_ALTERNATIVES = 6


class Refusal(StrEnum):
    """Why a visit stays where it is."""

    STATE = "state"
    DEPARTED = "departed"
    SAME_TIME = "same_time"
    TOO_LATE = "too_late"
    TOO_OFTEN = "too_often"
    NOT_OFFERED = "not_offered"
    DEARER = "dearer"


REFUSALS = {
    Refusal.STATE: "订单当前的状态不能改期",
    Refusal.DEPARTED: "陪诊师已出发，不能改期",
    Refusal.SAME_TIME: "新的时间与原来相同",
    Refusal.TOO_LATE: "离就诊时间太近，不能改期；如需调整请取消后重新下单",
    Refusal.TOO_OFTEN: "改期次数已用完；如需调整请取消后重新下单",
    Refusal.NOT_OFFERED: "该日期不提供原订单的套餐或定制需求；请选择其他日期，或取消后重新下单",
    Refusal.DEARER: "该时间段的价格更高，不能直接改期；请选择其他时间，或取消后按新价格下单",
}


class RescheduleRefused(Conflict):
    """The terms, the order's state or the price of the new time do not allow it; `detail` says which."""

    code = "reschedule_refused"
    title = "不能改期"


class CompanionBusy(Conflict):
    """The companion is not free at the new time; `detail` names times of that day when they are."""

    code = "companion_busy"
    title = "陪诊师在新的时间没有空"


@dataclass(frozen=True)
class Movable:
    """What decides whether an order may be moved."""

    state: OrderState
    departed: bool
    starts_at: datetime
    times_moved: int


def check(order: Movable, terms: Terms, *, to: datetime, now: datetime) -> None:
    """RescheduleRefused unless the order may be moved to `to`; the first reason that stands in the way is told."""
    stands_in_the_way = (
        (Refusal.STATE, order.state not in MOVABLE),
        (Refusal.DEPARTED, order.departed),
        (Refusal.SAME_TIME, to == order.starts_at),
        (Refusal.TOO_LATE, now > until(terms, order.starts_at)),
        (Refusal.TOO_OFTEN, order.times_moved >= terms.max_reschedules),
    )
    for refusal, stands in stands_in_the_way:
        if stands:
            raise RescheduleRefused(REFUSALS[refusal])


def check_price(*, now_fen: int, then_fen: int | None) -> None:
    """RescheduleRefused if the new time costs more (before discounts), or nothing is offered then (None).

    A cheaper time is allowed: the price is kept.
    """
    if then_fen is None:
        raise RescheduleRefused(REFUSALS[Refusal.NOT_OFFERED])
    if then_fen > now_fen:
        raise RescheduleRefused(REFUSALS[Refusal.DEARER])


def difference_back_fen(*, paid_fen: int, premium_fen: int, now_fen: int, then_fen: int) -> int:
    """What a client gets back whose visit a complaint moved to a cheaper time, in fen; a dearer one costs nothing more.

    `now_fen` and `then_fen` are the prices before discounts; nobody gets back more than they paid for the visit.
    """
    return min(max(0, now_fen - then_fen), max(0, paid_fen - premium_fen))


def until(terms: Terms, starts_at: datetime) -> datetime:
    """The last instant at which a visit may be moved."""
    return starts_at - timedelta(seconds=terms.reschedule_before_s)


def nearest(wanted: datetime, starts: Iterable[datetime], is_free: Callable[[datetime], bool]) -> list[datetime]:
    """The free ones among `starts` nearest to `wanted`, in order of time, six at most."""
    found: list[datetime] = []
    for start in sorted(starts, key=lambda at: (abs(at - wanted), at)):
        if is_free(start):
            found.append(start)
        if len(found) == MAX_ALTERNATIVES:
            break
    return sorted(found)
