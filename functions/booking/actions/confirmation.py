"""The companion's word, a day ahead, that they will come (B6)."""

from functions.booking import table
from functions.booking.events import ConfirmationAsked
from functions.booking.rules import confirmation as rules
from functions.booking.rules.confirmation import Confirmation, Step
from functions.booking.rules.orders import IllegalMove, OrderState
from functions.booking.table import OrderRow
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx


def begin(tx: Tx, order: OrderRow) -> None:
    """For a companion who just took the order: ask them later, or not at all if the visit is near. The caller saves."""
    _go_on(tx, order, rules.on_assignment(tx.now, order.starts_at, table.policy()))


def begin_again(tx: Tx, order: OrderRow) -> None:
    """The visit moved, so an earlier yes is worth nothing. The caller saves."""
    _go_on(tx, order, rules.to_be_asked(tx.now, order.starts_at, table.policy()))


def ask(tx: Tx, order: OrderRow) -> None:
    """Ask the companion, or remind them, and set the timer for what follows. The caller saves."""
    asked = order.confirmation
    assert order.companion_id is not None, "an assigned order has a companion"
    tx.emit(
        ConfirmationAsked(
            order_id=order.order_id,
            companion_id=order.companion_id,
            starts_at=order.starts_at,
            answer_by=asked.answer_by,
            again=asked.step is Step.REMIND,
        )
    )
    _go_on(tx, order, rules.after(asked))


def confirm_visit(tx: Tx, *, order_id: str, companion_id: str) -> OrderRow:
    """The companion will come. Raises NotFound, NotYetAsked, IllegalMove once the visit has begun or is off."""
    order = table.find_order(order_id)
    if order is None or order.companion_id != companion_id:
        raise NotFound()
    if order.state is not OrderState.ASSIGNED:
        raise IllegalMove("只有等待就诊的订单需要确认")
    before = order.confirmation or rules.on_assignment(tx.now, order.starts_at, table.policy())
    order.confirmation = rules.confirmed(before, tx.now)
    if order.confirmation != before:
        tx.save(order)
    return order


def _go_on(tx: Tx, order: OrderRow, confirmation: Confirmation) -> None:
    order.confirmation = confirmation
    if confirmation.next_at is not None:
        due_at = confirmation.next_at
        tx.schedule(Timer(room="booking", kind="companion_confirmation", subject=order.order_id, due_at=due_at))
