"""Somebody did not come to the visit: the order ends at the cost of its frozen terms (B4)."""

from functions.booking import table
from functions.booking.actions import closing, slots
from functions.booking.rules import cancellation
from functions.booking.rules.orders import ClosedReason, OrderState
from functions.shared.tx import Tx

_REASONS = {"client": ClosedReason.CLIENT_NO_SHOW, "companion": ClosedReason.COMPANION_NO_SHOW}
_UNDERWAY = frozenset({OrderState.ASSIGNED, OrderState.IN_SERVICE})


def close_for_no_show(tx: Tx, *, order_id: str, companion_id: str, absent: str) -> None:
    """End the order: a client's absence compensates the companion, a companion's gives everything back.

    Nothing for an order that has ended or is another companion's by now.
    """
    order = table.find_order(order_id)
    if order is None or order.state not in _UNDERWAY or order.companion_id != companion_id:
        return
    reason = _REASONS[absent]
    cost = cancellation.no_show_cost(
        order.terms, reason, paid_fen=order.price.total_fen, premium_fen=order.price.premium_fen
    )
    slots.release(tx, order)
    closing.close(
        tx,
        order,
        OrderState.CLOSED,
        reason,
        companion_fee_fen=cost.companion_fee_fen,
        platform_fee_fen=cost.platform_fee_fen,
    )
