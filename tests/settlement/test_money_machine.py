"""Whatever the provider, the clients, the companion, finance, the bus and the clock do, in any order: the books hold.

A state machine plays up to three orders of one companion with the real stand-in, from the payment to the money on the
companion's card: true and false notifications, lost answers, repeated and late events, refunds before and after the
release, payout runs, the bank's answers, wrong bills. At any call to the store or to the provider the process may die
and is begun again. After every step the whole ledger is proven over the table and compared with the provider's books.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from functions.accounts import actions as accounts
from functions.companions import actions as companions
from functions.settlement.rules.withdrawals import Channel, PartState, PayoutPolicy, TransferPart
from functions.settlement.table.payouts import put_payout_policy
from functions.shared import clock, ids
from functions.shared.caller import Role
from infra.local.standins.keys import make_keys
from infra.local.standins.pay.bills import Mistakes
from infra.local.standins.pay.books import Refused
from infra.local.standins.pay.signing import Flaw
from tests.harness.world import Person, Reply, open_world
from tests.settlement.crashes import Crashes
from tests.settlement.makers import TOTAL_FEN, Order, open_till
from tests.settlement.makers import commit as committed
from tests.settlement.money_proofs import Money
from tests.settlement.test_payouts import payee, profile

MOST_ORDERS = 3
FAULTS = ({"fail_status": 500}, {"drop_answer_after_commit": True}, {"fail_status": 500, "after_commit": True})
STAGES = ("placed", "paid", "completed", "released", "asked_for", "in_payment", "in_payment")
DAY_MINUTES = 60 * 24


@cache
def keys_dir() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="till-"))
    make_keys(folder)
    return folder


class MoneyMachine(RuleBasedStateMachine):
    """Some orders of one companion and everything that can happen to their money."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = self.stack.enter_context(open_world())
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.till = self.stack.enter_context(open_till(self.world, keys_dir(), Path(folder)))
        self.crashes = self.stack.enter_context(Crashes().running(self.world))
        self.orders: list[Order] = []
        self.started: set[str] = set()
        self.ended: set[str] = set()
        self.plans: set[str] = set()
        self.notices: list[dict[str, Any]] = []
        self.bank_paid_fen: dict[str, int] = {}

    def teardown(self) -> None:
        try:
            if self.orders:
                self.come_to_rest()
        finally:
            self.stack.close()

    @initialize(
        stage=st.integers(0, len(STAGES) - 1),
        channel=st.sampled_from([Channel.WECHAT, Channel.WECHAT, Channel.BANK]),
        fault=st.sampled_from([None, *FAULTS]),
        at_call=st.integers(0, 30),
    )
    def begin(self, stage: int, channel: Channel, fault: dict[str, Any] | None, at_call: int) -> None:
        """One order that has come so far, the last step against odds; a plan of more than 150 yuan needs two people."""
        self.companion_id = ids.new("acc")
        openid = f"o{self.companion_id[-20:]}"
        committed(
            "accounts",
            lambda tx: accounts.put_account(tx, account_id=self.companion_id, openid=openid, roles=(Role.COMPANION,)),
        )
        committed("companions", lambda tx: companions.put_companion(tx, **profile(self.companion_id)))
        committed("settlement", lambda tx: put_payout_policy(tx, PayoutPolicy(second_person_above_fen=15_000)))
        self.payees = {each: payee(self.companion_id, each) for each in Channel}
        self.place_order()
        acts: tuple[Callable[[], object], ...] = (
            lambda: self.pay_at_once(0),
            lambda: self.complete(0),
            lambda: self.let_time_pass(DAY_MINUTES * 8),
            lambda: self.withdraw(15_000, channel),
            self.run_payouts,
        )
        steps = acts[: STAGES.index(STAGES[stage])]
        for act in steps[:-1]:
            act()
        if fault is not None:
            self.fail_once(fault)
        self.die_soon(at_call, at_call % 2 == 0)
        for act in steps[-1:]:
            act()

    # people -----------------------------------------------------------------------------------------------------
    @precondition(lambda self: len(self.orders) < MOST_ORDERS)
    @rule()
    def place_order(self) -> None:
        self.orders.append(replace(self.till.order(), companion_id=self.companion_id))

    @rule(which=st.integers(0, MOST_ORDERS - 1), is_paid=st.booleans())
    def ask_for_a_payment(self, which: int, is_paid: bool) -> None:
        order = self._order(which)
        reply = self.till.start(order)
        assert reply.status in (201, 409, 503)
        self.started |= {order.order_id} if reply.status == 201 else set()
        if is_paid and order.order_id in self.started:  # without our answer nobody holds what a payment takes
            with suppress(Refused):
                self.till.pays(order)

    @rule(which=st.integers(0, MOST_ORDERS - 1))
    def pay_at_once(self, which: int) -> None:
        self.ask_for_a_payment(which, is_paid=True)
        self.notify(which, times=1, is_same=False)
        self.world.deliver()

    @rule(which=st.integers(0, MOST_ORDERS - 1))
    def look_it_up(self, which: int) -> None:
        assert self.till.look_up(self._order(which)).status in (200, 404)

    @rule(amount_fen=st.sampled_from([10_000, 15_000, 28_800, 50_000]), channel=st.sampled_from(list(Channel)))
    def withdraw(self, amount_fen: int, channel: Channel) -> None:
        body = {"payee_id": self.payees[channel], "amount_fen": amount_fen}
        reply = self.world.post("/withdrawals", body, as_=self._companion())
        assert reply.status == 201 or reply.code in ("insufficient_balance", "daily_limit_reached"), reply.body

    @rule()
    def call_the_last_one_back(self) -> None:
        for item in self.world.get("/withdrawals", as_=self._companion()).body["items"][:1]:
            path = f"/withdrawals/{item['withdrawal_id']}/call-back"
            assert self.world.post(path, as_=self._companion()).status in (200, 409)

    @rule(
        which=st.integers(0, MOST_ORDERS - 1),
        kind=st.sampled_from(["partial", "partial", "goodwill", "fee_kept", "full"]),
        amount_fen=st.sampled_from([1, 3_000, 20_000]),
        is_agreed=st.booleans(),
    )
    def give_back(self, which: int, kind: str, amount_fen: int, is_agreed: bool) -> None:
        """Finance orders a refund; a large one is decided by another person."""
        body: dict[str, Any] = {"kind": kind, "reason": "提前结束陪诊"}
        body |= {"amount_fen": amount_fen} if kind in ("partial", "goodwill") else {}
        reply = self.world.post(f"/orders/{self._order(which).order_id}/refunds", body, as_=self._finance())
        assert reply.status == 201 or 400 <= reply.status < 500, reply.body
        if reply.body.get("state") == "awaiting_approval":
            path = f"/refund-orders/{reply.body['refund_order_id']}"
            verdict, reason = ("approve", None) if is_agreed else ("reject", {"reason": "与客户重新协商"})
            assert self.world.post(f"{path}/{verdict}", reason, as_=self._finance("stf_other")).status in (200, 409)
        self.world.deliver()

    @precondition(lambda self: self.plans)
    @rule(is_approved=st.booleans())
    def decide_plans(self, is_approved: bool) -> None:
        for day in sorted(self.plans):
            plan = self.world.get(f"/payout-plans/{day}", as_=self._finance()).body
            if plan.get("state") == "awaiting_approval" and is_approved:
                digest = {"sha256": plan["sha256"]}
                self._post(f"/payout-plans/{day}/check", digest, "stf_one")
                self._post(f"/payout-plans/{day}/approve", digest, "stf_other")
            elif plan.get("state") == "awaiting_approval":
                self._post(f"/payout-plans/{day}/reject", {"reason": "金额异常"}, "stf_other")
        self.world.advance(seconds=1)

    # the provider and the bank --------------------------------------------------------------------------------------
    @rule(which=st.integers(0, MOST_ORDERS - 1), times=st.integers(1, 2), is_same=st.booleans())
    def notify(self, which: int, times: int, is_same: bool) -> None:
        with suppress(Refused):
            for _ in range(times):
                order = self._order(which)
                reply = self.till.notify(order, id="the-same" if is_same else "")
                assert reply.status == (200 if order.order_id in self.started else 404)

    @rule(which=st.integers(0, MOST_ORDERS - 1), amount_fen=st.sampled_from([1, TOTAL_FEN - 1, TOTAL_FEN * 2]))
    def notify_a_wrong_amount(self, which: int, amount_fen: int) -> None:
        amount = {"total": amount_fen, "currency": "CNY"}
        with suppress(Refused):
            self.till.notify(self._order(which), amount=amount, trade_state="SUCCESS", transaction_id="4200")

    @rule(flaw=st.sampled_from(list(Flaw)))
    def notify_without_proof(self, flaw: Flaw) -> None:
        with suppress(Refused):
            assert self.till.notify(self.orders[0], flaw=flaw).status == 401

    @rule(status=st.sampled_from(["SUCCESS", "SUCCESS", "ABNORMAL"]), is_notified=st.booleans())
    def finish_the_refunds(self, status: str, is_notified: bool) -> None:
        for refund in self.till.desk.books.refunds():
            if refund.status == "PROCESSING":
                self.till.desk.books.finish_refund(refund.out_refund_no, status)
            if is_notified:
                order = next(each for each in self.orders if each.payment_id == refund.out_trade_no)
                assert self.till.notify_refund(order, refund_id=refund.out_refund_no).status == 200

    @rule(outcome=st.sampled_from(["confirm", "confirm", "fail"]), is_notified=st.booleans())
    def settle_a_transfer(self, outcome: str, is_notified: bool) -> None:
        """The companion confirms the receipt, or their account does not take it; the word of it may come later."""
        for bill in self.till.desk.transfers.all():
            if bill.state == "WAIT_USER_CONFIRM":
                self.notices.append(self.till.transfer_content(bill))
                if outcome == "confirm":
                    self.till.desk.transfers.confirm(bill.out_bill_no)
                else:
                    self.till.desk.transfers.fail(bill.out_bill_no, "ACCOUNT_ABNORMAL")
                self.notices.append(self.till.transfer_content(self.till.desk.transfers.find(bill.out_bill_no)))
                break
        if is_notified:
            self.notify_of_transfers(0)

    @precondition(lambda self: self.notices)
    @rule(seed=st.integers(0, 99))
    def notify_of_transfers(self, seed: int) -> None:
        """Everything that was ever said of a transfer comes (again), in any order."""
        for content in Random(seed).sample(self.notices, len(self.notices)):
            assert self.till.notify_transfer(content).status == 200

    @rule(outcome=st.sampled_from(["成功", "成功", "失败"]), times=st.integers(1, 2))
    def bank_answers(self, outcome: str, times: int) -> None:
        parts = self._bank_parts()
        told = "".join(
            f"{part.bill_no},{part.amount_fen // 100}.{part.amount_fen % 100:02d},{outcome}\r\n" for part in parts
        )
        for _ in range(times if parts else 0):
            body = {"content": f"商户流水号,金额（元）,结果\r\n{told}"}
            assert self.world.post("/bank-answers", body, as_=self._finance()).status == 202
        self.bank_paid_fen |= {part.bill_no: part.amount_fen for part in parts if outcome == "成功"}
        self.world.advance(seconds=1)

    @rule(fault=st.sampled_from(FAULTS))
    def fail_once(self, fault: dict[str, Any]) -> None:
        """Whatever is asked of the provider next gets no answer, or a wrong one."""
        self.till.desk.faults.add({"next": True, **fault})

    # the bus, the clock and the process -------------------------------------------------------------------------
    @rule(
        which=st.integers(0, MOST_ORDERS - 1),
        is_paid=st.booleans(),
        fees=st.sampled_from([(0, 0), (0, 1), (4_000, 0), (4_000, 1)]),
    )
    def close(self, which: int, is_paid: bool, fees: tuple[int, int]) -> None:
        order = self._order(which)
        self.ended |= {order.order_id} if is_paid else set()
        self.world.publish(order.closed(paid=is_paid, companion_fee_fen=fees[0], platform_fee_fen=fees[1]))

    @rule(which=st.integers(0, MOST_ORDERS - 1))
    def say_that_it_was_paid_too_late(self, which: int) -> None:
        self.world.publish(self._order(which).paid_too_late())

    @rule(which=st.integers(0, MOST_ORDERS - 1))
    def complete(self, which: int) -> None:
        self.ended.add(self._order(which).order_id)
        self.world.publish(self._order(which).completed())

    @rule(minutes=st.sampled_from([1, 60, DAY_MINUTES + 60, DAY_MINUTES * 8]))
    def let_time_pass(self, minutes: int) -> None:
        self.world.advance(minutes=minutes)
        self.crashes.deliver_late()
        self.world.deliver()

    @rule(seed=st.integers(0, 99))
    def deliver_every_event_again(self, seed: int) -> None:
        for event in Random(seed).sample(self.world.delivered, len(self.world.delivered)):
            self.world.hand_over(event)
        self.world.deliver()

    @rule(at_call=st.integers(1, 24), took_effect=st.booleans())
    def die_soon(self, at_call: int, took_effect: bool) -> None:
        self.crashes.die(at_call=at_call, took_effect=took_effect)

    @rule(times=st.integers(1, 2))
    def run_payouts(self, times: int = 1) -> None:
        """The next morning's run, perhaps twice."""
        self._wait_for(hour=10, minute=0)
        self.plans.add(clock.service_date(clock.now()).isoformat())
        for _ in range(times):
            self.world.run("settlement", "payout_run")
        self.world.advance(seconds=1)

    @rule(mistake=st.sampled_from(["none", "omit", "amounts", "add", "cut"]))
    def reconcile(self, mistake: str) -> None:
        """Yesterday's bill, right or wrong; what differs turns out to be the provider's error."""
        number = self.orders[-1].payment_id
        wrong: dict[str, dict[str, Any]] = {
            "none": {},
            "omit": {"omit": [number]},
            "amounts": {"amounts": {number: 7}},
            "add": {"add": {"somebody_elses": 700}},
            "cut": {"cut": True},
        }
        self.till.desk.bills.mistakes = Mistakes.of(wrong[mistake])
        self._wait_for(hour=10, minute=30)
        for _ in range(2):
            self.world.run("settlement", "reconciliation")
        day = clock.service_date(clock.now()) - timedelta(days=1)
        for case in self.world.get(f"/reconciliations/{day}/cases", as_=self._finance()).body["items"]:
            body = {"resolution": "provider_error", "note": "与渠道核对后确认"}
            assert self._post(f"/reconciliation-cases/{case['case_id']}/resolve", body).status == 200
        self.till.desk.bills.mistakes = Mistakes()

    # what always holds ----------------------------------------------------------------------------------------------
    @invariant()
    def the_money_holds(self) -> None:
        self._money().holds()

    @rule()
    def come_to_rest(self) -> None:
        """When nothing happens any more, no fen is missing."""
        self.crashes.die(at_call=0, took_effect=False)
        self.till.desk.faults.clear()
        self.bank_answers("成功", 1)
        for _ in range(3):
            self.finish_the_refunds("SUCCESS", is_notified=False)
            self.let_time_pass(DAY_MINUTES * 3)
        money = self._money()
        money.holds()
        money.is_all_there(self.ended)
        seen = self.world.get("/earnings", as_=self._companion()).body
        assert seen["paid_fen"] == sum(part.amount_fen for part in money.parts.values() if part.state is PartState.PAID)

    def _money(self) -> Money:
        return Money(self.till, self.orders, self.bank_paid_fen)

    def _bank_parts(self) -> list[TransferPart]:
        rows = (row for row in self._money().withdrawals if row.channel == Channel.BANK)
        return [part for row in rows for part in row.transfers if part.state is PartState.SENT]

    def _order(self, which: int) -> Order:
        return self.orders[which % len(self.orders)]

    def _companion(self) -> Person:
        return self.world.person("companion", subject=self.companion_id)

    def _finance(self, subject: str = "stf_one") -> Person:
        return self.world.person("finance", subject=subject)

    def _post(self, path: str, body: Any, subject: str = "stf_one") -> Reply:
        return self.world.post(path, body, as_=self._finance(subject))

    def _wait_for(self, *, hour: int, minute: int) -> None:
        now = clock.china(clock.now())
        then = (now + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        self.world.advance(seconds=(then - now).total_seconds())


MoneyMachine.TestCase.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

TestMoneyMachine = MoneyMachine.TestCase
pytestmark = [pytest.mark.feature("B10"), pytest.mark.feature("B11"), pytest.mark.feature("F26")]
