"""From an act to another room: at least once, any order, one effect."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.attributes import NumberAttribute

from functions.shared import aws, clock
from functions.shared.config import config
from functions.shared.consumer import Subscriptions
from functions.shared.events import Event, Timer
from functions.shared.relay import relay
from functions.shared.table import Row, find
from functions.shared.tx import Tx


class CounterRow(Row):
    class Meta:
        table_name = "booking"

    seen = NumberAttribute(default=0)


class Counter(CounterRow, discriminator="counter"):
    pass


class ThingHappened(Event, frozen=True, kw_only=True, tag="thing.happened"):
    thing_id: str


def counting(bus: Subscriptions, *, crash: Callable[[], None] = lambda: None) -> None:
    @bus.on(ThingHappened)
    def count_it(tx: Tx, event: ThingHappened) -> None:
        row = find(Counter, event.thing_id, "COUNTER") or Counter(event.thing_id, "COUNTER")
        row.seen += 1
        tx.save(row)
        crash()

    @bus.timer("thing_due")
    def count_due(tx: Tx, timer: Timer) -> None:
        count_it(tx, ThingHappened(thing_id=timer.subject))


def event(event_id: str = "evt_1", thing_id: str = "thg_1") -> dict[str, Any]:
    detail = {
        "id": event_id,
        "occurred_at": "2026-03-02T01:00:00+00:00",
        "correlation_id": "c",
        "data": {"type": "thing.happened", "thing_id": thing_id},
    }
    return {"detail-type": "thing.happened", "source": "zhenban.test", "detail": detail}


def seen(thing_id: str = "thg_1") -> int:
    row = find(Counter, thing_id, "COUNTER")
    return int(row.seen) if row else 0


@pytest.mark.usefixtures("world")
class TestSubscriptions:
    def test_an_event_delivered_three_times_takes_effect_once(self) -> None:
        bus = Subscriptions("booking")
        counting(bus)
        for _ in range(3):
            bus.handle(event())
        assert seen() == 1

    @pytest.mark.parametrize(
        ("where", "times"),
        [
            ({"thing_id": ("thg_1", "thg_2")}, 1),
            ({"thing_id": ("thg_2",)}, 0),
            ({}, 1),
        ],
    )
    def test_a_handler_hears_what_it_set_as_its_condition(self, where: dict[str, tuple[str, ...]], times: int) -> None:
        bus, heard = Subscriptions("booking"), []
        bus.on(ThingHappened, where=where)(lambda tx, event: heard.append(event.thing_id))
        bus.handle(event())
        assert len(heard) == times

    def test_one_handler_without_a_condition_makes_the_room_hear_all(self) -> None:
        bus = Subscriptions("booking")
        bus.on(ThingHappened, where={"thing_id": ("thg_1",)})(lambda tx, event: None)
        assert bus.event_filters == {"thing.happened": [{"thing_id": ("thg_1",)}]}
        counting(bus)
        assert bus.event_filters == {"thing.happened": []}

    def test_a_condition_on_a_field_that_the_event_does_not_have_is_a_mistake(self) -> None:
        with pytest.raises(AssertionError, match="has no field colour"):
            Subscriptions("booking").on(ThingHappened, where={"colour": ("red",)})

    def test_two_events_take_effect_twice(self) -> None:
        bus = Subscriptions("booking")
        counting(bus)
        bus.handle(event("evt_1"))
        bus.handle(event("evt_2"))
        assert seen() == 2

    def test_a_handler_that_crashes_before_its_commit_has_done_nothing_and_may_run_again(self) -> None:
        failures = [RuntimeError("killed")]

        def crash() -> None:
            if failures:
                raise failures.pop()

        bus = Subscriptions("booking")
        counting(bus, crash=crash)
        with pytest.raises(RuntimeError):
            bus.handle(event())
        assert seen() == 0
        bus.handle(event())
        assert seen() == 1

    def test_a_timer_that_fires_twice_takes_effect_once(self) -> None:
        bus = Subscriptions("booking")
        counting(bus)
        timer = Timer(room="booking", kind="thing_due", subject="thg_1", due_at=clock.now())
        for _ in range(2):
            bus.handle({"room": "booking", "kind": "thing_due", "subject": "thg_1", "due_at": timer.due_at.isoformat()})
        assert seen() == 1

    def test_the_room_says_what_it_listens_to(self) -> None:
        bus = Subscriptions("booking")
        counting(bus)
        assert (bus.event_names, bus.timer_kinds) == (["thing.happened"], ["thing_due"])


@pytest.mark.usefixtures("world")
class TestRelay:
    def test_outbox_rows_reach_the_bus_and_the_scheduler_under_one_name(self) -> None:
        aws.client("events").create_event_bus(Name="zhenban-test")
        aws.client("scheduler").create_schedule_group(Name="zhenban-test")
        timer = Timer(room="booking", kind="thing_due", subject="thg_1", due_at=clock.now() + timedelta(hours=1))
        act = Tx("booking", now=clock.now(), correlation_id="c")
        act.emit(ThingHappened(thing_id="thg_1"))
        act.schedule(timer)
        act.commit()
        records = stream_records()
        for _ in range(2):
            assert relay({"Records": records}, None) == {"batchItemFailures": []}
        schedules = aws.client("scheduler").list_schedules(GroupName="zhenban-test")["Schedules"]
        assert [schedule["Name"] for schedule in schedules] == [timer.id]

    def test_a_row_that_was_refused_is_reported_for_another_try(self, monkeypatch: pytest.MonkeyPatch) -> None:
        act = Tx("booking", now=clock.now(), correlation_id="c")
        act.schedule(Timer(room="booking", kind="thing_due", subject="thg_1", due_at=clock.now()))
        act.commit()
        no_role = dataclasses.replace(config(), scheduler_role_arn="")
        monkeypatch.setattr("functions.shared.relay.config", lambda: no_role)
        assert relay({"Records": stream_records()}, None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def stream_records() -> list[dict[str, Any]]:
    items = aws.client("dynamodb").scan(TableName="zhenban-test-outbox")["Items"]
    return [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": json.loads(json.dumps(item))}}
        for number, item in enumerate(items)
    ]
