"""What a complaint brings for a visit ahead: cancelled for nothing, or somebody else comes, once per decision (F17)."""

from typing import Any

import pytest

from functions.booking.triggers import bus
from functions.shared import ids
from tests.booking.makers import Town
from tests.booking.test_triggers import progressed


def asked(step: str, order: dict[str, Any], decision_id: str) -> dict[str, Any]:
    """As the workflow asks."""
    payload = {"step": f"complaint.{step}", "order_id": order["order_id"], "decision_id": decision_id}
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
