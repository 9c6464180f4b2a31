"""What the WeChat Pay adapter takes for a genuine notification, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.settlement.gateways.payments import (
    ForgedNotification,
    NotificationKind,
)
from functions.settlement.gateways.wechatpay import WeChatPay
from infra.local.standins.pay.signing import Flaw, Signer
from tests.settlement.wechatpay_makers import FLAWS, ORDER, REFUND, merchant_of, pay, read, refund
from tests.standins.servers import Clock, MerchantServer, Received, Standin

pytest_plugins = ["tests.standins.fixtures"]


@pytest.fixture
def wechat_pay(pay_standin: Standin, standin_clock: Clock) -> WeChatPay:
    return WeChatPay(merchant_of(pay_standin), base_url=pay_standin.url, clock=standin_clock)


@pytest.fixture
def received(wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer) -> Received:
    """A genuine notification of a payment."""
    pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
    return merchant_server.wait_for(1)[0]


def test_a_payment_notification_tells_the_payment(wechat_pay: WeChatPay, received: Received) -> None:
    notification = read(wechat_pay, received)
    assert (notification.kind, notification.event_type) == (NotificationKind.PAYMENT, "TRANSACTION.SUCCESS")
    assert notification.payment == wechat_pay.query(ORDER)
    assert notification.resource["out_trade_no"] == ORDER


def test_a_refund_notification_tells_the_refund(
    wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
) -> None:
    pay(wechat_pay, pay_standin)
    refund(wechat_pay, refund_fen=5_000, notify_url=merchant_server.url)
    notification = read(wechat_pay, merchant_server.wait_for(1)[0])
    assert (notification.kind, notification.event_type) == (NotificationKind.REFUND, "REFUND.SUCCESS")
    assert notification.refund == wechat_pay.query_refund(REFUND)


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_header_names_count_in_any_case(wechat_pay: WeChatPay, received: Received, case: Callable[[str], str]) -> None:
    received.headers = {case(name): value for name, value in received.headers.items()}
    assert read(wechat_pay, received).payment is not None


def test_the_same_notification_comes_again_under_the_same_id(
    wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
) -> None:
    pay_standin.control("misbehave", next=True, notify_times=3)
    pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
    assert len({read(wechat_pay, copy).id for copy in merchant_server.wait_for(3)}) == 1


def test_a_wrong_amount_is_visible_to_the_caller(
    wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
) -> None:
    pay_standin.control("misbehave", next=True, wrong_amount_fen=1)
    pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
    payment = read(wechat_pay, merchant_server.wait_for(1)[0]).payment
    assert payment is not None
    assert (payment.amount_fen, wechat_pay.query(ORDER).amount_fen) == (1, 22_000)


@pytest.mark.parametrize(
    ("wish", "flaw"),
    [
        ("forge_signature", Flaw.FORGED),
        ("signtest", Flaw.SIGNTEST),
        ("unknown_serial", Flaw.UNKNOWN_SERIAL),
        ("stale", Flaw.STALE),
        ("no_signature_type", Flaw.NO_SIGNATURE_TYPE),
    ],
)
def test_a_notification_that_is_not_provably_wechats_is_forged(
    wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer, wish: str, flaw: Flaw
) -> None:
    pay_standin.control("misbehave", next=True, **{wish: True})
    pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
    flawed, genuine = merchant_server.wait_for(2)
    with pytest.raises(ForgedNotification, match=FLAWS[flaw]):
        read(wechat_pay, flawed)
    assert read(wechat_pay, genuine).payment is not None


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_genuine_notification_played_back_at_another_time_is_forged(
    wechat_pay: WeChatPay, received: Received, minutes: int
) -> None:
    with pytest.raises(ForgedNotification, match="5 分钟"):
        read(wechat_pay, received, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize("name", ["Signature", "Timestamp", "Nonce", "Serial", "Signature-Type"])
def test_a_notification_without_one_of_its_headers_is_forged(
    wechat_pay: WeChatPay, received: Received, name: str
) -> None:
    del received.headers[f"Wechatpay-{name}"]
    with pytest.raises(ForgedNotification, match=f"Wechatpay-{name}"):
        read(wechat_pay, received)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature", "不是签名"),
        ("Signature", "AAAA"),
        ("Timestamp", "yesterday"),
        ("Timestamp", "99999999999"),
        ("Timestamp", "٣"),
        ("Nonce", "another"),
        ("Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
)
def test_a_notification_with_a_strange_header_is_forged(
    wechat_pay: WeChatPay, received: Received, name: str, value: str
) -> None:
    received.headers[f"Wechatpay-{name}"] = value
    with pytest.raises(ForgedNotification):
        read(wechat_pay, received)


def test_a_changed_body_is_forged(wechat_pay: WeChatPay, received: Received) -> None:
    received.body += b" "
    with pytest.raises(ForgedNotification, match="签名不正确"):
        read(wechat_pay, received)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"[]", b'{"id": 1}', b'{"resource": null}'])
def test_signed_content_that_is_no_notification_is_refused(
    wechat_pay: WeChatPay, pay_standin: Standin, body: bytes
) -> None:
    headers = Signer(pay_standin.keys.pay).headers(body.decode(errors="replace"), datetime.now(UTC))
    with pytest.raises(ForgedNotification):
        wechat_pay.parse_notification(headers, body, datetime.now(UTC))


def test_a_resource_under_another_key_is_refused(pay_standin: Standin, received: Received) -> None:
    other = WeChatPay(replace(merchant_of(pay_standin), apiv3_key="0" * 32), base_url=pay_standin.url)
    with pytest.raises(ForgedNotification, match="APIv3"):
        read(other, received)
