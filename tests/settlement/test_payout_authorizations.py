"""A companion agrees once to be paid without confirming: asked for, in force, used by transfers, over (F26)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.settlement.gateways.wechat_authorizations import ProviderAuthorization, WeChatAuthorizations
from functions.settlement.rules.authorizations import (
    AUTHORIZATION_MOVES,
    OVER,
    TITLES,
    AuthorizationState,
    companion_of,
    number_of,
)
from functions.shared import ids
from infra.local.standins.pay.authorizations import Leave
from infra.local.standins.pay.signing import Flaw
from tests.harness.world import Person, Reply
from tests.settlement.makers import Order, Till
from tests.settlement.test_payouts import earn, run
from tests.settlement.test_payouts_api import WECHAT, asked, seen

PATH = "/payout-authorization"


@pytest.fixture
def companion(till: Till, order: Order) -> Person:
    earn(till, order)
    return till.world.person("companion", subject=order.companion_id)


def ask(till: Till, companion: Person) -> dict[str, Any]:
    reply = till.world.post(PATH, as_=till.world.renewed(companion, "companion"))
    assert reply.status == 201, reply.body
    till.world.deliver()
    return dict(reply.body)


def state(till: Till, companion: Person) -> str:
    reply = till.world.get(PATH, as_=till.world.renewed(companion, "companion"))
    till.world.deliver()
    return str(reply.body["state"])


def leave(till: Till) -> Leave:
    return till.desk.authorizations.all()[-1]


def agreed(till: Till, companion: Person) -> str:
    """The leave's number, in force."""
    number = str(ask(till, companion)["number"])
    till.desk.authorizations.confirm(number)
    assert state(till, companion) == "active"
    return number


def notify(till: Till, *, flaw: Flaw | None = None, **changed: Any) -> Reply:
    content = till.desk.authorizations.answer(leave(till)) | changed
    return till._post("transfers", "MCHTRANSFER.AUTHORIZATION.CONFIRMED", "mch_payment", content, "", flaw)


@pytest.mark.feature("F26")
class TestLeave:
    def test_with_it_money_arrives_without_a_confirmation(self, till: Till, companion: Person) -> None:
        begun = ask(till, companion)
        assert (begun["state"], begun["title"]) == ("requested", "请在微信里确认授权")
        assert begun["confirmation"] == leave(till).package_info
        agreed_number = leave(till).out_authorization_no
        till.desk.authorizations.confirm(agreed_number)
        assert notify(till, flaw=Flaw.FORGED).status == 401
        assert notify(till).status == notify(till).status == 200
        assert state(till, companion) == "active"
        withdrawal = asked(till, till.world.renewed(companion, "companion"), WECHAT)
        run(till)
        assert seen(till, companion, withdrawal)["state"] == "paid"
        assert till.findings() == []

    def test_asking_again_gives_the_one_that_waits_and_the_one_in_force(self, till: Till, companion: Person) -> None:
        first, second = ask(till, companion), ask(till, companion)
        assert (first["number"], first["confirmation"]) == (second["number"], second["confirmation"])
        till.desk.authorizations.confirm(first["number"])
        assert state(till, companion) == "active"
        assert ask(till, companion)["number"] == first["number"]
        assert len(till.desk.authorizations.all()) == 1

    def test_a_lost_notification_costs_minutes(self, till: Till, companion: Person) -> None:
        number = ask(till, companion)["number"]
        till.desk.authorizations.confirm(number)
        till.world.advance(minutes=20)
        stored = till.world.get(PATH, as_=till.world.renewed(companion, "companion")).body
        assert (stored["state"], stored["confirmation"]) == ("active", None)

    @pytest.mark.parametrize("fault", [{"drop_answer_after_commit": True}, {"fail_status": 500}])
    def test_a_lost_answer_is_asked_for_under_the_same_number(
        self, till: Till, companion: Person, fault: dict[str, Any]
    ) -> None:
        till.desk.faults.add({"next": True, "operation": "authorize", **fault})
        begun = ask(till, companion)
        assert (begun["state"], begun["confirmation"]) == ("requested", None)
        till.world.advance(seconds=10)
        assert ask(till, companion)["confirmation"] == leave(till).package_info
        assert [each.out_authorization_no for each in till.desk.authorizations.all()] == [begun["number"]]

    def test_not_agreed_within_a_day_it_expires_and_the_next_has_another_number(
        self, till: Till, companion: Person
    ) -> None:
        first = ask(till, companion)
        till.world.advance(hours=32)
        late = till.world.get(PATH, as_=till.world.renewed(companion, "companion")).body
        assert (late["state"], late["reason"]) == ("expired", "未在 24 小时内确认")
        assert notify(till, state="TAKING_EFFECT", authorization_id="1").status == 200
        assert state(till, companion) == "expired"
        assert ask(till, companion)["number"] != first["number"]

    def test_the_companion_ends_it_and_confirms_again(self, till: Till, companion: Person) -> None:
        agreed(till, companion)
        ended = till.world.delete(PATH, as_=till.world.renewed(companion, "companion"))
        assert ended.body["state"] == "closing"
        assert till.world.post(PATH, as_=companion).code == "authorization_closing"
        till.world.advance(seconds=1)
        assert (state(till, companion), leave(till).state) == ("closed", "CLOSED")
        withdrawal = asked(till, companion, WECHAT)
        run(till)
        assert seen(till, companion, withdrawal)["state"] == "awaiting_confirmation"

    @pytest.mark.parametrize("fault", [{"drop_answer_after_commit": True}, {"fail_status": 500}])
    def test_its_end_is_asked_for_until_wechat_did_it(
        self, till: Till, companion: Person, fault: dict[str, Any]
    ) -> None:
        agreed(till, companion)
        till.desk.faults.add({"next": True, "operation": "close_authorization", **fault})
        till.world.delete(PATH, as_=till.world.renewed(companion, "companion"))
        till.world.advance(seconds=1)
        assert state(till, companion) == "closing"
        till.world.advance(minutes=1)
        assert (state(till, companion), leave(till).state) == ("closed", "CLOSED")

    def test_ended_in_wechat_without_a_word_a_transfer_finds_out_and_asks_for_confirmation(
        self, till: Till, companion: Person
    ) -> None:
        number = agreed(till, companion)
        withdrawal = asked(till, till.world.renewed(companion, "companion"), WECHAT)
        till.desk.authorizations.close(number, "TRANSFER_RISK")
        run(till)
        assert seen(till, companion, withdrawal)["state"] == "awaiting_confirmation"
        assert len(till.desk.transfers.all()) == 1
        closed = till.world.get(PATH, as_=till.world.renewed(companion, "companion")).body
        assert (closed["state"], closed["reason"]) == ("closed", "微信支付认为有风险，已解除")

    def test_wechat_says_that_it_ended_it(self, till: Till, companion: Person) -> None:
        till.desk.authorizations.close(agreed(till, companion), "USER_CLOSE")
        assert notify(till).status == 200
        assert state(till, companion) == "closed"
        assert notify(till, state="TAKING_EFFECT").status == 200
        assert state(till, companion) == "closed"

    def test_a_leave_of_somebody_else_is_never_used(self, till: Till, companion: Person) -> None:
        till.desk.authorizations.confirm(ask(till, companion)["number"])
        assert notify(till, openid="oSomeoneElse").status == 200
        withdrawal = asked(till, companion, WECHAT)
        till.world.timers.clear()
        run(till)
        assert seen(till, companion, withdrawal)["state"] == "awaiting_confirmation"
        assert notify(till, mchid="1").status == 404

    def test_what_wechat_refuses_is_said(self, till: Till, companion: Person) -> None:
        number, openid = "aut1", f"o{companion.subject[-20:]}"
        body = {"out_authorization_no": number, "openid": openid, "transfer_scene_id": "1005"}
        body |= {"appid": till.keys.pay.app_id, "user_display_name": "x", "authorization_notify_url": "http://a.test"}
        till.desk.authorizations.apply(body)
        refused = till.world.post(PATH, as_=companion)
        assert (refused.status, refused.code) == (409, "authorization_refused")
        assert till.world.get(PATH, as_=companion).status == 404


