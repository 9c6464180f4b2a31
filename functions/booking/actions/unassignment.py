"""A companion who had taken an order will not come: somebody else is asked at once (B5, B6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from functions.booking import table
from functions.booking.actions import confirmation, dispatch, rescheduling
from functions.booking.events import OrderUnassigned
from functions.booking.rules import orders
from functions.booking.rules.confirmation import Step
from functions.booking.rules.orders import IllegalMove, OrderState, UnassignedReason
from functions.booking.table import OrderRow
from functions.shared import audit
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_PAGE = 50


def cancel_as_companion(tx: Tx, *, order_id: str, companion_id: str, reason: str) -> None:
    """The companion gives the order back; it counts against them, and the next one is asked.

    With nobody left the order ends with a full refund. `reason` is for staff. Raises NotFound, IllegalMove once the
    companion is on the way: then only staff can help.
    """
    order = table.find_order(order_id)
    if order is None or order.companion_id != companion_id:
        raise NotFound()
    if order.state is not OrderState.ASSIGNED or order.departed_at is not None:
        raise IllegalMove("已出发或服务已开始，不能在这里取消，请联系客服")
    audit.record(tx, actor=companion_id, act="order.companion_cancelled", subject=order_id, reason=reason)
    unassign(tx, order, UnassignedReason.COMPANION_CANCELLED)


def take_confirmation_step(tx: Tx, *, order_id: str, due_at: datetime) -> None:
    """Ask, remind, or give the visit to somebody else; nothing if the companion confirmed or the visit moved."""
    order = table.find_order(order_id)
    if order is None or order.state is not OrderState.ASSIGNED or order.departed_at is not None:
        return
    if order.confirmation is None or order.confirmation.next_at != due_at:
        return
    if order.confirmation.step is Step.GIVE_UP:
        unassign(tx, order, UnassignedReason.NOT_CONFIRMED)
        return
    confirmation.ask(tx, order)
    tx.save(order)


def visits_to_replace(companion_id: str, *, now: datetime) -> Iterator[str]:
    """The orders of a suspended companion that somebody else should take, the latest visit first: a Query per page."""
    soon, after = now + timedelta(seconds=table.policy().keep_before_s), None
    while True:
        orders, after = table.orders_of_companion(companion_id, limit=_PAGE, after=after)
        yield from (each.order_id for each in orders if each.starts_at > soon and each.state is OrderState.ASSIGNED)
        if after is None or not orders or orders[-1].starts_at <= soon:
            return


def replace_suspended(tx: Tx, *, order_id: str, companion_id: str) -> None:
    """Take the visit from the companion; nothing if it is no longer theirs."""
    order = table.find_order(order_id)
    if order is not None and order.companion_id == companion_id and order.state is OrderState.ASSIGNED:
        unassign(tx, order, UnassignedReason.COMPANION_SUSPENDED)


def unassign(tx: Tx, order: OrderRow, reason: UnassignedReason, *, to: datetime | None = None) -> None:
    """Take the order from its companion and ask the next one, for the time `to` if there is one; saves the order."""
    companion_id = order.companion_id
    assert companion_id is not None, "an assigned order has a companion"
    order.state = orders.move_order(order.state, OrderState.DISPATCHING)
    order.companion_id = order.assigned_at = order.confirmation = None
    if companion_id not in order.asked:
        order.asked = (*order.asked, companion_id)
    tx.emit(
        OrderUnassigned(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=companion_id,
            reason=reason,
            starts_at=order.starts_at,
            revision=int(order.version) + 1,
        )
    )
    if to is not None:
        rescheduling.move_vacant(tx, order, to)
    dispatch.ask_next(tx, order)
