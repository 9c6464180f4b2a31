"""What a complaint brings for a visit that is ahead: it is cancelled for nothing, or somebody else comes (三退, F17).

The complaint's workflow asks under the decision's id, maybe more than once; an order remembers which one it obeyed.
"""

from collections.abc import Mapping

from functions.booking import table
from functions.booking.actions import cancellation, unassignment
from functions.booking.rules.cancellation import Cost, CostReason
from functions.booking.rules.orders import ENDED_WITHOUT_VISIT, OrderRemedy, OrderState, UnassignedReason
from functions.booking.table import OrderRow
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

Remedied = Mapping[str, str | int]
"""How far a remedy is: `result` is done, under_way or not_possible; `refund_fen` what goes back."""
_NOT_POSSIBLE: Remedied = {"result": "not_possible", "refund_fen": 0}


def cancel(tx: Tx, *, order_id: str, decision_id: str) -> Remedied:
    """End the order at no cost to the client; not possible once the service has begun or ended. NotFound."""
    order = _stored(order_id)
    if not _obeyed(order, decision_id):
        if order.state not in (OrderState.ASSIGNED, OrderState.DISPATCHING):
            return _NOT_POSSIBLE
        order.remedy = OrderRemedy(decision_id, is_open=False)
        free = Cost(CostReason.COMPLAINT, 0, 0, 0, order.price.total_fen, None)
        cancellation.cancel_now(tx, order, free)
    return {"result": "done", "refund_fen": order.price.total_fen}


def reassign(tx: Tx, *, order_id: str, decision_id: str) -> Remedied:
    """Take the order from its companion and ask others, at the price that was paid. NotFound.

    `order.remedied` tells who took it, or that it ended with everything given back because nobody did.
    """
    order = _stored(order_id)
    if not _obeyed(order, decision_id):
        if order.state is not OrderState.ASSIGNED:
            return _NOT_POSSIBLE
        order.remedy = OrderRemedy(decision_id, is_open=True)
        order.departed_at = None
        unassignment.unassign(tx, order, UnassignedReason.COMPLAINED_OF)
    remedy = order.remedy
    assert remedy is not None, "it was obeyed just now, or before"
    is_refunded = order.state in ENDED_WITHOUT_VISIT
    return {
        "result": "under_way" if remedy.is_open else "done",
        "refund_fen": order.price.total_fen if is_refunded else 0,
    }


def _obeyed(order: OrderRow, decision_id: str) -> bool:
    return order.remedy is not None and order.remedy.decision_id == decision_id


def _stored(order_id: str) -> OrderRow:
    order = table.find_order(order_id)
    if order is None:
        raise NotFound()
    return order
