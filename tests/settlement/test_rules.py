"""Ledger, payments, refunds, income: the rules alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.rules import ledger
from functions.settlement.rules.income import INCOME_MOVES, IncomeState, move_income
from functions.settlement.rules.ledger import (
    Account,
    Code,
    Division,
    Kind,
    NotReversible,
    Posting,
    Scope,
    SplitMismatch,
    Transaction,
    Unbalanced,
    fold,
)
from functions.settlement.rules.payments import (
    PAYMENT_MOVES,
    Claim,
    IllegalMove,
    OrderNotPayable,
    PaymentState,
    differences,
    move_payment,
    require_payable,
)
from functions.settlement.rules.policy import Policy
from functions.settlement.rules.refunds import (
    REFUND_MOVES,
    NothingToRefund,
    RefundState,
    move_refund,
    refundable_fen,
)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FEN = st.integers(min_value=0, max_value=500_000)
PAID = st.integers(min_value=1, max_value=500_000)
ORDERS = st.sampled_from([f"ord_{number}" for number in range(4)])
CLAIM = Claim(out_trade_no="pay_1", amount_fen=100, currency="CNY", merchant_id="m", app_id="a")


def account(code: Code) -> Account:
    return Account(code, "" if code.scope is Scope.PLATFORM else "x")


ACCOUNTS = st.sampled_from([account(code) for code in Code])


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    """Any business event with any amounts."""
    order_id, amount = draw(ORDERS), draw(PAID)
    about: dict[str, Any] = {"order_id": order_id, "amount_fen": amount, "at": NOW}
    booked = draw(
        st.sampled_from(
            [
                ledger.payment_received(payment_id="pay_1", **about),
                ledger.unexplained_payment(payment_id="pay_1", **about),
                ledger.refund_requested(refund_id="rfd_1", **about),
                ledger.refund_paid(refund_id="rfd_1", **about),
                ledger.premium_assigned(insurer_id="ins_1", **about),
                ledger.premium_kept(insurer_id="ins_1", **about),
                ledger.income_released(companion_id="acc_1", **about),
                split(order_id, draw(PAID), draw(FEN), draw(FEN)),
            ]
        )
    )
    return ledger.reversal(booked, at=NOW) if booked.event == "suspense" and draw(st.booleans()) else booked


def split(order_id: str, share_fen: int, commission_fen: int, premium_fen: int, subsidy_fen: int = 0) -> Transaction:
    division = Division(
        companion_id="acc_1",
        insurer_id="ins_1",
        share_fen=share_fen,
        commission_fen=commission_fen,
        premium_fen=premium_fen,
        subsidies={"prg_1": subsidy_fen} if subsidy_fen else {},
    )
    return ledger.order_split(order_id=order_id, held_fen=division.held_fen, division=division, at=NOW)


class TestLedger:
    @given(st.lists(transactions(), max_size=30))
    def test_any_sequence_of_bookings_sums_to_zero(self, booked: list[Transaction]) -> None:
        assert sum(fold(booked).values()) == 0

    @given(st.dictionaries(ACCOUNTS, st.integers(min_value=1, max_value=1_000), min_size=1, max_size=4))
    def test_a_reversal_takes_everything_back(self, debits: dict[Account, int]) -> None:
        credit = Account(Code.CLIENT_FUNDS_HELD, "ord_other")
        amounts = {**debits, credit: -sum(debits.values())}
        booked = ledger.manual_booking(booking_id="mbk_1", amounts=amounts, at=NOW)
        assert set(fold([booked, ledger.reversal(booked, at=NOW)]).values()) == {0}

    @given(transactions())
    def test_what_a_process_booked_is_put_right_by_it(self, booked: Transaction) -> None:
        if booked.event not in ("suspense", "manual"):
            with pytest.raises(NotReversible):
                ledger.reversal(booked, at=NOW)

    @given(st.lists(st.tuples(ACCOUNTS, st.integers(min_value=-1_000, max_value=1_000)), max_size=6))
    def test_only_balanced_transactions_exist(self, amounts: list[tuple[Account, int]]) -> None:
        postings = tuple(Posting(owner, amount) for owner, amount in amounts)
        is_sound = (
            bool(postings)
            and sum(amount for _, amount in amounts) == 0
            and all(amount for _, amount in amounts)
            and len({owner for owner, _ in amounts}) == len(amounts)
        )
        if is_sound:
            assert Transaction("x#1", "ord_1", NOW, postings).event == "x"
        else:
            with pytest.raises(Unbalanced):
                Transaction("x#1", "ord_1", NOW, postings)

    @pytest.mark.parametrize("amount", [1.5, True, "5"])
    def test_money_that_is_not_an_integer_is_refused(self, amount: Any) -> None:
        with pytest.raises(TypeError):
            Transaction("x#1", "ord_1", NOW, (Posting(ledger.SUSPENSE, amount), Posting(ledger.COMMISSION, -1)))

    @given(PAID, FEN, FEN, FEN)
    def test_a_split_gives_out_exactly_what_is_held(
        self, share: int, commission: int, premium: int, subsidy: int
    ) -> None:
        if share + commission + premium <= subsidy:
            return
        balances = fold([split("ord_1", share, commission, premium, subsidy)])
        given_out = -sum(amount for owner, amount in balances.items() if amount < 0)
        assert given_out == balances[ledger.funds_held("ord_1")] + balances.get(ledger.subsidy("prg_1"), 0)

    @given(PAID, FEN, FEN, st.integers(min_value=-10_000, max_value=10_000).filter(bool))
    def test_a_split_that_does_not_fit_is_refused(self, share: int, commission: int, premium: int, off: int) -> None:
        division = Division(
            companion_id="a", insurer_id="i", share_fen=share, commission_fen=commission, premium_fen=premium
        )
        with pytest.raises(SplitMismatch):
            ledger.order_split(order_id="ord_1", held_fen=division.held_fen + off, division=division, at=NOW)

    def test_negative_parts_are_refused_even_if_they_add_up(self) -> None:
        with pytest.raises(SplitMismatch):
            split("ord_1", 200, -100, 0)

    @given(PAID, FEN, FEN)
    def test_an_order_from_payment_to_income_leaves_nothing_held(
        self, share: int, commission: int, premium: int
    ) -> None:
        total = share + commission + premium
        balances = fold(
            [
                ledger.payment_received(payment_id="pay_1", order_id="ord_1", amount_fen=total, at=NOW),
                split("ord_1", share, commission, premium),
                ledger.income_released(order_id="ord_1", companion_id="acc_1", amount_fen=share, at=NOW),
            ]
        )
        assert balances[ledger.funds_held("ord_1")] == balances[ledger.companion_pending("acc_1")] == 0
        assert balances[ledger.companion_available("acc_1")] == -share
        assert balances[ledger.PROVIDER_CLEARING] == total

    def test_every_code_is_in_the_chart(self) -> None:
        assert all(code.kind in Kind and code.scope in Scope and code.label for code in Code)

    def test_an_account_belongs_to_whom_its_scope_says(self) -> None:
        for code, owner in ((Code.COMMISSION, "acc_1"), (Code.COMPANION_PENDING, "")):
            with pytest.raises(ValueError, match="belongs to"):
                Account(code, owner)
        assert str(ledger.companion_pending("acc_1")) == "companion_pending:acc_1"
        assert str(ledger.COMMISSION) == "commission"

    def test_events_of_one_instant_are_shown_in_the_order_of_the_money(self) -> None:
        paid = ledger.payment_received(payment_id="pay_1", order_id="ord_1", amount_fen=100, at=NOW)
        owed = ledger.refund_requested(refund_id="rfd_1", order_id="ord_1", amount_fen=100, at=NOW)
        back = ledger.refund_paid(refund_id="rfd_1", order_id="ord_1", amount_fen=100, at=NOW)
        early = ledger.premium_assigned(order_id="ord_1", insurer_id="i", amount_fen=1, at=NOW - timedelta(days=1))
        assert ledger.in_sequence([back, owed, paid, early]) == [early, paid, owed, back]

    @given(transactions())
    def test_every_event_has_its_place(self, booked: Transaction) -> None:
        assert ledger.in_sequence([booked]) == [booked]

    @given(st.text(max_size=40))
    def test_every_order_has_its_part_of_the_platforms_balances(self, order_id: str) -> None:
        assert 0 <= ledger.shard_of(order_id) < ledger.SHARDS

    def test_orders_spread_over_all_parts(self) -> None:
        assert {ledger.shard_of(f"ord_{number}") for number in range(400)} == set(range(ledger.SHARDS))


class TestStates:
    @pytest.mark.parametrize(
        ("states", "moves", "move"),
        [
            (PaymentState, PAYMENT_MOVES, move_payment),
            (RefundState, REFUND_MOVES, move_refund),
            (IncomeState, INCOME_MOVES, move_income),
        ],
    )
    def test_the_tables_are_closed_and_hold(self, states: Any, moves: Any, move: Any) -> None:
        assert set(moves) == set(states)
        for state in states:
            assert moves[state] <= set(states)
            for to in states:
                if to in moves[state]:
                    assert move(state, to) is to
                else:
                    with pytest.raises(IllegalMove):
                        move(state, to)

    def test_money_that_arrived_is_never_taken_back_from_the_books(self) -> None:
        assert not PAYMENT_MOVES[PaymentState.SUCCEEDED]
        assert not REFUND_MOVES[RefundState.SUCCEEDED]


class TestPayable:
    @pytest.mark.parametrize(
        ("state", "amount", "expires_in_s"),
        [
            ("paid", 100, 60),
            ("closed", 100, 60),
            ("awaiting_payment", 100, 0),
            ("awaiting_payment", 100, -1),
            ("awaiting_payment", 0, 60),
            ("awaiting_payment", -1, 60),
        ],
    )
    def test_only_a_held_order_with_a_price_can_be_paid(self, state: str, amount: int, expires_in_s: int) -> None:
        expires_at = NOW + timedelta(seconds=expires_in_s)
        with pytest.raises(OrderNotPayable):
            require_payable(order_state=state, amount_fen=amount, hold_expires_at=expires_at, now=NOW)

    def test_until_the_last_moment_of_the_hold(self) -> None:
        expires_at = NOW + timedelta(milliseconds=1)
        require_payable(order_state="awaiting_payment", amount_fen=1, hold_expires_at=expires_at, now=NOW)


class TestClaims:
    def test_the_same_claim_has_no_difference(self) -> None:
        assert differences(CLAIM, CLAIM) == ()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("out_trade_no", "pay_2"),
            ("amount_fen", 99),
            ("amount_fen", None),
            ("currency", "USD"),
            ("merchant_id", "other"),
            ("app_id", None),
        ],
    )
    def test_each_field_counts(self, field: str, value: Any) -> None:
        assert differences(CLAIM, replace(CLAIM, **{field: value})) == (field,)


class TestRefundable:
    @given(PAID, FEN)
    def test_all_of_a_payment_that_is_still_held(self, paid: int, extra: int) -> None:
        assert refundable_fen(paid_fen=paid, held_fen=paid + extra) == paid

    @given(PAID, FEN)
    def test_nothing_once_it_was_given_out(self, paid: int, held: int) -> None:
        if held < paid:
            with pytest.raises(NothingToRefund):
                refundable_fen(paid_fen=paid, held_fen=held)


class TestSchedules:
    def test_an_unpaid_payment_is_asked_for_within_seconds_then_more_seldom(self) -> None:
        delays = [Policy().payment_check_after(checks).total_seconds() for checks in range(8)]
        assert delays == [15, 30, 60, 180, 600, 1800, 1800, 1800]

    @given(st.integers(min_value=0, max_value=1_000))
    def test_a_refund_is_pursued_for_ever_and_never_more_often(self, checks: int) -> None:
        policy = Policy()
        assert timedelta(minutes=1) <= policy.refund_check_after(checks) <= policy.refund_check_after(checks + 1)
