"""What a complaint brings for a visit that is ahead: it is cancelled for nothing, or somebody else comes (三退, F17).

The complaint's workflow asks under the decision's id, maybe more than once; an order remembers which one it obeyed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from functions.booking import table
from functions.booking.actions import cancellation, quotes, unassignment
from functions.booking.rules import pricing, rescheduling
from functions.booking.rules.cancellation import Cost, CostReason
from functions.booking.rules.orders import ENDED_WITHOUT_VISIT, OrderRemedy, OrderState, UnassignedReason
from functions.booking.table import OrderRow
from functions.shared.errors import Invalid, NotFound
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


def reassign(tx: Tx, *, order_id: str, decision_id: str, to: datetime | None) -> Remedied:
    """Take the order from its companion and ask others, for the time `to` if there is one. NotFound.

    The client pays nothing more; what a cheaper time saves goes back once the visit was done. `order.remedied` tells
    who took it, or that it ended with everything given back because nobody did. Not possible at a time at which the
    visit is not offered, or not any more.
    """
    order = _stored(order_id)
    if not _obeyed(order, decision_id):
        if order.state is not OrderState.ASSIGNED:
            return _NOT_POSSIBLE
        to = None if to == order.starts_at else to
        try:
            back_fen = _back_fen(order) if to is None else _difference_fen(order, to, tx.now)
        except Invalid:
            return _NOT_POSSIBLE
        order.remedy = OrderRemedy(decision_id, is_open=True, back_fen=back_fen)
        order.departed_at = None
        unassignment.unassign(tx, order, UnassignedReason.COMPLAINED_OF, to=to)
    remedy = order.remedy
    assert remedy is not None, "it was obeyed just now, or before"
    is_refunded = order.state in ENDED_WITHOUT_VISIT
    return {
        "result": "under_way" if remedy.is_open else "done",
        "refund_fen": order.price.total_fen if is_refunded else 0,
    }


def require_offered(order_id: str, times: Sequence[datetime], *, field: str, now: datetime) -> None:
    """Invalid, naming `field`, unless the order's visit could be at each of these times. NotFound. Two reads."""
    order = _stored(order_id)
    for at in times:
        try:
            _difference_fen(order, at, now)
        except Invalid as problem:
            errors = tuple(replace(error, field=field) for error in problem.errors)
            raise Invalid(problem.detail, errors=errors) from problem


def _difference_fen(order: OrderRow, to: datetime, now: datetime) -> int:
    """What the time `to` saves the client; Invalid if the visit cannot be then."""
    pricing.check_start(to, now, table.policy())
    price = order.price
    return rescheduling.difference_back_fen(
        paid_fen=price.total_fen,
        premium_fen=price.premium_fen,
        now_fen=price.gross_fen - price.premium_fen,
        then_fen=quotes.gross_at(order, to),
    )


def _back_fen(order: OrderRow) -> int:
    """What an earlier complaint's time saves; it stays so while the time does."""
    return order.remedy.back_fen if order.remedy else 0


def _obeyed(order: OrderRow, decision_id: str) -> bool:
    return order.remedy is not None and order.remedy.decision_id == decision_id


def _stored(order_id: str) -> OrderRow:
    order = table.find_order(order_id)
    if order is None:
        raise NotFound()
    return order
