"""Orders that wait for their city's next round (F19)."""

from functions.booking.rules import dispatch as rules
from functions.booking.rules.dispatch import Waiting
from functions.booking.table import OrderRow
from functions.booking.table import dispatch as rows
from functions.booking.table.dispatch import WaitingRow
from functions.shared.events import Timer
from functions.shared.tx import Tx


def wait(tx: Tx, order: OrderRow, *, city: str, round_s: int) -> None:
    """Put the order among those that the next round gives out. The caller saves the order."""
    waiting = rules.wait(tx.now, city=city, shard=rows.waiting_shard(order.order_id), round_s=round_s)
    tx.insert(WaitingRow(*rows.waiting_key(city, waiting.shard, order.order_id), order_id=order.order_id))
    _until_round(tx, order, waiting)


def wait_again(tx: Tx, order: OrderRow, waiting: Waiting, *, round_s: int) -> None:
    """Leave it there for another round. The caller saves the order."""
    _until_round(tx, order, rules.wait_again(waiting, tx.now, round_s=round_s))


def stop(tx: Tx, order: OrderRow) -> None:
    """The order waits no more, if it did. The caller saves the order."""
    waiting = order.waiting
    if waiting is not None:
        tx.delete(WaitingRow(*rows.waiting_key(waiting.city, waiting.shard, order.order_id), version=1))
        order.waiting = None


def _until_round(tx: Tx, order: OrderRow, waiting: Waiting) -> None:
    """One timer for all who wait in the city's window, and one of the order's own in case that round does not come."""
    order.waiting = waiting
    tx.schedule(Timer(room="booking", kind="dispatch_round", subject=waiting.city, due_at=waiting.round_at))
    tx.schedule(Timer(room="booking", kind="dispatch_sweep", subject=order.order_id, due_at=waiting.sweep_at))
