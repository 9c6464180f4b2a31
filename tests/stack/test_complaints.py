"""Complaints on the deployed stack, walked by Step Functions, each function under its own role (F17)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from infra.local import demo_complaint as play
from infra.local import demo_order, demo_scenes
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, Story, expect
from tests.stack.running import Stack
from tests.stack.walks import begin_anew, redefined, status_of, walk_arn

JPEG = b"\xff\xd8\xff\xe0" + bytes(80) + b"\xff\xd9"
Completed = tuple[Order, Person]


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def completed(stage: Stage) -> Completed:
    return demo_scenes.completed_order(stage)


def refunds_of(stage: Stage, order: Order) -> list[int]:
    """What went back, once all of it did."""

    def settled() -> list[int] | None:
        answer = stage.api.request("GET", f"/orders/{order.id}/refunds", token=order.client.token, quiet=True)
        items = expect(answer, 200, "refunds")["items"]
        done = all(each["state"] == "succeeded" for each in items)
        return sorted(each["amount_fen"] for each in items) if items and done else None

    return stage.wait_for(settled, "nothing was given back")


@contextmanager
def hurried(stack: Stack, **seconds: int) -> Iterator[None]:
    """These states wait only so long."""

    def hurry(states: dict[str, Any]) -> None:
        for name, limit in seconds.items():
            states[name]["TimeoutSeconds"] = limit
            states[name]["Parameters"]["Payload"]["due_in_s"] = limit

    with redefined(stack, hurry):
        yield


@pytest.mark.feature("F17")
def test_an_agent_gives_a_part_back_and_the_provider_is_asked_once(
    stack: Stack, stage: Stage, completed: Completed
) -> None:
    order, companion = completed
    client, agent = order.client.token, demo_order.sign_in_staff(stage, "agent")
    uploads = f"/orders/{order.id}/complaint-uploads"
    leave = expect(
        stage.api.request("POST", uploads, {"content_type": "image/jpeg"}, token=client), 201, "leave to upload"
    )
    stage.api.upload(leave, JPEG)
    path = play.file(stage, order, "service", evidence_ids=[leave["file_id"]])
    asked = play.await_state(stage, path, "awaiting_companion", client)
    assert asked["facts"]["arrived_at"] is not None
    assert asked["facts"]["report_at"] is not None
    link = expect(stage.api.request("GET", f"{path}/evidence/{leave['file_id']}", token=agent), 200, "evidence")
    assert link["url"]
    play.contest(stage, path, companion)
    play.decide(stage, path, agent, "refund", refund_fen=5_000)
    play.await_state(stage, path, "awaiting_client", client)
    assert refunds_of(stage, order) == [5_000]
    assert play.post(stage, f"{path}/accept", None, client)["state"] == "closed"
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "complaint_decided"), "the client was not told")
    stage.wait_for(lambda: status_of(stack, path) == "SUCCEEDED" or None, "the walk did not end")


@pytest.mark.feature("F17")
def test_a_rejection_is_appealed_to_another_agent_whose_word_is_final(
    stack: Stack, stage: Stage, completed: Completed
) -> None:
    order, companion = completed
    client = order.client.token
    first, second = (demo_order.sign_in_staff(stage, name) for name in ("agent", "agent2"))
    path = play.file(stage, order, "charges")
    play.contest(stage, path, companion)
    play.decide(stage, path, first, "reject")
    play.await_state(stage, path, "awaiting_client", client)
    play.post(stage, f"{path}/appeal", {"text": "请再看一下收据。"}, client)
    stage.wait_for(
        lambda: stage.api.request("POST", f"{path}/take", None, token=first).code == "other_agent_decides" or None,
        "the first agent might decide again",
    )
    assert play.decide(stage, path, second, "reject")["state"] == "closed"
    stage.wait_for(lambda: status_of(stack, path) == "SUCCEEDED" or None, "the walk did not end")


@pytest.mark.feature("F17")
@pytest.mark.feature("B11")
def test_a_full_refund_waits_for_finance_and_is_then_paid(stage: Stage) -> None:
    order, companion = demo_scenes.completed_order(stage)
    path = play.file(stage, order, "service")
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "refund")
    waiting = play.await_state(stage, path, "executing", order.client.token)
    assert (waiting["refund_fen"], play.refunds_fen(stage, order)) == (order.total_fen, [])
    finance = demo_order.sign_in_staff(stage, "finance")

    def proposal() -> str | None:
        listed = stage.api.request("GET", "/proposals", token=finance, quiet=True)
        items = [each["refund_order"] for each in expect(listed, 200, "proposals")["items"]]
        ours = [each["refund_order_id"] for each in items if each and each["order_id"] == order.id]
        return str(ours[0]) if ours else None

    proposal_id = stage.wait_for(proposal, "finance was not asked")
    play.post(stage, f"/refund-orders/{proposal_id}/approve", None, finance)
    play.await_state(stage, path, "awaiting_client", order.client.token)
    assert refunds_of(stage, order) == [order.total_fen]


@pytest.mark.feature("F17")
def test_everybodys_silence_ends_in_an_escalation_and_then_in_acceptance(
    stack: Stack, stage: Stage, completed: Completed
) -> None:
    order, _ = completed
    agent = demo_order.sign_in_staff(stage, "agent")
    with hurried(stack, AskCompanion=3, AskAgent=6, AskClient=3):
        path = play.file(stage, order, "other")
        play.await_state(stage, path, "awaiting_agent", agent)

        def overdue() -> bool | None:
            listed = stage.api.request("GET", "/complaint-queue", token=agent, quiet=True)
            lines = {each["complaint_id"]: each["why"] for each in expect(listed, 200, "queue")["items"]}
            return lines.get(path.rpartition("/")[2]) == "overdue" or None

        stage.wait_for(overdue, "nobody noticed that the agents were late")
        play.decide(stage, path, agent, "reject")
        closed = play.await_state(stage, path, "closed", order.client.token)
    steps = [each["step"] for each in closed["history"]]
    assert steps[-1] == "client_silent"
    assert {"companion_silent", "overdue"} < set(steps)


@pytest.mark.feature("F17")
def test_a_visit_ahead_is_cancelled_for_nothing(stage: Stage) -> None:
    order, companion = demo_scenes.assigned_order(stage)
    path = play.file(stage, order, "service", "cancel")
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "cancel")
    play.await_state(stage, path, "awaiting_client", order.client.token)
    assert refunds_of(stage, order) == [order.total_fen]
    assert demo_order.order_in(stage, order, {"cancelled"})


@pytest.mark.feature("F17")
def test_somebody_else_comes(stage: Stage) -> None:
    order, companion = demo_scenes.assigned_order(stage)
    path = play.file(stage, order, "service", "reassign")
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "reassign")
    second = play.next_takes(stage, order)
    play.await_state(stage, path, "awaiting_client", order.client.token)
    visit = f"/orders/{order.id}"
    assert stage.api.request("GET", visit, token=companion.token).status == 404
    assert stage.api.request("GET", visit, token=second.token).status == 200


@pytest.mark.feature("F17")
@pytest.mark.feature("B14")
def test_somebody_else_comes_at_a_time_that_the_client_named(stage: Stage) -> None:
    order, companion = demo_scenes.assigned_order(stage)
    other = play.another_day(order)
    unnamed = other + (other - datetime.fromisoformat(order.placed["starts_at"]))
    path = play.file(stage, order, "service", "reassign", other_times=[other.isoformat()])
    play.contest(stage, path, companion)
    agent = demo_order.sign_in_staff(stage, "agent")
    play.take(stage, path, agent)
    body = {"outcome": "reassign", "reason": "已与客户确认时间"}
    refused = stage.api.request("POST", f"{path}/decision", body | {"moved_to": unnamed.isoformat()}, token=agent)
    assert refused.code == "time_not_named"
    play.post(stage, f"{path}/decision", body | {"moved_to": other.isoformat()}, agent)
    second = play.next_takes(stage, order)
    decided = play.await_state(stage, path, "awaiting_client", order.client.token)
    assert decided["moved_to"] == other.isoformat()
    taken = expect(stage.api.request("GET", f"/orders/{order.id}", token=second.token), 200, "the order")
    assert (taken["state"], taken["starts_at"]) == ("assigned", other.isoformat())

    def policy_endorsed() -> bool | None:
        seen = stage.api.request("GET", f"/orders/{order.id}/policy", token=order.client.token, quiet=True).body
        return (seen["state"] == "endorsed" and seen["starts_at"] == other.isoformat()) or None

    stage.wait_for(policy_endorsed, "the policy was not endorsed")


@pytest.mark.feature("F17")
def test_a_walk_that_was_stopped_is_begun_anew_and_pays_once(stack: Stack, stage: Stage, completed: Completed) -> None:
    """The room's own watch is minutes away: its timer is fired by hand."""
    order, companion = completed
    client = order.client.token
    path = play.file(stage, order, "late_arrival")
    play.contest(stage, path, companion)
    play.await_state(stage, path, "awaiting_agent", client)
    stack.client("stepfunctions").stop_execution(executionArn=walk_arn(stack, path), cause="an accident")
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "refund", refund_fen=700)
    time.sleep(2)
    assert 700 not in play.refunds_fen(stage, order)
    begin_anew(stack, path)
    play.await_state(stage, path, "awaiting_client", client)
    assert play.refunds_fen(stage, order).count(700) == 1
