"""Working hours as bits, free starts, and calendars in which no two visits ever overlap."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.booking.rules import availability, calendar
from functions.booking.rules.availability import DAY_MIN, Availability, Hours, Span
from functions.booking.rules.calendar import Booking, Day, SlotTaken
from functions.booking.rules.policy import Policy
from functions.shared.clock import CHINA
from functions.shared.errors import Invalid

POLICY = Policy()
WEDNESDAY = date(2026, 3, 4)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAYTIME = Availability(week=((Span(480, 1080),),) * 5 + ((), ()))
"""Eight to six on working days."""

steps = st.integers(0, DAY_MIN // 30)
spans = st.lists(st.tuples(steps, steps).filter(lambda pair: pair[0] < pair[1]), max_size=4).map(
    lambda pairs: [Span(first * 30, last * 30) for first, last in pairs]
)


def visit(hour: float, length_h: float = 4, *, day: date = WEDNESDAY, campus: str = "east", order: str = "") -> Booking:
    starts_at = datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(hours=hour)
    return Booking(order or f"ord_{hour}", starts_at, starts_at + timedelta(hours=length_h), campus)


@pytest.mark.feature("B2")
class TestHours:
    @given(spans)
    def test_bits_and_spans_say_the_same(self, some: list[Span]) -> None:
        bits = availability.bits_of(some)
        assert availability.bits_of(availability.spans_of(bits)) == bits
        covered = {minute for span in some for minute in range(span.from_min, span.until_min, 30)}
        assert bits.bit_count() == len(covered)

    @given(spans)
    def test_checked_spans_are_in_order_and_apart(self, some: list[Span]) -> None:
        apart = all(
            one.until_min <= two.from_min or two.until_min <= one.from_min for one, two in combinations(some, 2)
        )
        if apart:
            assert list(availability.checked(some, "hours")) == sorted(some)
        else:
            with pytest.raises(Invalid):
                availability.checked(some, "hours")

    @pytest.mark.parametrize("span", [Span(0, 0), Span(600, 540), Span(-30, 30), Span(0, 1470), Span(15, 60)])
    def test_spans_that_are_none(self, span: Span) -> None:
        with pytest.raises(Invalid):
            availability.checked([span], "hours")

    @given(st.floats(0, 23.5), st.floats(0.5, 12), st.integers(0, 6))
    def test_a_week_is_the_same_packed_or_not(self, hour: float, length: float, ahead: int) -> None:
        booking = visit(hour, length, day=WEDNESDAY + timedelta(days=ahead))
        days = [Day(each) for each in calendar.days_of(booking.starts_at, booking.ends_at)]
        hours = Hours(booking, POLICY)
        for said in (Availability(), DAYTIME, Availability(week=((Span(0, DAY_MIN),),) * 7)):
            packed = availability.packed_week(said)
            assert hours.in_week(packed) == hours.on(packed, days)
        assert hours.in_week(availability.packed_week(Availability(week=((Span(0, DAY_MIN),),) * 7)))

    @pytest.mark.parametrize(
        ("said", "booking", "expected"),
        [
            (Availability(), visit(9), True),
            (Availability(), visit(5), False),
            (Availability(), visit(20), False),
            (DAYTIME, visit(8, 10), True),
            (DAYTIME, visit(14.5), False),
            (DAYTIME, visit(9, day=date(2026, 3, 7)), False),
        ],
    )
    def test_the_whole_visit_lies_within(self, said: Availability, booking: Booking, expected: bool) -> None:
        assert availability.within_hours(said, [Day(booking.starts_at.date())], booking, POLICY) is expected

    def test_a_day_of_its_own_replaces_the_week(self) -> None:
        off, evening = Day(WEDNESDAY, hours=0), Day(WEDNESDAY, hours=availability.bits_of([Span(1080, 1440)]))
        assert not availability.within_hours(DAYTIME, [off], visit(9), POLICY)
        assert availability.within_hours(DAYTIME, [evening], visit(19), POLICY)
        assert not availability.within_hours(DAYTIME, [evening], visit(9), POLICY)

    def test_over_midnight_both_days_count(self) -> None:
        booking = visit(22)
        days = [Day(WEDNESDAY), Day(WEDNESDAY + timedelta(days=1))]
        always = Availability(week=((Span(0, DAY_MIN),),) * 7)
        assert availability.within_hours(always, days, booking, POLICY)
        assert not availability.within_hours(always, [days[0], Day(days[1].service_date, hours=0)], booking, POLICY)

    def test_orders_outside_the_hours_of_a_day_are_named(self) -> None:
        day = Day(WEDNESDAY, (visit(9), visit(14)), availability.bits_of([Span(780, 1200)]))
        assert availability.outside(day) == ("ord_9",)
        assert availability.outside(Day(WEDNESDAY, day.bookings)) == ()


@pytest.mark.feature("B2")
class TestFreeStarts:
    def starts(self, said: Availability, *bookings: Booking, campus: str | None = "east", **more: object) -> list[str]:
        days = {each: Day(each) for each in (WEDNESDAY + timedelta(days=number) for number in (-1, 0, 1))}
        days[WEDNESDAY] = Day(WEDNESDAY, bookings)
        facts = {"service_date": WEDNESDAY, "duration_min": 240, "now": NOW, "policy": POLICY} | more
        found = availability.free_starts(said, days, campus_id=campus, **facts)  # type: ignore[arg-type]
        return [f"{at:%H:%M}" for at in found]

    def test_within_the_hours_on_the_grid(self) -> None:
        found = self.starts(DAYTIME)
        assert found[0] == "08:00" and found[1] == "08:30" and found[-1] == "14:00" and len(found) == 13

    def test_around_other_visits_with_time_to_travel(self) -> None:
        lunch = visit(12, 1)
        assert self.starts(DAYTIME, lunch) == ["08:00", "13:00", "13:30", "14:00"]
        assert self.starts(DAYTIME, lunch, campus="west") == ["14:00"]
        assert self.starts(DAYTIME, lunch, campus=None) == ["14:00"]

    def test_after_the_lead_time_and_within_the_horizon(self) -> None:
        just_before = datetime(2026, 3, 4, 9, 10, tzinfo=CHINA)
        assert self.starts(DAYTIME, now=just_before)[0] == "11:30"
        assert self.starts(DAYTIME, now=just_before - timedelta(days=200)) == []
        assert self.starts(DAYTIME, now=just_before + timedelta(days=1)) == []

    def test_a_full_day_has_none(self) -> None:
        said = Availability(week=DAYTIME.week, daily_cap=1)
        assert self.starts(said, visit(8, 0.5)) == []

    @given(st.lists(st.tuples(st.integers(16, 36), st.integers(1, 8), st.sampled_from("ew")), max_size=3))
    def test_whatever_is_offered_can_be_booked(self, taken: list[tuple[int, int, str]]) -> None:
        day = Day(WEDNESDAY)
        for number, (begin, length, campus) in enumerate(taken):
            booking = visit(begin / 2, length / 2, campus=campus, order=f"ord_{number}")
            if calendar.fits(day, booking, POLICY):
                day = calendar.book(day, booking, POLICY)
        for at in self.starts(DAYTIME, *day.bookings, campus="e"):
            hour = int(at[:2]) + int(at[3:]) / 60
            assert calendar.book(day, visit(hour, campus="e", order="ord_new"), POLICY)


commands = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 95), st.integers(1, 12), st.sampled_from("ew")), max_size=25
)


@pytest.mark.feature("B2")
@given(commands)
@example([(0, 48, 1, "w"), (1, 36, 11, "e")])
def test_no_two_visits_overlap_whatever_is_booked_moved_and_released(some: list[tuple[int, int, int, str]]) -> None:
    """Six orders over two days: booked, moved (booked again) and, for a length of 12 half hours, released."""
    first, second = WEDNESDAY, WEDNESDAY + timedelta(days=1)
    days = {each: Day(each) for each in (first - timedelta(days=1), first, second, second + timedelta(days=1))}
    for number, begin, length, campus in some:
        order = f"ord_{number}"
        booking = visit(begin / 2, length / 2, campus=campus, order=order)
        held = calendar.days_held(booking.starts_at, booking.ends_at, POLICY)
        released = {each: calendar.release(day, order) for each, day in days.items()}
        if length == 12:
            days = released
            continue
        try:
            booked = {each: calendar.book(released[each], booking, POLICY) for each in held}
        except SlotTaken:
            continue
        days = released | booked
        bookings = {each.order_id: each for day in days.values() for each in day.bookings}.values()
        for one, two in combinations(bookings, 2):
            gap = timedelta(minutes=POLICY.travel_buffer_min if one.campus_id != two.campus_id else 0)
            assert one.ends_at + gap <= two.starts_at or two.ends_at + gap <= one.starts_at
        assert all(sum(b.starts_at.date() == each for b in day.bookings) <= 3 for each, day in days.items())


def test_a_companion_may_do_less_than_the_policy_allows_but_not_more() -> None:
    day = Day(WEDNESDAY, (visit(8, 1),))
    assert not calendar.fits(day, visit(12, 1), POLICY, daily_cap=1)
    assert calendar.fits(day, visit(12, 1), POLICY, daily_cap=2)
    with pytest.raises(Invalid):
        availability.check_cap(POLICY.daily_cap + 1, POLICY)
