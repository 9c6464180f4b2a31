"""Claims on the deployed stack, of each outcome: the insurer is its stand-in, which answers late, twice and wrongly."""

from typing import Any

import pytest
import urllib3

from infra.local import demo_order
from infra.local.demo_claim import PDF, ClaimCase, codes
from infra.local.demo_order import Order, Person
from infra.local.demo_scenes import companion_at_hospital
from infra.local.demo_stage import Stage, Story, expect
from infra.local.demo_visit import visit_path
from infra.local.standins.insurer import Zhenban
from infra.local.standins.together import now
from tests.stack.running import Stack


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def insured(stage: Stage) -> tuple[Order, Person]:
    """An insured visit whose companion has arrived."""
    return companion_at_hospital(stage)


@pytest.mark.feature("F36")
@pytest.mark.feature("B13")
def test_a_claim_is_paid_though_the_insurer_answers_late_twice_and_wrongly(
    stage: Stage, insured: tuple[Order, Person]
) -> None:
    """It does not take our first message and is slow about the next; more evidence is asked for on the way."""
    case = ClaimCase(stage, insured[0])
    expect(stage.insurer.request("POST", "/_control/misbehave", {"status": 503, "delay_s": 1}), 200, "the fault")
    case.draft("missed_appointment", 12_000)
    case.add_file("挂号票据")
    case.submit()
    case.insurer_hears("submitted")
    seen = case.insurer_sees()
    assert [item["kind"] for item in seen["items"]] == ["appointment", "milestone", "milestone", "check_in"]
    assert urllib3.request("GET", seen["files"][0]["url"]).data == PDF
    first, second = case.insurer("acknowledge", fault="twice")
    assert (first["status"], first) == (200, second)
    assert codes(case.insurer("request-evidence", wanted="请补充交通费票据")) == [(200, "evidence_requested")]
    assert case.client("GET", f"/claims/{case.claim_id}")["requested"] == "请补充交通费票据"
    case.add_file("交通费票据")
    case.submit()
    case.insurer_hears("under_review")
    assert [file["title"] for file in case.insurer_sees()["files"]] == ["挂号票据", "交通费票据"]
    decided = case.insurer("decide", amount_fen=9_000, fault="wrongly")
    assert codes(decided) == [(400, "amount_too_high"), (200, "approved"), (409, "request_id_reused")]
    paid = case.insurer("pay", reference="PAY-1", fault="wrongly")
    assert codes(paid) == [(400, "invalid_request"), (200, "paid"), (409, "request_id_reused")]
    assert case.client("GET", f"/claims/{case.claim_id}")["paid_fen"] == 9_000
    stage.wait_for(lambda: demo_order.find_notice(stage, case.order, "claim_paid"), "the client was not told")


@pytest.mark.feature("F36")
def test_a_rejection_is_appealed_once(stage: Stage, insured: tuple[Order, Person]) -> None:
    """Rejected again, it is over: what it rests on need not be kept."""
    case = ClaimCase(stage, insured[0])
    case.draft("lost_documents", 5_000)
    case.submit()
    case.insurer_hears("submitted")
    case.insurer("acknowledge")
    rejected = case.insurer("decide", decision="reject", reason="没有票据证明损失", fault="wrongly")
    assert codes(rejected) == [(400, "invalid_request"), (200, "rejected"), (409, "request_id_reused")]
    case.client("POST", f"/claims/{case.claim_id}/appeal", {"reason": "票据在派出所，稍后补上"})
    case.insurer_hears("appealed")
    assert codes(case.insurer("decide", decision="reject")) == [(200, "rejected")]
    claim = case.client("GET", f"/claims/{case.claim_id}")
    assert (claim["state"], claim["may_appeal"]) == ("rejected", False)
    holds = f"{visit_path(case.order)}/evidence-holds"
    agent = demo_order.sign_in_staff(stage, "agent")
    stage.wait_for(
        lambda: (
            case.claim_id
            not in [each["hold_id"] for each in stage.api.request("GET", holds, token=agent, quiet=True).body["items"]]
            or None
        ),
        "the evidence is still held",
    )


@pytest.mark.feature("F36")
def test_an_appeal_is_granted_and_paid_late(stage: Stage, insured: tuple[Order, Person]) -> None:
    """Of an injury the policy pays what exceeds its deductible."""
    case = ClaimCase(stage, insured[0])
    case.draft("injury", 30_000)
    case.submit()
    case.insurer_hears("submitted")
    case.insurer("acknowledge")
    case.insurer("decide", decision="reject")
    case.client("POST", f"/claims/{case.claim_id}/appeal", {"reason": "补上了门诊病历，请再看一次"})
    case.insurer_hears("appealed")
    assert codes(case.insurer("decide", fault="twice")) == [(200, "approved")] * 2
    assert case.insurer("pay", promised=True, fault="late", delay_s=1) == []
    assert case.client("GET", f"/claims/{case.claim_id}")["state"] == "approved"
    case.wait_for_state("paid")
    assert case.client("GET", f"/claims/{case.claim_id}")["paid_fen"] == 20_000


@pytest.mark.feature("F36")
def test_a_claim_that_was_withdrawn_is_not_decided(stage: Stage, insured: tuple[Order, Person]) -> None:
    """The insurer hears of it, and is refused if it decides all the same."""
    case = ClaimCase(stage, insured[0])
    case.draft("lost_examination_slip", 8_000)
    case.submit()
    case.insurer_hears("submitted")
    case.insurer("acknowledge")
    case.client("POST", f"/claims/{case.claim_id}/withdrawal")
    case.insurer_hears("withdrawn")
    [refused] = case.insurer("decide")
    assert refused["status"] == 409
    assert case.client("GET", f"/claims/{case.claim_id}")["state"] == "withdrawn"


@pytest.mark.feature("B13")
def test_an_insurer_looks_after_an_endpoint_of_its_own(stage: Stage, stack: Stack) -> None:
    """Nobody answers at the address: the log says so, and when it is tried again the message is the same."""
    insurer = Zhenban(stack.layout.folder, now)

    def call(method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = insurer.call(method, f"/insurer/{path}", body)
        assert answer.status == status, answer
        return answer.body

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
