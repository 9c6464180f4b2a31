"""Complaints through the API (F17): every way to its end, and never a refund twice."""

from functools import partial
from typing import Any

import pytest

from functions.accounts import actions as accounts
from functions.settlement.rules.policy import Policy as MoneyPolicy
from functions.shared import audit, ids
from functions.shared.caller import Role
from functions.shared.tx import Tx
from functions.support import actions
from functions.support.actions import complaints
from functions.support.rules.policy import ComplaintPolicy, Policy
from tests.settlement.conftest import till, till_keys
from tests.settlement.makers import Till, commit
from tests.support.complaint_makers import WORDS, Case, completed_case, handed_to_agent
from tests.support.makers import Office

__all__ = ["till", "till_keys"]
pytest_plugins = ["tests.standins.fixtures"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def case(till: Till) -> Case:
    """A visit to which the companion came in time."""
    return completed_case(till)


@pytest.fixture
def absent(till: Till) -> Case:
    """A visit without any check-in."""
    return completed_case(till, arrived_min=None)


@pytest.mark.feature("F17")
def test_the_client_sees_stage_deadline_and_who_acts_next(case: Case) -> None:
    filed = case.file()
    assert (filed.status, filed.body["state"], filed.body["next_actor"]) == (201, "filed", "system")
    asked = case.read()
    assert (asked["state"], asked["state_title"], asked["next_actor"]) == (
        "awaiting_companion",
        "等待陪诊师说明",
        "companion",
    )
    assert asked["due_at"] is not None
    assert [each["step"] for each in asked["history"]] == ["filed", "asked"]
    assert asked["facts"]["arrived_at"] == asked["facts"]["starts_at"]
    (line,) = case.world.get(f"/orders/{case.order.order_id}/complaints", as_=case.client()).body["items"]
    assert (line["complaint_id"], line["category_title"]) == (case.complaint_id, "服务态度或质量")


@pytest.mark.feature("F17")
def test_a_silent_companion_and_certain_records_are_decided_by_rule(absent: Case) -> None:
    absent.file("companion_absent")
    absent.world.advance(hours=47)
    assert absent.state() == "awaiting_companion"
    absent.world.advance(hours=2)
    decided = absent.read()
    assert (decided["state"], decided["is_by_rule"], decided["refund_fen"]) == ("awaiting_client", True, 10_000)
    assert absent.refunds_fen() == [10_000]
    assert absent.accept().body["state"] == "closed"
    (closed,) = absent.world.events("complaint.closed")
    assert closed["upheld"] is True


@pytest.mark.feature("F14")
@pytest.mark.feature("F17")
def test_a_report_that_never_came_is_decided_by_rule_once_it_is_a_day_late(till: Till) -> None:
    soon, later = completed_case(till), completed_case(till)
    for case, waited_h in ((soon, 23), (later, 2)):
        case.world.advance(hours=waited_h)
        case.file("report_late")
        case.answer(contests=False)
    assert (soon.state(), soon.refunds_fen()) == ("awaiting_agent", [])
    assert (later.state(), later.refunds_fen()) == ("awaiting_client", [1_000])


@pytest.mark.feature("F17")
def test_what_the_companion_admits_is_decided_at_once_and_what_they_contest_by_a_person(till: Till) -> None:
    late, contested = completed_case(till, arrived_min=61), completed_case(till, arrived_min=61)
    late.file("late_arrival")
    assert late.answer(contests=False).body["state"] == "judging"
    assert (late.state(), late.refunds_fen()) == ("awaiting_client", [3_000])
    contested.file("late_arrival")
    contested.answer(contests=True)
    assert (contested.state(), contested.refunds_fen()) == ("awaiting_agent", [])


@pytest.mark.feature("F17")
def test_an_agent_gives_a_part_back(case: Case) -> None:
    handed_to_agent(case)
    assert case.decide("refund", 2_500).body["state"] == "executing"
    read = case.read()
    assert (read["state"], read["refund_fen"], read["reason"]) == ("awaiting_client", 2_500, "已核对签到和聊天记录")
    assert case.refunds_fen() == [2_500]
    assert case.queue() == []
    case.world.advance(hours=73)
    assert case.state() == "closed"
    assert case.refunds_fen() == [2_500]
    assert case.till.findings() == []


@pytest.mark.feature("F17")
def test_a_rejection_is_appealed_once_to_another_agent_whose_word_is_final(case: Case) -> None:
    handed_to_agent(case)
    assert case.decide("reject").body["state"] == "awaiting_client"
    assert case.refunds_fen() == []
    assert case.appeal().body["next_actor"] == "agent"
    assert [each["why"] for each in case.queue()] == ["appealed"]
    assert case.take("one").code == "other_agent_decides"
    assert case.take("two").status == 200
    assert case.decide("refund", 4_000, by="two").status == 200
    assert (case.state(), case.refunds_fen()) == ("closed", [4_000])
    assert case.appeal().code == "appealed_already"
    (closed,) = case.world.events("complaint.closed")
    assert closed["upheld"] is True


def test_an_upheld_complaint_may_bring_more_upon_appeal_but_never_more_than_was_paid(case: Case) -> None:
    handed_to_agent(case)
    case.decide("refund", 2_500)
    case.appeal()
    case.take("two")
    assert case.decide("refund", 7_501, by="two").code == "refund_out_of_range"
    case.world.advance(seconds=70)
    assert case.decide("refund", by="two").status == 200
    case.world.advance(seconds=70)
    assert sorted(case.refunds_fen()) == [2_500, 7_500]
    assert case.state() == "closed"


def test_two_rejections_end_it_as_not_upheld(case: Case) -> None:
    handed_to_agent(case)
    case.decide("reject")
    case.appeal()
    case.take("two")
    case.decide("reject", by="two")
    (closed,) = case.world.events("complaint.closed")
    assert (case.state(), closed["upheld"]) == ("closed", False)


@pytest.mark.feature("F17")
def test_what_is_redelivered_pays_nothing_twice(absent: Case) -> None:
    absent.file("companion_absent")
    absent.answer(contests=False)
    names = ("complaint.filed", "complaint.moved", "complaint.decided", "refund_order.carried_out")
    for event in [each for each in absent.world.delivered if each["detail-type"] in names]:
        absent.world.hand_over(event)
        absent.world.deliver()
    assert (absent.state(), absent.refunds_fen()) == ("awaiting_client", [10_000])
    assert absent.till.findings() == []


@pytest.mark.feature("F17")
@pytest.mark.feature("F25")
def test_income_is_not_released_while_a_complaint_is_open(case: Case) -> None:
    case.world.advance(days=6)
    case.file()
    case.world.advance(days=1, hours=12)
    assert case.world.events("income.released") == []
    case.answer()
    case.take()
    case.decide("refund", 1_100)
    case.accept()
    case.world.advance(seconds=5)
    (released,) = case.world.events("income.released")
    assert released["amount_fen"] == 8_000, "9000 of 9900 bear nine elevenths, 1000 of the 1100"
    case.world.advance(days=1)
    assert len(case.world.events("income.released")) == 1


def test_a_closing_heard_before_the_filing_holds_nothing(case: Case) -> None:
    from functions.settlement.actions import complained
    from functions.settlement.table import find_money

    about: dict[str, Any] = {"order_id": case.order.order_id, "complaint_id": ids.new("cpl")}
    commit("settlement", lambda tx: complained.let_income_go(tx, **about))
    commit("settlement", lambda tx: complained.hold_income(tx, **about))
    money = find_money(case.order.order_id)
    assert money is not None
    assert not money.is_held


def test_what_finance_does_not_approve_goes_back_to_an_agent(case: Case) -> None:
    from functions.settlement.actions import put_policy

    commit("settlement", lambda tx: put_policy(tx, MoneyPolicy(refund_second_person_above_fen=1_000)))
    handed_to_agent(case)
    case.decide("refund", 5_000)
    assert (case.state(), case.refunds_fen()) == ("executing", [])
    finance = case.world.person("finance", subject="stf_finance")
    proposal_id = ids.derived("rfo", case.world.events("complaint.decided")[0]["decision_id"])
    refused = case.world.post(f"/refund-orders/{proposal_id}/reject", {"reason": "金额偏高"}, as_=finance)
    case.world.deliver()
    assert refused.status == 200, refused.body
    assert (case.state(), [each["why"] for each in case.queue()]) == ("awaiting_agent", ["refused"])
    case.take()
    case.decide("refund", 900)
    assert (case.state(), case.refunds_fen()) == ("awaiting_client", [900])


def test_what_is_not_left_any_more_goes_back_to_an_agent(case: Case) -> None:
    handed_to_agent(case)
    finance = case.world.person("finance", subject="stf_finance")
    body = {"kind": "partial", "amount_fen": 9_000, "reason": "另行协商"}
    case.world.post(f"/orders/{case.order.order_id}/refunds", body, as_=finance)
    case.decide("refund")
    assert (case.state(), case.refunds_fen()) == ("awaiting_agent", [9_000])


def test_a_refund_that_hangs_is_put_before_an_agent(case: Case) -> None:
    handed_to_agent(case)
    case.world.rooms = ("support",)
    case.decide("refund", 500)
    case.world.advance(hours=73)
    assert (case.state(), [each["why"] for each in case.queue()]) == ("executing", ["stuck"])
    (told,) = case.world.events("complaint.overdue")
    assert (told["order_id"], told["is_stuck"]) == (case.order.order_id, True)


@pytest.mark.feature("F17")
def test_an_agents_deadline_escalates_to_everybody(case: Case) -> None:
    handed_to_agent(case)
    case.world.advance(hours=25)
    (line,) = case.queue()
    assert (line["why"], line["taken_by"]) == ("overdue", None)
    (told,) = case.world.events("complaint.overdue")
    assert (told["complaint_id"], told["is_stuck"]) == (case.complaint_id, False)
    assert case.take("two").status == 200
    assert case.decide("reject").code == "other_agent_decides"


def test_an_agent_holds_only_so_many(till: Till) -> None:
    policy = Policy(complaints=ComplaintPolicy(agent_most=1))
    commit("support", lambda tx: actions.put_policy(tx, policy=policy))
    first, second = completed_case(till), completed_case(till)
    handed_to_agent(first)
    second.file()
    second.answer()
    assert second.take().code == "too_many_taken"
    assert second.decide("reject").code == "complaint_not_taken"
    first.decide("reject")
    assert second.take().status == 200
    assert second.take().status == 200, "taking it again is having taken it"


def test_one_open_complaint_per_matter_and_within_a_week(case: Case) -> None:
    case.file()
    assert case.file().code == "complaint_open"
    assert case.file("charges").status == 201
    case.world.advance(days=7, seconds=1)
    assert case.file("other").code == "not_complainable"


def test_a_matter_may_be_complained_of_again_once_it_is_closed(case: Case) -> None:
    handed_to_agent(case)
    case.decide("reject")
    case.accept()
    assert case.file().status == 201


@pytest.mark.feature("F17")
def test_evidence_is_kept_and_agents_reading_it_is_written_down(case: Case) -> None:
    leave = case.world.post(
        f"/orders/{case.order.order_id}/complaint-uploads", {"content_type": "image/png"}, as_=case.client()
    )
    assert leave.status == 201, leave.body
    case.world.upload(leave.body, PNG)
    filed = case.file(evidence_ids=[leave.body["file_id"]])
    assert filed.body["evidence_ids"] == [leave.body["file_id"]]
    path = f"{case.path}/evidence/{leave.body['file_id']}"
    assert case.world.get(path, as_=case.client()).body["url"].startswith("http")
    assert case.world.get(path, as_=case.companion).status == 403
    assert case.world.get(path, as_=case.agent()).status == 200
    ((entry,), _) = audit.entries_of("support", case.complaint_id)
    assert (entry.act, entry.actor) == ("complaint.evidence_read", "stf_one")
    missing = case.file("other", evidence_ids=[ids.new("fil")])
    assert (missing.status, missing.code) == (409, "upload_missing")


def test_the_other_side_reads_only_what_was_let_through(case: Case) -> None:
    case.file()
    companion = case.world.renewed(case.companion, "companion")
    assert case.read(companion)["text"] is None
    assert case.read(case.agent())["text"] == WORDS
    complaint_id = case.complaint_id
    for part, verdict in (("complaint", "review"), ("complaint", "pass"), ("complaint_answer", "block")):
        commit("support", partial(_checked, complaint_id=complaint_id, part=part, verdict=verdict))
        assert (case.read(companion)["text"] is None) == (verdict == "review")
    case.answer()
    assert case.read()["answer"] is None
    assert case.read(case.agent())["answer"] == "我按时到了医院门口。"
    commit("support", partial(_checked, complaint_id=complaint_id, part="complaint_answer", verdict="pass"))
    assert case.read()["answer"] == "我按时到了医院门口。"
    find = complaints.find_complaint_words
    assert find(complaint_id, part="complaint") == (case.order.client.subject, WORDS)
    assert find(complaint_id, part="complaint_answer") == (case.order.companion_id, "我按时到了医院门口。")
    assert find(ids.new("cpl"), part="complaint") is None


def _checked(tx: Tx, *, complaint_id: str, part: str, verdict: str) -> None:
    complaints.check_words(tx, complaint_id=complaint_id, part=part, verdict=verdict)


@pytest.mark.feature("F17")
@pytest.mark.feature("B17")
def test_words_are_checked_and_both_sides_are_told(till: Till, office: Office) -> None:
    case = completed_case(till)
    people = ((case.order.client, Role.CLIENT), (case.companion, Role.COMPANION))
    for person, role in people:
        openid = str(office.wechat.control("login-codes", openid=f"o{person.subject[-20:]}")["openid"])
        account: dict[str, Any] = {"account_id": person.subject, "openid": openid, "roles": (role,)}
        commit("accounts", partial(accounts.put_account, **account))
    case.world.rooms = ("accounts", "settlement", "support")
    handed_to_agent(case)
    companion = case.world.renewed(case.companion, "companion")
    assert case.read(companion)["text"] == WORDS
    assert case.read()["answer"] is not None
    case.decide("refund", 500)
    case.accept()
    told = {
        person.subject: {each["code"] for each in case.world.get("/notices", as_=person).body["items"]}
        for person in (case.client(), companion)
    }
    assert "complaint_decided" in told[case.order.client.subject]
    assert {"complaint_answer_asked", "complaint_closed"} <= told[case.companion.subject]
