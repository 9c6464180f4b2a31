"""What the room does when others speak, in any order and more than once."""

from datetime import timedelta
from itertools import permutations

import pytest

from functions.booking.events import OrderRescheduled, OrderUnassigned, UnassignedReason
from functions.care.events import ReportSubmitted
from functions.shared import ids
from functions.shared.events import Event
from functions.tracking import actions, table
from tests.harness.world import World
from tests.tracking.makers import ALL, STARTS_AT, VisitScene, order_assigned, order_closed, visit_scene


def report_of(visit: VisitScene) -> ReportSubmitted:
    return ReportSubmitted(
        report_id=ids.derived("rep", visit.order_id),
        visit_id=visit.visit_id,
        order_id=visit.order_id,
        client_id=visit.client.subject,
        companion_id=visit.companion.subject,
        late=False,
    )


def state_of(visit_id: str) -> str:
    return str(actions.find_visit(visit_id).state)


@pytest.mark.feature("F10")
class TestAssignment:
    def test_an_assigned_order_gets_its_visit(self, world: World) -> None:
        event = order_assigned()
        world.publish(event)
        card = actions.find_visit(ids.derived("vis", event.order_id))
        assert (card.state, card.starts_at, card.patient_id) == ("scheduled", STARTS_AT, event.patient_id)
        assert world.events("visit.scheduled") == [
            {
                "type": "visit.scheduled",
                "visit_id": card.visit_id,
                "order_id": event.order_id,
                "client_id": event.client_id,
                "companion_id": event.companion_id,
            }
        ]

    def test_hearing_it_again_changes_nothing(self, visit: VisitScene) -> None:
        visit.walk("departed")
        again = order_assigned(order_id=visit.order_id, companion_id=visit.companion.subject)
        visit.world.publish(again)
        visit.world.publish(again)
        assert state_of(visit.visit_id) == "departed"
        assert len(visit.world.events("visit.scheduled")) == 1


class TestClosing:
    def test_a_scheduled_visit_is_cancelled(self, visit: VisitScene) -> None:
        visit.world.publish(order_closed(visit.order_id))
        assert state_of(visit.visit_id) == "cancelled"
        assert visit.record("departed").code == "visit_not_running"

    def test_hearing_it_again_changes_nothing(self, visit: VisitScene) -> None:
        for _ in range(3):
            visit.world.publish(order_closed(visit.order_id))
        assert len(visit.world.events("visit.closed")) == 1

    def test_a_companion_on_the_way_is_called_back_but_one_who_arrived_is_not(self, world: World) -> None:
        for walked, left in ((("departed",), "cancelled"), (("departed", "arrived"), "arrived")):
            visit = visit_scene(world)
            visit.walk(*walked)
            world.publish(order_closed(visit.order_id))
            assert state_of(visit.visit_id) == left

    def test_a_closing_that_overtakes_the_assignment_leaves_no_visit(self, world: World) -> None:
        event = order_assigned()
        for _ in range(2):
            world.publish(order_closed(event.order_id))
        world.publish(event)
        assert table.find_visit_row(ids.derived("vis", event.order_id)) is None
        assert world.events("visit.scheduled") == []

    def test_an_unpaid_order_leaves_no_trace(self, world: World) -> None:
        order_id = ids.new("ord")
        world.publish(order_closed(order_id, paid=False))
        assert table.find_visit_or_closure(ids.derived("vis", order_id)) == (None, False)


def unassigned(visit: VisitScene, *, revision: int, companion_id: str | None = None) -> OrderUnassigned:
    return OrderUnassigned(
        order_id=visit.order_id,
        client_id=visit.client.subject,
        companion_id=companion_id or visit.companion.subject,
        reason=UnassignedReason.COMPANION_CANCELLED,
        starts_at=STARTS_AT,
        revision=revision,
    )


def rescheduled(visit: VisitScene, *, days: int, revision: int, assigned: bool = True) -> OrderRescheduled:
    return OrderRescheduled(
        order_id=visit.order_id,
        client_id=visit.client.subject,
        companion_id=visit.companion.subject,
        patient_id=visit.patient_id,
        from_starts_at=STARTS_AT,
        starts_at=STARTS_AT + timedelta(days=days),
        ends_at=STARTS_AT + timedelta(days=days, hours=4),
        assigned=assigned,
        revision=revision,
    )


