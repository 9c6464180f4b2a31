"""A complaint as its people play it over HTTP, in one process and on the deployed stack."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from functions.shared import clock
from infra.local import demo_order, demo_visit
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, expect

WORDS = "约好的事情一直没有落实，打电话也不接。"


def assigned_order(stage: Stage) -> tuple[Order, Person]:
    """Paid, and taken by its companion; the visit is days ahead."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    path = demo_visit.visit_path(order)
    stage.wait_for(
        lambda: stage.api.request("GET", path, token=companion.token, quiet=True).status == 200 or None, "no visit"
    )
    return order, companion


def order_with(stage: Stage, companion: Person) -> Order:
    """Paid, and taken by just this companion; the visit is days ahead, and others could come too."""
    client = demo_order.sign_in_client(stage, told=False)
    patient_id = demo_order.add_father(stage, client, told=False)

    def with_both() -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        quote = demo_order.quote_visit(stage, client, patient_id, quiet=True)
        found = demo_order.look_for_companions(stage, client, quote, quiet=True)
        wanted = [each for each in found if each["companion_id"] == companion.account_id]
        others = [each for each in found if each["companion_id"] != companion.account_id]
        is_far = datetime.fromisoformat(quote["starts_at"]) > clock.now() + timedelta(days=3)
        return (quote, wanted + others) if wanted and others and is_far else None

    quote, candidates = stage.wait_for(with_both, "the companion is never free")
    order = demo_order.place(stage, client, patient_id, quote, candidates, quiet=True)
    demo_order.pay(stage, order)
    demo_order.accept(stage, order)
    return order


def completed_order(stage: Stage) -> tuple[Order, Person]:
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
    """Until the complaint has come there."""

    def reached() -> dict[str, Any] | None:
        found: dict[str, Any] = expect(stage.api.request("GET", path, token=token, quiet=True), 200, path)
        return found if found["state"] == state else None

    return stage.wait_for(reached, f"{path} is not {state}")


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

    return f"/complaints/{stage.wait_for(filed, 'the complaint was not filed')['complaint_id']}"


def contest(stage: Stage, path: str, companion: Person) -> None:
    """The companion, once asked, sees it differently."""
    await_state(stage, path, "awaiting_companion", companion.token)
    post(stage, f"{path}/answer", {"text": "情况不是这样，我一直在联系。", "contests": True}, companion.token)


def take(stage: Stage, path: str, agent: str) -> None:
    """An agent takes it once it is in the queue."""

    def taken() -> bool | None:
        return stage.api.request("POST", f"{path}/take", None, token=agent, quiet=True).status == 200 or None

    await_state(stage, path, "awaiting_agent", agent)
    stage.wait_for(taken, "the complaint could not be taken")


def decide(stage: Stage, path: str, agent: str, outcome: str, **more: Any) -> dict[str, Any]:
    """An agent takes it, and decides."""
    take(stage, path, agent)
    return post(stage, f"{path}/decision", {"outcome": outcome, "reason": "已向双方核实"} | more, agent)


def cancel(stage: Stage, order: Order) -> None:
    """The client cancels the order themselves, at what it costs."""
    path, token = f"/orders/{order.id}", order.client.token
    quote = expect(stage.api.request("GET", f"{path}/cancellation-quote", token=token), 200, "what it costs")
    post(stage, f"{path}/cancel", {"quote_id": quote["quote_id"]}, token)


def next_takes(stage: Stage, order: Order) -> Person:
    """Whoever is asked next takes the order."""
    asked = stage.wait_for(lambda: demo_order.order_in(stage, order, {"dispatching"}), "nobody is asked")
    return demo_order.accept(stage, replace(order, candidates=[{"name": "下一位陪诊师"}], placed=asked))
