"""Prices, splits, calendars, states and timetables, without a store."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules import calendar, itinerary, orders, pricing
from functions.booking.rules.calendar import Booking, Day, SlotTaken
from functions.booking.rules.itinerary import CheckIn, Milestone, ProcessTemplate
from functions.booking.rules.orders import IllegalMove, OfferClosed, OfferState, OrderState
from functions.booking.rules.policy import Policy, Tier
from functions.booking.rules.pricing import (
    Discount,
    Insurance,
    LineKind,
    Price,
    QuoteExpired,
    QuoteUsed,
)
from functions.shared.clock import CHINA, service_date
from functions.shared.errors import Invalid

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=CHINA)
POLICY = Policy()
INSURANCE = Insurance("anxin_visit", "诊伴安心险", 500)
prices = st.integers(min_value=0, max_value=1_000_000)


def paid(net_fen: int, insurance: Insurance | None = None) -> Price:
    """A price without discounts."""
    return Price((), net_fen + (insurance.premium_fen if insurance else 0), insurance)


def booking(order_id: str = "ord_1", *, starts: float = 0, hours: float = 4, campus: str = "east") -> Booking:
    """`starts` in hours after noon."""
    starts_at = NOON + timedelta(hours=starts)
    return Booking(order_id, starts_at, starts_at + timedelta(hours=hours), campus)


def fields(act: Callable[[], object]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        act()
    return [error.field for error in refused.value.errors]


@pytest.mark.feature("F25")
class TestSplit:
    def test_the_share_is_of_the_price_without_the_premium(self) -> None:
        split = pricing.split(paid(34_000, Insurance("p", "p", 500)), 9_000)
        assert (split.share_fen, split.commission_fen, split.premium_fen) == (30_600, 3_400, 500)

    @given(net=st.integers(0, 10_000_000), premium=prices, share_bp=st.integers(0, 10_000))
    def test_the_parts_always_make_the_total_and_none_is_negative(self, net: int, premium: int, share_bp: int) -> None:
        split = pricing.split(paid(net, Insurance("p", "p", premium)), share_bp)
        assert split.share_fen + split.commission_fen + split.premium_fen == net + premium + split.subsidy_fen
        assert min(split.share_fen, split.commission_fen) >= 0
        assert abs(split.share_fen * 10_000 - net * share_bp) < 10_000

    @given(
        net=st.integers(1_000, 10_000_000),
        off=st.lists(st.tuples(st.sampled_from(sorted(pricing.DISCOUNTS)), st.integers(1, 100)), max_size=9),
        share_bp=st.integers(0, 10_000),
    )
    def test_discounts_are_borne_by_their_programmes_and_not_by_the_companion(
        self, net: int, off: list[tuple[LineKind, int]], share_bp: int
    ) -> None:
        gross = paid(net, INSURANCE)
        each = [Discount(kind, f"x{index}", f"prg_{index % 2}", "减", fen) for index, (kind, fen) in enumerate(off)]
        price = pricing.discounted(gross, each)
        split = pricing.split(price, share_bp)
        assert (price.gross_fen, split.share_fen) == (gross.total_fen, pricing.split(gross, share_bp).share_fen)
        assert sum(item.amount_fen for item in price.items) == price.total_fen - gross.total_fen
        assert split.share_fen + split.commission_fen + split.premium_fen == (
            price.total_fen + split.subsidy_fen + split.coupon_fen
        )
        assert split.subsidy_fen == sum(split.subsidies.values())

    def test_something_is_always_left_to_pay(self) -> None:
        coupon = Discount(LineKind.COUPON, "cpn_1", "cmp_1", "券", 1_000)
        with pytest.raises(ValueError, match="0 fen"):
            pricing.discounted(paid(1_000), [coupon])
        assert pricing.discounted(paid(1_001), [coupon]).total_fen == pricing.MIN_TOTAL_FEN


class TestStart:
    def check(self, starts_at: datetime, *, now: datetime = NOON - timedelta(days=1), **policy: int) -> None:
        pricing.check_start(starts_at, now, Policy(**policy))  # type: ignore[arg-type]

    @pytest.mark.feature("F4")
    def test_a_visit_begins_on_the_half_hour(self) -> None:
        self.check(NOON)
        self.check(NOON + timedelta(minutes=30))
        for off in (timedelta(minutes=10), timedelta(seconds=1), timedelta(microseconds=1)):
            assert fields(lambda off=off: self.check(NOON + off)) == ["starts_at"]  # type: ignore[misc]

    @pytest.mark.feature("B2")
    def test_it_must_be_booked_ahead_but_not_too_far(self) -> None:
        ahead = timedelta(seconds=POLICY.lead_time_s)
        self.check(NOON, now=NOON - ahead)
        assert fields(lambda: self.check(NOON, now=NOON - ahead + timedelta(milliseconds=1))) == ["starts_at"]
        self.check(NOON, now=NOON - timedelta(days=90))
        assert fields(lambda: self.check(NOON, now=NOON - timedelta(days=90, milliseconds=1))) == ["starts_at"]

    def test_without_lead_time_it_must_still_lie_ahead(self) -> None:
        self.check(NOON, now=NOON - timedelta(seconds=1), lead_time_s=0)
        assert fields(lambda: self.check(NOON, now=NOON, lead_time_s=0)) == ["starts_at"]

    @pytest.mark.parametrize("far", [datetime.min, datetime.max])
    def test_the_ends_of_time_are_refused_and_not_an_error(self, far: datetime) -> None:
        for zone in (UTC, CHINA):
            assert fields(lambda zone=zone: self.check(far.replace(tzinfo=zone))) == ["starts_at"]  # type: ignore[misc]


@pytest.mark.feature("F4")
def test_a_quote_is_usable_once_and_until_its_last_instant() -> None:
    pricing.check_usable(expires_at=NOON, order_id=None, now=NOON - timedelta(milliseconds=1))
    with pytest.raises(QuoteExpired):
        pricing.check_usable(expires_at=NOON, order_id=None, now=NOON)
    with pytest.raises(QuoteUsed):
        pricing.check_usable(expires_at=NOON, order_id="ord_1", now=NOON - timedelta(minutes=1))


@pytest.mark.feature("B1")
class TestCalendar:
    def day(self, *bookings: Booking) -> Day:
        return reduce(lambda day, each: calendar.book(day, each, POLICY), bookings, Day(service_date(NOON)))

    def test_visits_of_one_campus_may_touch_but_not_overlap(self) -> None:
        day = self.day(booking("a"), booking("b", starts=4))
        assert [each.order_id for each in day.bookings] == ["a", "b"]
        with pytest.raises(SlotTaken):
            calendar.book(day, booking("c", starts=3.5, hours=1), POLICY)

    @pytest.mark.feature("B2")
    def test_another_campus_needs_time_to_travel(self) -> None:
        day = self.day(booking("a"))
        assert calendar.fits(day, booking("b", starts=5, campus="west"), POLICY)
        assert not calendar.fits(day, booking("b", starts=4.5, campus="west"), POLICY)

    @pytest.mark.feature("B2")
    def test_a_day_holds_three_visits(self) -> None:
        day = self.day(*(booking(name, starts=at, hours=1) for name, at in (("a", 0), ("b", 1), ("c", 2))))
        assert not calendar.fits(day, booking("d", starts=3, hours=1), POLICY)

    def test_booking_an_order_again_moves_it(self) -> None:
        day = self.day(booking("a"), booking("a", starts=2))
        assert day.bookings == (booking("a", starts=2),)

    def test_a_released_slot_is_free_again(self) -> None:
        day = calendar.release(self.day(booking("a")), "a")
        assert day.bookings == () and calendar.fits(day, booking("b"), POLICY)
        assert calendar.release(day, "unknown") == day

    def test_a_visit_over_midnight_touches_two_days(self) -> None:
        late = booking(starts=10)
        dates = calendar.days_of(late.starts_at, late.ends_at)
        assert [each.day for each in dates] == [4, 5]
        assert calendar.days_of(NOON, NOON + timedelta(hours=12)) == (service_date(NOON),)

    def test_a_visit_stands_in_the_days_that_one_travels_in_too(self) -> None:
        midnight = NOON + timedelta(hours=12)
        before, after = service_date(NOON), service_date(midnight)
        for starts_at, ends_at, held in (
            (NOON, midnight - timedelta(hours=1), (before,)),
            (NOON, midnight - timedelta(minutes=30), (before, after)),
            (midnight + timedelta(minutes=30), midnight + timedelta(hours=2), (before, after)),
            (midnight + timedelta(hours=1), midnight + timedelta(hours=2), (after,)),
        ):
            assert calendar.days_held(starts_at, ends_at, POLICY) == held

    @given(
        st.lists(st.tuples(st.integers(-48, 47), st.integers(1, 24), st.sampled_from(["east", "west"])), max_size=12)
    )
    def test_no_sequence_of_bookings_ever_overlaps(self, wishes: list[tuple[int, int, str]]) -> None:
        days: dict[object, Day] = {}
        for number, (half_hours, length, campus) in enumerate(wishes):
            wish = booking(f"ord_{number}", starts=half_hours / 2, hours=length / 2, campus=campus)
            touched = [days.get(d, Day(d)) for d in calendar.days_held(wish.starts_at, wish.ends_at, POLICY)]
            if all(calendar.fits(day, wish, POLICY) for day in touched):
                days |= {day.service_date: calendar.book(day, wish, POLICY) for day in touched}
        kept = sorted({each for day in days.values() for each in day.bookings}, key=lambda each: each.starts_at)
        assert all(one.ends_at <= two.starts_at for one, two in itertools.pairwise(kept))


class TestStates:
    FINAL = frozenset({OrderState.COMPLETED, OrderState.CANCELLED, OrderState.NO_COMPANION, OrderState.CLOSED})

    def test_an_order_goes_the_whole_way(self) -> None:
        way = ["awaiting_payment", "paid", "dispatching", "assigned", "in_service", "completed"]
        assert reduce(orders.move_order, map(OrderState, way[1:]), OrderState(way[0])) is OrderState.COMPLETED

    @given(st.sampled_from(OrderState), st.sampled_from(OrderState))
    def test_a_move_is_in_the_table_or_refused(self, state: OrderState, to: OrderState) -> None:
        if to in orders.ORDER_MOVES[state]:
            assert orders.move_order(state, to) is to
        else:
            with pytest.raises(IllegalMove):
                orders.move_order(state, to)

    def test_the_table_is_closed_and_final_states_have_no_way_out(self) -> None:
        assert set(orders.ORDER_MOVES) == set(OrderState)
        assert {state for state, moves in orders.ORDER_MOVES.items() if not moves} == self.FINAL
        assert all(orders.title_of(state) for state in OrderState)

    @given(st.sampled_from(OfferState), st.sampled_from(OfferState))
    def test_an_offer_is_answered_once(self, state: OfferState, to: OfferState) -> None:
        if state is OfferState.OPEN and to is not OfferState.OPEN:
            assert orders.move_offer(state, to) is to
        else:
            with pytest.raises(OfferClosed):
                orders.move_offer(state, to)


class TestDeadlines:
    @pytest.mark.feature("F19")
    @given(st.integers(-600, 10**6))
    def test_an_offer_can_be_answered_for_at_least_two_minutes(self, seconds_ahead: int) -> None:
        expires_at = orders.offer_expires_at(NOON, NOON + timedelta(seconds=seconds_ahead), POLICY)
        assert timedelta(minutes=2) <= expires_at - NOON <= timedelta(minutes=15)

    @pytest.mark.feature("B5")
    def test_nobody_is_asked_once_the_visit_should_have_begun(self) -> None:
        assert orders.may_dispatch(NOON - timedelta(seconds=1), NOON)
        assert not orders.may_dispatch(NOON, NOON)


def milestone(code: str, offset_min: int, duration_min: int = 0) -> Milestone:
    return Milestone(code, code, CheckIn.NONE, offset_min, duration_min, True)


@pytest.mark.feature("F21")
class TestItinerary:
    def test_times_count_from_the_start_of_the_visit(self) -> None:
        steps = (milestone("departed", -60, 45), milestone("arrived", -15, 15), milestone("ended", 240))
        entries = itinerary.itinerary(ProcessTemplate("t", "t", steps), NOON)
        assert [f"{entry.starts_at:%H:%M}-{entry.ends_at:%H:%M}" for entry in entries] == [
            "11:00-11:45",
            "11:45-12:00",
            "16:00-16:00",
        ]

    @given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 120)), max_size=8))
    def test_a_timetable_is_in_order_of_time(self, middle: list[tuple[int, int]]) -> None:
        inner = [milestone(f"m{n}", at, lasts) for n, (at, lasts) in enumerate(sorted(middle))]
        steps = (milestone("departed", -60), milestone("arrived", -15), *inner, milestone("ended", 600))
        entries = itinerary.itinerary(ProcessTemplate("t", "t", steps), NOON)
        assert [entry.code for entry in entries] == [step.code for step in steps]
        assert all(one.starts_at <= two.starts_at for one, two in itertools.pairwise(entries))
        assert all(entry.starts_at <= entry.ends_at for entry in entries)

    @pytest.mark.parametrize(
        "codes",
        [("arrived", "departed", "ended"), ("departed", "arrived"), ("departed", "arrived", "arrived", "ended")],
    )
    def test_a_template_begins_with_departing_and_ends_once(self, codes: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="departed"):
            ProcessTemplate("t", "t", tuple(milestone(code, n) for n, code in enumerate(codes)))

    def test_a_template_is_in_order_of_time(self) -> None:
        with pytest.raises(ValueError, match="order of time"):
            ProcessTemplate("t", "t", (milestone("departed", 0), milestone("arrived", -1), milestone("ended", 9)))


@pytest.mark.parametrize(
    "bad",
    [
        {"hold_s": 0},
        {"lead_time_s": -1},
        {"candidate_pool": 0},
        {"share_bp": {Tier.JUNIOR: 9_000}},
        {"share_bp": dict.fromkeys(Tier, 10_001)},
    ],
)
def test_a_policy_that_cannot_work_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="booking policy"):
        Policy(**bad)  # type: ignore[arg-type]
