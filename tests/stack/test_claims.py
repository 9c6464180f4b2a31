"""A claim on the deployed stack: shown, agreed to, taken up by the insurer with its own key, decided late and twice."""

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from joserfc import jwt
from joserfc.jwk import ECKey

from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, Story, expect
from infra.local.demo_visit import visit_path
from infra.local.seeding import institution_keys
from tests.stack.running import Stack
from tests.stack.scenes import companion_at_hospital

INSURER = "ins_demo"
PDF = b"%PDF-1.4 " + bytes(64)
STORY = "陪诊师记错了时间，过了叫号，只能重新挂号。"


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def insurer(stage: Stage, stack: Stack) -> str:
    """The insurer signs in with its own key."""
    key = ECKey.import_key(institution_keys(stack.layout.folder)[INSURER])
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": INSURER,
        "sub": INSURER,
        "aud": "zhenban",
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    }
    assertion = jwt.encode({"alg": "ES256"}, claims, key)
    answer = stage.api.request("POST", "/sessions/machine", {"client_assertion": assertion})
    return str(expect(answer, 201, "the insurer's sign-in")["access_token"])


@pytest.fixture(scope="module")
def insured(stage: Stage) -> tuple[Order, Person]:
    """An insured visit whose companion has arrived."""
    return companion_at_hospital(stage)


class Desk:
    """Client and insurer around one claim."""

    def __init__(self, stage: Stage, order: Order, insurer: str) -> None:
        self.stage, self.order, self.insurer = stage, order, insurer
        self.claim_id = ""

    def client(self, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = self.stage.api.request(method, path, body, token=self.order.client.token)
        found: dict[str, Any] = expect(answer, status, path)
        return found

    def says(self, what: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        path = f"/insurer/claims/{self.claim_id}/{what}"
        answer = self.stage.api.request("POST", path, body, token=self.insurer)
        assert answer.status == status, answer.body
        return dict(answer.body)

    def draft(self, peril: str, amount_fen: int) -> None:
        body = {"peril": peril, "amount_fen": amount_fen, "story": STORY}
        self.claim_id = self.client("POST", f"/orders/{self.order.id}/claims", body, 201)["claim_id"]

    def submit(self) -> None:
        bundle = self.client("GET", f"/claims/{self.claim_id}/evidence")
        self.client("POST", f"/claims/{self.claim_id}/submit", {"digest": bundle["digest"]})

    def wait_for_state(self, state: str) -> None:
        self.stage.wait_for(
            lambda: self.client("GET", f"/claims/{self.claim_id}")["state"] == state or None, f"not {state}"
        )

    def was_told(self, state: str) -> None:
        """The signed message reached the insurer's own server."""

        def told() -> bool | None:
            events = self.stage.insurer.request("GET", "/_control/events", quiet=True).body["events"]
            ours = [event["data"] for event in events if event["data"].get("claim_id") == self.claim_id]
            return state in [each["state"] for each in ours] or None

        self.stage.wait_for(told, f"the insurer was not told of {state}", patience_s=60)


@pytest.mark.feature("F36")
@pytest.mark.feature("B13")
def test_a_claim_is_paid_though_the_insurer_answers_twice_and_wrongly(
    stage: Stage, insured: tuple[Order, Person], insurer: str
) -> None:
    order, _ = insured
    desk = Desk(stage, order, insurer)
    expect(stage.insurer.request("POST", "/_control/misbehave", {"status": 503, "times": 1}), 200, "the fault")
    desk.draft("missed_appointment", 12_000)
    leave = desk.client("POST", f"/claims/{desk.claim_id}/uploads", {"content_type": "application/pdf"}, 201)
    stage.api.upload(leave, PDF)
    desk.client("POST", f"/claims/{desk.claim_id}/files", {"file_id": leave["file_id"], "title": "挂号票据"}, 201)
    desk.submit()
    desk.was_told("submitted")
    seen = expect(stage.api.request("GET", f"/insurer/claims/{desk.claim_id}", token=insurer), 200, "the claim")
    assert [item["kind"] for item in seen["items"]] == ["appointment", "milestone", "milestone", "check_in"]
    assert urllib3.request("GET", seen["files"][0]["url"]).data == PDF
    number = secrets.token_hex(8)
    first = desk.says("acknowledgement", {"request_id": number})
    assert desk.says("acknowledgement", {"request_id": number}) == first
    approval = {"request_id": secrets.token_hex(8), "decision": "approve", "amount_fen": 9_000, "reason": "情况属实"}
    desk.says("decision", approval)
    desk.says("decision", approval)
    desk.says("decision", approval | {"amount_fen": 8_000}, 409)
    payment = {"amount_fen": 9_000, "reference": "PAY-1"}
    desk.says("payment", payment | {"request_id": secrets.token_hex(8), "amount_fen": 8_999}, 400)
    desk.says("payment", payment | {"request_id": secrets.token_hex(8)})
    desk.wait_for_state("paid")
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "claim_paid"), "the client was not told")


