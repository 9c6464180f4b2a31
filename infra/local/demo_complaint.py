"""A complaint over HTTP, as its people play it: filed, contested, taken, decided."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from functions.shared import clock
from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, expect

WORDS = "约好的事情一直没有落实，打电话也不接。"


def post(stage: Stage, path: str, body: dict[str, Any] | None, token: str, status: int = 200) -> dict[str, Any]:
    answer: dict[str, Any] = expect(stage.api.request("POST", path, body, token=token), status, path)
    return answer


def await_state(stage: Stage, path: str, state: str, token: str) -> dict[str, Any]:
    """Until the complaint has come there."""

    def reached() -> dict[str, Any] | None:
        found: dict[str, Any] = expect(stage.api.request("GET", path, token=token, quiet=True), 200, path)
        return found if found["state"] == state else None

    return stage.wait_for(reached, f"申诉没有到 {state} 这一步")


def file(stage: Stage, order: Order, category: str, remedy: str = "refund", **more: Any) -> str:
    """Filed as soon as that is possible; the complaint's path."""
    body = {"category": category, "remedy": remedy, "text": WORDS} | more
    path = f"/orders/{order.id}/complaints"

    def filed() -> dict[str, Any] | None:
        answer = stage.api.request("POST", path, body, token=order.client.token, quiet=True)
        if answer.code in ("order_not_found", "not_complainable"):
            return None
        found: dict[str, Any] = expect(answer, 201, path)
        return found

    return f"/complaints/{stage.wait_for(filed, '申诉没有提交成功')['complaint_id']}"


def contest(stage: Stage, path: str, companion: Person) -> None:
    """The companion, once asked, sees it differently."""
    await_state(stage, path, "awaiting_companion", companion.token)
    post(stage, f"{path}/answer", {"text": "情况不是这样，我一直在联系。", "contests": True}, companion.token)


def take(stage: Stage, path: str, agent: str) -> None:
    """An agent takes it once it is in the queue."""

    def taken() -> bool | None:
        return stage.api.request("POST", f"{path}/take", None, token=agent, quiet=True).status == 200 or None

    await_state(stage, path, "awaiting_agent", agent)
    stage.wait_for(taken, "申诉没有领取成功")


def decide(stage: Stage, path: str, agent: str, outcome: str, **more: Any) -> dict[str, Any]:
    """An agent takes it, and decides."""
    take(stage, path, agent)
    return post(stage, f"{path}/decision", {"outcome": outcome, "reason": "已向双方核实"} | more, agent)


def refunds_fen(stage: Stage, order: Order) -> list[int]:
    """What was asked to go back until now, done or not, the smallest first."""
    path = f"/orders/{order.id}/refunds"
    answer = expect(stage.api.request("GET", path, token=order.client.token, quiet=True), 200, "订单的退款")
    return sorted(each["amount_fen"] for each in answer["items"])


def another_day(order: Order) -> datetime:
    """The same hour of a day at which the visit could be as well: the day before, or after if that is too soon."""
    starts_at = datetime.fromisoformat(order.placed["starts_at"])
    return starts_at + timedelta(days=-1 if starts_at > clock.now() + timedelta(days=5) else 1)


def cancel(stage: Stage, order: Order) -> None:
    """The client cancels the order themselves, at what it costs."""
    path, token = f"/orders/{order.id}", order.client.token
    quote = expect(stage.api.request("GET", f"{path}/cancellation-quote", token=token), 200, "查询取消费用")
    post(stage, f"{path}/cancel", {"quote_id": quote["quote_id"]}, token)


def next_takes(stage: Stage, order: Order) -> Person:
    """Whoever is asked next takes the order."""
    asked = stage.wait_for(lambda: demo_order.order_in(stage, order, {"dispatching"}), "没有询问下一位陪诊师")
    return demo_order.accept(stage, replace(order, candidates=[{"name": "下一位陪诊师"}], placed=asked))
