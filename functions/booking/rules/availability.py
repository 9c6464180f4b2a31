"""When a companion works: hours of the week, other hours on single days, how many visits a day (B2).

Hours are kept as bits, one for each half hour of a China day, the first from midnight: whether somebody works during a
visit is one `and`, also for a few hundred candidates at once. A week is seven days of bits, Monday the lowest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from functions.booking.rules import calendar
from functions.booking.rules.calendar import Booking, Day
from functions.booking.rules.policy import Policy
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid

STEP_MIN = 30
DAY_MIN = 24 * 60
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STEPS = DAY_MIN // STEP_MIN
_WHOLE_DAY = (1 << _STEPS) - 1
_UNKNOWN_CAMPUS = ""
_NOBODY = ""
_WEEK_DIGITS = len(WEEKDAYS) * _STEPS // 4


@dataclass(frozen=True, order=True)
class Span:
    """A part of a day, in minutes from its midnight: `from_min` included, `until_min` not."""

    from_min: int
    until_min: int


@dataclass(frozen=True)
class Availability:
    """What a companion said of their working time; what they left open is the policy's."""

    week: tuple[tuple[Span, ...], ...] | None = None
    """From Monday to Sunday; no span on a day off."""
    daily_cap: int | None = None
    """Visits that they begin in one day at most."""


def checked(spans: Sequence[Span], field: str) -> tuple[Span, ...]:
    """The spans in order. Invalid unless each begins before it ends, on the half hour, and none overlap."""
    ordered = tuple(sorted(spans))
    for span in ordered:
        on_grid = span.from_min % STEP_MIN == 0 == span.until_min % STEP_MIN
        if not on_grid or not 0 <= span.from_min < span.until_min <= DAY_MIN:
            raise Invalid(errors=(FieldError(field, "时间按半小时一档填写，开始要早于结束，例如 08:00 至 18:00"),))
    if any(one.until_min > two.from_min for one, two in zip(ordered, ordered[1:], strict=False)):
        raise Invalid(errors=(FieldError(field, "同一天的时间段不能重叠"),))
    return ordered


def check_cap(daily_cap: int | None, policy: Policy) -> None:
    """Invalid for more visits a day than the policy allows anybody."""
    if daily_cap is not None and daily_cap > policy.daily_cap:
        raise Invalid(errors=(FieldError("daily_cap", f"每天最多接 {policy.daily_cap} 单"),))


def check_date(service_date: date, now: datetime, policy: Policy, *, field: str = "date") -> None:
    """Invalid for a day that is over, or beyond what can be booked."""
    today = clock.service_date(now)
    if not today <= service_date <= today + timedelta(days=policy.horizon_days):
        raise Invalid(errors=(FieldError(field, f"只能选今天起 {policy.horizon_days} 天内的日期"),))


def bits_of(spans: Iterable[Span]) -> int:
    """The half hours that these spans cover."""
    bits = 0
    for span in spans:
        first, last = span.from_min // STEP_MIN, span.until_min // STEP_MIN
        bits |= (1 << last) - (1 << first)
    return bits


def spans_of(bits: int) -> tuple[Span, ...]:
    """The longest spans that cover these half hours."""
    found, step = [], 0
    while step < _STEPS:
        first = step
        while step < _STEPS and bits >> step & 1:
            step += 1
        if step > first:
            found.append(Span(first * STEP_MIN, step * STEP_MIN))
        step += 1
    return tuple(found)


def week_of(availability: Availability, policy: Policy) -> tuple[tuple[Span, ...], ...]:
    """The hours of each weekday, as said or by default."""
    if availability.week is not None:
        return availability.week
    return ((Span(policy.default_from_min, policy.default_until_min),),) * len(WEEKDAYS)


def packed_week(availability: Availability) -> str:
    """The week's bits as text for an index; empty for the policy's hours, so that those can change for all."""
    if availability.week is None:
        return ""
    bits = sum(bits_of(spans) << (_STEPS * weekday) for weekday, spans in enumerate(availability.week))
    return f"{bits:0{_WEEK_DIGITS}x}"


