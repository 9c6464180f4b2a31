"""What the WeChat stand-in promises beyond what the adapter's tests show."""

from typing import Any

import pytest
from urllib3 import PoolManager

from infra.local.standins.wechat.rules import broken_value
from tests.standins.servers import Standin

pytest_plugins = ["tests.standins.fixtures"]


def ask_token(standin: Standin, **changes: Any) -> dict[str, Any]:
    keys = standin.keys.wechat
    body = {"grant_type": "client_credential", "appid": keys.app_id, "secret": keys.app_secret, **changes}
    return standin.call("POST", "/cgi-bin/stable_token", body)[1]


def test_the_stable_token_stays_the_same_until_it_is_forced(wechat_standin: Standin) -> None:
    first = ask_token(wechat_standin)
    assert first["expires_in"] <= 7200
    assert ask_token(wechat_standin)["access_token"] == first["access_token"]
    assert ask_token(wechat_standin, force_refresh=True)["access_token"] != first["access_token"]


def test_the_token_is_forced_at_most_twenty_times_a_day(wechat_standin: Standin) -> None:
    for _ in range(20):
        ask_token(wechat_standin, force_refresh=True)
    assert ask_token(wechat_standin, force_refresh=True)["errcode"] == 45009


@pytest.mark.parametrize(
    ("changes", "errcode"), [({"appid": "wx0"}, 40013), ({"secret": "x"}, 40125), ({"grant_type": "x"}, 40002)]
)
def test_wrong_credentials_have_wechats_codes(wechat_standin: Standin, changes: dict[str, str], errcode: int) -> None:
    assert ask_token(wechat_standin, **changes)["errcode"] == errcode


def test_a_scene_too_long_has_wechats_code(wechat_standin: Standin) -> None:
    token = ask_token(wechat_standin)["access_token"]
    answer = wechat_standin.call("POST", f"/wxa/getwxacodeunlimit?access_token={token}", {"scene": "x" * 33})
    assert (answer[0], answer[1]["errcode"]) == (200, 40169)


def test_a_call_without_a_token_has_wechats_code(wechat_standin: Standin) -> None:
    assert wechat_standin.call("POST", "/wxa/msg_sec_check", {})[1]["errcode"] == 41001


@pytest.mark.parametrize(
    ("key", "value", "is_fine"),
    [
        ("thing1", "字" * 20, True),
        ("thing1", "字" * 21, False),
        ("phrase2", "已接单", True),
        ("phrase2", "已经接单啦啦", False),
        ("time3", "2026年3月5日 08:00", True),
        ("amount4", "¥220.00", True),
        ("amount4", "二百二", False),
        ("name5", "王阿姨", True),
        ("unheard6", "x", False),
        ("thing1", "", False),
    ],
)
def test_values_follow_the_rule_of_their_kind(key: str, value: str, is_fine: bool) -> None:
    assert (broken_value({key: {"value": value}}, None) is None) == is_fine


def test_the_page_shows_messages_by_the_users_name(wechat_standin: Standin) -> None:
    token = ask_token(wechat_standin)["access_token"]
    openid = wechat_standin.control("login-codes", nickname="王阿姨")["openid"]
    wechat_standin.control("subscriptions", openid=openid, template_id="t")
    body = {"touser": openid, "template_id": "t", "data": {"thing1": {"value": "陪诊师已接单"}}}
    wechat_standin.call("POST", f"/cgi-bin/message/subscribe/send?access_token={token}", body)
    page = PoolManager().request("GET", f"{wechat_standin.url}/").data.decode()
    assert "王阿姨" in page
    assert "陪诊师已接单" in page


def test_a_secret_never_reaches_the_log(wechat_standin: Standin) -> None:
    ask_token(wechat_standin)
    assert wechat_standin.keys.wechat.app_secret not in str(wechat_standin.read("/_log"))
