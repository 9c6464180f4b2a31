"""A visit's timetable and its to-dos."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from functions.booking.actions.itineraries import Itinerary, TodoText
from functions.booking.rules.todos import Clash
from functions.booking.schemas.common import Instant, china_or_none
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class ItineraryEntryView(Reading, frozen=True, kw_only=True):
    """行程表中的一行。"""

    code: str
    title: str
    starts_at: Instant
    ends_at: Instant
    required: bool


class TodoView(Reading, frozen=True, kw_only=True):
    """陪诊师自己加的待办；`starts_at` 为空的可在任何时候做。"""

    todo_id: str
    title: str
    starts_at: Instant | None
    duration_min: int
    done_at: Instant | None


class ConflictView(Reading, frozen=True, kw_only=True):
    """行程中的一处冲突；`items` 是有关节点的 `code` 和待办的 `todo_id`。"""

    kind: Clash
    items: list[str]
    message: str


class ItineraryView(Reading, frozen=True, kw_only=True):
    """当天的行程表，按时间排列；待办按添加的先后排列。"""

    order_id: str
    service_date: date
    entries: list[ItineraryEntryView]
    todos: list[TodoView]
    conflicts: list[ConflictView]
    version: int

    @classmethod
    def of(cls, found: Itinerary) -> "ItineraryView":
        return cls(
            order_id=found.order_id,
            service_date=clock.service_date(found.entries[0].starts_at),
            entries=[
                ItineraryEntryView(
                    code=entry.code,
                    title=entry.title,
                    starts_at=clock.china(entry.starts_at),
                    ends_at=clock.china(entry.ends_at),
                    required=entry.required,
                )
                for entry in found.entries
            ],
            todos=[
                TodoView(
                    todo_id=todo.todo_id,
                    title=todo.title,
                    starts_at=china_or_none(todo.starts_at),
                    duration_min=todo.duration_min,
                    done_at=china_or_none(todo.done_at),
                )
                for todo in found.todos
            ],
            conflicts=[
                ConflictView(kind=flag.clash, items=list(flag.items), message=flag.message) for flag in found.flags
            ],
            version=found.version,
        )


class AddTodo(Body, frozen=True):
    """一条待办：做什么，以及（可选）几点、多久。"""

    title: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
    starts_at: Instant | None = None
    duration_min: Annotated[int, Meta(ge=0, le=600)] = 0

    def text(self) -> TodoText:
        return TodoText(self.title.strip(), self.starts_at, self.duration_min)


class ChangeTodo(AddTodo, frozen=True):
    """改后的待办，以及是否已完成。"""

    done: bool = False
