"""What the room does when others speak, in any order and more than once."""

import pytest

from functions.care.events import ReportSubmitted
from functions.shared import ids
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

    def test_a_visit_on_its_way_is_not_cancelled(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.world.publish(order_closed(visit.order_id))
        assert state_of(visit.visit_id) == "departed"

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
