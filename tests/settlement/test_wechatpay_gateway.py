"""The WeChat Pay adapter against the WeChat Pay stand-in over loopback."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from functions.settlement.gateways.payments import (
    ForgedNotification,
    Notification,
    NotificationKind,
    PaymentRejected,
    PaymentState,
    PaymentUnknown,
    Prepay,
    RefundState,
)
from functions.settlement.gateways.wechatpay import Merchant, WeChatPay
from infra.local.standins.pay.signing import Flaw, Signer
from infra.local.standins.serving import serve
from tests.standins.servers import Clock, MerchantServer, Received, Standin, eventually

pytest_plugins = ["tests.standins.fixtures"]

ORDER = "ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"
REFUND = "rfd_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"
OPENID = "oWang"
FLAWS = {
    Flaw.FORGED: "签名不正确",
    Flaw.SIGNTEST: "签名不正确",
    Flaw.UNKNOWN_SERIAL: "平台公钥",
    Flaw.STALE: "5 分钟",
    Flaw.NO_SIGNATURE_TYPE: "Wechatpay-Signature-Type",
}


def merchant_of(standin: Standin) -> Merchant:
    pay = standin.keys.pay
    folder = standin.keys_dir / "keys"
    return Merchant(
        app_id=pay.app_id,
        merchant_id=pay.merchant_id,
        certificate_serial=pay.certificate_serial,
        private_key_pem=(folder / "merchant_private.pem").read_text(),
        apiv3_key=pay.apiv3_key,
        platform_public_key_id=pay.platform_public_key_id,
        platform_public_key_pem=(folder / "platform_public.pem").read_text(),
    )


@pytest.fixture
def wechat_pay(pay_standin: Standin, standin_clock: Clock) -> WeChatPay:
    return WeChatPay(merchant_of(pay_standin), base_url=pay_standin.url, clock=standin_clock)


EXPIRES_AT = datetime(2099, 1, 1, tzinfo=UTC)


def place(
    wechat_pay: WeChatPay,
    *,
    amount_fen: int = 22_000,
    notify_url: str = "http://127.0.0.1:9/notify",
    expires_at: datetime = EXPIRES_AT,
) -> Prepay:
    return wechat_pay.prepay_jsapi(
        out_trade_no=ORDER,
        description="半日陪诊　上海瑞金医院",
        amount_fen=amount_fen,
        openid=OPENID,
        notify_url=notify_url,
        expires_at=expires_at,
    )


def pay(wechat_pay: WeChatPay, standin: Standin, *, notify_url: str = "http://127.0.0.1:9/notify") -> None:
    place(wechat_pay, notify_url=notify_url)
    standin.control("pay", out_trade_no=ORDER)


def refund(
    wechat_pay: WeChatPay, *, refund_fen: int = 22_000, number: str = REFUND, notify_url: str = "http://127.0.0.1:9/r"
) -> RefundState:
    return wechat_pay.refund(
        out_refund_no=number,
        out_trade_no=ORDER,
        refund_fen=refund_fen,
        total_fen=22_000,
        reason="退单",
        notify_url=notify_url,
    ).state


def read(wechat_pay: WeChatPay, received: Received, now: datetime | None = None) -> Notification:
    return wechat_pay.parse_notification(received.headers, received.body, now or datetime.now(UTC))


def test_importing_the_adapter_does_not_load_the_library() -> None:
    code = (
        "import sys, functions.settlement.gateways.wechatpay;"
        "sys.exit(bool({'wechatpayv3', 'requests', 'cryptography'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_making_the_adapter_calls_nobody(pay_standin: Standin, wechat_pay: WeChatPay) -> None:
    assert wechat_pay
    assert pay_standin.read("/_log")["entries"] == []


def test_a_merchants_secrets_never_show_themselves(pay_standin: Standin) -> None:
    shown = repr(merchant_of(pay_standin))
    assert "PRIVATE" not in shown
    assert pay_standin.keys.pay.apiv3_key not in shown


class TestPaying:
    def test_the_clients_app_can_pay_with_what_prepay_signs(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        prepay = place(wechat_pay)
        paid = pay_standin.control(
            "pay",
            appId=prepay.app_id,
            timeStamp=prepay.time_stamp,
            nonceStr=prepay.nonce_str,
            package=prepay.package,
            signType=prepay.sign_type,
            paySign=prepay.pay_sign,
        )
        assert (paid["out_trade_no"], paid["trade_state"]) == (ORDER, "SUCCESS")

    def test_a_changed_client_parameter_does_not_pay(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        prepay = place(wechat_pay)
        body = {
            "appId": prepay.app_id,
            "timeStamp": str(int(prepay.time_stamp) + 1),
            "nonceStr": prepay.nonce_str,
            "package": prepay.package,
            "signType": prepay.sign_type,
            "paySign": prepay.pay_sign,
        }
        assert pay_standin.call("POST", "/_control/pay", body)[1]["code"] == "SIGN_ERROR"

    def test_placing_the_same_payment_again_gives_the_same_prepay_id(self, wechat_pay: WeChatPay) -> None:
        assert place(wechat_pay).prepay_id == place(wechat_pay).prepay_id

    def test_placing_the_number_again_with_another_amount_is_rejected(self, wechat_pay: WeChatPay) -> None:
        place(wechat_pay)
        with pytest.raises(PaymentRejected) as refusal:
            place(wechat_pay, amount_fen=1)
        assert refusal.value.code == "INVALID_REQUEST"

    def test_a_paid_number_cannot_be_used_again(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        with pytest.raises(PaymentRejected) as refusal:
            place(wechat_pay)
        assert refusal.value.code == "OUT_TRADE_NO_USED"

    def test_a_native_payment_gives_a_link_for_a_qr_code(self, wechat_pay: WeChatPay) -> None:
        link = wechat_pay.prepay_native(
            out_trade_no=ORDER,
            description="补差价",
            amount_fen=100,
            notify_url="http://127.0.0.1:9/notify",
            expires_at=EXPIRES_AT,
        )
        assert link.startswith("weixin://wxpay/")

    @pytest.mark.parametrize("number", ["short", "a/../../refund/x", "订单一二三四", "x" * 33])
    def test_a_number_that_wechat_does_not_take_is_not_sent(self, wechat_pay: WeChatPay, number: str) -> None:
        with pytest.raises(ValueError, match="单号"):
            wechat_pay.query(number)

    @pytest.mark.parametrize("amount", [1.5, True, "100"])
    def test_an_amount_that_is_not_whole_fen_is_not_sent(self, wechat_pay: WeChatPay, amount: int) -> None:
        with pytest.raises(TypeError):
            place(wechat_pay, amount_fen=amount)

    def test_an_amount_below_one_fen_is_not_sent(self, wechat_pay: WeChatPay) -> None:
        with pytest.raises(ValueError, match="1 分"):
            place(wechat_pay, amount_fen=0)

    def test_a_long_description_is_cut_to_what_wechat_takes(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        wechat_pay.prepay_native(
            out_trade_no=ORDER, description="长" * 100, amount_fen=1, notify_url="http://a/b", expires_at=EXPIRES_AT
        )
        [order] = pay_standin.read("/_control/state")["orders"]
        assert order["placed"]["description"] == "长" * 42

    def test_a_merchant_that_wechat_does_not_know_is_rejected(self, pay_standin: Standin) -> None:
        stranger = replace(merchant_of(pay_standin), certificate_serial="00")
        with pytest.raises(PaymentRejected) as refusal:
            place(WeChatPay(stranger, base_url=pay_standin.url))
        assert refusal.value.code == "SIGN_ERROR"


class TestQuerying:
    def test_a_placed_payment_awaits_the_client(self, wechat_pay: WeChatPay) -> None:
        place(wechat_pay)
        payment = wechat_pay.query(ORDER)
        assert (payment.state, payment.transaction_id) == (PaymentState.AWAITING, None)

    def test_a_paid_payment_tells_what_the_caller_must_compare(
        self, wechat_pay: WeChatPay, pay_standin: Standin
    ) -> None:
        pay(wechat_pay, pay_standin)
        payment = wechat_pay.query(ORDER)
        keys = pay_standin.keys.pay
        assert (payment.state, payment.amount_fen, payment.currency) == (PaymentState.SUCCEEDED, 22_000, "CNY")
        assert (payment.merchant_id, payment.app_id) == (keys.merchant_id, keys.app_id)
        assert payment.success_at is not None
        assert abs(payment.success_at - datetime.now(UTC)) < timedelta(seconds=10)

    def test_a_payment_never_placed_is_absent(self, wechat_pay: WeChatPay) -> None:
        with pytest.raises(PaymentRejected) as refusal:
            wechat_pay.query(ORDER)
        assert refusal.value.is_absent

    def test_a_payment_whose_time_is_over_is_closed(self, wechat_pay: WeChatPay, standin_clock: Clock) -> None:
        place(wechat_pay, expires_at=standin_clock() + timedelta(minutes=4))
        standin_clock.advance(timedelta(minutes=4, seconds=1))
        assert wechat_pay.query(ORDER).state is PaymentState.CLOSED


class TestClosing:
    def test_nobody_can_pay_a_closed_payment(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        place(wechat_pay)
        wechat_pay.close(ORDER)
        status, refusal = pay_standin.call("POST", "/_control/pay", {"out_trade_no": ORDER})
        assert (status, refusal["code"]) == (409, "ORDER_CLOSED")

    def test_closing_again_is_fine(self, wechat_pay: WeChatPay) -> None:
        place(wechat_pay)
        wechat_pay.close(ORDER)
        wechat_pay.close(ORDER)
        assert wechat_pay.query(ORDER).state is PaymentState.CLOSED

    def test_a_paid_payment_cannot_be_closed(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        with pytest.raises(PaymentRejected) as refusal:
            wechat_pay.close(ORDER)
        assert refusal.value.code == "ORDERPAID"


class TestRefunding:
    def test_a_refund_is_processing_and_then_succeeds(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        assert refund(wechat_pay) is RefundState.PROCESSING
        eventually(lambda: wechat_pay.query_refund(REFUND).state is RefundState.SUCCEEDED)
        done = wechat_pay.query_refund(REFUND)
        assert (done.refund_fen, done.total_fen, done.out_trade_no) == (22_000, 22_000, ORDER)
        assert wechat_pay.query(ORDER).state is PaymentState.REFUNDED

    def test_a_refunded_payment_still_counts_as_paid(self) -> None:
        assert PaymentState.REFUNDED.was_paid

    def test_asking_again_under_the_same_number_refunds_once(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        refund(wechat_pay, refund_fen=12_000)
        refund(wechat_pay, refund_fen=12_000)
        assert len(pay_standin.read("/_control/state")["refunds"]) == 1

    def test_the_same_number_with_another_amount_is_rejected(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        refund(wechat_pay, refund_fen=1)
        with pytest.raises(PaymentRejected):
            refund(wechat_pay, refund_fen=2)

    def test_parts_cannot_exceed_the_payment(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay(wechat_pay, pay_standin)
        refund(wechat_pay, refund_fen=12_000)
        with pytest.raises(PaymentRejected):
            refund(wechat_pay, refund_fen=10_001, number="rfd_second_part")

    def test_a_refund_of_nothing_or_too_much_is_not_sent(self, wechat_pay: WeChatPay) -> None:
        for amount in (0, 22_001):
            with pytest.raises(ValueError, match="退款金额"):
                refund(wechat_pay, refund_fen=amount)

    def test_an_unpaid_payment_is_not_refunded(self, wechat_pay: WeChatPay) -> None:
        place(wechat_pay)
        with pytest.raises(PaymentRejected):
            refund(wechat_pay)

    def test_a_refund_never_asked_for_is_absent(self, wechat_pay: WeChatPay) -> None:
        with pytest.raises(PaymentRejected) as refusal:
            wechat_pay.query_refund(REFUND)
        assert refusal.value.is_absent

    def test_a_refund_that_the_clients_account_does_not_take_is_abnormal(
        self, wechat_pay: WeChatPay, pay_standin: Standin
    ) -> None:
        pay(wechat_pay, pay_standin)
        pay_standin.control("misbehave", out_trade_no=ORDER, refund_status="ABNORMAL")
        refund(wechat_pay)
        eventually(lambda: wechat_pay.query_refund(REFUND).state is RefundState.ABNORMAL)


class TestAnswersThatProveNothing:
    @pytest.mark.parametrize("status", [500, 502, 503, 429])
    def test_a_provider_in_trouble_leaves_the_outcome_unknown(
        self, wechat_pay: WeChatPay, pay_standin: Standin, status: int
    ) -> None:
        pay_standin.control("misbehave", next=True, fail_status=status)
        with pytest.raises(PaymentUnknown):
            place(wechat_pay)

    def test_a_lost_answer_is_unknown_and_the_same_number_finds_out(
        self, wechat_pay: WeChatPay, pay_standin: Standin
    ) -> None:
        pay(wechat_pay, pay_standin)
        pay_standin.control("misbehave", next=True, operation="refund", drop_answer_after_commit=True)
        with pytest.raises(PaymentUnknown):
            refund(wechat_pay)
        assert wechat_pay.query_refund(REFUND).refund_fen == 22_000

    def test_a_failure_after_the_work_is_unknown(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay_standin.control("misbehave", next=True, fail_status=500, after_commit=True)
        with pytest.raises(PaymentUnknown):
            place(wechat_pay)
        assert wechat_pay.query(ORDER).state is PaymentState.AWAITING

    def test_an_answer_after_three_seconds_is_unknown(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay_standin.control("misbehave", next=True, answer_delay_s=3.3)
        with pytest.raises(PaymentUnknown):
            place(wechat_pay)

    @pytest.mark.parametrize("flaw", FLAWS)
    def test_an_answer_that_is_not_provably_wechats_counts_as_none(
        self, wechat_pay: WeChatPay, pay_standin: Standin, flaw: Flaw
    ) -> None:
        place(wechat_pay)
        pay_standin.control("misbehave", next=True, answer_flaw=flaw.value)
        with pytest.raises(PaymentUnknown, match=FLAWS[flaw]):
            wechat_pay.query(ORDER)

    def test_an_unknown_serial_calls_nobody_else(self, wechat_pay: WeChatPay, pay_standin: Standin) -> None:
        pay_standin.control("misbehave", next=True, answer_flaw="unknown_serial")
        with pytest.raises(PaymentUnknown):
            place(wechat_pay)
        assert [entry["what"] for entry in pay_standin.read("/_log")["entries"]] == ["prepay"]

    def test_an_answer_about_another_order_played_back_is_unknown(
        self, wechat_pay: WeChatPay, pay_standin: Standin, replayer: str
    ) -> None:
        place(wechat_pay)
        deceived = WeChatPay(merchant_of(pay_standin), base_url=replayer)
        with pytest.raises(PaymentUnknown, match="不一致"):
            deceived.query(ORDER)

    def test_nobody_there_is_unknown(self, pay_standin: Standin) -> None:
        gone = serve(Flask("gone"))
        gone.stop()
        with pytest.raises(PaymentUnknown):
            WeChatPay(merchant_of(pay_standin), base_url=gone.url).query(ORDER)

    @pytest.fixture
    def replayer(self, pay_standin: Standin) -> Iterator[str]:
        """Answers every query with a genuine, signed answer about another order."""
        import json

        from flask import Response

        app = Flask("replayer")
        keys = pay_standin.keys.pay
        about = {"mchid": keys.merchant_id, "out_trade_no": "ord_other", "trade_state": "SUCCESS"}

        @app.get("/<path:_>")
        def replay(_: str) -> Response:
            text = json.dumps(about)
            headers = Signer(keys).headers(text, datetime.now(UTC))
            return Response(text, 200, headers, content_type="application/json")

        running = serve(app)
        yield running.url
        running.stop()


class TestNotifications:
    @pytest.fixture
    def received(self, wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer) -> Received:
        """A genuine notification of a payment."""
        pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
        return merchant_server.wait_for(1)[0]

    def test_a_payment_notification_tells_the_payment(self, wechat_pay: WeChatPay, received: Received) -> None:
        notification = read(wechat_pay, received)
        assert (notification.kind, notification.event_type) == (NotificationKind.PAYMENT, "TRANSACTION.SUCCESS")
        assert notification.payment == wechat_pay.query(ORDER)
        assert notification.resource["out_trade_no"] == ORDER

    def test_a_refund_notification_tells_the_refund(
        self, wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
    ) -> None:
        pay(wechat_pay, pay_standin)
        refund(wechat_pay, refund_fen=5_000, notify_url=merchant_server.url)
        notification = read(wechat_pay, merchant_server.wait_for(1)[0])
        assert (notification.kind, notification.event_type) == (NotificationKind.REFUND, "REFUND.SUCCESS")
        assert notification.refund == wechat_pay.query_refund(REFUND)

    @pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
    def test_header_names_count_in_any_case(
        self, wechat_pay: WeChatPay, received: Received, case: Callable[[str], str]
    ) -> None:
        received.headers = {case(name): value for name, value in received.headers.items()}
        assert read(wechat_pay, received).payment is not None

    def test_the_same_notification_comes_again_under_the_same_id(
        self, wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
    ) -> None:
        pay_standin.control("misbehave", next=True, notify_times=3)
        pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
        assert len({read(wechat_pay, copy).id for copy in merchant_server.wait_for(3)}) == 1

    def test_a_wrong_amount_is_visible_to_the_caller(
        self, wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer
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
        self, wechat_pay: WeChatPay, pay_standin: Standin, merchant_server: MerchantServer, wish: str, flaw: Flaw
    ) -> None:
        pay_standin.control("misbehave", next=True, **{wish: True})
        pay(wechat_pay, pay_standin, notify_url=merchant_server.url)
        flawed, genuine = merchant_server.wait_for(2)
        with pytest.raises(ForgedNotification, match=FLAWS[flaw]):
            read(wechat_pay, flawed)
        assert read(wechat_pay, genuine).payment is not None

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_a_genuine_notification_played_back_at_another_time_is_forged(
        self, wechat_pay: WeChatPay, received: Received, minutes: int
    ) -> None:
        with pytest.raises(ForgedNotification, match="5 分钟"):
            read(wechat_pay, received, datetime.now(UTC) + timedelta(minutes=minutes))

    @pytest.mark.parametrize("name", ["Signature", "Timestamp", "Nonce", "Serial", "Signature-Type"])
    def test_a_notification_without_one_of_its_headers_is_forged(
        self, wechat_pay: WeChatPay, received: Received, name: str
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
        self, wechat_pay: WeChatPay, received: Received, name: str, value: str
    ) -> None:
        received.headers[f"Wechatpay-{name}"] = value
        with pytest.raises(ForgedNotification):
            read(wechat_pay, received)

    def test_a_changed_body_is_forged(self, wechat_pay: WeChatPay, received: Received) -> None:
        received.body += b" "
        with pytest.raises(ForgedNotification, match="签名不正确"):
            read(wechat_pay, received)

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"[]", b'{"id": 1}', b'{"resource": null}'])
    def test_signed_content_that_is_no_notification_is_refused(
        self, wechat_pay: WeChatPay, pay_standin: Standin, body: bytes
    ) -> None:
        headers = Signer(pay_standin.keys.pay).headers(body.decode(errors="replace"), datetime.now(UTC))
        with pytest.raises(ForgedNotification):
            wechat_pay.parse_notification(headers, body, datetime.now(UTC))

    def test_a_resource_under_another_key_is_refused(self, pay_standin: Standin, received: Received) -> None:
        other = WeChatPay(replace(merchant_of(pay_standin), apiv3_key="0" * 32), base_url=pay_standin.url)
        with pytest.raises(ForgedNotification, match="APIv3"):
            read(other, received)
