"""The timetable of a visit, and what its companion adds to it (F21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions.booking import table
from functions.booking.actions import notes
from functions.booking.rules import orders
from functions.booking.rules import todos as rules
from functions.booking.rules.itinerary import ItineraryEntry
from functions.booking.rules.orders import IllegalMove, OrderState
from functions.booking.rules.todos import Flag, Todo
from functions.booking.table import ItineraryRow, OrderRow
from functions.shared import clock, ids
from functions.shared.caller import Caller
from functions.shared.errors import FieldError, Invalid, NotFound, PreconditionFailed
from functions.shared.tx import Tx

_EDITABLE = frozenset({OrderState.ASSIGNED, OrderState.IN_SERVICE})


@dataclass(frozen=True)
class Itinerary:
    """A visit's timetable with everything that is shown with it; `version` is what a change must name."""

    order_id: str
    entries: Sequence[ItineraryEntry]
    todos: Sequence[Todo]
    flags: Sequence[Flag]
    version: int


@dataclass(frozen=True)
class TodoText:
    """What a to-do says."""

    title: str
    starts_at: datetime | None
    duration_min: int


def read_itinerary(order_id: str, caller: Caller) -> Itinerary:
    """For the client, the companion and staff; NotReady until a companion took the order. One BatchGet."""
    order, row = _load(order_id)
    if not (caller.is_staff or caller.subject in (order.client_id, order.companion_id)):
        raise NotFound()
    if row is None:
        raise orders.NotReady("陪诊师确认后生成行程表")
    return _shown(order, row, _todos(order, row))


def add_todo(tx: Tx, *, order_id: str, companion_id: str, text: TodoText) -> Itinerary:
    """Raises NotFound unless it is this companion's order, IllegalMove after the visit, TooManyTodos, Invalid."""
    order, row = _own(order_id, companion_id)
    _check_day(order, text)
    todo = Todo(ids.new("tod", tx.now), text.title, text.starts_at, text.duration_min)
    return _saved(tx, order, row, rules.added(_todos(order, row), todo))


def change_todo(
    tx: Tx, *, order_id: str, companion_id: str, todo_id: str, text: TodoText, done: bool, version: int
) -> Itinerary:
    """Replace what the to-do says and whether it is done. Raises as `add_todo`, and PreconditionFailed."""
    order, row = _own(order_id, companion_id)
    if row.version != version:
        raise PreconditionFailed()
    _check_day(order, text)
    todos = rules.changed(
        _todos(order, row),
        todo_id,
        title=text.title,
        starts_at=text.starts_at,
        duration_min=text.duration_min,
        done=done,
        now=tx.now,
    )
    return _saved(tx, order, row, todos)


def remove_todo(tx: Tx, *, order_id: str, companion_id: str, todo_id: str) -> Itinerary:
    """Without the to-do, which may be gone already. Raises NotFound unless it is their order, IllegalMove."""
    order, row = _own(order_id, companion_id)
    before = _todos(order, row)
    left = rules.removed(before, todo_id)
    return _shown(order, row, before) if left == before else _saved(tx, order, row, left)


def _own(order_id: str, companion_id: str) -> tuple[OrderRow, ItineraryRow]:
    order, row = _load(order_id)
    if row is None or order.companion_id != companion_id:
        raise NotFound()
    if order.state not in _EDITABLE:
        raise IllegalMove("陪诊已结束，待办不能再修改")
    return order, row


def _load(order_id: str) -> tuple[OrderRow, ItineraryRow | None]:
    if not ids.is_id("ord", order_id):
        raise NotFound()
    loaded = table.load([table.order_key(order_id), table.itinerary_key(order_id)])
    order = loaded.order(order_id)
    if order is None:
        raise NotFound()
    return order, loaded.itinerary(order_id)


def _todos(order: OrderRow, row: ItineraryRow) -> tuple[Todo, ...]:
    """What was added; nothing once the patient's key was erased."""
    clear = notes.unseal(order.patient_id, row.todos) if row.todos else None
    return msgspec.json.decode(clear, type=tuple[Todo, ...]) if clear else ()


def _check_day(order: OrderRow, text: TodoText) -> None:
    days = {clock.service_date(at) for at in (order.starts_at, order.ends_at)}
    if text.starts_at is not None and clock.service_date(text.starts_at) not in days:
        raise Invalid(errors=(FieldError("starts_at", "待办的时间应在陪诊当天"),))


def _saved(tx: Tx, order: OrderRow, row: ItineraryRow, todos: tuple[Todo, ...]) -> Itinerary:
    row.todos = notes.seal(tx, order.patient_id, msgspec.json.encode(todos).decode())
    tx.save(row)
    return _shown(order, row, todos)


def _shown(order: OrderRow, row: ItineraryRow, todos: tuple[Todo, ...]) -> Itinerary:
    from functions.hospitals import actions as hospitals

    department = hospitals.find_hospital(order.hospital_id).department(order.department_id)
    flags = rules.flags(row.entries, todos, ends_at=order.ends_at, is_open=department.is_open)
    return Itinerary(order.order_id, row.entries, todos, flags, int(row.version))