@pytest.mark.feature("F36")
def test_a_rejection_is_appealed_once(stage: Stage, insured: tuple[Order, Person], insurer: str) -> None:
    order, _ = insured
    desk = Desk(stage, order, insurer)
    desk.draft("lost_documents", 5_000)
    desk.submit()
    desk.says("acknowledgement", {"request_id": secrets.token_hex(8)})
    rejection = {"decision": "reject", "reason": "没有票据证明损失"}
    desk.says("decision", rejection | {"request_id": secrets.token_hex(8)})
    desk.client("POST", f"/claims/{desk.claim_id}/appeal", {"reason": "票据在派出所，稍后补上"})
    desk.was_told("appealed")
    desk.says("decision", rejection | {"request_id": secrets.token_hex(8)})
    claim = desk.client("GET", f"/claims/{desk.claim_id}")
    assert (claim["state"], claim["may_appeal"]) == ("rejected", False)
    holds = f"{visit_path(order)}/evidence-holds"
    agent = demo_order.sign_in_staff(stage, "agent")
    stage.wait_for(
        lambda: (
            desk.claim_id
            not in [each["hold_id"] for each in stage.api.request("GET", holds, token=agent, quiet=True).body["items"]]
            or None
        ),
        "the evidence is still held",
    )


@pytest.mark.feature("B13")
def test_an_insurer_looks_after_an_endpoint_of_its_own(stage: Stage, insurer: str) -> None:
    """Nobody answers at the address: the log says so, and when it is tried again the message is the same."""

    def call(method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = stage.api.request(method, f"/insurer/{path}", body, token=insurer, quiet=True)
        found: dict[str, Any] = expect(answer, status, path)
        return found

    body = {"url": "https://insurer.invalid/hook", "event_types": ["claim.moved"]}
    made = call("POST", "endpoints", body, 201)
    endpoint_id = made["endpoint"]["endpoint_id"]
    assert call("POST", f"endpoints/{endpoint_id}/secrets", None, 201)["secret"] != made["secret"]
    delivery_id = call("POST", f"endpoints/{endpoint_id}/test-events", {}, 201)["delivery_id"]

    def tried(times: int) -> dict[str, Any] | None:
        seen = call("GET", f"deliveries/{delivery_id}")
        return seen if len(seen["attempts"]) >= times else None

    first = stage.wait_for(lambda: tried(1), "the message was not sent")
    again = stage.wait_for(lambda: tried(2), "the message was not sent again", patience_s=60)
    assert (first["body"], first["attempts"][0]["status"]) == (again["body"], None)
    assert again["attempts"][0]["error"]
    call("DELETE", f"endpoints/{endpoint_id}")
    assert endpoint_id not in [each["endpoint_id"] for each in call("GET", "endpoints")["items"]]
