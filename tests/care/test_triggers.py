"""The hour after the visit, whatever the order in which things are heard."""

import pytest

from functions.tracking.events import VisitProgressed
from tests.care.makers import submit
from tests.harness.world import World
from tests.tracking.makers import ALL, VisitScene, visit_scene


@pytest.mark.feature("F14")
class TestTheHour:
    def test_a_missing_report_is_announced_when_it_runs_out(self, ended: VisitScene) -> None:
        ended.world.advance(minutes=59)
        assert ended.world.events("report.overdue") == []
        ended.world.advance(minutes=2)
        assert ended.world.events("report.overdue") == [
            {
                "type": "report.overdue",
                "visit_id": ended.visit_id,
                "order_id": ended.order_id,
                "companion_id": ended.companion.subject,
            }
        ]

    def test_a_day_later_the_order_goes_on_without_it(self, ended: VisitScene) -> None:
        ended.world.advance(hours=24, minutes=59)
        assert ended.world.events("report.missing") == []
        ended.world.advance(minutes=2)
        assert ended.world.events("report.missing") == [
            {
                "type": "report.missing",
                "visit_id": ended.visit_id,
                "order_id": ended.order_id,
                "client_id": ended.client.subject,
                "companion_id": ended.companion.subject,
            }
        ]
        ended.renew()
        assert submit(ended).body["late"] is True, "it may still come"

    def test_one_that_comes_within_the_day_is_not_missing(self, ended: VisitScene) -> None:
        ended.world.advance(hours=20)
        ended.renew()
        submit(ended)
        ended.world.advance(hours=6)
        assert ended.world.events("report.missing") == []

    def test_a_report_in_time_is_not(self, ended: VisitScene) -> None:
        submit(ended)
        ended.world.advance(hours=2)
        assert ended.world.events("report.overdue") == []

    def test_hearing_the_end_twice_is_one_timer_and_firing_it_twice_one_warning(self, world: World) -> None:
        visit = visit_scene(world)
        visit.walk(*ALL)
        world.deliver(times=3)
        (timer,) = [timer for timer in world.timers.values() if timer.room == "care"]
        world.advance(minutes=60)
        world.fire(timer)
        assert len(world.events("report.overdue")) == 1

    def test_the_end_is_heard_after_the_report(self, world: World) -> None:
        """The bus may be slower than the companion."""
        visit = visit_scene(world)
        visit.walk(*ALL)
        assert submit(visit).status == 201
        world.deliver()
        world.advance(hours=2)
        assert world.events("report.overdue") == []
        assert visit.world.events("report.submitted")[0]["late"] is False

    def test_other_milestones_start_nothing(self, world: World) -> None:
        visit = visit_scene(world)
        visit.walk(*ALL[:-1])
        world.deliver()
        assert [timer for timer in world.timers.values() if timer.room == "care"] == []

    def test_an_end_of_which_the_visit_knows_nothing_is_retried(self, world: World) -> None:
        """It cannot happen while the visit and its event are one transaction; if it does, somebody must look."""
        visit = visit_scene(world)
        event = VisitProgressed(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            client_id=visit.client.subject,
            companion_id=visit.companion.subject,
            code="ended",
            title="就诊结束",
            sequence=1,
            state="ended",
            first=False,
            last=True,
        )
        with pytest.raises(AssertionError, match="has no end"):
            world.publish(event)
