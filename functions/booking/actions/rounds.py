"""Rounds: a city's waiting orders given out together, planned first, then one offer after the other (F19).

Whoever waits first in a window schedules its round, a one-off timer of the city: no work while nobody waits. The
largest round (90 orders) takes a fifth of a second of computing at most (`make bench`), 185 reads to plan and some five
store calls for each offer: seconds in all, of the thirty that the function has. Should it be cut off, its second try
goes on with those that are left, and each order has a timer of its own behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.booking import table
from functions.booking.actions import dispatch, matching, waiting
from functions.booking.rules import dispatch as rules
from functions.booking.rules.dispatch import Waiting
from functions.booking.rules.orders import OrderState
from functions.booking.table import OrderRow
from functions.booking.table import dispatch as rows
from functions.shared.tx import Tx


@dataclass(frozen=True)
class Step:
    """What a round decided about one order."""

    order_id: str
    waiting: Waiting
    companion_id: str | None
    """Who shall be asked; None if nobody was left for it."""
    is_contested: bool
    """Somebody could take it, but was given another order."""


def plan_round(city: str) -> Sequence[Step]:
    """What to do with the city's waiting orders, best for all of them together; nothing is written.

    Four Queries and a BatchGet, then for each order a Query and a BatchGet.
    """
    ids = rows.waiting_orders(city, limit=rows.dispatch_policy().round_orders)
    loaded = table.load(table.order_key(order_id) for order_id in ids)
    orders = [order for order_id in ids if (order := loaded.order(order_id)) is not None and _is_waiting(order)]
    choices = {order.order_id: _choices(order) for order in orders}
    planned = rules.plan(choices)
    return [
        Step(order.order_id, order.waiting, planned[order.order_id], bool(choices[order.order_id]))
        for order in orders
        if order.waiting is not None
    ]


def take_step(tx: Tx, step: Step) -> None:
    """Make the offer that was planned; an order that changed meanwhile stays as it is.

    If the companion has another visit by now, the next best one is asked. An order that others were preferred to waits
    for another round, as long as its patience lasts; one that nobody can take ends without a companion.
    """
    order = table.find_order(step.order_id)
    if order is None or not _is_waiting(order) or order.waiting != step.waiting:
        return
    rule = dispatch.rule_for(order, tx.now)
    hopes = rules.may_wait(step.waiting, tx.now, order.starts_at, rows.dispatch_policy())
    if step.companion_id is None and step.is_contested and rule.round_s and hopes:
        waiting.wait_again(tx, order, step.waiting, round_s=rule.round_s)
        tx.save(order)
        return
    dispatch.ask_best(tx, order, prefer=step.companion_id)


def sweep(tx: Tx, *, order_id: str, due_at: datetime) -> None:
    """An order whose round did not take it, because there were too many or it came too late, is cared for by itself."""
    order = table.find_order(order_id)
    if order is None or order.waiting is None or not _is_waiting(order) or order.waiting.sweep_at != due_at:
        return
    dispatch.ask_best(tx, order)


def _is_waiting(order: OrderRow) -> bool:
    return order.state is OrderState.DISPATCHING and order.waiting is not None


def _choices(order: OrderRow) -> dict[str, int]:
    found = matching.suited(
        order.hospital_id,
        order.department_id,
        order.booking,
        wanted=order.wanted,
        seed=order.quote_id,
        without=order.asked,
        client_id=order.client_id,
        patient_id=order.patient_id,
        condition_type=order.condition_type,
    )
    return {entry.candidate.companion_id: entry.score for entry in found.ranked}
