"""What the WeChat Pay stand-in itself promises, beyond what the adapter's tests show."""

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from urllib3 import PoolManager

from infra.local.standins import pay
from infra.local.standins.journal import Journal
from infra.local.standins.serving import serve
from tests.standins.servers import MerchantServer, Standin, eventually

pytest_plugins = ["tests.standins.fixtures"]

ORDER = "ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"
JSAPI = "/v3/pay/transactions/jsapi"


def wanted(standin: Standin, **changes: Any) -> dict[str, Any]:
    keys = standin.keys.pay
    return {
        "appid": keys.app_id,
        "mchid": keys.merchant_id,
        "description": "半日陪诊",
        "out_trade_no": ORDER,
        "notify_url": "http://127.0.0.1:9/notify",
        "amount": {"total": 22_000, "currency": "CNY"},
        "payer": {"openid": "oWang"},
        **changes,
    }


def ask(standin: Standin, path: str, body: dict[str, Any], *, stamp_off_s: int = 0, tamper: str = "") -> Any:
    """A request signed as the merchant signs it, its clock off and its body changed afterwards if asked for."""
    key = load_pem_private_key((standin.keys_dir / "keys/merchant_private.pem").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    text = json.dumps(body)
    stamp = int(standin.clock().timestamp()) + stamp_off_s
    signature = b64encode(key.sign(f"POST\n{path}\n{stamp}\nn\n{text}\n".encode(), PKCS1v15(), SHA256())).decode()
    keys = standin.keys.pay
    authorization = (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{keys.merchant_id}",nonce_str="n",timestamp="{stamp}",'
        f'serial_no="{keys.certificate_serial}",signature="{signature}"'
    )
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    return PoolManager(retries=False).request("POST", standin.url + path, body=text + tamper, headers=headers)


def refusal(standin: Standin, **changes: Any) -> tuple[int, str]:
    answer = ask(standin, JSAPI, wanted(standin, **changes))
    return answer.status, answer.json()["code"]


def test_a_request_without_a_signature_is_refused(pay_standin: Standin) -> None:
    status, answer = pay_standin.call("POST", JSAPI, wanted(pay_standin))
    assert (status, answer["code"]) == (401, "SIGN_ERROR")


def test_a_request_changed_after_signing_is_refused(pay_standin: Standin) -> None:
    assert ask(pay_standin, JSAPI, wanted(pay_standin), tamper=" ").status == 401


@pytest.mark.parametrize("off_s", [-301, 301])
def test_a_request_signed_more_than_five_minutes_away_is_refused(pay_standin: Standin, off_s: int) -> None:
    assert ask(pay_standin, JSAPI, wanted(pay_standin), stamp_off_s=off_s).status == 401


@pytest.mark.parametrize("total", [0, -1, 1.5, "1", True, None])
def test_an_amount_that_is_not_at_least_one_whole_fen_is_refused(pay_standin: Standin, total: object) -> None:
    assert refusal(pay_standin, amount={"total": total}) == (400, "PARAM_ERROR")


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1"},
        {"out_trade_no": "短"},
        {"description": ""},
        {"notify_url": "http://a/b?c=d"},
        {"payer": {}},
        {"time_expire": "tomorrow"},
        {"time_expire": "2099-01-01T00:00:00"},
    ],
)
def test_a_bad_parameter_is_refused(pay_standin: Standin, changes: dict[str, Any]) -> None:
    assert refusal(pay_standin, **changes) == (400, "PARAM_ERROR")


def test_another_apps_id_is_refused(pay_standin: Standin) -> None:
    assert refusal(pay_standin, appid="wx0") == (400, "APPID_MCHID_NOT_MATCH")


def test_another_client_cannot_pay(pay_standin: Standin) -> None:
    ask(pay_standin, JSAPI, wanted(pay_standin))
    status, answer = pay_standin.call("POST", "/_control/pay", {"out_trade_no": ORDER, "openid": "oSomeoneElse"})
    assert (status, answer["code"]) == (409, "OPENID_MISMATCH")