@pytest.mark.feature("F26")
def test_only_companions_have_one_and_only_their_own(till: Till, companion: Person) -> None:
    ask(till, companion)
    for method in ("POST", "GET", "DELETE"):
        assert till.world.request(method, PATH).status == 401
        for role in ("client", "agent", "finance", "admin"):
            assert till.world.request(method, PATH, as_=till.world.person(role)).status == 403, role
        assert till.world.request(method, PATH, as_=till.world.person("companion")).status == 404
    assert till.world.post(PATH, as_=companion, key="").status == 400
    unknown = notify(till, out_authorization_no=number_of(ids.new("acc"), 1))
    assert unknown.status == 404


@given(times=st.integers(1, 999))
@settings(max_examples=30)
def test_a_number_tells_whose_it_is_and_fits_wechat(times: int) -> None:
    companion_id = ids.new("acc")
    number = number_of(companion_id, times)
    assert companion_of(number) == companion_id
    assert len(number) == 32
    assert number.isalnum()


def test_every_state_has_its_words_and_its_moves() -> None:
    assert set(TITLES) == set(AUTHORIZATION_MOVES) == set(AuthorizationState)
    assert {each for each in AuthorizationState if not AUTHORIZATION_MOVES[each]} == OVER


class Killed(Exception):
    """The process died."""


@pytest.mark.feature("F26")
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_killed_while_asking_wechat_the_next_request_has_the_same_number(
    till: Till, companion: Person, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = WeChatAuthorizations.apply

    def dying(self: WeChatAuthorizations, number: str, *, openid: str, shown_as: str) -> ProviderAuthorization:
        monkeypatch.setattr(WeChatAuthorizations, "apply", original)
        if committed:
            original(self, number, openid=openid, shown_as=shown_as)
        raise Killed

    monkeypatch.setattr(WeChatAuthorizations, "apply", dying)
    till.world.post(PATH, as_=companion)
    assert ask(till, companion)["confirmation"] == leave(till).package_info
    assert len(till.desk.authorizations.all()) == 1
