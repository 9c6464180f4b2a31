"""What cancelling and moving cost, and when a companion is asked to confirm: for all terms, prices and instants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules import cancellation, confirmation, orders, rescheduling, series
from functions.booking.rules.cancellation import DEFAULT_TERMS, Cost, CostReason, LateFee, Terms
from functions.booking.rules.confirmation import NotYetAsked, Step
from functions.booking.rules.orders import IllegalMove, OrderState
from functions.booking.rules.policy import Policy
from functions.booking.rules.rescheduling import REFUSALS, Movable, Refusal, RescheduleRefused
from functions.shared import clock
from functions.shared.errors import Invalid, NotFound

STARTS_AT = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
BP = st.integers(0, 10_000)
SECONDS = st.integers(-3 * 86_400, 60 * 86_400)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    windows = sorted(draw(st.sets(st.integers(1, 30 * 86_400), max_size=4)), reverse=True)
    *fees, last = sorted(draw(st.lists(BP, min_size=len(windows) + 1, max_size=len(windows) + 1)))
    late = tuple(LateFee(within_s, fee_bp) for within_s, fee_bp in zip(windows, fees, strict=True))
    return replace(DEFAULT_TERMS, late_fees=late, after_departure_bp=last, companion_part_bp=draw(BP))


def cost(within: Terms = DEFAULT_TERMS, *, before_s: int = 0, **changed: Any) -> Cost:
    """Of an assigned order of ¥340 with a premium of ¥5, so many seconds before its visit."""
    facts: dict[str, Any] = {"paid_fen": 34_500, "premium_fen": 500, "assigned": True, "departed": False}
    now = STARTS_AT - timedelta(seconds=before_s)
    return cancellation.cost(within, starts_at=STARTS_AT, now=now, **facts | changed)


@pytest.mark.feature("B3")
class TestCost:
    @given(terms(), SECONDS, st.integers(0, 10_000_00), st.integers(0, 50_000), st.booleans(), st.booleans())
    def test_it_adds_up_to_the_fen_and_never_keeps_the_premium(
        self, within: Terms, before_s: int, paid_fen: int, premium_fen: int, assigned: bool, departed: bool
    ) -> None:
        found = cost(
            within,
            before_s=before_s,
            paid_fen=paid_fen,
            premium_fen=premium_fen,
            assigned=assigned,
            departed=departed,
        )
        assert found.refund_fen + found.companion_fee_fen + found.platform_fee_fen == paid_fen
        assert min(found.refund_fen, found.companion_fee_fen, found.platform_fee_fen) >= 0
        assert found.refund_fen >= min(premium_fen, paid_fen)

    @given(terms(), st.lists(SECONDS, min_size=2, max_size=6), st.integers(0, 10_000_00))
    def test_it_never_falls_towards_the_visit_nor_by_departing(
        self, within: Terms, seconds: list[int], paid_fen: int
    ) -> None:
        fees = [cost(within, before_s=s, paid_fen=paid_fen).fee_fen for s in sorted(seconds, reverse=True)]
        assert fees == sorted(fees)
        assert cost(within, before_s=min(seconds), paid_fen=paid_fen, departed=True).fee_fen >= fees[-1]

    @given(terms(), SECONDS)
    def test_it_stays_the_same_until_the_instant_that_it_names(self, within: Terms, before_s: int) -> None:
        found = cost(within, before_s=before_s)
        if found.until is not None:
            left_s = int((STARTS_AT - found.until).total_seconds())
            assert cost(within, before_s=left_s) == found
            assert cost(within, before_s=left_s - 1).until != found.until

    @pytest.mark.parametrize(
        ("before_s", "changed", "reason", "fee_fen"),
        [
            (24 * 3600, {}, CostReason.IN_TIME, 0),
            (24 * 3600 - 1, {}, CostReason.LATE, 6_800),
            (4 * 3600, {}, CostReason.LATE, 6_800),
            (4 * 3600 - 1, {}, CostReason.LATE, 17_000),
            (3600, {"departed": True}, CostReason.DEPARTED, 27_200),
            (3600, {"assigned": False}, CostReason.NOBODY_ASSIGNED, 0),
            (3600, {"paid_fen": 0, "assigned": False}, CostReason.UNPAID, 0),
        ],
    )
    def test_the_default_terms(self, before_s: int, changed: dict[str, Any], reason: CostReason, fee_fen: int) -> None:
        found = cost(before_s=before_s, **changed)
        assert (found.reason, found.fee_fen) == (reason, fee_fen)
        assert found.companion_fee_fen == fee_fen * 80 // 100

    @pytest.mark.parametrize(
        "changed",
        [
            {"late_fees": (LateFee(3600, 100), LateFee(7200, 200))},
            {"late_fees": (LateFee(7200, 200), LateFee(3600, 100))},
            {"late_fees": (LateFee(0, 100),)},
            {"late_fees": (LateFee(3600, -1),)},
            {"after_departure_bp": 100},
            {"after_departure_bp": 10_001},
            {"companion_part_bp": 10_001},
            {"max_reschedules": -1},
            {"reschedule_before_s": -1},
        ],
    )
    def test_terms_that_make_no_sense_cannot_be_written_down(self, changed: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=DEFAULT_TERMS.version):
            replace(DEFAULT_TERMS, **changed)

    def test_the_version_that_took_effect_last_is_in_force(self) -> None:
        first = DEFAULT_TERMS
        second = replace(first, version="2026.2", effective_from=STARTS_AT)
        versions = (second, first)
        assert cancellation.in_force(versions, STARTS_AT - timedelta(seconds=1)) == first
        assert cancellation.in_force(versions, STARTS_AT) == second
        assert cancellation.in_force(versions, datetime(2025, 1, 1, tzinfo=UTC)) is None


@pytest.mark.feature("B3")
class TestMoving:
    ORDER = Movable(OrderState.ASSIGNED, departed=False, starts_at=STARTS_AT, times_moved=0)

    @pytest.mark.parametrize(
        ("changed", "before_h", "to_h", "refusal"),
        [
            ({"state": OrderState.AWAITING_PAYMENT}, 48, 1, Refusal.STATE),
            ({"state": OrderState.IN_SERVICE}, 48, 1, Refusal.STATE),
            ({"departed": True}, 48, 1, Refusal.DEPARTED),
            ({}, 48, 0, Refusal.SAME_TIME),
            ({}, 11, 1, Refusal.TOO_LATE),
            ({"times_moved": 2}, 48, 1, Refusal.TOO_OFTEN),
        ],
    )
    def test_it_is_refused_with_the_reason(
        self, changed: dict[str, Any], before_h: int, to_h: int, refusal: Refusal
    ) -> None:
        now, to = STARTS_AT - timedelta(hours=before_h), STARTS_AT + timedelta(hours=to_h)
        with pytest.raises(RescheduleRefused, match=REFUSALS[refusal]):
            rescheduling.check(replace(self.ORDER, **changed), DEFAULT_TERMS, to=to, now=now)

    def test_until_the_last_instant_it_is_allowed(self) -> None:
        now = STARTS_AT - timedelta(hours=12)
        for state in rescheduling.MOVABLE:
            order = replace(self.ORDER, state=state, times_moved=1)
            rescheduling.check(order, DEFAULT_TERMS, to=STARTS_AT + timedelta(days=1), now=now)

    @given(st.integers(0, 1_000), st.one_of(st.none(), st.integers(0, 1_000)))
    def test_a_dearer_time_is_refused_and_a_cheaper_one_keeps_the_price(
        self, now_fen: int, then_fen: int | None
    ) -> None:
        if then_fen is not None and then_fen <= now_fen:
            rescheduling.check_price(now_fen=now_fen, then_fen=then_fen)
        else:
            with pytest.raises(RescheduleRefused):
                rescheduling.check_price(now_fen=now_fen, then_fen=then_fen)

    @given(*[st.integers(0, 1_000)] * 4)
    def test_a_complaint_makes_nothing_dearer_and_gives_back_no_more_than_was_paid(
        self, paid_fen: int, premium_fen: int, now_fen: int, then_fen: int
    ) -> None:
        back_fen = rescheduling.difference_back_fen(
            paid_fen=paid_fen, premium_fen=premium_fen, now_fen=now_fen, then_fen=then_fen
        )
        assert 0 <= back_fen <= max(0, paid_fen - premium_fen)
        assert back_fen == 0 or back_fen <= now_fen - then_fen

    @given(st.sets(st.integers(0, 47)), st.integers(0, 47))
    def test_the_alternatives_are_the_nearest_free_ones(self, free: set[int], wanted: int) -> None:
        starts = [STARTS_AT + timedelta(minutes=30 * n) for n in range(48)]
        found = rescheduling.nearest(starts[wanted], starts, lambda at: starts.index(at) in free)
        distances = sorted(abs(n - wanted) for n in free)[:6]
        assert sorted(abs(starts.index(at) - wanted) for at in found) == distances
        assert found == sorted(found)


@pytest.mark.feature("B6")
class TestConfirmation:
    @given(st.integers(0, 90 * 86_400), st.integers(1, 48 * 3600), st.integers(2, 24 * 3600))
    def test_it_is_asked_reminded_and_given_up_in_order_before_the_visit(
        self, before_s: int, ask_before_s: int, within_s: int
    ) -> None:
        policy = Policy(confirm_ask_before_s=ask_before_s, confirm_within_s=within_s)
        now = STARTS_AT - timedelta(seconds=before_s)
        asked = confirmation.to_be_asked(now, STARTS_AT, policy)
        reminded = confirmation.after(asked)
        over = confirmation.after(reminded)
        assert [each.step for each in (asked, reminded, over)] == [Step.ASK, Step.REMIND, Step.GIVE_UP]
        times = [each.next_at for each in (asked, reminded, over)]
        assert None not in times and times == sorted(times, key=str)
        assert now <= asked.ask_at <= over.answer_by <= STARTS_AT
        assert confirmation.after(over).next_at is None
        assert [each.is_open for each in (asked, reminded, over)] == [False, True, True]

    def test_taking_a_visit_within_a_day_is_a_promise_already(self) -> None:
        policy = Policy()
        near = confirmation.on_assignment(STARTS_AT - timedelta(hours=24), STARTS_AT, policy)
        far = confirmation.on_assignment(STARTS_AT - timedelta(hours=24, seconds=1), STARTS_AT, policy)
        assert near.confirmed_at == STARTS_AT - timedelta(hours=24) and near.next_at is None
        assert far.confirmed_at is None and far.next_at == STARTS_AT - timedelta(hours=24)

    def test_a_promise_is_made_once_and_not_before_the_question(self) -> None:
        asked = confirmation.to_be_asked(STARTS_AT - timedelta(days=3), STARTS_AT, Policy())
        with pytest.raises(NotYetAsked):
            confirmation.confirmed(asked, STARTS_AT - timedelta(hours=25))
        at = STARTS_AT - timedelta(hours=23)
        promised = confirmation.confirmed(asked, at)
        assert (promised.confirmed_at, promised.next_at) == (at, None)
        assert confirmation.confirmed(promised, at + timedelta(hours=1)) is promised


@pytest.mark.feature("B8")
class TestSeries:
    @given(st.sets(st.integers(1, 7)), st.integers(1, 4), st.integers(1, 26), st.integers(0, 40))
    def test_a_pattern_is_as_many_starts_on_its_weekdays_at_one_time_of_day(
        self, weekdays: set[int], every_weeks: int, count: int, first_day: int
    ) -> None:
        first = STARTS_AT + timedelta(days=first_day)
        starts = series.weekly(first, weekdays=weekdays, every_weeks=every_weeks, count=count)
        days = weekdays or {clock.china(first).isoweekday()}
        assert len(starts) == count and starts == sorted(set(starts)) and starts[0] >= first
        assert {clock.china(at).isoweekday() for at in starts} <= days
        assert {clock.china(at).time() for at in starts} == {clock.china(first).time()}
        weeks = {(clock.service_date(at).toordinal() - 1) // 7 for at in starts}
        assert all((b - a) % every_weeks == 0 for a, b in pairwise(sorted(weeks)))

    def test_dates_are_limited_and_at_most_one_a_day(self) -> None:
        now = STARTS_AT - timedelta(days=1)
        day = [STARTS_AT + timedelta(days=n) for n in range(30)]
        assert series.check_starts([day[2], day[0]], now, Policy()) == [day[0], day[2]]
        for wrong in (day[:13], [day[0], day[0] + timedelta(hours=5)], [now], [STARTS_AT + timedelta(days=365)]):
            with pytest.raises(Invalid):
                series.check_starts(wrong, now, Policy())

    @given(st.integers(1, 90 * 86_400))
    def test_the_time_to_pay_ends_well_before_the_visit_but_is_never_too_short(self, before_s: int) -> None:
        policy, now = Policy(), STARTS_AT - timedelta(seconds=before_s)
        until = series.pay_until(now, STARTS_AT, policy)
        assert now < until <= STARTS_AT
        assert until >= min(now + timedelta(seconds=policy.series_hold_s), STARTS_AT)
        warned = series.warn_at(now, until, policy)
        assert warned is None or now < warned < until

    def test_a_date_is_skipped_once_and_only_if_it_was_placed(self) -> None:
        placed = series.Entry(STARTS_AT, series.EntryState.PLACED, order_id="ord_1")
        failed = series.Entry(STARTS_AT + timedelta(days=7), series.EntryState.FAILED, code="slot_taken")
        found = series.Series("acc_1", "pat_1", "hos_1", "dep", "basic", (placed, failed))
        assert series.entry_on(found, clock.service_date(STARTS_AT)) == placed
        with pytest.raises(NotFound):
            series.entry_on(found, clock.service_date(STARTS_AT) + timedelta(days=1))
        without = series.skipped(found, placed)
        assert [entry.state for entry in without.entries] == ["skipped", "failed"]
        for entry in without.entries:
            with pytest.raises(series.NotSkippable):
                series.skipped(without, entry)
        with pytest.raises(series.SeriesEnded):
            series.skipped(replace(found, ended_at=STARTS_AT), placed)


@pytest.mark.feature("F3")
class TestTransitions:
    """The whole table: every pair of states, the allowed ones written out once more."""

    ALLOWED = {
        ("awaiting_payment", "paid"),
        ("awaiting_payment", "closed"),
        ("awaiting_payment", "cancelled"),
        ("paid", "dispatching"),
        ("paid", "cancelled"),
        ("dispatching", "assigned"),
        ("dispatching", "no_companion"),
        ("dispatching", "cancelled"),
        ("assigned", "in_service"),
        ("assigned", "dispatching"),
        ("assigned", "cancelled"),
        ("assigned", "closed"),
        ("in_service", "completed"),
        ("in_service", "closed"),
    }

    @pytest.mark.parametrize("state", list(OrderState))
    @pytest.mark.parametrize("to", list(OrderState))
    def test_every_pair_is_allowed_or_refused(self, state: OrderState, to: OrderState) -> None:
        if (state.value, to.value) in self.ALLOWED:
            assert orders.move_order(state, to) is to
        else:
            with pytest.raises(IllegalMove):
                orders.move_order(state, to)

    def test_what_can_be_cancelled_leads_to_cancelled(self) -> None:
        leads = {state for state, moves in orders.ORDER_MOVES.items() if OrderState.CANCELLED in moves}
        assert leads == cancellation.CANCELLABLE
