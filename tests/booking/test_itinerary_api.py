"""The timetable of a visit, what does not fit into it, and the companion's to-dos (F21)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking import table
from functions.booking.rules import todos as rules
from functions.booking.rules.itinerary import ItineraryEntry
from functions.booking.rules.todos import MAX_TODOS, Clash, Todo, TooManyTodos
from functions.shared import clock
from tests.booking.makers import STARTS_AT, Town, put_hospital
from tests.booking.test_bad_input import refused, stored
from tests.harness.world import Person, Reply

AT_NINE_THIRTY = (STARTS_AT + timedelta(minutes=30)).isoformat()


def path(order: Mapping[str, Any], rest: str = "todos") -> str:
    return f"/orders/{order['order_id']}/{rest}"


def add(town: Town, companion: Person, order: Mapping[str, Any], **said: Any) -> Reply:
    return town.world.post(path(order), {"title": "取报告"} | said, as_=companion)


def itinerary(town: Town, order: Mapping[str, Any]) -> dict[str, Any]:
    return dict(town.world.get(path(order, "itinerary"), as_=town.world.renewed(town.client, "client")).body)


class TestTodos:
    @pytest.mark.feature("F21")
    def test_the_companion_adds_changes_completes_and_removes_one(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        added = add(town, companion, order, starts_at=AT_NINE_THIRTY, duration_min=30)
        assert added.status == 201, added.body
        (todo,) = added.body["todos"]
        assert (todo["title"], todo["starts_at"], todo["done_at"]) == ("取报告", "2026-03-04T09:30:00+08:00", None)
        one = path(order, f"todos/{todo['todo_id']}")
        body = {"title": "取化验报告", "starts_at": AT_NINE_THIRTY, "duration_min": 10, "done": True}
        changed = town.world.put(one, body, version=added.body["version"], as_=companion)
        assert changed.status == 200, changed.body
        (todo,) = changed.body["todos"]
        assert (todo["title"], todo["duration_min"], todo["done_at"]) == (
            "取化验报告",
            10,
            "2026-03-02T09:00:00+08:00",
        )
        assert town.world.put(one, body, version=added.body["version"], as_=companion).status == 412
        assert town.world.put(one, body, as_=companion).status == 428
        for _ in range(2):
            assert town.world.delete(one, as_=companion).body["todos"] == []
        version = town.world.get(path(order, "itinerary"), as_=companion).body["version"]
        assert town.world.put(one, body, version=version, as_=companion).code == "not_found"

    @pytest.mark.feature("F21")
    def test_the_client_sees_them_and_changes_nothing(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        added = add(town, companion, order)
        assert itinerary(town, order) == added.body
        assert town.world.get(path(order, "itinerary"), as_=town.world.person("agent")).body == added.body
        todo_id = added.body["todos"][0]["todo_id"]
        for person in (town.client, town.world.person("agent")):
            assert add(town, person, order).status == 403
            one = path(order, f"todos/{todo_id}")
            assert town.world.put(one, {"title": "x"}, version=1, as_=person).status == 403
            assert town.world.delete(one, as_=person).status == 403

    @pytest.mark.feature("F21")
    def test_only_the_companion_who_took_the_order_has_them(self, town: Town) -> None:
        companion, other = town.companion(), town.companion()
        order = town.assigned_order(companion)
        todo_id = add(town, companion, order).body["todos"][0]["todo_id"]
        refused(partial(add, town, other, order), 404, "not_found")
        one = path(order, f"todos/{todo_id}")
        refused(partial(town.world.put, one, {"title": "x"}, version=2, as_=other), 404, "not_found")
        refused(partial(town.world.delete, one, as_=other), 404, "not_found")
        assert town.world.get(path(order, "itinerary"), as_=other).status == 404

    def test_what_they_say_is_stored_under_the_patients_key(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        add(town, companion, order, title="带靶向药复查单")
        stored = table.load([table.itinerary_key(order["order_id"])]).itinerary(order["order_id"])
        assert stored and stored.todos and "靶向药" not in stored.todos

    def test_moving_the_visit_keeps_them(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        add(town, companion, order, starts_at=AT_NINE_THIRTY)
        body = {"starts_at": (STARTS_AT + timedelta(days=1)).isoformat()}
        assert town.world.post(path(order, "reschedule"), body, as_=town.client).status == 200
        shown = itinerary(town, order)
        assert len(shown["todos"]) == 1 and shown["service_date"] == "2026-03-05"
        assert [conflict["kind"] for conflict in shown["conflicts"]] == ["outside_visit"]

    def test_what_they_refuse(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        assert town.world.post(path(order), {"title": "x"}).status == 401
        todo_id = add(town, companion, order).body["todos"][0]["todo_id"]
        version = itinerary(town, order)["version"]
        one = path(order, f"todos/{todo_id}")
        before = stored()
        for wrong in (
            {"title": ""},
            {"title": "  "},
            {"title": "x" * 61},
            {"title": 5},
            {"starts_at": "09:30"},
            {"starts_at": "2026-03-04T09:30:00"},
            {"starts_at": "2026-03-09T09:30:00+08:00"},
            {"duration_min": -1},
            {"duration_min": 601},
            {"duration_min": 1.5},
            {"unknown": 1},
        ):
            body = {"title": "取药"} | wrong
            assert town.world.post(path(order), body, as_=companion).code == "invalid_request"
            assert town.world.put(one, body, version=version, as_=companion).code == "invalid_request"
        assert stored() == before
        refused(partial(town.world.post, path(order), {"title": "x"}, as_=companion, key=""), 400, "invalid_request")
        unknown = "/orders/ord_01JNCE0000000000000000000A/todos"
        for nowhere in (unknown, "/orders/x/todos"):
            refused(partial(town.world.post, nowhere, {"title": "x"}, as_=companion), 404, "not_found")

    def test_before_anybody_took_the_order_there_are_none(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        refused(partial(add, town, companion, order), 404, "not_found")
        assert town.world.get(path(order, "itinerary"), as_=town.client).code == "not_ready"

    def test_a_cancelled_visit_takes_no_more(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        quote_id = town.world.get(path(order, "cancellation-quote"), as_=town.client).body["quote_id"]
        assert town.world.post(path(order, "cancel"), {"quote_id": quote_id}, as_=town.client).status == 200
        refused(partial(add, town, companion, order), 409, "illegal_state")


class TestConflicts:
    @pytest.mark.feature("F21")
    def test_a_todo_across_a_step_is_flagged_in_words(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        assert itinerary(town, order)["conflicts"] == []
        at = (STARTS_AT + timedelta(minutes=15)).isoformat()
        shown = add(town, companion, order, starts_at=at, duration_min=30).body
        (conflict,) = shown["conflicts"]
        assert conflict == {
            "kind": "overlap",
            "items": ["registering", shown["todos"][0]["todo_id"]],
            "message": "「取号」09:00–09:30 与 「取报告」09:15–09:45 时间重叠",
        }

    @pytest.mark.feature("F21")
    def test_a_todo_after_the_visit_is_flagged(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        at = (STARTS_AT + timedelta(hours=4)).isoformat()
        (conflict,) = add(town, companion, order, starts_at=at, duration_min=20).body["conflicts"]
        assert conflict["message"] == "「取报告」13:00–13:20 不在这次陪诊的时间（08:00–13:00）内"

    @pytest.mark.feature("F21")
    def test_what_falls_into_the_departments_lunch_break_is_flagged(self, town: Town) -> None:
        put_hospital(opening_hours=HOURS)
        companion = town.companion()
        order = town.assigned_order(companion)
        assert itinerary(town, order)["conflicts"] == []
        lunch = (STARTS_AT + timedelta(hours=2, minutes=45)).isoformat()
        (conflict,) = add(town, companion, order, starts_at=lunch, duration_min=30).body["conflicts"]
        assert conflict["kind"] == "closed"
        assert conflict["message"] == "「取报告」11:45–12:15 期间科室 12:00–12:15 不开放"


HOURS = [
    {"weekdays": [1, 2, 3, 4, 5], "opens": "08:00", "closes": "12:00"},
    {"weekdays": [1, 2, 3, 4, 5], "opens": "13:30", "closes": "17:00"},
]


def at(minutes: int) -> datetime:
    return STARTS_AT + timedelta(minutes=minutes)


ENTRIES = (
    ItineraryEntry("departed", "出发", at(-60), at(-15), True),
    ItineraryEntry("arrived", "到达", at(-15), at(0), True),
    ItineraryEntry("registering", "取号", at(0), at(30), True),
    ItineraryEntry("examination", "检查", at(60), at(120), True),
    ItineraryEntry("ended", "结束", at(240), at(240), True),
)


def flags(*todos: Todo, is_open: Any = lambda _: None) -> list[tuple[Clash, tuple[str, ...]]]:
    found = rules.flags(ENTRIES, todos, ends_at=at(240), is_open=is_open)
    return [(flag.clash, flag.items) for flag in found]


class TestFlags:
    @pytest.mark.feature("F21")
    def test_steps_outside_the_departments_hours(self) -> None:
        def until_ten(when: datetime) -> bool:
            assert when.tzinfo == clock.CHINA
            return 9 <= when.hour < 10

        assert flags(is_open=until_ten) == [(Clash.CLOSED, ("examination",))]
        assert flags(is_open=lambda when: when.hour != 9) == [(Clash.CLOSED, ("registering",))]
        assert flags(is_open=lambda _: True) == flags(is_open=lambda _: None) == []

    @pytest.mark.feature("F21")
    def test_a_lunch_break_in_the_middle_of_a_step_is_flagged_with_its_hours(self) -> None:
        def but_at_ten(when: datetime) -> bool:
            return not (10, 15) <= (when.hour, when.minute) < (10, 40)

        (flag,) = rules.flags(ENTRIES, (), ends_at=at(240), is_open=but_at_ten)
        assert (flag.clash, flag.items) == (Clash.CLOSED, ("examination",))
        assert flag.message == "「检查」10:00–11:00 期间科室 10:15–10:40 不开放"

    def test_the_closing_minute_is_still_enough(self) -> None:
        assert flags(is_open=lambda when: when < clock.china(at(120))) == []

    def test_neighbours_do_not_overlap(self) -> None:
        assert flags(Todo("a", "缴费", at(30), 30), Todo("b", "取药", at(120), 10)) == []

    def test_two_todos_may_overlap_each_other(self) -> None:
        one, other = Todo("a", "缴费", at(130), 30), Todo("b", "取药", at(140), 10)
        assert flags(one, other) == [(Clash.OVERLAP, ("a", "b"))]

    def test_what_is_done_or_has_no_time_is_in_nobodys_way(self) -> None:
        assert flags(Todo("a", "缴费", at(0), 30, done_at=at(0)), Todo("b", "带水")) == []

    @given(st.lists(st.tuples(st.integers(-200, 500), st.integers(0, 120)), max_size=6))
    def test_every_overlap_is_flagged_once_and_in_order(self, times: list[tuple[int, int]]) -> None:
        todos = [Todo(str(number), "事", at(start), length) for number, (start, length) in enumerate(times)]
        found = rules.flags(ENTRIES, todos, ends_at=at(240), is_open=lambda _: None)
        spans = [(entry.code, entry.starts_at, entry.ends_at) for entry in ENTRIES]
        spans += [(todo.todo_id, todo.starts_at, todo.ends_at) for todo in todos if todo.starts_at and todo.ends_at]
        expected = {
            frozenset((one[0], other[0]))
            for number, one in enumerate(spans)
            for other in spans[number + 1 :]
            if one[1] < other[2] and other[1] < one[2]
        }
        overlaps = [frozenset(flag.items) for flag in found if flag.clash is Clash.OVERLAP]
        assert len(overlaps) == len(set(overlaps)) and set(overlaps) == expected

    def test_there_is_a_most(self) -> None:
        todos = tuple(Todo(str(number), "事") for number in range(MAX_TODOS))
        with pytest.raises(TooManyTodos):
            rules.added(todos, Todo("one more", "事"))
