"""Many orders on one budget, many hands for one coupon: against the real transactions of the deployed stack."""

import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from functions.shared.clock import now
from infra.local import demo_order
from infra.local.demo_order import Person
from infra.local.demo_stage import Answer, Stage, Story, expect
from tests.stack.running import Stack
from tests.stack.test_races import all_at_once, far_morning
from tests.stack.test_uploads import post_form

CLIENTS = 8
OFF_FEN = 5_000
WITHIN_BUDGET = 3
_JPEG = b"\xff\xd8\xff\xe0" + bytes(500)
_TRIES = 5


@dataclass(frozen=True)
class Family:
    """A client with a patient."""

    client: Person
    patient_id: str


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


def post(stage: Stage, path: str, body: Any, token: str, *, status: int = 201) -> Any:
    return expect(stage.api.request("POST", path, body, token=token, quiet=True), status, path)


def insist(stage: Stage, path: str, body: Any, token: str) -> Callable[[], Answer]:
    """The request, sent again under its key for as long as the answer is that others were quicker."""
    key = secrets.token_hex(16)

    def send() -> Answer:
        for _ in range(_TRIES):
            answer = stage.api.request("POST", path, body, token=token, key=key, quiet=True)
            if answer.code != "busy":
                break
        return answer

    return send


def family(stage: Stage) -> Family:
    client = demo_order.sign_in_client(stage, told=False)
    return Family(client, demo_order.add_father(stage, client, told=False))


def programme(stage: Stage, *, shards: int) -> str:
    """A programme that pays the same for every order, and can do so `WITHIN_BUDGET` times."""
    today = now().date()
    body = {
        "name": f"竞争测试 {uuid.uuid4().hex[:6]}",
        "summary": "竞争测试",
        "evidence": [{"code": "id_card", "title": "身份证"}],
        "off_fen": OFF_FEN,
        "cap_fen": OFF_FEN,
        "cap_per": "order",
        "budget_fen": OFF_FEN * WITHIN_BUDGET,
        "valid_from": (today - timedelta(days=1)).isoformat(),
        "valid_until": (today + timedelta(days=365)).isoformat(),
        "shards": shards,
    }
    made = post(stage, "/subsidy-programmes", body, demo_order.sign_in_staff(stage, "admin"))
    return str(made["programme"]["programme_id"])


def grant(stage: Stage, who: Family, programme_id: str) -> None:
    """The patient's subsidy, applied for with an uploaded document and approved by staff."""
    token = who.client.token
    leave = post(stage, "/subsidy-evidence", {"content_type": "image/jpeg"}, token)
    assert post_form(leave["url"], leave["fields"], _JPEG) in (200, 204)
    evidence = [{"kind": "id_card", "file_id": leave["file_id"]}]
    body = {"programme_id": programme_id, "patient_id": who.patient_id, "evidence": evidence}
    application_id = post(stage, "/subsidy-applications", body, token)["application_id"]
    decision = {"approved": True, "reason": "材料齐全", "valid_until": (now().date() + timedelta(days=300)).isoformat()}
    agent = demo_order.sign_in_staff(stage, "agent")
    post(stage, f"/subsidy-applications/{application_id}/decision", decision, agent, status=200)


def order_body(stage: Stage, who: Family, *, days_ahead: int, kind: str) -> dict[str, Any]:
    """What places an order on a quote with a discount of this kind, on a day that no other order here uses."""
    asked = {
        "patient_id": who.patient_id,
        "hospital_id": demo_order.HOSPITAL,
        "department_id": demo_order.DEPARTMENT,
        "package_id": "basic",
        "starts_at": far_morning(days_ahead).isoformat(),
        "special_requests": [],
        "insurance": False,
    }
    quote = post(stage, "/quotes", asked, who.client.token)
    assert [item["kind"] for item in quote["items"] if item["amount_fen"] < 0] == [kind]
    return {
        "quote_id": quote["quote_id"],
        "companion_id": demo_order.match(stage, who.client, quote)[0]["companion_id"],
    }


