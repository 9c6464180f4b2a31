"""The end of an order without a visit: one place, so that nothing it held stays held."""

from functions.booking.actions import discounts, hall, remedied, waiting
from functions.booking.events import OrderClosed
from functions.booking.rules import orders
from functions.booking.rules.orders import ClosedReason, OrderState
from functions.booking.table import OrderRow
from functions.shared.tx import Tx

_TAKEN = frozenset({OrderState.ASSIGNED, OrderState.IN_SERVICE})


def close(
    tx: Tx,
    order: OrderRow,
    state: OrderState,
    reason: ClosedReason,
    *,
    companion_fee_fen: int = 0,
    platform_fee_fen: int = 0,
) -> None:
    """End the order in `state` and tell everybody; the caller has let go of the companion's slot.

    The fees stay with companion and platform; what was paid beyond them goes back to the client.
    """
    paid, assigned = order.payment_id is not None, order.state in _TAKEN
    fees_fen = companion_fee_fen + platform_fee_fen
    assert 0 <= fees_fen <= order.price.total_fen, "a fee is part of the price"
    order.state = orders.move_order(order.state, state)
    order.closed_reason = reason
    discounts.restore(tx, order)
    hall.withdraw(tx, order)
    waiting.stop(tx, order)
    refund_fen = order.price.total_fen - fees_fen if paid else 0
    remedied.tell(tx, order, companion_id=None, refund_fen=refund_fen)
    tx.save(order)
    tx.emit(
        OrderClosed(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=order.chosen_id,
            reason=reason,
            paid=paid,
            refund_fen=refund_fen,
            companion_fee_fen=companion_fee_fen,
            platform_fee_fen=platform_fee_fen,
            assigned=assigned,
        )
    )
