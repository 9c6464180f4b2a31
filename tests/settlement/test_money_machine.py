"""Whatever the provider, the clients and the bus do, in any order and as often as they like: the books hold.

A state machine plays one order with the real stand-in: paying, notifications true and false, closing, refunds,
completion and release, each repeated and out of order. After every step the whole ledger is proven over the table.
"""

import tempfile
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from functions.settlement import table
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.rules.ledger import Code, SplitMismatch
from functions.settlement.rules.refunds import NothingToRefund
from functions.shared.events import Event
from infra.local.standins.keys import make_keys
from infra.local.standins.pay.books import Refused
from infra.local.standins.pay.signing import Flaw
from tests.harness.world import open_world
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, open_till

FEE_FEN = 4_000
EXPECTED = (NothingToRefund, SplitMismatch, PaymentUnknown, PaymentRejected)
"""What a consumer raises for an event that came too early: the bus delivers it again later."""
FAULTS = ({"fail_status": 500}, {"drop_answer_after_commit": True}, {"fail_status": 500, "after_commit": True})


@cache
def keys_dir() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="till-"))
    make_keys(folder)
    return folder


class MoneyMachine(RuleBasedStateMachine):
    """One order and everything that can happen to its money."""

    order: Order

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = self.stack.enter_context(open_world())
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.till = self.stack.enter_context(open_till(self.world, keys_dir(), Path(folder)))

    def teardown(self) -> None:
        self.stack.close()

    @initialize(is_paid=st.booleans())
    def place_order(self, is_paid: bool) -> None:
        self.order = self.till.order()
        self.is_started = is_paid
        if is_paid:
            self.till.paid(self.order)

    # the client -------------------------------------------------------------------------------------------------
    @rule()
    def ask_for_a_payment(self) -> None:
        reply = self.till.start(self.order)
        assert reply.status in (201, 409, 503)
        self.is_started |= reply.status == 201

    @precondition(lambda self: self.is_started)
    @rule()
    def pay(self) -> None:
        with suppress(Refused):
            self.till.pays(self.order)

    @rule()
    def look_it_up(self) -> None:
        assert self.till.look_up(self.order).status in (200, 404)

    # the provider -----------------------------------------------------------------------------------------------
    @precondition(lambda self: self.is_started)
    @rule(times=st.integers(min_value=1, max_value=3), is_same=st.booleans())
    def notify(self, times: int, is_same: bool) -> None:
        for _ in range(times):
            assert self.till.notify(self.order, id="the-same" if is_same else "").status == 200

    @precondition(lambda self: self.is_started)
    @rule(amount_fen=st.sampled_from([1, TOTAL_FEN - 1, TOTAL_FEN * 2]))
    def notify_a_wrong_amount(self, amount_fen: int) -> None:
        amount = {"total": amount_fen, "currency": "CNY"}
        self.till.notify(self.order, amount=amount, trade_state="SUCCESS", transaction_id="4200")

    @precondition(lambda self: self.is_started)
    @rule(flaw=st.sampled_from(list(Flaw)))
    def notify_without_proof(self, flaw: Flaw) -> None:
        assert self.till.notify(self.order, flaw=flaw).status == 401

    @rule(status=st.sampled_from(["SUCCESS", "SUCCESS", "ABNORMAL"]))
    def finish_the_refund(self, status: str) -> None:
        with suppress(Refused):
            self.till.finishes_refund(self.order, status)

    @rule()
    def notify_the_refund(self) -> None:
        with suppress(Refused):
            assert self.till.notify_refund(self.order).status == 200

    @rule(
        operation=st.sampled_from(["prepay", "query", "close", "refund", "query_refund"]), fault=st.sampled_from(FAULTS)
    )
    def fail_once(self, operation: str, fault: dict[str, Any]) -> None:
        self.till.misbehaves(self.order, operation=operation, **fault)

    # the bus and the clock ----------------------------------------------------------------------------------------
    @rule(
        is_paid=st.booleans(), companion_fee_fen=st.sampled_from([0, FEE_FEN]), platform_fee_fen=st.sampled_from([0, 1])
    )
    def close_the_order(self, is_paid: bool, companion_fee_fen: int, platform_fee_fen: int) -> None:
        closed = self.order.closed(paid=is_paid, companion_fee_fen=companion_fee_fen, platform_fee_fen=platform_fee_fen)
        self.publish(closed)

    @rule()
    def say_that_it_was_paid_too_late(self) -> None:
        self.publish(self.order.paid_too_late())

    @rule(is_released=st.booleans())
    def complete_the_order(self, is_released: bool) -> None:
        self.publish(self.order.completed())
        if is_released:
            self.let_time_pass(60 * 24 * 8)

    @rule(minutes=st.sampled_from([1, 4, 60, 60 * 24 * 8]))
    def let_time_pass(self, minutes: int) -> None:
        with suppress(*EXPECTED):
            self.world.advance(minutes=minutes)

    @rule()
    def deliver_every_event_again(self) -> None:
        for event in list(self.world.delivered):
            with suppress(*EXPECTED):
                self.world.hand_over(event)
        self.world.deliver()

    def publish(self, event: Event) -> None:
        with suppress(*EXPECTED):
            self.world.publish(event)

    # what always holds ---------------------------------------------------------------------------------------------
    @invariant()
    def the_ledger_holds(self) -> None:
        assert self.till.findings() == []

    @invariant()
    def nothing_happens_twice(self) -> None:
        for name in ("payment.succeeded", "refund.requested", "refund.succeeded", "income.released"):
            assert len(self.world.events(name)) <= 1
        assert len(self.till.desk.books.refunds()) <= 1

    @invariant()
    def money_is_where_it_should_be(self) -> None:
        """What the provider holds of the order is what the books say, and it went one way only."""
        if not hasattr(self, "order"):
            return
        booked = [transaction.event for transaction in table.transactions_of(self.order.order_id)]
        assert len(booked) == len(set(booked))
        assert not {"split", "refund_requested"} <= set(booked)
        assert not {"split", "fees"} <= set(booked)
        assert table.find_totals()[Code.COMPANION_AVAILABLE] in (0, -SPLIT.share_fen, -FEE_FEN)
        if "refund_paid" in booked:
            assert [refund.status for refund in self.till.desk.books.refunds()] != ["PROCESSING"]
        if "payment" in booked:
            assert self.till.desk.books.order(self.order.payment_id).success_at is not None


MoneyMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)

TestMoneyMachine = MoneyMachine.TestCase
pytestmark = [pytest.mark.feature("B10"), pytest.mark.feature("F32")]
