"""退单 and 换人: a complaint about a visit that is still ahead, through every room that has a part in it (F17)."""

import pytest

from infra.local import demo_complaint as play
from infra.local import demo_order, demo_scenes
from infra.local.demo_stage import Stage


@pytest.mark.feature("F17")
def test_an_agent_cancels_and_everything_goes_back(stage: Stage) -> None:
    order, companion = demo_scenes.assigned_order(stage)
    path = play.file(stage, order, "service", "cancel")
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "cancel")
    decided = play.await_state(stage, path, "awaiting_client", order.client.token)
    assert (decided["outcome"], decided["is_ahead"]) == ("cancel", True)
    stage.wait_for(lambda: demo_order.order_in(stage, order, {"cancelled"}), "not cancelled")
    refunds = stage.wait_for(lambda: _refunded(stage, order), "nothing went back")
    assert refunds == [order.total_fen]
    play.post(stage, f"{path}/accept", None, order.client.token)
    play.await_state(stage, path, "closed", order.client.token)


@pytest.mark.feature("F17")
@pytest.mark.feature("B5")
def test_nobody_else_can_come_and_everything_goes_back(stage: Stage) -> None:
    order, companion = demo_scenes.assigned_order(stage)
    assert len(order.candidates) == 1, "the town in one process has one companion for this visit"
    path = play.file(stage, order, "service", "reassign")
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "reassign")
    play.await_state(stage, path, "awaiting_client", order.client.token)
    stage.wait_for(lambda: demo_order.order_in(stage, order, {"no_companion"}), "still looking")
    assert stage.wait_for(lambda: _refunded(stage, order), "nothing went back") == [order.total_fen]


def test_what_has_no_companion_yet_is_cancelled_without_a_complaint(stage: Stage) -> None:
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    body = {"category": "service", "remedy": "cancel", "text": play.WORDS}
    path = f"/orders/{order.id}/complaints"
    assert stage.api.request("POST", path, body, token=client.token).code == "not_complainable"
    demo_order.pay(stage, order)
    demo_order.accept(stage, order)
    refund = body | {"remedy": "refund"}
    assert stage.api.request("POST", path, refund, token=client.token).code == "remedy_not_possible"


def _refunded(stage: Stage, order: demo_order.Order) -> list[int] | None:
    answer = stage.api.request("GET", f"/orders/{order.id}/refunds", token=order.client.token, quiet=True)
    done = [each["amount_fen"] for each in answer.body["items"] if each["state"] == "succeeded"]
    return done or None
