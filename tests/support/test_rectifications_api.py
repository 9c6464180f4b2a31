"""投诉 → 处理 → 整改 → 复核 through the API: from the complaints to the companion's return, or end (F31)."""

import hashlib

import pytest

from functions.companions.rules.profiles import CompanionState, SuspensionReason
from tests.accounts.makers import COMPANION, commit
from tests.companions.makers import profile_of
from tests.harness.world import World
from tests.support.rectification_makers import ANSWER, ARTICLE, Loop, loop_of

pytestmark = pytest.mark.feature("F31")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def loop(world: World) -> Loop:
    """A companion with few visits behind them."""
    return loop_of(world)


def test_one_complaint_or_many_rejected_ones_stop_nobody(loop: Loop) -> None:
    loop.complain(1)
    loop.complain(10, upheld=False)
    assert loop.state() is CompanionState.ACTIVE
    assert loop.world.events("companion.complained_of") == []


def test_too_many_complaints_stop_the_companion_and_bring_a_notice_with_measures(loop: Loop) -> None:
    notice = loop.suspended()
    assert profile_of(COMPANION).suspended_for == (SuspensionReason.COMPLAINTS,)
    (suspended,) = loop.world.events("companion.suspended")
    assert suspended["reason"] == "complaints"
    assert (notice["state"], notice["upheld"], notice["rate_bp"]) == ("issued", 2, 1000)
    assert notice["measures"] == ["每单提前 15 分钟到院签到，并在路上延误时第一时间告知客户。"]
    assert [each["title"] for each in notice["training"]] == ["服务规范"]
    assert {"请查收整改通知书", "您已被暂停接单"} <= set(loop.notices())
    assert (notice["complaint_ids"], notice["entries"]) == ([], [])
    assert len(loop.read(loop.agent())["complaint_ids"]) == 2


def test_more_complaints_while_things_are_put_right_bring_no_second_notice(loop: Loop) -> None:
    loop.suspended()
    loop.complain(3)
    assert len(loop.world.events("rectification.issued")) == 1


def test_anybody_can_verify_a_notice_by_its_code(loop: Loop) -> None:
    notice = loop.suspended()
    assert notice["sha256"] == hashlib.sha256(notice["text"].encode()).hexdigest()
    assert notice["code"] in notice["text"]
    typed = f"{notice['code'][:4]}-{notice['code'][4:8]} {notice['code'][8:]}".lower()
    checked = loop.world.get(f"/rectification-notices/{typed}").body
    assert (checked["sha256"], checked["state_title"]) == (notice["sha256"], "整改中")
    assert "*" in checked["companion_name_masked"]
    assert loop.world.get("/rectification-notices/AAAABBBBCCCC").code == "rectification_not_found"


def test_what_is_to_be_read_comes_before_the_answer(loop: Loop) -> None:
    loop.suspended()
    assert loop.answer().code == "training_missing"
    assert loop.learn("guide_dental").code == "not_in_training"
    first = loop.learn().body["training"][0]["done_at"]
    loop.world.advance(minutes=1)
    assert loop.learn().body["training"][0]["done_at"] == first
    answered = loop.answer().body
    assert (answered["state"], answered["state_title"], answered["answer"]) == (
        "awaiting_re_inspection",
        "等待复核",
        ANSWER,
    )
    assert loop.answer().code == "rectification_stage"


def test_another_agent_inspects_and_the_companion_works_again_with_a_clean_slate(loop: Loop) -> None:
    loop.on_duty("one", "two")
    loop.suspended(by="stf_one")
    loop.answered()
    (queued,) = loop.queue()
    assert (queued["assigned_to"], queued["is_answered"]) == ("stf_two", True)
    assert (loop.held("one"), loop.held("two")) == ([], [queued["rectification_id"]])
    assert loop.inspect("lifted", by="one").code == "other_inspects"
    lifted = loop.inspect("lifted")
    assert (lifted.status, lifted.body["state_title"]) == (200, "整改合格，已恢复接单")
    assert loop.state() is CompanionState.ACTIVE
    assert (loop.queue(), loop.held("two")) == ([], [])
    assert loop.notices()[0] == "整改合格"
    loop.world.advance(days=1)
    loop.complain(1)
    assert loop.state() is CompanionState.ACTIVE
    loop.complain(1)
    assert loop.state() is CompanionState.SUSPENDED
    assert len(loop.world.events("rectification.issued")) == 2


