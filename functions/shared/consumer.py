"""A room's subscriptions to bus events, timers, recurring work and workflows: its `<room>_events` function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from functions.shared import clock, observe
from functions.shared.events import Envelope, Event, Timer, name_of
from functions.shared.run import Run
from functions.shared.tx import AlreadyDone, Marker, Tx, retrying

EventT = TypeVar("EventT", bound=Event)
Where = Mapping[str, Sequence[str]]
"""The values of an event's fields with which it is wanted: every field named must have one of its values."""


@dataclass(frozen=True)
class _Handler:
    name: str
    event_type: type[Event] | None
    run: Callable[[Tx, Any], None]
    where: Where | None = None

    def wants(self, data: Mapping[str, Any]) -> bool:
        """An event with this data is for the handler."""
        return all(data.get(name) in values for name, values in (self.where or {}).items())


@dataclass(frozen=True)
class _Recurring:
    cron: str
    run: Callable[[Run], None]


StepHandler = Callable[[Tx, Mapping[str, Any]], Mapping[str, Any]]
"""What a workflow calls: what the state's `Payload` says, to what the next states see."""


class Subscriptions:
    """The events, timers, recurring work and workflow steps of one room: declared in `triggers`, read by `synth`."""

    def __init__(self, room: str) -> None:
        self.room = room
        self._by_event: dict[str, list[_Handler]] = {}
        self._by_timer: dict[str, _Handler] = {}
        self._recurring: dict[str, _Recurring] = {}
        self._by_step: dict[str, StepHandler] = {}

    @property
    def event_names(self) -> list[str]:
        """Names of the bus events this room listens to, sorted."""
        return sorted(self._by_event)

    @property
    def event_filters(self) -> dict[str, list[Where]]:
        """What this room wants of each event by name, sorted: `synth` makes the room's bus rule from it.

        An empty list is all of them, because some handler set no condition.
        """
        filters: dict[str, list[Where]] = {}
        for name in self.event_names:
            wanted = [handler.where for handler in self._by_event[name]]
            filters[name] = [where for where in wanted if where] if all(wanted) else []
        return filters

    def hears(self, name: str, data: Mapping[str, Any]) -> bool:
        """The room's bus rule lets this event through."""
        return any(handler.wants(data) for handler in self._by_event.get(name, ()))

    @property
    def schedules(self) -> dict[str, str]:
        """Cron expression (in China's time) by kind of recurring work, sorted."""
        return {kind: self._recurring[kind].cron for kind in sorted(self._recurring)}

    @property
    def timer_kinds(self) -> list[str]:
        """Kinds of this room's one-off timers, sorted."""
        return sorted(self._by_timer)

    @property
    def step_names(self) -> list[str]:
        """What workflows may ask of this room, sorted."""
        return sorted(self._by_step)

    def timer_meaning(self, kind: str) -> str:
        """What happens when a timer of this kind is due: the first line of its handler's docstring."""
        return (self._by_timer[kind].run.__doc__ or "").strip().partition("\n")[0]

    def on(
        self, event_type: type[EventT], *, where: Where | None = None
    ) -> Callable[[Callable[[Tx, EventT], None]], Callable[[Tx, EventT], None]]:
        """Run the decorated `handler(tx, event)` once for each event of this type.

        With `where={"state": ("departed", "ended")}` only for those: the bus does not even call the room for others.
        """
        unknown = set(where or ()) - {field.name for field in msgspec.structs.fields(event_type)}
        assert not unknown, f"{name_of(event_type)} has no field {', '.join(sorted(unknown))}"

        def register(handler: Callable[[Tx, EventT], None]) -> Callable[[Tx, EventT], None]:
            entry = _Handler(handler.__name__, event_type, handler, where)
            self._by_event.setdefault(name_of(event_type), []).append(entry)
            return handler

        return register

    def timer(self, kind: str) -> Callable[[Callable[[Tx, Timer], None]], Callable[[Tx, Timer], None]]:
        """Run the decorated `handler(tx, timer)` once when a timer of this kind is due."""

        def register(handler: Callable[[Tx, Timer], None]) -> Callable[[Tx, Timer], None]:
            self._by_timer[kind] = _Handler(handler.__name__, None, handler)
            return handler

        return register

    def recurring(self, kind: str, cron: str) -> Callable[[Callable[[Run], None]], Callable[[Run], None]]:
        """Call the decorated `work(run)` at these times, `cron(30 2 * * ? *)` in Asia/Shanghai; kinds are unique.

        It may be called twice for the same `run.at`, or be cut off and called again: all writes go through `run.act`.
        """

        def register(work: Callable[[Run], None]) -> Callable[[Run], None]:
            self._recurring[kind] = _Recurring(cron, work)
            return work

        return register

    def step(self, name: str) -> Callable[[StepHandler], StepHandler]:
        """Let a workflow call the decorated `handler(tx, payload)` as `name`; its answer is the state's result.

        A workflow repeats a step whose answer it did not hear, and a restarted one may repeat every step: what the
        handler does must be told from its own rows to be done, and then be answered as it was the first time.
        """

        def register(handler: StepHandler) -> StepHandler:
            self._by_step[name] = handler
            return handler

        return register

    def handle(self, raw: dict[str, Any]) -> dict[str, Any] | None:
        """Deliver one event, timer, recurring call or workflow step; only a step is answered.

        An exception makes AWS retry, then dead-letter; done is done.
        """
        if "step" in raw:
            return self._take_step(raw)
        self._hear(raw)
        return None

    def _hear(self, raw: dict[str, Any]) -> None:
        if "detail-type" in raw:
            envelope = msgspec.convert(raw["detail"], Envelope)
            for handler in self._by_event.get(raw["detail-type"], ()):
                assert handler.event_type is not None
                if not handler.wants(envelope.data):
                    continue
                event = msgspec.convert(envelope.data, handler.event_type)
                self._deliver(handler, envelope.id, envelope.correlation_id, event)
            return
        if "recurring" in raw:
            run = Run(self.room, raw["recurring"], _due_at(raw.get("scheduled_at", "")))
            observe.correlate(f"{run.kind}-{clock.epoch_s(run.at):x}")
            self._recurring[run.kind].run(run)
            return
        timer = msgspec.convert(raw, Timer)
        self._deliver(self._by_timer[timer.kind], timer.id, timer.correlation_id, timer)

    def _take_step(self, raw: dict[str, Any]) -> dict[str, Any]:
        correlation_id = str(raw.get("correlation_id") or raw["step"])
        observe.correlate(correlation_id)
        tx = Tx(self.room, now=clock.now(), correlation_id=correlation_id)
        answers: list[Mapping[str, Any]] = []

        def attempt() -> None:
            tx.restart()
            answers[:] = [self._by_step[raw["step"]](tx, raw)]
            tx.commit()

        retrying(attempt)
        return dict(answers[0])

    def _deliver(self, handler: _Handler, delivery_id: str, correlation_id: str, subject: Event | Timer) -> None:
        observe.correlate(correlation_id)
        marker = Marker(scope=f"event#{handler.name}", key=delivery_id)
        tx = Tx(self.room, now=clock.now(), correlation_id=correlation_id, marker=marker)

        def attempt() -> None:
            tx.restart()
            handler.run(tx, subject)
            tx.commit()

        try:
            retrying(attempt)
        except AlreadyDone:
            observe.logger().info("delivery repeated, nothing to do", extra={"delivery_id": delivery_id})


def _due_at(scheduled_at: str) -> datetime:
    """When the scheduler says that the run was due; a scheduler that does not say meant this minute."""
    try:
        return datetime.fromisoformat(scheduled_at)
    except ValueError:
        return clock.now().replace(second=0, microsecond=0)
