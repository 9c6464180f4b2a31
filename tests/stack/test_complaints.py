"""Complaints on the deployed stack, each function under its own role: evidence, facts, a part back, an appeal (F17)."""

from typing import Any

import pytest

from infra.local import demo_order, demo_visit
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, Story, expect
from tests.stack.running import Stack

JPEG = b"\xff\xd8\xff\xe0" + bytes(80) + b"\xff\xd9"
WORDS = "结束前一小时就联系不上陪诊师了。"


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def completed(stage: Stage) -> tuple[Order, Person]:
    """A visit from its order to its report."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    guest = demo_visit.share(stage, order)
    demo_visit.attend(stage, order, companion, guest, demo_order.browse(stage))
    demo_visit.report(stage, order, companion, guest)
    return order, companion


def post(stage: Stage, path: str, body: dict[str, Any] | None, token: str, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = expect(stage.api.request("POST", path, body, token=token), status, path)
    return answer


def await_state(stage: Stage, path: str, state: str, token: str) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found: dict[str, Any] = expect(stage.api.request("GET", path, token=token, quiet=True), 200, path)
        return found if found["state"] == state else None

    return stage.wait_for(reached, f"{path} is not {state}")


def file(stage: Stage, order: Order, category: str, **more: Any) -> str:
    """Filed once the visit's completion is known; answered by nobody yet. Returns the complaint's path."""
    body = {"category": category, "remedy": "refund", "text": WORDS} | more
    path = f"/orders/{order.id}/complaints"
    filed = stage.wait_for(
        lambda: (
            found
            if (found := stage.api.request("POST", path, body, token=order.client.token, quiet=True)).status == 201
            else None
        ),
        "the complaint was not filed",
    )
    return f"/complaints/{filed.body['complaint_id']}"


@pytest.mark.feature("F17")
def test_an_agent_gives_a_part_back_and_the_provider_is_asked_once(
    stage: Stage, completed: tuple[Order, Person]
) -> None:
    order, companion = completed
    client, agent = order.client.token, demo_order.sign_in_staff(stage, "agent")
    uploads = f"/orders/{order.id}/complaint-uploads"
    leave = stage.wait_for(
        lambda: (
            found
            if (
                found := stage.api.request("POST", uploads, {"content_type": "image/jpeg"}, token=client, quiet=True)
            ).status
            == 201
            else None
        ),
        "no leave to upload",
    ).body
    stage.api.upload(leave, JPEG)
    path = file(stage, order, "service", evidence_ids=[leave["file_id"]])
    asked = await_state(stage, path, "awaiting_companion", client)
    assert asked["facts"]["arrived_at"] is not None
    assert asked["facts"]["report_at"] is not None
    link = expect(stage.api.request("GET", f"{path}/evidence/{leave['file_id']}", token=agent), 200, "evidence")
    assert link["url"]
    post(stage, f"{path}/answer", {"text": "我一直在诊室外等候。", "contests": True}, companion.token)
    queue = expect(stage.api.request("GET", "/complaint-queue", token=agent), 200, "queue")["items"]
    assert path.rpartition("/")[2] in {line["complaint_id"] for line in queue}
    post(stage, f"{path}/take", None, agent)
    post(stage, f"{path}/decision", {"outcome": "refund", "refund_fen": 5_000, "reason": "部分服务未完成"}, agent)
    await_state(stage, path, "awaiting_client", client)

    def refunded() -> list[dict[str, Any]] | None:
        answer = stage.api.request("GET", f"/orders/{order.id}/refunds", token=client, quiet=True)
        items: list[dict[str, Any]] = expect(answer, 200, "refunds")["items"]
        return items if items and all(each["state"] == "succeeded" for each in items) else None

    assert [each["amount_fen"] for each in stage.wait_for(refunded, "nothing was given back")] == [5_000]
    assert post(stage, f"{path}/accept", None, client)["state"] == "closed"
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "complaint_decided"), "the client was not told")


@pytest.mark.feature("F17")
def test_a_rejection_is_appealed_to_another_agent_whose_word_is_final(
    stage: Stage, completed: tuple[Order, Person]
) -> None:
    order, companion = completed
    client = order.client.token
    first, second = (demo_order.sign_in_staff(stage, name) for name in ("agent", "agent2"))
    path = file(stage, order, "charges")
    await_state(stage, path, "awaiting_companion", client)
    post(stage, f"{path}/answer", {"text": "费用都在平台支付。", "contests": True}, companion.token)
    post(stage, f"{path}/take", None, first)
    post(stage, f"{path}/decision", {"outcome": "reject", "reason": "没有额外收费的记录"}, first)
    post(stage, f"{path}/appeal", {"text": "请再看一下收据。"}, client)
    assert stage.api.request("POST", f"{path}/take", None, token=first).code == "other_agent_decides"
    post(stage, f"{path}/take", None, second)
    decided = post(stage, f"{path}/decision", {"outcome": "reject", "reason": "收据为医院收费"}, second)
    assert decided["state"] == "closed"
