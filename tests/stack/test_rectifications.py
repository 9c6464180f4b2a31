"""From two upheld complaints to the companion's return, on the deployed stack, each function in its own role (F31)."""

import hashlib
from typing import Any

import pytest

from infra.local import demo_complaint as play
from infra.local import demo_order, demo_scenes
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, Story, expect
from tests.stack.running import Stack

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


def upheld(stage: Stage, order: Order, companion: Person, category: str) -> None:
    """A complaint from its filing to its end, in the client's favour."""
    path = play.file(stage, order, category)
    play.contest(stage, path, companion)
    play.decide(stage, path, demo_order.sign_in_staff(stage, "agent"), "refund", refund_fen=100)
    play.await_state(stage, path, "awaiting_client", order.client.token)
    play.post(stage, f"{path}/accept", None, order.client.token)


def rectification(stage: Stage, companion: Person) -> dict[str, Any] | None:
    """The companion's latest, once there is one."""
    listed = stage.api.request("GET", "/rectifications", token=companion.token, quiet=True)
    items = expect(listed, 200, "rectifications")["items"]
    if not items:
        return None
    path = f"/companions/{companion.account_id}/rectifications/{items[0]['rectification_id']}"
    return {"path": path, **expect(stage.api.request("GET", path, token=companion.token, quiet=True), 200, path)}


def is_matched(stage: Stage, client: Person, patient_id: str, companion: Person) -> bool | None:
    quote = demo_order.quote_visit(stage, client, patient_id, quiet=True)
    found = demo_order.look_for_companions(stage, client, quote, quiet=True)
    return companion.account_id in {each["companion_id"] for each in found} or None


@pytest.mark.feature("F31")
def test_a_companion_is_stopped_puts_things_right_and_works_again(stack: Stack, stage: Stage) -> None:
    order, companion = demo_scenes.completed_order(stage)
    ahead = demo_scenes.order_with(stage, companion)
    for category in ("service", "charges"):
        upheld(stage, order, companion, category)
    notice = stage.wait_for(lambda: rectification(stage, companion), "there is no notice")
    assert notice["sha256"] == hashlib.sha256(notice["text"].encode()).hexdigest()
    verified = expect(stage.api.request("GET", f"/rectification-notices/{notice['code']}"), 200, "verify")
    assert verified["sha256"] == notice["sha256"]
    second = play.next_takes(stage, ahead)
    assert second.account_id != companion.account_id
    assert [each["title"] for each in notice["training"]] == ["服务规范"]

    path = notice["path"]
    play.post(stage, f"{path}/training", {"article_id": "service_standards"}, companion.token)
    leave = play.post(stage, f"{path}/uploads", {"content_type": "image/png"}, companion.token, 201)
    stage.api.upload(leave, PNG)
    answer = {"text": "已经学完服务规范，今后提前到院并及时沟通。", "evidence_ids": [leave["file_id"]]}
    assert play.post(stage, f"{path}/answer", answer, companion.token)["state"] == "awaiting_re_inspection"

    body = {"outcome": "lifted", "reason": "已核对学习记录与佐证"}
    first, other = (demo_order.sign_in_staff(stage, name) for name in ("agent", "agent2"))
    refused = stage.api.request("POST", f"{path}/re-inspection", body, token=first)
    assert refused.code == "other_inspects"
    link = expect(stage.api.request("GET", f"{path}/evidence/{leave['file_id']}", token=other), 200, "evidence")
    assert link["url"]
    assert play.post(stage, f"{path}/re-inspection", body, other)["state"] == "lifted"
    stage.wait_for(
        lambda: is_matched(stage, order.client, order.patient_id, companion), "the companion is not matched again"
    )
