"""What the room stores, and that it stores it once."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from functions.shared import clock, crypto, ids
from functions.shared.caller import Caller, Role
from functions.shared.crypto import Unreadable
from functions.shared.table import query_page
from functions.shared.tx import StaleRead, Tx
from functions.tracking import actions, table
from functions.tracking.rules import sharing
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import VisitState
from tests.harness.world import World
from tests.tracking.makers import ALL, CAMPUS, VisitScene, point, visit_scene


def tx() -> Tx:
    return Tx("tracking", now=clock.now(), correlation_id="test")


def stored(visit: VisitScene) -> table.Visit:
    row = table.find_visit_row(visit.visit_id)
    assert row is not None
    return row


def rows(kind: type[Any], visit: VisitScene, prefix: str) -> list[Any]:
    return list(query_page(kind, visit.visit_id, prefix=prefix, limit=100)[0])


@pytest.mark.feature("F9")
class TestTrail:
    def test_it_is_sealed_with_the_patients_key_and_expires_after_90_days(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        (batch,) = rows(table.Trail, visit, "TRAIL#")
        key = crypto.open_key(stored(visit).wrapped_key, room="tracking", owner_id=visit.patient_id)
        readings = msgspec.json.decode(key.decrypt("trail", batch.sealed_readings), type=list[sharing.Reading])
        assert [reading.point for reading in readings] == [CAMPUS]
        assert batch.ttl == clock.now() + timedelta(days=90)

    def test_another_patients_key_does_not_open_it(self, world: World) -> None:
        visit, other = visit_scene(world), visit_scene(world)
        visit.walk("departed")
        visit.send_positions([point()])
        (batch,) = rows(table.Trail, visit, "TRAIL#")
        key = crypto.open_key(stored(other).wrapped_key, room="tracking", owner_id=other.patient_id)
        with pytest.raises(Unreadable):
            key.decrypt("trail", batch.sealed_readings)

    def test_a_batch_of_which_nothing_is_kept_writes_nothing(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point(at=clock.now() + timedelta(days=1))])
        assert rows(table.Trail, visit, "TRAIL#") == []

    def test_a_mock_position_is_evidence_but_shows_nothing(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point(mock=True)])
        assert len(rows(table.Trail, visit, "TRAIL#")) == 1
        assert stored(visit).shared is None

    def test_the_cell_is_announced_once_and_again_only_when_it_changes(self, visit: VisitScene) -> None:
        visit.walk("departed")
        for _ in range(5):
            visit.send_positions([point(at=clock.now() + timedelta(seconds=20))])
            visit.world.advance(minutes=1)
        visit.renew()
        visit.send_positions([point(lat=CAMPUS.lat + 0.02)])
        visit.world.deliver()
        cells = [event["cell"] for event in visit.world.events("visit.position_changed")]
        assert len(cells) == len(set(cells)) == 2


@pytest.mark.feature("F22")
def test_every_attempt_is_kept_with_its_place_sealed(visit: VisitScene) -> None:
    visit.walk("departed")
    visit.check_in("arrived", lat=39.99)
    visit.check_in("arrived")
    refused, accepted = rows(table.CheckIn, visit, "CHECKIN#")
    assert (refused.refusal, accepted.refusal) == ("outside_fence", None)
    key = crypto.open_key(stored(visit).wrapped_key, room="tracking", owner_id=visit.patient_id)
    assert msgspec.json.decode(key.decrypt("check_in", refused.sealed_reading))["lat"] == 39.99


@pytest.mark.feature("F10")
class TestHistory:
    def test_changes_are_numbered_without_a_gap(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        changes = table.history_after(visit.visit_id, 0)
        assert [int(change.sequence) for change in changes] == list(range(1, len(ALL) + 1))
        assert [change.step.code for change in changes if change.step] == list(ALL)

    def test_what_was_missed_is_what_came_after(self, visit: VisitScene) -> None:
        visit.walk(*ALL[:4])
        assert [int(change.sequence) for change in table.history_after(visit.visit_id, 2)] == [3, 4]

    def test_of_two_at_once_one_runs_again_on_the_fresh_row(self, visit: VisitScene) -> None:
        def recording() -> Tx:
            act = tx()
            actions.record_milestone(
                act,
                visit_id=visit.visit_id,
                caller=Caller(visit.companion.subject, frozenset({Role.COMPANION})),
                entry=actions.Entry(code="departed"),
            )
            return act

        first, second = recording(), recording()
        first.commit()
        with pytest.raises(StaleRead):
            second.commit()

    def test_the_first_and_the_last_are_announced_as_such(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        visit.world.deliver()
        told = visit.world.events("visit.progressed")
        assert [(event["first"], event["last"]) for event in told] == [
            (True, False),
            *[(False, False)] * (len(ALL) - 2),
            (False, True),
        ]
        assert told[-1]["state"] == "ended"


class TestReadsForOthers:
    def test_a_visit_card_says_when_it_ended(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        card = actions.find_visit(visit.visit_id)
        assert (card.state, card.ended_at, card.order_id) == (VisitState.ENDED, clock.now(), visit.order_id)

    @pytest.mark.usefixtures("world")
    def test_a_visit_that_is_none_is_not_found(self) -> None:
        with pytest.raises(actions.VisitNotFound):
            actions.find_visit(ids.new("vis"))


class TestPolicy:
    def test_a_stored_policy_replaces_the_default(self, visit: VisitScene) -> None:
        from functions.shared.table import forget_kept

        for interval_s in (10, 20):
            act = tx()
            actions.put_policy(act, policy=Policy(share_interval_s=interval_s))
            act.commit()
            forget_kept()
            assert table.policy() == Policy(share_interval_s=interval_s)
