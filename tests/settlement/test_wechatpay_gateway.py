"""The WeChat Pay adapter's calls against the WeChat Pay stand-in over loopback."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from functions.settlement.gateways.payments import (
    PaymentRejected,
    PaymentState,
    PaymentUnknown,
    RefundState,
)
from functions.settlement.gateways.wechatpay import WeChatPay
from infra.local.standins.pay.signing import Flaw, Signer
from infra.local.standins.serving import serve
from tests.settlement.wechatpay_makers import (
    EXPIRES_AT,
    FLAWS,
    ORDER,
    REFUND,
    merchant_of,
    pay,
    place,
    refund,
)
from tests.standins.servers import Clock, Standin, eventually

pytest_plugins = ["tests.standins.fixtures"]


@pytest.fixture
def wechat_pay(pay_standin: Standin, standin_clock: Clock) -> WeChatPay:
    return WeChatPay(merchant_of(pay_standin), base_url=pay_standin.url, clock=standin_clock)


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
