"""What a complaint brings for a visit ahead: cancelled for nothing, or somebody else comes, once per decision (F17)."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import actions
from functions.booking.triggers import bus
from functions.shared import clock, ids
from tests.booking.makers import PACKAGES, STARTS_AT, Town, commit, put_policy
from tests.booking.test_triggers import progressed, reported

NEXT_DAY = STARTS_AT + timedelta(days=1)


def asked(step: str, order: dict[str, Any], decision_id: str, *, to: datetime | None = None) -> dict[str, Any]:
    """As the workflow asks."""
    payload = {"step": f"complaint.{step}", "order_id": order["order_id"], "decision_id": decision_id}
    payload |= {"starts_at": to.isoformat() if to else ""}
    answer = bus.handle(payload)
    assert answer is not None
    return answer


@pytest.mark.feature("F17")
def test_cancelling_gives_everything_back_however_late_and_however_often_it_is_asked(town: Town) -> None:
    companion = town.companion()
    order = town.assigned_order(companion)
    town.world.publish(progressed(order))
    decision_id = ids.new("dec")
    for _ in range(3):
        assert asked("cancel_order", order, decision_id) == {"result": "done", "refund_fen": 34_000}
        town.world.deliver()
    (closed,) = town.world.events("order.closed")
    assert (closed["reason"], closed["refund_fen"], closed["companion_fee_fen"]) == ("cancelled", 34_000, 0)
    assert town.state(order)["state"] == "cancelled"
    assert town.bookings(companion) == []


@pytest.mark.feature("F17")
def test_somebody_else_comes_at_the_price_that_was_paid(town: Town) -> None:
    first, second = town.companion(), town.companion(rating_hundredths=450)
    order = town.assigned_order(first)
    decision_id = ids.new("dec")
    for _ in range(2):
        assert asked("reassign_order", order, decision_id) == {"result": "under_way", "refund_fen": 0}
        town.world.deliver()
    (unassigned,) = town.world.events("order.unassigned")
    assert (unassigned["companion_id"], unassigned["reason"]) == (first.subject, "complained_of")
    assert town.accept(second).status == 200
    town.world.deliver()
    (remedied,) = town.world.events("order.remedied")
    assert remedied | {"type": ""} == {
        "type": "",
        "order_id": order["order_id"],
        "decision_id": decision_id,
        "companion_id": second.subject,
        "refund_fen": 0,
    }
    assert asked("reassign_order", order, decision_id) == {"result": "done", "refund_fen": 0}
    after = town.state(order)
    assert (after["companion_id"], after["price"]["total_fen"]) == (second.subject, 34_000)


def price_from_now_on(more_fen: int) -> None:
    prices = {tier: fen + more_fen for tier, fen in PACKAGES[1]["price_fen"].items()}
    commit("booking", partial(actions.put_package, **PACKAGES[1] | {"price_fen": prices}))


@pytest.mark.feature("F17")
@pytest.mark.parametrize("to", [NEXT_DAY, STARTS_AT + timedelta(hours=3), STARTS_AT + timedelta(hours=13)])
def test_somebody_else_comes_at_another_time_and_everybody_hears_of_it(town: Town, to: datetime) -> None:
    put_policy(default_from_min=0, default_until_min=24 * 60)
    first, second = town.companion(), town.companion(rating_hundredths=450)
    order = town.assigned_order(first)
    for _ in range(2):
        assert asked("reassign_order", order, (decision_id := ids.derived("dec", order["order_id"])), to=to) == {
            "result": "under_way",
            "refund_fen": 0,
        }
        town.world.deliver()
    (moved,) = town.world.events("order.rescheduled")
    assert (moved["starts_at"], moved["assigned"]) == (f"{to:%Y-%m-%dT%H:%M:%SZ}", False)
    (left,) = town.world.events("order.unassigned")
    assert left["starts_at"] == moved["from_starts_at"], "who loses it is told of the time that they had"
    assert town.bookings(first) == town.bookings(first, to) == []
    assert town.bookings(second, to) == [order["order_id"]]
    (offer,) = town.offers(second)
    assert offer["starts_at"] == clock.china(to).isoformat()
    assert town.accept(second).status == 200
    town.world.deliver()
    assert asked("reassign_order", order, decision_id, to=to)["result"] == "done"
    assert town.world.events("order.assigned")[-1]["starts_at"] == moved["starts_at"]
    assert town.state(order)["starts_at"] == clock.china(to).isoformat()


@pytest.mark.feature("F17")
@pytest.mark.parametrize(("more_fen", "back_fen"), [(-3_000, 3_000), (0, 0), (3_000, 0)])
def test_a_cheaper_time_gives_the_difference_back_after_the_visit_and_a_dearer_one_costs_nothing(
    town: Town, more_fen: int, back_fen: int
) -> None:
    first, second = town.companion(), town.companion(rating_hundredths=450)
    order = town.assigned_order(first)
    price_from_now_on(more_fen)
    asked("reassign_order", order, decision_id := ids.new("dec"), to=NEXT_DAY)
    town.world.deliver()
    assert town.accept(second).status == 200
    town.world.deliver()
    assert town.state(order)["price"] == order["price"] | {"back_fen": back_fen}
    town.world.publish(reported(order))
    (completed,) = town.world.events("order.completed")
    assert (completed["back_fen"], completed["decision_id"]) == (back_fen, decision_id)
    assert completed["total_fen"] == order["price"]["total_fen"]


@pytest.mark.feature("F17")
def test_another_companion_at_the_same_time_leaves_an_earlier_difference_as_it_is(town: Town) -> None:
    companions = [town.companion(rating_hundredths=490 - n) for n in range(3)]
    order = town.assigned_order(companions[0])
    price_from_now_on(-3_000)
    for companion, to in zip(companions[1:], (NEXT_DAY, None), strict=True):
        asked("reassign_order", order, ids.new("dec"), to=to)
        town.world.deliver()
        assert town.accept(companion).status == 200
        town.world.deliver()
    assert town.state(order)["price"]["back_fen"] == 3_000


@pytest.mark.parametrize("to", [STARTS_AT + timedelta(minutes=10), STARTS_AT - timedelta(days=30)])
def test_a_time_at_which_there_are_no_visits_is_not_possible(town: Town, to: datetime) -> None:
    order = town.assigned_order(town.companion())
    assert asked("reassign_order", order, ids.new("dec"), to=to) == {"result": "not_possible", "refund_fen": 0}
    assert town.state(order)["state"] == "assigned"


@pytest.mark.feature("F17")
@pytest.mark.feature("B5")
def test_with_nobody_left_everything_goes_back(town: Town) -> None:
    order = town.assigned_order(town.companion())
    decision_id = ids.new("dec")
    assert asked("reassign_order", order, decision_id) == {"result": "done", "refund_fen": 34_000}
    town.world.deliver()
    (remedied,) = town.world.events("order.remedied")
    assert (remedied["companion_id"], remedied["refund_fen"]) == (None, 34_000)
    assert town.state(order)["state"] == "no_companion"


@pytest.mark.parametrize("step", ["cancel_order", "reassign_order"])
def test_what_has_ended_stays_as_it_is(town: Town, step: str) -> None:
    order = town.assigned_order(town.companion())
    asked("cancel_order", order, ids.new("dec"))
    assert asked(step, order, ids.new("dec")) == {"result": "not_possible", "refund_fen": 0}
    town.world.deliver()
    assert len(town.world.events("order.closed")) == 1
