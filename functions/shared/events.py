"""What travels between rooms: events, their envelope on the bus, and timers.

An event is a past-tense fact about one object. It carries ids, amounts and times, never health, position or
identity. The emitting room declares it in its `events.py`:

    class OrderPaid(Event, tag="order.paid"):
        order_id: str

Delivery is at least once and in any order; `shared.consumer` runs a handler inside a `Tx` whose marker makes the
second run a no-op.
"""

from datetime import datetime
from typing import Any

import msgspec

from functions.shared import clock


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """Base of all events; `tag` in a subclass is the event's name on the bus."""


def name_of(event: Event | type[Event]) -> str:
    """`order.paid` for `OrderPaid`."""
    return str(event.__struct_config__.tag)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` of a bus event: `id` is the same on every delivery, `correlation_id` that of the first request."""

    id: str
    occurred_at: datetime
    correlation_id: str
    data: dict[str, Any]


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """What the scheduler hands to `<room>_events` when a deadline is reached.

    `kind` + `subject` + `due_at` name it: scheduling the same deadline twice is one timer, a moved deadline is another.
    """

    room: str
    kind: str
    subject: str
    due_at: datetime
    correlation_id: str = ""

    @property
    def id(self) -> str:
        """Deterministic and valid as a schedule name (64 characters at most)."""
        return f"{self.kind}-{self.subject}-{clock.epoch_s(self.due_at):x}"
