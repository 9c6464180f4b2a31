"""Claims (F36): what the client shows and agrees to, what the insurer asks, decides and pays; each once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.insurance.rules import claims as rules
from functions.insurance.rules.claims import CLAIM_MOVES, ClaimState, payable_fen
from functions.shared import clock
from tests.insurance.claim_makers import STORY, Case, insured_case
from tests.insurance.makers import PRODUCT, Desk
from tests.tracking.makers import order_closed

pytestmark = [pytest.mark.feature("F36"), pytest.mark.feature("B13")]


@pytest.fixture
def case(desk: Desk) -> Case:
    return insured_case(desk)


class TestFiling:
    def test_the_client_sees_what_the_insurer_will_see_and_agrees_to_just_that(self, case: Case) -> None:
        assert case.draft().status == 201
        assert case.add_file().status == 201
        bundle = case.get("/evidence").body
        kinds = [item["kind"] for item in bundle["items"]]
        assert kinds == ["appointment", "milestone", "milestone", "check_in", "message"]
        assert bundle["items"][-1]["title"] == "对不起，我记错了时间"
        assert "lat" not in str(bundle["items"])
        assert case.post("submit", {"digest": "0" * 64}).code == "evidence_changed"
        assert case.submit().body["state"] == "submitted"
        seen = case.desk.world.get(f"/insurer/claims/{case.claim_id}", as_=case.insurer).body
        assert (seen["items"], seen["digest"], seen["story"]) == (bundle["items"], bundle["digest"], STORY)
        assert [file["sha256"] for file in seen["files"]] == [file["sha256"] for file in bundle["files"]]

    def test_what_happens_after_the_look_must_be_looked_at(self, case: Case) -> None:
        case.draft()
        digest = case.get("/evidence").body["digest"]
        case.visit.walk("registering")
        assert case.post("submit", {"digest": digest}).code == "evidence_changed"
        assert case.submit().status == 200

    def test_a_loss_is_claimed_once_until_it_is_withdrawn(self, case: Case) -> None:
        case.draft()
        first = case.claim_id
        again = case.draft()
        assert (again.code, again.body["claim_id"]) == ("claim_exists", first)
        case.claim_id = first
        assert case.post("withdrawal").body["state"] == "withdrawn"
        assert case.draft().status == 201
        listed = case.desk.world.get(f"/orders/{case.visit.order_id}/claims", as_=case.client).body["items"]
        assert [each["claim_id"] for each in listed] == [case.claim_id]

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"peril": "earthquake"}, "not_covered"),
            ({"amount_fen": 30_001}, "amount_too_high"),
            ({"amount_fen": 0}, "invalid_request"),
            ({"amount_fen": 1.5}, "invalid_request"),
            ({"story": "短"}, "invalid_request"),
            ({"messages": [-1]}, "invalid_request"),
            ({"insurer_id": "ins_other"}, "invalid_request"),
        ],
    )
    def test_what_cannot_be_claimed(self, case: Case, changed: dict[str, Any], code: str) -> None:
        assert case.draft(**changed).code == code

    def test_not_before_the_visit_nor_long_after_it(self, case: Case) -> None:
        case.desk.world.advance(days=31)
        assert case.draft().code in ("not_covered", "filing_closed")
        early = case.desk.paid_order(case.client)
        case.desk.world.publish(early)
        body = {"peril": "missed_appointment", "amount_fen": 100, "story": STORY}
        reply = case.desk.world.post(f"/orders/{early.order_id}/claims", body, as_=case.client)
        assert reply.code == "filing_closed"

    def test_a_draft_that_lay_too_long_or_outlived_its_policy_is_not_handed_in(self, case: Case) -> None:
        case.draft()
        case.desk.world.publish(order_closed(case.visit.order_id))
        assert case.submit().code == "not_covered"
        case.desk.world.advance(days=31)
        assert case.submit().code == "filing_closed"

    @pytest.mark.feature("B14")
    @pytest.mark.parametrize(("is_withdrawn", "kept_fen"), [(False, 500), (True, 0)])
    def test_once_a_claim_was_handed_in_the_insurer_keeps_its_premium(
        self, case: Case, is_withdrawn: bool, kept_fen: int
    ) -> None:
        case.draft()
        case.submit()
        if is_withdrawn:
            case.post("withdrawal")
        case.desk.world.publish(order_closed(case.visit.order_id))
        (surrendered,) = case.desk.world.events("policy.surrendered")
        assert surrendered["premium_kept_fen"] == kept_fen
        policy = case.desk.world.get(f"/orders/{case.visit.order_id}/policy", as_=case.client).body
        assert (policy["state"], policy["premium_back_fen"]) == ("surrendered", 500 - kept_fen)

    def test_nobody_else_sees_or_moves_it(self, case: Case) -> None:
        case.draft()
        world = case.desk.world
        stranger, other = world.person("client"), world.person("insurer", subject="ins_other")
        assert world.get(f"/claims/{case.claim_id}", as_=stranger).status == 404
        assert world.post(f"/claims/{case.claim_id}/withdrawal", as_=stranger).status == 404
        assert world.get(f"/insurer/claims/{case.claim_id}", as_=case.insurer).status == 404, "a draft is the client's"
        case.submit()
        assert world.get(f"/insurer/claims/{case.claim_id}", as_=other).status == 404
        assert case.says("acknowledgement", as_=other).status == 404
        assert world.get(f"/claims/{case.claim_id}").status == 401
        assert case.says("acknowledgement", as_=case.client).status == 403


class TestHandling:
    def test_one_that_is_paid(self, case: Case) -> None:
        case.draft()
        case.submit()
        assert case.holds() == [case.claim_id]
        month = clock.china(clock.now()).strftime("%Y-%m")
        (line,) = case.desk.world.get(f"/insurer/claims?month={month}", as_=case.insurer).body["items"]
        assert (line["claim_id"], line["state"]) == (case.claim_id, "submitted")
        assert case.says("acknowledgement").body["state"] == "under_review"
        assert case.approve(30_001).code == "amount_too_high"
        assert case.approve(9_000).body["state"] == "approved"
        assert case.says("payment", amount_fen=9_001, reference="PAY1").code == "invalid_request"
        assert case.says("payment", amount_fen=9_000, reference="PAY1").body["state"] == "paid"
        claim = case.get().body
        assert (claim["paid_fen"], claim["reason"]) == (9_000, "情况属实")
        assert [step["by"] for step in claim["steps"]] == ["client", "client", "insurer", "insurer", "insurer"]
        assert case.holds() == []
        told = [event["data"]["state"] for event in case.desk.received()]
        assert told == ["submitted"], "the insurer knows what it did itself"

    def test_one_that_is_asked_about_rejected_appealed_and_rejected_for_good(self, case: Case) -> None:
        case.draft()
        case.submit()
        case.says("acknowledgement")
        assert case.says("evidence-requests", wanted="请补充重新挂号的票据").body["state"] == "evidence_requested"
        assert case.get().body["requested"] == "请补充重新挂号的票据"
        case.add_file()
        assert case.submit().body["state"] == "under_review"
        case.reject()
        assert (case.get().body["may_appeal"], case.holds()) == (True, [case.claim_id])
        assert case.post("appeal", {"reason": "票据已经补充，请再看"}).body["state"] == "appealed"
        assert case.post("appeal", {"reason": "票据已经补充，请再看"}).code == "appealed_before"
        case.reject()
        assert (case.state(), case.get().body["may_appeal"], case.holds()) == ("rejected", False, [])

    def test_what_is_asked_twice_is_answered_twice_and_done_once(self, case: Case) -> None:
        case.draft()
        case.submit()
        first = case.says("acknowledgement", "number-1")
        assert case.says("acknowledgement", "number-1").body == first.body
        approved = case.approve(9_000, request_id="number-2")
        assert case.approve(9_000, request_id="number-2").body == approved.body
        assert case.approve(8_000, request_id="number-2").code == "request_id_reused"
        assert case.says("acknowledgement", "number-2").code == "request_id_reused"
        assert len(case.get().body["steps"]) == 4

    def test_what_does_not_follow_is_refused(self, case: Case) -> None:
        case.draft()
        case.submit()
        assert case.approve().code == "illegal_state"
        assert case.says("payment", amount_fen=1, reference="PAY1").code == "illegal_state"
        assert case.post("appeal", {"reason": "还没有结论就申诉"}).code == "illegal_state"
        case.says("acknowledgement")
        assert case.says("decision", decision="approve", reason="没有写金额").code == "invalid_request"
        assert case.says("decision", decision="reject", amount_fen=1, reason="拒赔写了金额").code == "invalid_request"
        path = f"/claims/{case.claim_id}"
        change = {"amount_fen": 1, "story": STORY}
        assert case.desk.world.put(path, change, as_=case.client, version=3).code == "illegal_state"

    def test_a_draft_is_changed_by_its_version(self, case: Case) -> None:
        version = case.draft().body["version"]
        change = {"amount_fen": 5_000, "story": "改为只报交通费，票据已上传。", "messages": []}
        path = f"/claims/{case.claim_id}"
        changed = case.desk.world.put(path, change, as_=case.client, version=version)
        assert (changed.status, changed.body["amount_fen"]) == (200, 5_000)
        assert case.desk.world.put(path, change, as_=case.client, version=version).status == 412
        assert all(item["kind"] != "message" for item in case.get("/evidence").body["items"])


class TestRules:
    @given(st.integers(1, 10**7), st.integers(1, 10**6), st.integers(0, 10**6))
    def test_never_more_than_was_lost_or_than_the_limit(self, amount: int, limit: int, deductible: int) -> None:
        paid = payable_fen(amount, limit_fen=limit, deductible_fen=deductible)
        assert 0 <= paid <= min(amount, limit)
        assert paid in {0, limit, amount - deductible}

    @given(st.lists(st.sampled_from(list(ClaimState)), max_size=12))
    def test_what_is_over_stays_over(self, wanted: list[ClaimState]) -> None:
        state = ClaimState.DRAFT
        for to in wanted:
            if state in (ClaimState.PAID, ClaimState.WITHDRAWN):
                assert CLAIM_MOVES[state] == frozenset()
            if to in CLAIM_MOVES[state]:
                state = rules.move_claim(state, to)
        assert state in ClaimState

    def test_every_state_can_be_reached(self) -> None:
        reached = {ClaimState.DRAFT}
        for _ in ClaimState:
            reached |= {to for state in reached for to in CLAIM_MOVES[state]}
        assert reached == set(ClaimState)

    def test_the_product_names_what_is_claimed(self) -> None:
        assert PRODUCT["perils"][0]["code"] == "missed_appointment"