def needed(booking: Booking) -> Mapping[date, int]:
    """The half hours of each China day that a visit touches."""
    needs = {}
    for service_date in calendar.days_of(booking.starts_at, booking.ends_at):
        midnight = datetime(service_date.year, service_date.month, service_date.day, tzinfo=clock.CHINA)
        first = max(int((booking.starts_at - midnight).total_seconds()) // 60, 0) // STEP_MIN
        last = min(-(-int((booking.ends_at - midnight).total_seconds()) // (60 * STEP_MIN)), _STEPS)
        needs[service_date] = (1 << last) - (1 << first)
    return needs


class Hours:
    """Whether a companion works during one visit, asked of many of them."""

    def __init__(self, booking: Booking, policy: Policy) -> None:
        self._by_date = needed(booking)
        self._needs = self._week_bits(self._by_date)
        default = Availability(week=week_of(Availability(), policy))
        self._default = int(packed_week(default), 16)

    def in_week(self, packed: str) -> bool:
        """By the hours of the week alone."""
        week = int(packed, 16) if packed else self._default
        return week & self._needs == self._needs

    def on(self, packed: str, days: Iterable[Day]) -> bool:
        """By the hours of the week, where none were said for the day itself."""
        week = int(packed, 16) if packed else self._default
        for day in days:
            needs = self._by_date.get(day.service_date, 0)
            hours = day.hours if day.hours is not None else week >> (_STEPS * day.service_date.weekday()) & _WHOLE_DAY
            if hours & needs != needs:
                return False
        return True

    @staticmethod
    def _week_bits(by_date: Mapping[date, int]) -> int:
        bits = 0
        for service_date, needs in by_date.items():
            bits |= needs << (_STEPS * service_date.weekday())
        return bits


def within_hours(availability: Availability, days: Iterable[Day], booking: Booking, policy: Policy) -> bool:
    """Whether the companion works during the whole visit; `days` are at least those that it touches."""
    return Hours(booking, policy).on(packed_week(availability), days)


def is_open(availability: Availability, days: Sequence[Day], booking: Booking, policy: Policy) -> bool:
    """Whether the visit lies within the companion's hours, and each of its days has room for it."""
    return within_hours(availability, days, booking, policy) and all(
        calendar.fits(day, booking, policy, daily_cap=availability.daily_cap) for day in days
    )


def free_starts(
    availability: Availability,
    days: Mapping[date, Day],
    *,
    service_date: date,
    duration_min: int,
    campus_id: str | None,
    now: datetime,
    policy: Policy,
) -> tuple[datetime, ...]:
    """When on that day a visit of this length can begin. `days` hold it, the one before and the next one.

    Without a campus, time to travel is kept free on both sides of every other visit.
    """
    midnight = datetime(service_date.year, service_date.month, service_date.day, tzinfo=clock.CHINA)
    earliest = now + timedelta(seconds=policy.lead_time_s)
    latest = now + timedelta(days=policy.horizon_days)
    length, found = timedelta(minutes=duration_min), []
    for minute in range(0, DAY_MIN, policy.slot_min):
        starts_at = midnight + timedelta(minutes=minute)
        if not earliest <= starts_at <= latest:
            continue
        visit = Booking(_NOBODY, starts_at, starts_at + length, campus_id or _UNKNOWN_CAMPUS)
        held = [days[each] for each in calendar.days_held(visit.starts_at, visit.ends_at, policy)]
        if is_open(availability, held, visit, policy):
            found.append(starts_at)
    return tuple(found)


def outside(day: Day) -> tuple[str, ...]:
    """The orders of a day that lie outside its own hours: they stay, and their companion should know."""
    if day.hours is None:
        return ()
    needs = ((each.order_id, needed(each).get(day.service_date, 0)) for each in day.bookings)
    return tuple(order_id for order_id, bits in needs if bits & day.hours != bits)
