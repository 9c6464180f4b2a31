"""A companion takes income out: asked for today, planned and paid on the next working day, each transfer once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from pynamodb.connection import Connection

from functions.accounts import actions as accounts
from functions.companions import actions as companions
from functions.settlement.actions import bank_answers, payouts, withdrawals, working_days
from functions.settlement.actions.withdrawals import PayeeRequest
from functions.settlement.gateways.wechat_transfers import WeChatTransfers
from functions.settlement.rules import ledger
from functions.settlement.rules.payouts import PlanState
from functions.settlement.rules.withdrawals import (
    AmountOutOfRange,
    Channel,
    DailyLimitReached,
    PayeeUnverified,
    PayoutPolicy,
    WithdrawalState,
)
from functions.settlement.table import find_balances
from functions.settlement.table.payouts import WithdrawalRow, put_payout_policy
from functions.shared import clock, files
from functions.shared.caller import Role
from functions.shared.errors import Invalid
from functions.shared.events import Timer
from tests.harness.world import World
from tests.settlement.makers import Order, Till, commit

NAME = "王建国"
SHARE_FEN = 28_800
CARD = "4539148803436467"


@pytest.fixture
def companion_id(till: Till, order: Order) -> str:
    """A certified companion with 288 yuan to take out, on Tuesday 10 March 2026, a minute past midnight in China."""
    earn(till, order)
    return order.companion_id


def earn(till: Till, order: Order) -> None:
    companion_id = order.companion_id
    commit(
        "accounts",
        lambda tx: accounts.put_account(
            tx, account_id=companion_id, openid=f"o{companion_id[-20:]}", roles=(Role.COMPANION,)
        ),
    )
    commit("companions", lambda tx: companions.put_companion(tx, **profile(companion_id)))
    till.paid(order)
    till.world.publish(order.completed())
    till.world.advance(days=7, hours=15, minutes=1)


def profile(companion_id: str) -> dict[str, Any]:
    kinds = ("id_card", "health_certificate", "companion_training")
    return {
        "id": companion_id,
        "name": NAME,
        "city": "110000",
        "gender": "male",
        "birth_year": 1988,
        "tier": "junior",
        "languages": ["普通话"],
        "first_aid_certified": False,
        "serves": [{"hospital_id": "hos_first", "department_ids": ["oncology"]}],
        "rating_hundredths": None,
        "completed_visits": 0,
        "cases_by_department": {},
        "intro": "",
        "credentials": [
            {"kind": kind, "number_masked": "***", "issued_by": "发证机关", "expires_on": "2028-01-01"}
            for kind in kinds
        ],
    }


def payee(companion_id: str, channel: Channel = Channel.WECHAT) -> str:
    account, bank = (CARD, "工商银行") if channel is Channel.BANK else (None, "")
    request = PayeeRequest(channel=channel, name=NAME, account=account, bank=bank)
    row = commit("settlement", lambda tx: withdrawals.bind_payee(tx, companion_id=companion_id, request=request))
    return str(row.payee_id)


def ask(companion_id: str, payee_id: str, amount_fen: int = 15_000) -> WithdrawalRow:
    row: WithdrawalRow = commit(
        "settlement",
        lambda tx: withdrawals.request_withdrawal(
            tx, companion_id=companion_id, payee_id=payee_id, amount_fen=amount_fen
        ),
    )
    return row


def run(till: Till) -> None:
    """The run of the next morning at ten, and what follows from it at once."""
    now = clock.china(clock.now())
    ten = now.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
    till.world.advance(seconds=(ten - now).total_seconds())
    run_again(till)


def run_again(till: Till) -> None:
    till.world.run("settlement", "payout_run")
    till.world.advance(seconds=1)


def stands(row: WithdrawalRow) -> WithdrawalRow:
    return withdrawals.find_withdrawal(row.companion_id, row.withdrawal_id)


def money(companion_id: str) -> tuple[int, int]:
    """Available and on the way, in fen."""
    available, withdrawing = find_balances(
        [ledger.companion_available(companion_id), ledger.companion_withdrawing(companion_id)]
    )
    return -available, -withdrawing


def transfers(till: Till) -> list[Any]:
    return till.desk.transfers.all()


@pytest.mark.feature("F26")
class TestRequest:
    def test_the_amount_is_set_aside_at_once(self, companion_id: str) -> None:
        row = ask(companion_id, payee(companion_id))
        assert row.state == WithdrawalState.REQUESTED
        assert row.due_on == "2026-03-11"
        assert money(companion_id) == (SHARE_FEN - 15_000, 15_000)

    def test_more_than_there_is_is_refused_and_changes_nothing(self, companion_id: str) -> None:
        with pytest.raises(ledger.Overdrawn):
            ask(companion_id, payee(companion_id), SHARE_FEN + 1)
        assert money(companion_id) == (SHARE_FEN, 0)

    def test_less_than_a_hundred_yuan_is_refused(self, companion_id: str) -> None:
        with pytest.raises(AmountOutOfRange):
            ask(companion_id, payee(companion_id), 9_999)

    def test_a_day_has_its_limit(self, companion_id: str) -> None:
        commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(daily_count=1)))
        to = payee(companion_id)
        ask(companion_id, to, 10_000)
        with pytest.raises(DailyLimitReached):
            ask(companion_id, to, 10_000)

    def test_to_nobody_elses_payee(self, companion_id: str, till: Till) -> None:
        other = till.order()
        with pytest.raises(PayeeUnverified):
            ask(other.companion_id, payee(companion_id))

    def test_a_payee_bears_the_companions_own_name_and_shows_no_number(self, companion_id: str) -> None:
        request = PayeeRequest(channel=Channel.BANK, name="李四", account=CARD, bank="工商银行")
        with pytest.raises(Invalid):
            commit("settlement", lambda tx: withdrawals.bind_payee(tx, companion_id=companion_id, request=request))
        payee(companion_id, Channel.BANK)
        [kept] = withdrawals.list_payees(companion_id)
        assert kept.tail == "6467"
        assert CARD not in str(kept.serialize())
        assert NAME not in str(kept.serialize())

    def test_it_can_be_called_back_before_it_is_planned(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id))
        commit(
            "settlement",
            lambda tx: withdrawals.call_back(tx, companion_id=companion_id, withdrawal_id=row.withdrawal_id),
        )
        assert money(companion_id) == (SHARE_FEN, 0)
        run(till)
        assert transfers(till) == []


@pytest.mark.feature("B11")
class TestPayout:
    def test_the_next_working_day_it_is_sent_and_paid_when_confirmed(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id))
        run(till)
        assert stands(row).state == WithdrawalState.AWAITING_CONFIRMATION
        [bill] = transfers(till)
        till.desk.transfers.confirm(bill.out_bill_no)
        till.world.advance(minutes=5)
        paid = stands(row)
        assert (paid.state, paid.paid_fen) == (WithdrawalState.PAID, 15_000)
        assert money(companion_id) == (SHARE_FEN - 15_000, 0)
        assert till.findings() == []

    def test_what_nobody_confirms_is_available_again_after_a_day(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id))
        run(till)
        till.world.advance(days=2)
        assert stands(row).state == WithdrawalState.RETURNED
        assert money(companion_id) == (SHARE_FEN, 0)

    def test_a_large_one_goes_out_in_parts_and_what_fails_of_it_comes_back(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id), 28_800)
        run(till)
        first, second = sorted(transfers(till), key=lambda bill: bill.out_bill_no)
        assert (first.amount_fen, second.amount_fen) == (20_000, 8_800)
        till.desk.transfers.confirm(first.out_bill_no)
        till.desk.transfers.fail(second.out_bill_no, "ACCOUNT_ABNORMAL")
        till.world.advance(minutes=30)
        done = stands(row)
        assert (done.state, done.paid_fen, done.returned_fen) == (WithdrawalState.PAID, 20_000, 8_800)
        assert money(companion_id) == (8_800, 0)
        assert till.findings() == []

    def test_a_refused_transfer_is_available_again(self, companion_id: str, till: Till) -> None:
        commit(
            "settlement",
            lambda tx: put_payout_policy(
                tx, PayoutPolicy(per_transfer_max_fen={Channel.WECHAT: 50_000, Channel.BANK: 50_000})
            ),
        )
        row = ask(companion_id, payee(companion_id), 28_800)
        run(till)
        assert stands(row).state == WithdrawalState.FAILED
        assert money(companion_id) == (SHARE_FEN, 0)

    def test_an_answer_that_is_lost_is_asked_for_under_the_same_number(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id))
        till.desk.faults.add({"next": True, "operation": "transfer", "drop_answer_after_commit": True})
        run(till)
        assert stands(row).state == WithdrawalState.PAYING
        till.world.advance(minutes=5)
        assert stands(row).state == WithdrawalState.AWAITING_CONFIRMATION
        assert len(transfers(till)) == 1

    def test_running_it_again_pays_nothing_twice(self, companion_id: str, till: Till) -> None:
        ask(companion_id, payee(companion_id))
        run(till)
        for _ in range(3):
            run_again(till)
        assert len(transfers(till)) == 1

    def test_nothing_is_paid_on_a_free_day_and_it_is_caught_up_after(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id))
        free = date(2026, 3, 11)
        commit(
            "settlement", lambda tx: working_days.say_of_day(tx, day=free, is_worked=False, staff_id="stf_1", version=0)
        )
        run(till)
        assert transfers(till) == []
        run(till)
        assert len(transfers(till)) == 1
        assert stands(row).plan == "2026-03-12"

    def test_a_large_plan_waits_for_a_person_who_saw_just_this_plan(self, companion_id: str, till: Till) -> None:
        commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(second_person_above_fen=10_000)))
        row = ask(companion_id, payee(companion_id))
        run(till)
        plan = payouts.find_plan("2026-03-11")
        assert plan.plan_state is PlanState.AWAITING_APPROVAL
        assert transfers(till) == []
        with pytest.raises(payouts.PlanChanged):
            commit(
                "settlement",
                lambda tx: payouts.approve_plan(tx, day="2026-03-11", staff_id="stf_2", sha256="0" * 64),
            )
        for staff_id, decide in (("stf_1", payouts.check_plan), ("stf_2", payouts.approve_plan)):
            commit("settlement", partial(decide, day="2026-03-11", staff_id=staff_id, sha256=plan.sha256))
        till.world.advance(seconds=1)
        assert stands(row).state == WithdrawalState.AWAITING_CONFIRMATION

    def test_a_rejected_plan_pays_nothing_and_its_withdrawals_wait(self, companion_id: str, till: Till) -> None:
        commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(second_person_above_fen=10_000)))
        row = ask(companion_id, payee(companion_id))
        run(till)
        commit(
            "settlement",
            lambda tx: payouts.reject_plan(tx, day="2026-03-11", staff_id="stf_2", reason="金额异常"),
        )
        till.world.advance(seconds=1)
        assert stands(row).state == WithdrawalState.REQUESTED
        commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy()))
        run(till)
        assert len(transfers(till)) == 1

    def test_a_bank_gets_one_file_and_its_answers_are_booked(self, companion_id: str, till: Till) -> None:
        row = ask(companion_id, payee(companion_id, Channel.BANK), 28_800)
        run(till)
        content = files.read("settlement/payouts/2026-03-11-bank.csv").decode("utf-8-sig")
        bill_no = content.split("\r\n")[1].split(",")[0]
        assert f"\t{CARD}" in content
        assert stands(row).state == WithdrawalState.PAYING
        answers = f"商户流水号,金额（元）,结果\r\n{bill_no},288.00,成功\r\n".encode()
        taken = bank_answers.take_bank_answers(
            answers, staff_id="stf_1", commit=lambda _, act: commit("settlement", act)
        )
        assert taken == 1
        assert stands(row).state == WithdrawalState.PAID
        assert money(companion_id) == (0, 0)
        assert till.findings() == []

    def test_a_paid_transfer_that_the_bank_sends_back_waits_for_people(
        self, companion_id: str, till: Till, caplog: pytest.LogCaptureFixture
    ) -> None:
        row = ask(companion_id, payee(companion_id, Channel.BANK), 28_800)
        run(till)
        content = files.read("settlement/payouts/2026-03-11-bank.csv").decode("utf-8-sig")
        bill_no = content.split("\r\n")[1].split(",")[0]
        for outcome in ("成功", "退票"):
            answers = f"商户流水号,金额（元）,结果\r\n{bill_no},288.00,{outcome}\r\n".encode()
            bank_answers.take_bank_answers(answers, staff_id="stf_1", commit=lambda _, act: commit("settlement", act))
        assert stands(row).state == WithdrawalState.PAID
        assert "a paid transfer came back" in caplog.messages
        assert till.findings() == []


class Killed(Exception):
    """The process died."""


CALLS_OF_A_RUN = 16
"""Of one withdrawal, but for Queries."""


@pytest.mark.feature("B11")
@pytest.mark.parametrize("kill_at", range(1, CALLS_OF_A_RUN + 1))
def test_killed_at_any_call_and_begun_again_it_pays_once(
    till: Till, companion_id: str, kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(look_back_days=0)))
    row = ask(companion_id, payee(companion_id))
    monkeypatch.setattr(World, "fire", firing_again(World.fire))
    run_until_killed(till, kill_at, monkeypatch)
    timers = dict(till.world.timers)
    run_again(till)
    till.world.timers |= timers
    till.world.advance(minutes=30)
    [bill] = transfers(till)
    till.desk.transfers.confirm(bill.out_bill_no)
    till.world.advance(hours=7)
    assert stands(row).state == WithdrawalState.PAID
    assert money(companion_id) == (SHARE_FEN - 15_000, 0)
    assert till.findings() == []


def run_until_killed(till: Till, kill_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The morning's run with its transfers, cut off before the nth call to the store; its timers are lost with it.

    Queries are not counted: to die before one is to die before the next call, for nothing is written in between.
    """
    calls = 0
    original = Connection._make_api_call

    def counted(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
        nonlocal calls
        calls += operation != "Query"
        if calls == kill_at and operation != "Query":
            raise Killed
        return original(self, operation, arguments)

    now = clock.china(clock.now())
    ten = now.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
    till.world.advance(seconds=(ten - now).total_seconds())
    with monkeypatch.context() as patched:
        patched.setattr(Connection, "_make_api_call", counted)
        with suppress(Killed):
            run_again(till)


@pytest.mark.feature("B11")
@pytest.mark.parametrize("asked", ["transfer", "query"])
@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_killed_while_asking_the_provider_it_pays_once(
    till: Till, companion_id: str, asked: str, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies before the provider heard of it, or after the provider did it; its timers come again."""
    row = ask(companion_id, payee(companion_id))
    original, deaths = getattr(WeChatTransfers, asked), list[str]()

    def dying(self: WeChatTransfers, *arguments: Any) -> Any:
        if deaths:
            return original(self, *arguments)
        deaths.append(asked)
        if committed:
            original(self, *arguments)
        raise Killed

    monkeypatch.setattr(WeChatTransfers, asked, dying)
    monkeypatch.setattr(World, "fire", firing_again(World.fire))
    run_until_killed(till, 0, monkeypatch)
    till.world.advance(minutes=3)
    [bill] = transfers(till)
    till.desk.transfers.confirm(bill.out_bill_no)
    till.world.advance(hours=7)
    assert deaths == [asked]
    assert stands(row).state == WithdrawalState.PAID
    assert money(companion_id) == (SHARE_FEN - 15_000, 0)
    assert till.findings() == []


def firing_again(fire: Callable[[World, Timer], None]) -> Callable[[World, Timer], None]:
    """A timer whose handler died is delivered again, as the scheduler does."""

    def fired(world: World, timer: Timer) -> None:
        try:
            fire(world, timer)
        except Killed:
            fire(world, timer)

    return fired
