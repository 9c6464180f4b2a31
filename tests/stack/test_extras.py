"""What a visit may bring, on the deployed stack with its roles: a receipt that the client pays, a cap for overtime."""

from typing import Any

import pytest
import urllib3

from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_scenes import companion_at_hospital
from infra.local.demo_stage import Stage, Story, expect
from infra.local.demo_visit import visit_path
from tests.stack.running import Stack

JPEG = b"\xff\xd8\xff\xe0" + bytes(80) + b"\xff\xd9"


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def running(stage: Stage) -> tuple[Order, Person]:
    """The companion has arrived at the hospital."""
    return companion_at_hospital(stage)


@pytest.mark.feature("B9")
def test_a_receipt_is_approved_and_paid_beside_the_order(stage: Stage, running: tuple[Order, Person]) -> None:
    order, companion = running
    path, client = visit_path(order), order.client

    def post(path: str, body: dict[str, Any] | None, token: str, status: int = 201) -> dict[str, Any]:
        answer: dict[str, Any] = expect(stage.api.request("POST", path, body, token=token), status, path)
        return answer

    leave = post(f"{path}/evidence-uploads", {"content_type": "image/jpeg"}, companion.token)
    stage.api.upload(leave, JPEG + order.id.encode())
    body = {"kind": "registration", "amount_fen": 5000, "receipt_file_id": leave["file_id"], "note": "代付挂号费"}
    expense = post(f"{path}/expenses", body, companion.token)
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "expense_asked"), "the client was not asked")
    approved = post(f"{path}/expenses/{expense['expense_id']}/approve", None, client.token, 200)
    assert approved["state"] == "approved"

    def due() -> dict[str, Any] | None:
        answer = stage.api.request("GET", f"/orders/{order.id}/supplement", token=client.token, quiet=True)
        found: dict[str, Any] = answer.body
        return found if answer.status == 200 and found["due_fen"] == 5000 else None

    stage.wait_for(due, "nothing is due")
    payment = post(f"/orders/{order.id}/supplement-payments", {"method": "jsapi"}, client.token)
    paid = stage.pay.request("POST", "/_control/pay", {"out_trade_no": payment["payment_id"]})
    assert paid.status == 200, paid.body

    def is_settled() -> bool | None:
        answer = stage.api.request("GET", f"/orders/{order.id}/supplement", token=client.token, quiet=True)
        return (answer.body["due_fen"] == 0 and [item["state"] for item in answer.body["items"]] == ["paid"]) or None

    stage.wait_for(is_settled, "the supplement was not booked", patience_s=60)
    demo_order.balanced_ledger(stage, order)


@pytest.mark.feature("B9")
@pytest.mark.feature("B4")
def test_a_cap_is_kept_and_what_comes_too_early_is_refused(
    stage: Stage, stack: Stack, running: tuple[Order, Person]
) -> None:
    order, companion = running
    path = visit_path(order)
    seen = expect(stage.api.request("GET", f"{path}/overtime", token=order.client.token), 200, "the overtime")
    headers = {"Authorization": f"Bearer {order.client.token}", "If-Match": f'"{seen["version"]}"'}
    url = f"{stack.api_url}{path}/overtime-authorization"
    assert urllib3.request("PUT", url, json={"cap_fen": 10_000}, headers=headers).status == 200
    early = stage.api.request("POST", f"{path}/overtime", {"minutes": 30}, token=companion.token)
    assert (early.status, early.code) == (409, "overtime_too_early")
    absent = stage.api.request("POST", f"{path}/no-shows", {"absent": "client"}, token=companion.token)
    assert (absent.status, absent.code) == (409, "no_show_too_early")
