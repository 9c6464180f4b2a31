"""The WeChat adapter against the WeChat stand-in over loopback."""

import traceback
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.accounts.gateways.wechat import (
    BadTemplateData,
    CachedToken,
    CodeRejected,
    ModerationScene,
    ModerationVerdict,
    NoSubscription,
    WeChatError,
    WeChatMini,
    WeChatMisconfigured,
    WeChatPhone,
    WeChatRefused,
    WeChatUnavailable,
    thing,
)
from infra.local.standins.serving import Running, serve
from tests.standins.servers import Clock, Standin

pytest_plugins = ["tests.standins.fixtures"]

TEMPLATE = "tmpl-order-accepted"


class MemoryCache:
    """One shared access token in memory."""

    def __init__(self) -> None:
        self.held: CachedToken | None = None
        self.writes = 0

    def get(self) -> CachedToken | None:
        return self.held

    def put(self, token: str, expires_at: datetime) -> None:
        self.held = CachedToken(token, expires_at)
        self.writes += 1


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache()


@pytest.fixture
def mini(wechat_standin: Standin, cache: MemoryCache, standin_clock: Clock) -> WeChatMini:
    return connect(wechat_standin, cache, standin_clock)


def connect(standin: Standin, cache: MemoryCache, clock: Clock, secret: str | None = None) -> WeChatMini:
    keys = standin.keys.wechat
    return WeChatMini(
        app_id=keys.app_id, app_secret=secret or keys.app_secret, tokens=cache, base_url=standin.url, clock=clock
    )


def someone(standin: Standin) -> str:
    return str(standin.control("login-codes", nickname="王阿姨")["openid"])


def test_signing_in_gives_the_openid_of_the_code(mini: WeChatMini, wechat_standin: Standin) -> None:
    made = wechat_standin.control("login-codes", openid="oWang")
    session = mini.sign_in(made["code"])
    assert (session.openid, session.unionid) == ("oWang", None)
    assert session.session_key


def test_signing_in_gives_the_unionid_where_there_is_one(mini: WeChatMini, wechat_standin: Standin) -> None:
    made = wechat_standin.control("login-codes", openid="oWang", unionid="uWang")
    assert mini.sign_in(made["code"]).unionid == "uWang"


def test_a_session_key_never_shows_itself(mini: WeChatMini, wechat_standin: Standin) -> None:
    session = mini.sign_in(wechat_standin.control("login-codes")["code"])
    assert session.session_key not in repr(session)


def test_a_login_code_works_once(mini: WeChatMini, wechat_standin: Standin) -> None:
    code = wechat_standin.control("login-codes")["code"]
    mini.sign_in(code)
    with pytest.raises(CodeRejected) as refusal:
        mini.sign_in(code)
    assert refusal.value.errcode == 40163


def test_an_invented_login_code_is_rejected(mini: WeChatMini) -> None:
    with pytest.raises(CodeRejected) as refusal:
        mini.sign_in("made-up & strange=1")
    assert refusal.value.errcode == 40029


def test_a_login_code_lives_five_minutes(mini: WeChatMini, wechat_standin: Standin, standin_clock: Clock) -> None:
    code = wechat_standin.control("login-codes")["code"]
    standin_clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(CodeRejected):
        mini.sign_in(code)


def test_a_phone_number_comes_without_its_country_code(mini: WeChatMini, wechat_standin: Standin) -> None:
    code = wechat_standin.control("phone-codes", phone="13800138000")["code"]
    assert mini.phone_number(code) == WeChatPhone(country_code="86", number="13800138000")


def test_a_phone_code_works_once(mini: WeChatMini, wechat_standin: Standin) -> None:
    code = wechat_standin.control("phone-codes", phone="13800138000")["code"]
    mini.phone_number(code)
    with pytest.raises(CodeRejected):
        mini.phone_number(code)


def test_a_subscribe_message_arrives_as_sent(mini: WeChatMini, wechat_standin: Standin) -> None:
    openid = someone(wechat_standin)
    wechat_standin.control("subscriptions", openid=openid, template_id=TEMPLATE)
    mini.send_subscribe_message(openid, TEMPLATE, "pages/order/index?id=1", {"thing1": "陪诊师已接单"})
    [message] = wechat_standin.read(f"/_control/messages?openid={openid}")["messages"]
    assert message["data"] == {"thing1": "陪诊师已接单"}
    assert message["page"] == "pages/order/index?id=1"