@pytest.mark.feature("B5")
class TestReassignment:
    def test_another_companion_takes_the_visit_over_and_the_first_no_longer_sees_it(self, world: World) -> None:
        visit = visit_scene(world, revision=3)
        world.publish(unassigned(visit, revision=4))
        assert world.get(visit.path, as_=visit.companion).status == 404
        second = world.person("companion")
        world.publish(order_assigned(order_id=visit.order_id, companion_id=second.subject, revision=6))
        first, visit.companion = visit.companion, second
        assert world.get(visit.path, as_=first).status == 404
        assert [step["code"] for step in world.get(visit.path, as_=second).body["milestones"]] == list(ALL)
        visit.walk(*ALL)
        assert state_of(visit.visit_id) == "ended"

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_the_news_may_come_in_any_order(self, world: World, order: tuple[int, ...]) -> None:
        visit = visit_scene(world, revision=3)
        second, third = (world.person("companion").subject for _ in range(2))
        news: list[Event] = [
            unassigned(visit, revision=4),
            order_assigned(order_id=visit.order_id, companion_id=second, revision=6),
            rescheduled(visit, days=2, revision=7),
            unassigned(visit, revision=8, companion_id=second),
        ]
        for number in order:
            world.publish(news[number])
        world.publish(
            order_assigned(
                order_id=visit.order_id, companion_id=third, revision=9, starts_at=STARTS_AT + timedelta(days=2)
            )
        )
        card = actions.find_visit(visit.visit_id)
        assert (card.companion_id, card.starts_at, card.state) == (third, STARTS_AT + timedelta(days=2), "scheduled")

    def test_a_companion_who_set_out_and_is_replaced_leaves_no_step_behind(self, world: World) -> None:
        visit = visit_scene(world, revision=3)
        visit.walk("departed")
        world.publish(unassigned(visit, revision=4))
        second = world.person("companion")
        world.publish(order_assigned(order_id=visit.order_id, companion_id=second.subject, revision=6))
        visit.companion = second
        visit.walk("departed", "arrived")
        assert state_of(visit.visit_id) == "arrived"

    def test_a_service_that_has_begun_is_not_taken_away(self, world: World) -> None:
        visit = visit_scene(world, revision=3)
        visit.walk("departed", "arrived")
        for event in (
            unassigned(visit, revision=4),
            order_assigned(order_id=visit.order_id, revision=5),
            rescheduled(visit, days=1, revision=6),
        ):
            world.publish(event)
        card = actions.find_visit(visit.visit_id)
        assert (card.companion_id, card.starts_at) == (visit.companion.subject, STARTS_AT)


@pytest.mark.feature("B3")
class TestMoving:
    def test_a_scheduled_visit_moves_and_older_news_does_not_move_it_back(self, world: World) -> None:
        visit = visit_scene(world, revision=3)
        world.publish(rescheduled(visit, days=2, revision=5))
        world.publish(rescheduled(visit, days=1, revision=4))
        card = actions.find_visit(visit.visit_id)
        assert card.starts_at == STARTS_AT + timedelta(days=2)
        assert card.ends_at == STARTS_AT + timedelta(days=2, hours=4)
        assert visit.record("departed").code == "visit_not_open"

    def test_a_move_before_anybody_took_the_order_is_nothing(self, world: World) -> None:
        visit = visit_scene(world)
        visit.order_id = ids.new("ord")
        world.publish(rescheduled(visit, days=1, revision=3, assigned=False))
        with pytest.raises(actions.VisitNotFound):
            world.publish(rescheduled(visit, days=1, revision=3))
        world.publish(order_closed(visit.order_id))
        world.publish(rescheduled(visit, days=1, revision=3))


@pytest.mark.feature("F14")
class TestReport:
    def test_an_ended_visit_is_reported(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        for _ in range(2):
            visit.world.publish(report_of(visit))
        assert state_of(visit.visit_id) == "reported"
        assert [event["state"] for event in visit.world.events("visit.closed")] == ["reported"]

    def test_a_visit_that_has_not_ended_stays_as_it_is(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.world.publish(report_of(visit))
        assert state_of(visit.visit_id) == "departed"

    def test_a_report_of_no_visit_is_nothing(self, world: World) -> None:
        gone = visit_scene(world)
        gone.visit_id = ids.new("vis")
        world.publish(report_of(gone))


def test_everything_delivered_three_times_is_as_if_delivered_once(world: World) -> None:
    visit = visit_scene(world)
    visit.walk(*ALL)
    world.deliver(times=3)
    world.publish(report_of(visit))
    world.deliver(times=3)
    assert [int(change.sequence) for change in table.history_after(visit.visit_id, 0)] == [1, 2, 3, 4, 5, 6]