def test_a_prepay_id_lives_two_hours(pay_standin: Standin) -> None:
    ask(pay_standin, JSAPI, wanted(pay_standin))
    pay_standin.clock.advance(timedelta(hours=2))
    assert pay_standin.call("POST", "/_control/pay", {"out_trade_no": ORDER})[1]["code"] == "PREPAY_EXPIRED"


def test_nobody_pays_twice(pay_standin: Standin) -> None:
    ask(pay_standin, JSAPI, wanted(pay_standin))
    pay_standin.control("pay", out_trade_no=ORDER)
    assert pay_standin.call("POST", "/_control/pay", {"out_trade_no": ORDER})[1]["code"] == "ORDERPAID"


def test_a_notification_is_repeated_until_it_is_accepted(pay_standin: Standin, merchant_server: MerchantServer) -> None:
    merchant_server.answers += [500, 302, 429]
    ask(pay_standin, JSAPI, wanted(pay_standin, notify_url=merchant_server.url))
    pay_standin.control("pay", out_trade_no=ORDER)
    assert len({copy.id for copy in merchant_server.wait_for(4)}) == 1
    eventually(lambda: notices(pay_standin)[0]["state"] == "delivered")
    assert [attempt["status"] for attempt in notices(pay_standin)[0]["tries"]] == [500, 302, 429, 204]


def test_a_lost_notification_never_comes(pay_standin: Standin, merchant_server: MerchantServer) -> None:
    ask(pay_standin, JSAPI, wanted(pay_standin, notify_url=merchant_server.url))
    pay_standin.control("misbehave", out_trade_no=ORDER, notify_times=0)
    pay_standin.control("pay", out_trade_no=ORDER)
    assert [notice["state"] for notice in notices(pay_standin)] == ["lost"]
    assert merchant_server.received == []


def test_a_restart_keeps_orders_and_takes_up_pending_notifications(
    pay_standin: Standin, merchant_server: MerchantServer, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    slow = pay.Desk(Journal(folder / "pay.jsonl"), pay_standin.keys.pay, pay_standin.clock, pay.Pace(retry_scale=1))
    merchant_server.answers.append(500)
    slow.books.prepay(wanted(pay_standin, notify_url=merchant_server.url), "JSAPI")
    slow.pay(ORDER, None)
    merchant_server.wait_for(1)
    slow.close()
    again = pay.Desk(Journal(folder / "pay.jsonl"), pay_standin.keys.pay, pay_standin.clock, pay.Pace())
    assert again.books.order(ORDER).state == "SUCCESS"
    first, second = merchant_server.wait_for(2)
    assert first.id == second.id
    again.close()


@pytest.mark.parametrize(
    "wish", [{}, {"next": True, "unknown": 1}, {"next": True, "operation": "dance"}, {"next": True, "delay_s": "1"}]
)
def test_a_wish_that_makes_no_sense_is_refused(pay_standin: Standin, wish: dict[str, Any]) -> None:
    assert pay_standin.call("POST", "/_control/misbehave", wish)[0] == 400


def test_misbehaviour_is_forgotten_on_request(pay_standin: Standin) -> None:
    pay_standin.control("misbehave", next=True, fail_status=503)
    pay_standin.control("behave")
    assert ask(pay_standin, JSAPI, wanted(pay_standin)).status == 200


def test_the_page_shows_orders_and_escapes_what_it_was_sent(pay_standin: Standin) -> None:
    ask(pay_standin, JSAPI, wanted(pay_standin, description="<script>alert(1)</script>"))
    page = PoolManager().request("GET", pay_standin.url + "/").data.decode()
    assert "¥220.00" in page
    assert "模拟支付" in page
    assert f'data-body="{{&#34;out_trade_no&#34;: &#34;{ORDER}&#34;}}"' in page
    assert "<script>alert(1)" not in page


def test_a_log_line_tells_what_was_refused(pay_standin: Standin) -> None:
    refusal(pay_standin, appid="wx0")
    assert pay_standin.read("/_log")["entries"][0]["code"] == "APPID_MCHID_NOT_MATCH"


def test_the_server_listens_on_loopback_only() -> None:
    from flask import Flask

    running = serve(Flask("where"))
    assert running.url.startswith("http://127.0.0.1:")
    running.stop()


def notices(standin: Standin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = standin.read("/_control/state")["notifications"]
    return found