def test_an_extension_asks_again_and_only_so_often(loop: Loop) -> None:
    loop.suspended()
    loop.answered()
    assert loop.inspect("lifted", 3).code == "days_misplaced"
    assert loop.inspect("extended").code == "days_misplaced"
    for _ in range(2):
        assert loop.inspect("extended", 7).body["state"] == "issued"
        assert loop.notices()[0] == "整改延期"
        assert loop.answer().status == 200
    assert loop.inspect("extended", 7).code == "extended_often_enough"


def test_who_does_not_put_things_right_is_removed_for_good(loop: Loop) -> None:
    loop.suspended()
    loop.answered()
    assert loop.inspect("removed").body["state_title"] == "整改不合格，已清退"
    assert loop.state() is CompanionState.REMOVED
    assert loop.notices()[0] == "整改不合格"
    admin = loop.world.person("admin")
    reply = loop.world.post(f"/companions/{COMPANION}/reinstate", {"reason": "陪诊师本人要求恢复"}, as_=admin)
    assert reply.status == 409
    loop.complain(5)
    assert len(loop.world.events("rectification.issued")) == 1


def test_a_silent_companion_is_inspected_when_the_time_is_over(loop: Loop) -> None:
    loop.suspended()
    loop.world.advance(days=13)
    assert loop.queue() == []
    loop.world.advance(days=1, minutes=1)
    (queued,) = loop.queue()
    assert queued["is_answered"] is False
    assert loop.read()["state"] == "awaiting_re_inspection"


def test_a_forgotten_inspection_goes_to_another_desk(loop: Loop) -> None:
    loop.on_duty("two", "three")
    loop.suspended()
    loop.answered()
    (before,) = loop.queue()
    loop.world.advance(days=3, minutes=1)
    (after,) = loop.queue()
    assert {before["assigned_to"], after["assigned_to"]} == {"stf_two", "stf_three"}
    assert after["due_at"] > before["due_at"]
    (told,) = loop.world.events("rectification.overdue")
    assert told["companion_id"] == loop.companion.subject
    assert loop.held(before["assigned_to"].removeprefix("stf_")) == []


def test_proof_is_kept_hashed_and_every_look_of_staff_is_written_down(loop: Loop) -> None:
    notice = loop.suspended()
    loop.learn()
    leave = loop.act("uploads", {"content_type": "image/png"}, key="")
    loop.world.upload(leave.body, PNG)
    file_id = leave.body["file_id"]
    assert loop.answer(evidence_ids=["fil_" + "0" * 26]).code == "upload_missing"
    assert loop.answer(evidence_ids=[file_id]).body["evidence_ids"] == [file_id]
    path = f"{loop.path(notice['rectification_id'])}/evidence/{file_id}"
    assert loop.world.get(path, as_=loop.companion).status == 200
    assert loop.world.get(path, as_=loop.agent()).body["url"].startswith("http")
    acts = [each["act"] for each in loop.read(loop.agent())["entries"]]
    assert acts == ["rectification.evidence_read", "rectification.answered", "rectification.issued"]


def test_another_companion_sees_nothing_of_it(loop: Loop) -> None:
    path = loop.path(loop.suspended()["rectification_id"])
    stranger = loop.world.person("companion")
    assert loop.world.get(path, as_=stranger).code == "rectification_not_found"
    assert loop.world.post(f"{path}/training", {"article_id": ARTICLE}, as_=stranger).status == 404
    assert loop.world.get("/rectifications", as_=stranger).body["items"] == []
    assert loop.world.get(f"/companions/{COMPANION}/rectifications", as_=loop.agent()).body["items"] != []


def test_an_article_that_was_withdrawn_does_not_keep_the_notice_back(loop: Loop) -> None:
    from functions.companions.actions import handbook

    commit("companions", lambda tx: handbook.withdraw(tx, article_id=ARTICLE, reason="改版", actor="stf_x"))
    notice = loop.suspended()
    assert [each["title"] for each in notice["training"]] == [ARTICLE]