def money(stage: Stage, programme_id: str) -> tuple[int, int, int]:
    """Left, reserved and spent."""
    token = demo_order.sign_in_staff(stage, "admin")
    answer = stage.api.request("GET", f"/subsidy-programmes/{programme_id}", token=token, quiet=True)
    body = expect(answer, 200, "查看补贴预算")
    return body["left_fen"], body["reserved_fen"], body["spent_fen"]


@pytest.mark.feature("F5")
@pytest.mark.parametrize(("shards", "first_day"), [(1, 62), (4, 71)])
def test_racing_orders_never_overspend_a_budget(stage: Stage, shards: int, first_day: int) -> None:
    programme_id = programme(stage, shards=shards)
    families = all_at_once([lambda: family(stage)] * CLIENTS, threads=2)
    for who in families:
        grant(stage, who, programme_id)
    bodies = [
        order_body(stage, who, days_ahead=first_day + number, kind="subsidy") for number, who in enumerate(families)
    ]
    answers = all_at_once(
        [insist(stage, "/orders", body, who.client.token) for who, body in zip(families, bodies, strict=True)]
    )
    left_fen, reserved_fen, spent_fen = money(stage, programme_id)
    won = sum(answer.status == 201 for answer in answers)
    assert {answer.code for answer in answers if answer.status != 201} == {"subsidy_exhausted"}
    assert left_fen >= 0 and left_fen + reserved_fen + spent_fen == OFF_FEN * WITHIN_BUDGET
    assert 1 <= won <= WITHIN_BUDGET
    if shards == 1:
        assert won == WITHIN_BUDGET  # one row: first come, first served, to the last fen
    whole = (OFF_FEN * WITHIN_BUDGET, 0, 0)
    stage.wait_for(
        lambda: money(stage, programme_id) == whole or None, "未付款的订单关闭后，补贴预算没有退回", patience_s=90
    )


@pytest.fixture(scope="module")
def campaign(stage: Stage) -> Callable[[int], str]:
    """Makes a campaign with so many coupons."""

    def make(stock: int) -> str:
        body = {
            "name": "竞争测试券",
            "summary": "竞争测试",
            "threshold_fen": 0,
            "off_fen": 1_000,
            "stock": stock,
            "claim_from": (now() - timedelta(minutes=1)).isoformat(),
            "claim_until": (now() + timedelta(hours=1)).isoformat(),
            "valid_days": 30,
        }
        made = post(stage, "/coupon-campaigns", body, demo_order.sign_in_staff(stage, "admin"))
        return str(made["campaign"]["campaign_id"])

    return make


@pytest.mark.feature("F6")
def test_the_last_coupon_goes_to_one_of_many(stage: Stage, campaign: Callable[[int], str]) -> None:
    campaign_id = campaign(1)
    clients = all_at_once([lambda: demo_order.sign_in_client(stage, told=False)] * 12, threads=2)
    path = f"/coupon-campaigns/{campaign_id}/claim"
    answers = all_at_once([insist(stage, path, None, client.token) for client in clients])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 11}
    assert {answer.code for answer in answers if answer.status == 409} == {"coupons_gone"}


@pytest.mark.feature("F6")
def test_one_coupon_on_many_quotes_is_used_once(stage: Stage, campaign: Callable[[int], str]) -> None:
    who, campaign_id = family(stage), campaign(1)
    post(stage, f"/coupon-campaigns/{campaign_id}/claim", None, who.client.token)
    bodies = [order_body(stage, who, days_ahead=82 + number, kind="coupon") for number in range(6)]
    answers = all_at_once([insist(stage, "/orders", body, who.client.token) for body in bodies])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 5}
    assert {answer.code for answer in answers if answer.status == 409} == {"coupon_gone"}
