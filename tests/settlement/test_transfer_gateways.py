"""Transfers to companions: WeChat's against its stand-in over loopback, the bank's as files."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.gateways import bank_file
from functions.settlement.gateways.bank_file import BadAnswerFile
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.transfers import TransferOrder, TransferState
from functions.settlement.gateways.wechat_authorizations import LeaveState, WeChatAuthorizations
from functions.settlement.gateways.wechat_transfers import STATES, WeChatTransfers
from functions.settlement.gateways.wechatpay import WeChatPay
from tests.settlement.wechatpay_makers import merchant_of
from tests.standins.servers import Clock, Standin

pytest_plugins = ["tests.standins.fixtures"]

LEAVE = "aut01JD8Z2M6Q4T7W9Y3B5C7D9F1G001"
BILL = "wdr01JD8Z2M6Q4T7W9Y3B5C7D9F1G001"
ORDER = TransferOrder(bill_no=BILL, amount_fen=15_000, account="oWang", name="王建国", remark="诊伴陪诊报酬")


@pytest.fixture
def transfers(pay_standin: Standin, standin_clock: Clock) -> WeChatTransfers:
    connection = WeChatPay(merchant_of(pay_standin), base_url=pay_standin.url, clock=standin_clock)
    return WeChatTransfers(connection, merchant_id="1900000001", notify_url="http://127.0.0.1:9/transfers")


@pytest.fixture
def authorizations(pay_standin: Standin, standin_clock: Clock) -> WeChatAuthorizations:
    connection = WeChatPay(merchant_of(pay_standin), base_url=pay_standin.url, clock=standin_clock)
    return WeChatAuthorizations(connection, merchant_id="1900000001", notify_url="http://127.0.0.1:9/transfers")


@pytest.mark.feature("F26")
class TestWeChat:
    def test_the_payee_confirms_and_the_money_arrives(self, transfers: WeChatTransfers, pay_standin: Standin) -> None:
        sent = transfers.transfer(ORDER)
        assert (sent.state, sent.amount_fen) == (TransferState.AWAITING_CONFIRMATION, 15_000)
        assert sent.confirmation
        pay_standin.control("confirm-transfer", out_bill_no=BILL)
        assert transfers.query(BILL).state is TransferState.SUCCEEDED

    def test_with_the_payees_leave_it_arrives_at_once(
        self, transfers: WeChatTransfers, authorizations: WeChatAuthorizations, pay_standin: Standin
    ) -> None:
        asked = authorizations.apply(LEAVE, openid=ORDER.account, shown_as="陪诊师")
        assert (asked.state, asked.authorization_id) == (LeaveState.WAITING, None)
        with pytest.raises(PaymentRejected, match="授权"):
            transfers.transfer(replace(ORDER, authorization="auth_1"))
        pay_standin.control("confirm-authorization", out_authorization_no=LEAVE)
        leave = authorizations.query(LEAVE)
        sent = transfers.transfer(replace(ORDER, authorization=str(leave.authorization_id)))
        assert sent.state is TransferState.SUCCEEDED
        assert sent.confirmation is None

    def test_a_leave_is_one_however_often_it_is_asked_for_and_over_when_it_is_closed(
        self, authorizations: WeChatAuthorizations, pay_standin: Standin
    ) -> None:
        first, second = (authorizations.apply(LEAVE, openid="oWang", shown_as="陪诊师") for _ in range(2))
        assert first == second
        with pytest.raises(PaymentRejected, match="授权数量"):
            authorizations.apply("aut2", openid="oWang", shown_as="陪诊师")
        closed = authorizations.close(LEAVE)
        assert (closed.state, closed.closed_reason) == (LeaveState.CLOSED, "CLOSE_VIA_MCH_API")
        with pytest.raises(PaymentRejected) as absent:
            authorizations.query("aut2")
        assert absent.value.is_absent
        pay_standin.control("misbehave", next=True, operation="query_authorization", answer_flaw="forged")
        with pytest.raises(PaymentUnknown):
            authorizations.query(LEAVE)

    def test_the_name_goes_out_encrypted(self, transfers: WeChatTransfers, pay_standin: Standin) -> None:
        transfers.transfer(ORDER)
        request = next(each for each in pay_standin.read("/_log")["entries"] if each["what"] == "transfer")["request"]
        assert "王建国" not in str(request)
        assert len(request["user_name"]) > 100

    def test_sending_the_same_number_again_sends_nothing_more(
        self, transfers: WeChatTransfers, pay_standin: Standin
    ) -> None:
        first = transfers.transfer(ORDER)
        assert transfers.transfer(ORDER).provider_no == first.provider_no
        assert transfers.transfer(replace(ORDER, amount_fen=16_000)).amount_fen == 15_000
        assert len(pay_standin.read("/_control/state")["transfers"]) == 1

    def test_an_answer_lost_after_commit_is_unknown_and_the_query_knows(
        self, transfers: WeChatTransfers, pay_standin: Standin
    ) -> None:
        pay_standin.control("misbehave", next=True, operation="transfer", drop_answer_after_commit=True)
        with pytest.raises(PaymentUnknown):
            transfers.transfer(ORDER)
        assert transfers.query(BILL).state is TransferState.AWAITING_CONFIRMATION

    def test_a_failure_before_commit_is_unknown_and_the_query_finds_nothing(
        self, transfers: WeChatTransfers, pay_standin: Standin
    ) -> None:
        pay_standin.control("misbehave", next=True, operation="transfer", fail_status=500)
        with pytest.raises(PaymentUnknown):
            transfers.transfer(ORDER)
        with pytest.raises(PaymentRejected) as refused:
            transfers.query(BILL)
        assert refused.value.is_absent

    def test_a_forged_answer_counts_as_none(self, transfers: WeChatTransfers, pay_standin: Standin) -> None:
        pay_standin.control("misbehave", next=True, operation="transfer", answer_flaw="forged")
        with pytest.raises(PaymentUnknown):
            transfers.transfer(ORDER)

    def test_nobody_confirms_for_a_day_and_the_money_stays(self, transfers: WeChatTransfers) -> None:
        transfers.transfer(ORDER)
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, seconds=2)):
            late = transfers.query(BILL)
        assert (late.state, late.failure) == (TransferState.CANCELLED, "PAYEE_CONFIRM_OVERDUE")

    def test_it_can_be_called_back_until_it_is_confirmed(
        self, transfers: WeChatTransfers, pay_standin: Standin
    ) -> None:
        transfers.transfer(ORDER)
        assert transfers.cancel(BILL).state is TransferState.CANCELLED
        other = "wdr01JD8Z2M6Q4T7W9Y3B5C7D9F1G002"
        transfers.transfer(replace(ORDER, bill_no=other))
        pay_standin.control("confirm-transfer", out_bill_no=other)
        with pytest.raises(PaymentRejected):
            transfers.cancel(other)

    def test_more_than_the_merchants_limit_is_refused(self, transfers: WeChatTransfers) -> None:
        with pytest.raises(PaymentRejected, match="限额"):
            transfers.transfer(replace(ORDER, amount_fen=20_001))

    def test_a_number_that_would_change_the_address_is_refused_here(self, transfers: WeChatTransfers) -> None:
        with pytest.raises(ValueError, match="格式"):
            transfers.query("a/../b")

    def test_an_order_shows_neither_account_nor_name(self) -> None:
        assert "王建国" not in repr(ORDER)
        assert "oWang" not in repr(ORDER)

    def test_every_state_of_the_channel_has_a_meaning(self) -> None:
        assert {STATES["SUCCESS"], STATES["FAIL"], STATES["CANCELLED"]} == {
            state for state in TransferState if state.is_final
        }


CARD = TransferOrder(
    bill_no=BILL, amount_fen=123_456, account="4539148803436467", name="王建国", bank="工商银行", remark="陪诊报酬"
)
ANSWER = "商户流水号,金额（元）,结果,银行流水号,原因\r\n"


@pytest.mark.feature("F26")
class TestBank:
    def test_the_batch_opens_in_a_spreadsheet_with_the_card_number_whole(self) -> None:
        content = bank_file.batch_file([CARD])
        assert content.startswith(b"\xef\xbb\xbf")
        lines = content.decode("utf-8-sig").split("\r\n")
        assert lines[0] == "商户流水号,收款户名,收款账号,开户银行,金额（元）,用途"
        assert lines[1] == f"{BILL},王建国,\t4539148803436467,工商银行,1234.56,陪诊报酬"
        assert bank_file.batch_file([CARD]) == content

    def test_a_name_that_is_a_formula_stays_text(self) -> None:
        assert b"'=cmd" in bank_file.batch_file([replace(CARD, name="=cmd|calc")])

    def test_the_banks_answers_are_read(self) -> None:
        text = f'{ANSWER}{BILL},"1,234.56",成功,B1,\r\nwdr2,100.00,退票,,户名不符\r\nwdr3,5,处理中,,\r\n'
        paid, returned, waiting = bank_file.read_answers(text.encode("utf-8-sig"))
        assert (paid.state, paid.amount_fen, paid.provider_no) == (TransferState.SUCCEEDED, 123_456, "B1")
        assert (returned.state, returned.failure) == (TransferState.FAILED, "户名不符")
        assert waiting.state is TransferState.PROCESSING

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("商户流水号,结果\r\n", "缺少列"),
            (f"{ANSWER}wdr1,1.00,也许,,\r\n", "第 2 行"),
            (f"{ANSWER}wdr1,1.005,成功,,\r\n", "两位小数"),
            (f"{ANSWER}wdr1,NaN,成功,,\r\n", "两位小数"),
            (f"{ANSWER}wdr1,一元,成功,,\r\n", "金额无法识别"),
            (f"{ANSWER}wdr1,1.00,成功,,\r\nwdr1,1.00,失败,,\r\n", "重复"),
        ],
    )
    def test_a_file_that_is_not_understood_is_refused_whole(self, text: str, said: str) -> None:
        with pytest.raises(BadAnswerFile, match=said):
            bank_file.read_answers(text.encode())

    def test_another_encoding_is_said(self) -> None:
        with pytest.raises(BadAnswerFile, match="UTF-8"):
            bank_file.read_answers("商户流水号".encode("gb18030"))

    @given(st.lists(st.integers(1, 100_000_000), max_size=20))
    def test_amounts_survive_the_way_to_the_bank_and_back(self, amounts: list[int]) -> None:
        orders = [replace(CARD, bill_no=f"wdr{number}", amount_fen=fen) for number, fen in enumerate(amounts)]
        lines = bank_file.batch_file(orders).decode("utf-8-sig").split("\r\n")[1:-1]
        answers = "".join(f"{line.split(',')[0]},{line.split(',')[4]},成功,,\r\n" for line in lines)
        assert [each.amount_fen for each in bank_file.read_answers((ANSWER + answers).encode())] == amounts
