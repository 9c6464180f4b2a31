"""Withdrawals and the plan of a payout run."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.rules import payouts
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.payouts import PLAN_MOVES, PlanState, Totals
from functions.settlement.rules.withdrawals import (
    OPEN,
    TITLES,
    WITHDRAWAL_MOVES,
    AmountOutOfRange,
    Channel,
    DailyLimitReached,
    DayTotal,
    PayoutPolicy,
    Withdrawal,
    WithdrawalState,
    check_request,
    checked_card_number,
    is_same_name,
    move_withdrawal,
)
from functions.shared import ids
from functions.shared.errors import Invalid

POLICY = PayoutPolicy()
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def withdrawal(number: int = 1, *, amount_fen: int = 50_000, at: datetime = MONDAY, **changed: object) -> Withdrawal:
    facts = {
        "withdrawal_id": ids.derived("wdr", f"ord_01KJP0Y9M0VYYBSZ3XWHYR{number:04d}"),
        "companion_id": f"acc_{number}",
        "payee_id": "pye_1",
        "channel": Channel.WECHAT,
        "amount_fen": amount_fen,
        "state": WithdrawalState.REQUESTED,
        "requested_at": at,
    }
    return Withdrawal(**{**facts, **changed})  # type: ignore[arg-type]


@pytest.mark.feature("F26")
class TestRequest:
    def test_a_hundred_yuan_is_enough(self) -> None:
        assert check_request(10_000, DayTotal(), POLICY) == DayTotal(1, 10_000)

    @pytest.mark.parametrize("amount_fen", [9_999, 0, -10_000, 2_000_001])
    def test_less_or_far_more_is_refused(self, amount_fen: int) -> None:
        with pytest.raises(AmountOutOfRange):
            check_request(amount_fen, DayTotal(), POLICY)

    @pytest.mark.parametrize("today", [DayTotal(3, 30_000), DayTotal(1, 1_990_001)])
    def test_a_day_has_a_limit_of_number_and_amount(self, today: DayTotal) -> None:
        with pytest.raises(DailyLimitReached):
            check_request(10_000, today, POLICY)

    def test_final_states_lead_nowhere_and_every_state_is_named(self) -> None:
        for state in WithdrawalState:
            assert TITLES[state]
            assert bool(WITHDRAWAL_MOVES[state]) == (state in OPEN)
        with pytest.raises(IllegalMove):
            move_withdrawal(WithdrawalState.PAID, WithdrawalState.RETURNED)


class TestPayee:
    @pytest.mark.parametrize("text", ["4539 1488 0343 6468", "62220200000000001x", "1234", ""])
    def test_a_mistyped_card_is_refused(self, text: str) -> None:
        with pytest.raises(Invalid):
            checked_card_number(text)

    def test_a_card_with_its_check_digit_passes(self) -> None:
        assert checked_card_number("4539 1488 0343 6467") == "4539148803436467"

    @given(st.text("0123456789", min_size=12, max_size=18))
    def test_exactly_one_last_digit_fits(self, body: str) -> None:
        fitting = [digit for digit in "0123456789" if _passes(body + digit)]
        assert len(fitting) == 1

    @pytest.mark.parametrize(
        ("given_name", "certified", "same"),
        [
            ("王 芳", "王芳", True),
            ("阿卜杜拉·买买提", "阿卜杜拉买买提", True),
            ("王芳", "王方", False),
            ("", "", False),
            ("·", " ", False),
        ],
    )
    def test_the_name_must_be_the_certified_one(self, given_name: str, certified: str, same: bool) -> None:
        assert is_same_name(given_name, certified) is same


def _passes(number: str) -> bool:
    try:
        checked_card_number(number)
    except Invalid:
        return False
    return True


@pytest.mark.feature("F26")
class TestCalendar:
    def test_what_is_asked_on_friday_is_paid_on_monday(self) -> None:
        friday = datetime(2026, 3, 6, 15, 59, tzinfo=UTC)
        assert payouts.expected_on(friday, {}) == date(2026, 3, 9)

    def test_a_day_begins_at_midnight_in_china(self) -> None:
        late = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
        assert payouts.expected_on(late, {}) == date(2026, 3, 3)
        assert payouts.expected_on(late + timedelta(seconds=1), {}) == date(2026, 3, 4)

    def test_nothing_is_paid_on_a_holiday_unless_the_operator_says_so(self) -> None:
        holiday = date(2026, 10, 1)
        assert not payouts.is_due(holiday, {})
        assert payouts.is_due(holiday, {holiday: True})


@pytest.mark.feature("B11")
class TestPlan:
    def test_only_what_was_asked_before_the_day_and_is_still_wanted(self) -> None:
        day = date(2026, 3, 3)
        midnight = payouts.cutoff(day)
        wanted = withdrawal(1, at=midnight - timedelta(milliseconds=1))
        others = (
            withdrawal(2, at=midnight),
            withdrawal(3, state=WithdrawalState.RETURNED),
            withdrawal(4, state=WithdrawalState.PAYING),
        )
        items = list(payouts.plan((wanted, *others), day=day, policy=POLICY))
        assert [item.withdrawal_id for item in items] == [wanted.withdrawal_id]

    def test_a_large_withdrawal_goes_out_in_parts_of_its_own_numbers(self) -> None:
        item = payouts.item_of(withdrawal(1, amount_fen=40_005), POLICY)
        assert [transfer.amount_fen for transfer in item.transfers] == [20_000, 19_995, 10]
        numbers = [transfer.bill_no for transfer in item.transfers]
        assert len(set(numbers)) == 3
        for number in numbers:
            assert number.isalnum()
            assert len(number) <= 32
            assert payouts.withdrawal_of(number) == item.withdrawal_id

    @given(
        st.lists(
            st.tuples(st.integers(0, 9_999), st.integers(10_000, 2_000_000), st.sampled_from(Channel)), max_size=20
        )
    )
    def test_the_same_withdrawals_give_the_same_bytes_and_pay_each_exactly(
        self, rows: list[tuple[int, int, Channel]]
    ) -> None:
        asked = [withdrawal(number, amount_fen=amount, channel=channel) for number, amount, channel in rows]
        first, again = _totals(asked), _totals(asked)
        assert first.sha256 == again.sha256
        assert (first.count, first.amount_fen) == (len(asked), sum(each.amount_fen for each in asked))
        for each in asked:
            item = payouts.item_of(each, POLICY)
            assert sum(transfer.amount_fen for transfer in item.transfers) == each.amount_fen

    @given(st.integers(10, 10_000_000), st.integers(10, 200), st.integers(1_000, 100_000))
    def test_parts_sum_and_keep_both_limits(self, amount_fen: int, least_fen: int, limit_fen: int) -> None:
        if amount_fen < least_fen:
            with pytest.raises(ValueError, match="cannot go out"):
                payouts.split(amount_fen, limit_fen=limit_fen, least_fen=least_fen)
            return
        parts = payouts.split(amount_fen, limit_fen=limit_fen, least_fen=least_fen)
        assert sum(parts) == amount_fen
        assert all(least_fen <= part <= limit_fen for part in parts)
        assert len(parts) == -(-amount_fen // limit_fen)

    def test_a_plan_is_not_approved_before_it_is_whole_nor_twice(self) -> None:
        assert PlanState.APPROVED in PLAN_MOVES[PlanState.AWAITING_APPROVAL]
        with pytest.raises(IllegalMove):
            payouts.move_plan(PlanState.REJECTED, PlanState.APPROVED)
        with pytest.raises(IllegalMove):
            payouts.move_plan(PlanState.DONE, PlanState.APPROVED)

    @given(st.sets(st.integers(1, 40)), st.integers(0, 40))
    def test_every_day_since_the_last_whole_plan_is_looked_at(self, planned_back: set[int], asked_back: int) -> None:
        today = date(2026, 3, 10)
        planned = [today - timedelta(days=back) for back in planned_back]
        days = payouts.days_to_collect(today, planned, look_back_days=30)
        asked = today - timedelta(days=asked_back)
        was_collected = any(asked <= day for day in planned)
        is_too_old = asked_back > 30
        assert (asked in days) == (not was_collected and not is_too_old)
        assert days == sorted(days)
        assert days[-1] == today

    def test_above_the_limit_a_second_person_is_needed(self) -> None:
        limit_fen = POLICY.second_person_above_fen
        assert not payouts.needs_second_person(limit_fen, POLICY)
        assert payouts.needs_second_person(limit_fen + 1, POLICY)


def _totals(asked: list[Withdrawal]) -> Totals:
    totals = Totals()
    for item in payouts.plan(asked, day=date(2026, 3, 3), policy=POLICY):
        totals.add(item)
    return totals
