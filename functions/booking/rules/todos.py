"""What a companion adds to the timetable, and what does not fit into the day (F21)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations

from functions.booking.rules.itinerary import FIRST_MILESTONES, LAST_MILESTONE, ItineraryEntry
from functions.shared import clock
from functions.shared.errors import Conflict, NotFound

MAX_TODOS = 30
_OUTSIDE_THE_DEPARTMENT = frozenset({*FIRST_MILESTONES, LAST_MILESTONE})
"""Steps that need no open counter."""
_MINUTE = timedelta(minutes=1)


class Clash(StrEnum):
    """What is wrong with something in a timetable."""

    OVERLAP = "overlap"
    CLOSED = "closed"
    OUTSIDE_VISIT = "outside_visit"


class TooManyTodos(Conflict):
    """The order has as many to-dos as it may have."""

    code = "too_many_todos"
    title = f"一个订单最多记 {MAX_TODOS} 条待办"


@dataclass(frozen=True)
class Todo:
    """Something that the companion wants not to forget. Without `starts_at` it may be done at any time."""

    todo_id: str
    title: str
    starts_at: datetime | None = None
    duration_min: int = 0
    done_at: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        return self.starts_at + timedelta(minutes=self.duration_min) if self.starts_at else None


@dataclass(frozen=True)
class Flag:
    """One thing that does not fit; `items` are the milestones' codes and the to-dos' ids that it concerns."""

    clash: Clash
    items: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class _Span:
    item: str
    title: str
    starts_at: datetime
    ends_at: datetime
    needs_department: bool

    def __str__(self) -> str:
        begins, ends = (f"{clock.china(at):%H:%M}" for at in (self.starts_at, self.ends_at))
        return f"「{self.title}」{begins}" + (f"–{ends}" if ends != begins else "")


def added(todos: Sequence[Todo], todo: Todo) -> tuple[Todo, ...]:
    """With `todo` at the end; TooManyTodos."""
    if len(todos) >= MAX_TODOS:
        raise TooManyTodos()
    return (*todos, todo)


def changed(
    todos: Sequence[Todo],
    todo_id: str,
    *,
    title: str,
    starts_at: datetime | None,
    duration_min: int,
    done: bool,
    now: datetime,
) -> tuple[Todo, ...]:
    """With that to-do saying this; one that was done before keeps when. NotFound."""
    before = next((todo for todo in todos if todo.todo_id == todo_id), None)
    if before is None:
        raise NotFound()
    done_at = (before.done_at or now) if done else None
    after = replace(before, title=title, starts_at=starts_at, duration_min=duration_min, done_at=done_at)
    return tuple(after if todo.todo_id == todo_id else todo for todo in todos)


def removed(todos: Sequence[Todo], todo_id: str) -> tuple[Todo, ...]:
    """Without that to-do, which need not be there."""
    return tuple(todo for todo in todos if todo.todo_id != todo_id)


def flags(
    entries: Sequence[ItineraryEntry],
    todos: Sequence[Todo],
    *,
    ends_at: datetime,
    is_open: Callable[[datetime], bool | None],
) -> tuple[Flag, ...]:
    """What overlaps, what falls when the department is closed, and to-dos outside the visit, in order of time.

    The visit lasts from the first entry to `ends_at`. `is_open` is asked with a Chinese wall clock; None means that
    nobody knows, and is no reason to flag anything. What is done is not flagged.
    """
    spans = sorted(_spans(entries, todos), key=lambda span: (span.starts_at, span.ends_at))
    visit = (entries[0].starts_at, ends_at)
    own = {todo.todo_id for todo in todos}
    found = [*_overlaps(spans), *_closed(spans, is_open), *_outside(spans, own, visit)]
    return tuple(flag for _, flag in sorted(found, key=lambda each: each[0]))


def _spans(entries: Sequence[ItineraryEntry], todos: Sequence[Todo]) -> Iterator[_Span]:
    for entry in entries:
        needs_department = entry.code not in _OUTSIDE_THE_DEPARTMENT
        yield _Span(entry.code, entry.title, entry.starts_at, entry.ends_at, needs_department)
    for todo in todos:
        if todo.starts_at and todo.ends_at and todo.done_at is None:
            yield _Span(todo.todo_id, todo.title, todo.starts_at, todo.ends_at, needs_department=True)


def _overlaps(spans: Sequence[_Span]) -> Iterator[tuple[datetime, Flag]]:
    for one, other in combinations(spans, 2):
        if one.starts_at < other.ends_at and other.starts_at < one.ends_at:
            yield other.starts_at, Flag(Clash.OVERLAP, (one.item, other.item), f"{one} 与 {other} 时间重叠")


def _closed(spans: Sequence[_Span], is_open: Callable[[datetime], bool | None]) -> Iterator[tuple[datetime, Flag]]:
    """The first time within each span at which the department is closed, a lunch break in its middle included."""
    for span in spans:
        shut = _shut(span, is_open) if span.needs_department else None
        if shut is not None:
            begins, ends = (f"{clock.china(at):%H:%M}" for at in shut)
            throughout = shut == (span.starts_at, span.ends_at)
            when = "不在科室开放时间内" if throughout else f"期间科室 {begins}–{ends} 不开放"
            yield span.starts_at, Flag(Clash.CLOSED, (span.item,), f"{span} {when}")


def _shut(span: _Span, is_open: Callable[[datetime], bool | None]) -> tuple[datetime, datetime] | None:
    """Department hours are whole minutes, so each minute of the span is asked about."""
    length_min = max(1, (span.ends_at - span.starts_at) // _MINUTE)
    minutes = [span.starts_at + number * _MINUTE for number in range(length_min)]
    closed = [is_open(clock.china(minute)) is False for minute in minutes]
    if True not in closed:
        return None
    first = closed.index(True)
    last = closed.index(False, first) if False in closed[first:] else None
    return minutes[first], span.ends_at if last is None else minutes[last]


def _outside(
    spans: Sequence[_Span], own: set[str], visit: tuple[datetime, datetime]
) -> Iterator[tuple[datetime, Flag]]:
    begins, ends = visit
    words = f"{clock.china(begins):%H:%M}–{clock.china(ends):%H:%M}"
    for span in spans:
        if span.item in own and not (begins <= span.starts_at and span.ends_at <= ends):
            yield span.starts_at, Flag(Clash.OUTSIDE_VISIT, (span.item,), f"{span} 不在这次陪诊的时间（{words}）内")
