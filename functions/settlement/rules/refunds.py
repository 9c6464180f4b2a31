"""Refunds: states, who bears them, and which refusals of the provider are worth waiting for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.shared import ids
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.money import allocate, fen, yuan

MAX_PARTS = 50
"""So many refunds of one payment the provider allows."""
APART = timedelta(seconds=61)
"""The provider wants a minute between two refunds of one payment."""


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"


REFUND_MOVES: Mapping[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset({RefundState.PROCESSING, RefundState.SUCCEEDED, RefundState.ABNORMAL}),
    RefundState.PROCESSING: frozenset({RefundState.SUCCEEDED, RefundState.ABNORMAL}),
    # Staff settle it with the client on the provider's platform; its success is then notified as usual.
    RefundState.ABNORMAL: frozenset({RefundState.SUCCEEDED}),
    RefundState.SUCCEEDED: frozenset(),
}

PASSING_REFUSALS = frozenset({"NOT_ENOUGH", "FREQUENCY_LIMITED", "SYSTEM_ERROR"})
"""The provider's codes for `not now`: too little money on the merchant's account, too many calls."""


class RefundReason(StrEnum):
    """Why money goes back."""

    PAID_TOO_LATE = "paid_too_late"
    ORDER_CLOSED = "order_closed"
    FEE_KEPT = "fee_kept"
    AFTER_SALES = "after_sales"

    @property
    def label(self) -> str:
        """As the client reads it on the provider's receipt."""
        return _LABELS[self]


_LABELS: Mapping[RefundReason, str] = {
    RefundReason.PAID_TOO_LATE: "付款时订单已关闭，全额退款",
    RefundReason.ORDER_CLOSED: "订单未能成行，全额退款",
    RefundReason.FEE_KEPT: "订单取消，扣除取消费用后退款",
    RefundReason.AFTER_SALES: "售后退款",
}


@dataclass(frozen=True, kw_only=True)
class Refund:
    """A refund as callers see it."""

    refund_id: str
    payment_id: str
    order_id: str
    client_id: str
    amount_fen: int
    state: RefundState
    reason: RefundReason
    requested_at: datetime
    succeeded_at: datetime | None


class NothingToRefund(Conflict):
    """There is no successful payment, or its money is no longer held."""

    code = "nothing_to_refund"
    title = "没有可退的款项"


class OrderNotSettled(Conflict):
    """The order goes on: its money is given back by cancelling it, not by a refund."""

    code = "order_not_settled"
    title = "订单尚未结束，请通过取消订单退款"


class RefundTooLarge(Conflict):
    """More than the client paid, or more of a share than there is."""

    code = "refund_too_large"
    title = "退款金额超过可退金额"


class TooManyRefunds(Conflict):
    """The provider takes 50 refunds of one payment."""

    code = "too_many_refunds"
    title = "该订单的退款次数已达上限"


class RefundKind(StrEnum):
    """How much goes back, and who bears it."""

    FULL = "full"
    """All that the client has not got back yet."""
    FEE_KEPT = "fee_kept"
    """All but the platform's commission: the companion's share of what is left."""
    PARTIAL = "partial"
    """An amount, borne by companion and platform as they shared the price."""
    GOODWILL = "goodwill"
    """An amount out of the platform's own pocket."""
    ORDERED = "ordered"
    """The parts were decided elsewhere: in the handling of a complaint."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is left of an ended order's money, in fen."""

    paid_fen: int
    refunded_fen: int
    companion_left_fen: int
    """Of the companion's share, what no refund has taken yet."""
    commission_left_fen: int

    @property
    def refundable_fen(self) -> int:
        return self.paid_fen - self.refunded_fen


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Who bears a refund, in fen."""

    companion_fen: int = 0
    platform_fen: int = 0
    goodwill_fen: int = 0

    @property
    def amount_fen(self) -> int:
        return self.companion_fen + self.platform_fen + self.goodwill_fen


def plan_refund(standing: Standing, kind: RefundKind, amount_fen: int | None) -> Parts:
    """Who bears a refund of this kind; an amount is wanted for PARTIAL and GOODWILL and refused for the others.

    Raises Invalid, RefundTooLarge, NothingToRefund.
    """
    if (kind in (RefundKind.PARTIAL, RefundKind.GOODWILL)) != (amount_fen is not None):
        raise Invalid(errors=(FieldError("amount_fen", "部分退款和补偿须填写金额，其他类型由系统计算"),))
    wanted_fen = standing.refundable_fen if amount_fen is None else fen(amount_fen)
    if kind is RefundKind.GOODWILL:
        parts = Parts(goodwill_fen=wanted_fen)
    elif kind is RefundKind.FEE_KEPT:
        parts = Parts(companion_fen=min(wanted_fen, standing.companion_left_fen))
    else:
        parts = _shared(standing, wanted_fen)
    return checked_parts(standing, parts)


def _shared(standing: Standing, amount_fen: int) -> Parts:
    """In proportion to what companion and platform have left; what exceeds both is goodwill."""
    lefts = (standing.companion_left_fen, standing.commission_left_fen)
    borne_fen = min(amount_fen, sum(lefts))
    if borne_fen <= 0:
        return Parts(goodwill_fen=amount_fen)
    companion_fen, platform_fen = allocate(borne_fen, lefts)
    return Parts(companion_fen=companion_fen, platform_fen=platform_fen, goodwill_fen=amount_fen - borne_fen)


def checked_parts(standing: Standing, parts: Parts) -> Parts:
    """`parts`, if there is something to give back and everybody has it. Raises RefundTooLarge, NothingToRefund."""
    if min(parts.companion_fen, parts.platform_fen, parts.goodwill_fen) < 0 or parts.amount_fen <= 0:
        raise NothingToRefund()
    if parts.amount_fen > standing.refundable_fen:
        raise RefundTooLarge(f"该订单最多还可退 {yuan(standing.refundable_fen)}")
    if parts.companion_fen > standing.companion_left_fen or parts.platform_fen > standing.commission_left_fen:
        raise RefundTooLarge("超过了陪诊师分成或平台抽成的余额")
    return parts


def refund_id_of(payment_id: str, number: int) -> str:
    """The id, and number at the provider, of a payment's first, second … refund (`rfd_…`; of its supplements
    `rfd01_…`). An order's id stands for its own payment. Raises TooManyRefunds."""
    if number > MAX_PARTS:
        raise TooManyRefunds()
    supplement = payment_id.partition("_")[0].removeprefix("sup") if payment_id.startswith("sup") else ""
    first = ids.derived(f"rfd{supplement}", payment_id)
    return first if number == 1 else f"{first}-{number}"


def order_id_of(refund_id: str) -> str:
    """The order of which this is a refund."""
    return ids.derived("ord", refund_id.partition("-")[0])


def move_refund(state: RefundState, to: RefundState) -> RefundState:
    """`to`, if a refund may go there from `state`; otherwise IllegalMove."""
    if to not in REFUND_MOVES[state]:
        raise IllegalMove(f"退款单状态不能从 {state} 变为 {to}")
    return to


def refundable_fen(*, paid_fen: int, held_fen: int) -> int:
    """What a full refund gives back: all of the payment, which must still be held. Raises NothingToRefund."""
    if paid_fen <= 0 or held_fen < paid_fen:
        raise NothingToRefund()
    return paid_fen
