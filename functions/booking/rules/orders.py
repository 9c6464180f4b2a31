"""The life of an order and of an offer: states, the moves between them, deadlines (F3, F19, B1, B5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules.policy import Policy
from functions.shared.errors import Conflict, NotFound


class OrderState(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    DISPATCHING = "dispatching"
    ASSIGNED = "assigned"
    IN_SERVICE = "in_service"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_COMPANION = "no_companion"
    CLOSED = "closed"


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class ClosedReason(StrEnum):
    """Why an order ended without a visit."""

    HOLD_EXPIRED = "hold_expired"
    NO_COMPANION = "no_companion"
    CANCELLED = "cancelled"
    CLIENT_NO_SHOW = "client_no_show"
    COMPANION_NO_SHOW = "companion_no_show"


class UnassignedReason(StrEnum):
    """Why a companion lost an order that they had taken."""

    COMPANION_CANCELLED = "companion_cancelled"
    NOT_CONFIRMED = "not_confirmed"
    COMPLAINED_OF = "complained_of"
    """The client complained, and was given somebody else."""
    COMPANION_SUSPENDED = "companion_suspended"
    """Clients complained of the companion too often."""


_S = OrderState
ORDER_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    _S.AWAITING_PAYMENT: frozenset({_S.PAID, _S.CLOSED, _S.CANCELLED}),
    _S.PAID: frozenset({_S.DISPATCHING, _S.CANCELLED}),
    _S.DISPATCHING: frozenset({_S.ASSIGNED, _S.NO_COMPANION, _S.CANCELLED}),
    _S.ASSIGNED: frozenset({_S.IN_SERVICE, _S.DISPATCHING, _S.CANCELLED, _S.CLOSED}),
    # A companion who arrived and waited in vain was in service already (B4).
    _S.IN_SERVICE: frozenset({_S.COMPLETED, _S.CLOSED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NO_COMPANION: frozenset(),
    _S.CLOSED: frozenset(),
}
"""Which state may follow which; the last four are final."""

OFFER_MOVES: Mapping[OfferState, frozenset[OfferState]] = {
    OfferState.OPEN: frozenset(
        {OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN},
    ),
    OfferState.ACCEPTED: frozenset(),
    OfferState.DECLINED: frozenset(),
    OfferState.EXPIRED: frozenset(),
    OfferState.WITHDRAWN: frozenset(),
}

ENDED_WITHOUT_VISIT = frozenset({_S.CLOSED, _S.CANCELLED, _S.NO_COMPANION})
_TITLES: Mapping[OrderState, str] = {
    _S.AWAITING_PAYMENT: "待付款",
    _S.PAID: "已付款",
    _S.DISPATCHING: "正在安排陪诊师",
    _S.ASSIGNED: "陪诊师已确认",
    _S.IN_SERVICE: "陪诊中",
    _S.COMPLETED: "已完成",
    _S.CANCELLED: "已取消",
    _S.NO_COMPANION: "无人接单，已退款",
    _S.CLOSED: "已关闭",
}


class IllegalMove(Conflict):
    """The object's state does not allow what was asked."""

    code = "illegal_state"
    title = "当前状态不允许此操作"


class NotReady(NotFound):
    """It will exist once the order has gone further."""

    code = "not_ready"
    title = "尚未生成"


class OfferClosed(Conflict):
    """The offer was answered, withdrawn or has expired."""

    code = "offer_closed"
    title = "这个派单已失效"


@dataclass(frozen=True)
class OpenOffer:
    """The offer that an order is waiting for."""

    offer_id: str
    expires_at: datetime


@dataclass(frozen=True)
class OrderRemedy:
    """What was decided about a complaint and done to the order; `is_open` until another companion took it.

    `back_fen`: by so much the visit is cheaper at the time to which it was moved; given back once it was done.
    """

    decision_id: str
    is_open: bool
    back_fen: int = 0


@dataclass(frozen=True)
class OfferedVisit:
    """What a companion is told about a visit before taking it. Nothing of the patient."""

    starts_at: datetime
    ends_at: datetime
    hospital_id: str
    hospital_name: str
    campus_name: str
    department_name: str
    package_name: str
    special_requests: tuple[str, ...]
    share_fen: int
    """What the companion would earn."""


def title_of(state: OrderState) -> str:
    """The state as people read it."""
    return _TITLES[state]


def move_order(state: OrderState, to: OrderState) -> OrderState:
    """`to`, if an order may go there from `state`; otherwise IllegalMove. All changes of state pass here."""
    if to not in ORDER_MOVES[state]:
        raise IllegalMove(f"订单{_TITLES[state]}，不能变为{_TITLES[to]}")
    return to


def move_offer(state: OfferState, to: OfferState) -> OfferState:
    """`to`, if an offer may go there from `state`; otherwise OfferClosed."""
    if to not in OFFER_MOVES[state]:
        raise OfferClosed()
    return to


def hold_expires_at(now: datetime, policy: Policy) -> datetime:
    """Until when an unpaid order keeps companion and slot (B1)."""
    return now + timedelta(seconds=policy.hold_s)


def offer_expires_at(now: datetime, starts_at: datetime, policy: Policy) -> datetime:
    """Until when a companion may answer: the policy's time, not past the visit's start, never under two minutes."""
    wanted = min(now + timedelta(seconds=policy.offer_ttl_s), starts_at)
    return max(wanted, now + timedelta(seconds=min(policy.offer_floor_s, policy.offer_ttl_s)))


def may_dispatch(now: datetime, starts_at: datetime) -> bool:
    """Whether another companion may still be asked: not once the visit should have begun."""
    return now < starts_at
