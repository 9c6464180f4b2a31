"""Refunds: states, and which refusals of the provider are worth waiting for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.shared.errors import Conflict


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

    @property
    def label(self) -> str:
        """As the client reads it on the provider's receipt."""
        return {RefundReason.PAID_TOO_LATE: "付款时订单已关闭，全额退款"}.get(self, "订单未能成行，全额退款")


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