def test_one_consent_is_one_message(mini: WeChatMini, wechat_standin: Standin) -> None:
    openid = someone(wechat_standin)
    wechat_standin.control("subscriptions", openid=openid, template_id=TEMPLATE)
    mini.send_subscribe_message(openid, TEMPLATE, "", {"thing1": "第一条"})
    with pytest.raises(NoSubscription):
        mini.send_subscribe_message(openid, TEMPLATE, "", {"thing1": "第二条"})


@pytest.mark.parametrize("data", [{"thing1": "字" * 21, "time2": "2026年3月5日"}, {"thing1": "缺少时间"}, {}])
def test_data_that_breaks_the_template_is_told_apart(
    mini: WeChatMini, wechat_standin: Standin, data: dict[str, str]
) -> None:
    openid = someone(wechat_standin)
    wechat_standin.control("templates", template_id=TEMPLATE, title="接单通知", keys=["thing1", "time2"])
    wechat_standin.control("subscriptions", openid=openid, template_id=TEMPLATE)
    with pytest.raises(BadTemplateData):
        mini.send_subscribe_message(openid, TEMPLATE, "", data)


def test_a_stranger_to_the_mini_program_is_a_plain_refusal(mini: WeChatMini) -> None:
    with pytest.raises(WeChatRefused) as refusal:
        mini.send_subscribe_message("oNobody", TEMPLATE, "", {"thing1": "你好"})
    assert refusal.value.errcode == 40003


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("陪诊师很耐心，谢谢", ModerationVerdict.PASS),
        ("门口有黄牛", ModerationVerdict.REVIEW),
        ("提供代开病历", ModerationVerdict.BLOCK),
    ],
)
def test_a_text_gets_wechats_verdict(
    mini: WeChatMini, wechat_standin: Standin, text: str, verdict: ModerationVerdict
) -> None:
    assert mini.check_text(someone(wechat_standin), text, ModerationScene.COMMENT) is verdict


@pytest.mark.parametrize("text", ["", "长" * 2501])
def test_a_text_of_a_length_that_wechat_does_not_take_is_not_sent(mini: WeChatMini, text: str) -> None:
    with pytest.raises(ValueError, match="2500"):
        mini.check_text("oAnyone", text, ModerationScene.COMMENT)


def test_a_mini_code_is_a_picture(mini: WeChatMini) -> None:
    assert mini.mini_code("g=AbC123", "pages/guest/index").startswith(b"\x89PNG\r\n")


def test_a_mini_code_for_a_page_that_wechat_does_not_take_is_a_misconfiguration(mini: WeChatMini) -> None:
    with pytest.raises(WeChatMisconfigured):
        mini.mini_code("g=1", "/pages/guest/index")


def test_a_scene_beyond_32_characters_is_not_sent(mini: WeChatMini) -> None:
    with pytest.raises(ValueError, match="32"):
        mini.mini_code("x" * 33, "pages/guest/index")


def test_the_access_token_is_fetched_once_and_shared(
    mini: WeChatMini, wechat_standin: Standin, cache: MemoryCache, standin_clock: Clock
) -> None:
    mini.mini_code("a", "pages/index/index")
    connect(wechat_standin, cache, standin_clock).mini_code("b", "pages/index/index")
    assert cache.writes == 1


def test_the_access_token_is_renewed_five_minutes_before_it_ends(
    mini: WeChatMini, cache: MemoryCache, standin_clock: Clock
) -> None:
    mini.mini_code("a", "pages/index/index")
    standin_clock.advance(timedelta(seconds=7200) - timedelta(minutes=5))
    mini.mini_code("b", "pages/index/index")
    assert cache.writes == 2


@pytest.mark.parametrize("refused_as", [40001, 42001])
def test_a_token_that_wechat_no_longer_takes_is_replaced_once(
    mini: WeChatMini, wechat_standin: Standin, cache: MemoryCache, refused_as: int
) -> None:
    mini.mini_code("a", "pages/index/index")
    wechat_standin.control("expire-tokens", **{"as": refused_as})
    mini.mini_code("b", "pages/index/index")
    assert cache.writes == 2


def test_a_neighbours_fresh_token_is_used_instead_of_forcing_another(
    mini: WeChatMini, wechat_standin: Standin, cache: MemoryCache, standin_clock: Clock
) -> None:
    class Neighbour(MemoryCache):
        """Holds a stale token at the first look and the neighbour's at the second."""

        def get(self) -> CachedToken | None:
            held, self.held = self.held, cache.held
            return held

    mini.mini_code("a", "pages/index/index")
    late = Neighbour()
    late.held = CachedToken("stale", standin_clock() + timedelta(hours=1))
    connect(wechat_standin, late, standin_clock).mini_code("b", "pages/index/index")
    assert late.writes == 0


def test_a_token_refused_twice_is_given_up(mini: WeChatMini, wechat_standin: Standin) -> None:
    wechat_standin.control("misbehave", path="/wxa/getwxacodeunlimit", errcode=40001, times=2)
    with pytest.raises(WeChatUnavailable):
        mini.mini_code("a", "pages/index/index")


def test_a_wrong_secret_is_a_misconfiguration(
    wechat_standin: Standin, cache: MemoryCache, standin_clock: Clock
) -> None:
    mini = connect(wechat_standin, cache, standin_clock, secret="wrong")
    with pytest.raises(WeChatMisconfigured) as refusal:
        mini.mini_code("a", "pages/index/index")
    assert refusal.value.errcode == 40125


def test_a_refused_secret_is_a_misconfiguration_under_its_other_code_too(
    mini: WeChatMini, wechat_standin: Standin
) -> None:
    wechat_standin.control("misbehave", path="/cgi-bin/stable_token", errcode=40001)
    with pytest.raises(WeChatMisconfigured):
        mini.mini_code("a", "pages/index/index")


@pytest.mark.parametrize("fault", [{"errcode": -1}, {"errcode": 45011}, {"http_status": 503}, {"delay_s": 3.3}])
def test_a_busy_broken_or_slow_wechat_is_unavailable(
    mini: WeChatMini, wechat_standin: Standin, fault: dict[str, float]
) -> None:
    wechat_standin.control("misbehave", path="/sns/jscode2session", **fault)
    with pytest.raises(WeChatUnavailable):
        mini.sign_in(wechat_standin.control("login-codes")["code"])


def test_a_call_without_an_answer_is_not_repeated(mini: WeChatMini, wechat_standin: Standin) -> None:
    wechat_standin.control("misbehave", path="/sns/jscode2session", http_status=503)
    with pytest.raises(WeChatUnavailable):
        mini.sign_in(wechat_standin.control("login-codes")["code"])
    assert [entry["what"] for entry in wechat_standin.read("/_log")["entries"]] == ["/sns/jscode2session"]


@pytest.fixture
def nobody() -> str:
    """A URL on which nobody answers any more."""
    from flask import Flask

    gone: Running = serve(Flask("gone"))
    gone.stop()
    return gone.url


def test_an_error_never_tells_the_secret(nobody: str, cache: MemoryCache) -> None:
    mini = WeChatMini(app_id="wx1", app_secret="very-secret", tokens=cache, base_url=nobody)
    with pytest.raises(WeChatError) as failure:
        mini.sign_in("code")
    assert "very-secret" not in "".join(traceback.format_exception(failure.value))


def test_a_short_thing_stays_as_it_is() -> None:
    assert thing("上海瑞金医院门诊") == "上海瑞金医院门诊"


def test_a_long_thing_is_cut_with_an_ellipsis() -> None:
    assert thing("字" * 21) == "字" * 19 + "…"


def test_an_empty_thing_says_so() -> None:
    assert thing(" \n") == "无"


@given(st.text())
def test_a_thing_is_always_one_line_of_1_to_20_units(text: str) -> None:
    cut = thing(text.encode(errors="ignore").decode())
    assert 0 < len(cut.encode("utf-16-le")) // 2 <= 20
    assert "\n" not in cut
