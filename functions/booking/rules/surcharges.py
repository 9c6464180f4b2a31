"""What is added for unusual hours and days, and what time beyond the planned end costs (F29)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from functions.booking.rules.pricing import LineItem, LineKind, Overtime
from functions.shared import clock, workdays
from functions.shared.money import BP_WHOLE, fen, share

_MIN_PER_DAY = 24 * 60


@dataclass(frozen=True)
class DayOverrides:
    """Days on which the operator knows better than the published calendar."""

    holidays: tuple[date, ...] = ()
    working_days: tuple[date, ...] = ()


@dataclass(frozen=True)
class OffHours:
    """Outside [day_begins_min, day_ends_min), in minutes of the China day, each begun unit costs `unit_fen`."""

    day_begins_min: int
    day_ends_min: int
    unit_min: int
    unit_fen: int

    def __post_init__(self) -> None:
        if not 0 <= self.day_begins_min < self.day_ends_min <= _MIN_PER_DAY:
            raise ValueError("off-hours: the day begins before it ends")
        if self.unit_min <= 0 or fen(self.unit_fen) <= 0:
            raise ValueError("off-hours: a unit lasts a minute or more and costs a fen or more")


@dataclass(frozen=True)
class Surcharges:
    """Basis points are of the package's own price. A holiday costs what a holiday costs, not a weekend's as well."""

    off_hours: OffHours | None = None
    weekend_bp: int = 0
    holiday_bp: int = 0
    overtime: Overtime | None = None

    def __post_init__(self) -> None:
        if not all(0 <= bp <= BP_WHOLE for bp in (self.weekend_bp, self.holiday_bp)):
            raise ValueError(f"surcharges: a day's surcharge is 0 to {BP_WHOLE} bp")


def lines(
    surcharges: Surcharges,
    *,
    package_fen: int,
    starts_at: datetime,
    ends_at: datetime,
    overrides: DayOverrides,
    version_id: str = "",
) -> Iterator[LineItem]:
    """The surcharge lines of a visit, none that is 0; the day is the one on which the visit begins."""
    if surcharges.off_hours:
        units = _off_hours_units(surcharges.off_hours, starts_at, ends_at)
        if units:
            title = f"非常规时段加价（{units} × {surcharges.off_hours.unit_min} 分钟）"
            amount_fen = fen(units * surcharges.off_hours.unit_fen)
            yield LineItem(LineKind.SURCHARGE, "off_hours", title, amount_fen, version_id)
    for code, title, bp in (
        ("holiday", "法定节假日加价", surcharges.holiday_bp),
        ("weekend", "周末加价", surcharges.weekend_bp),
    ):
        amount_fen = share(package_fen, bp)
        if amount_fen and code == day_kind(clock.service_date(starts_at), overrides):
            yield LineItem(LineKind.SURCHARGE, code, title, amount_fen, version_id)


def day_kind(day: date, overrides: DayOverrides) -> str:
    """`working_day`, `holiday` or `weekend`: the operator's word, then the published calendar, then the weekday."""
    if day in overrides.holidays:
        return "holiday"
    if day in overrides.working_days:
        return "working_day"
    if workdays.is_public_holiday(day):
        return "holiday"
    return "working_day" if workdays.is_working_day(day) else "weekend"


def overtime_fen(rate: Overtime | None, *, planned_end: datetime, ended_at: datetime) -> int:
    """What staying longer costs: each begun unit after the planned end and the free minutes; 0 without a rate."""
    if rate is None:
        return 0
    over = ended_at - planned_end - timedelta(minutes=rate.free_min)
    if over <= timedelta():
        return 0
    return fen(-(-over // timedelta(minutes=rate.unit_min)) * rate.unit_fen)


def _off_hours_units(rule: OffHours, starts_at: datetime, ends_at: datetime) -> int:
    outside = ends_at - starts_at - _inside(rule, clock.china(starts_at), clock.china(ends_at))
    return -(-outside // timedelta(minutes=rule.unit_min))


def _inside(rule: OffHours, starts_at: datetime, ends_at: datetime) -> timedelta:
    """How much of a visit lies within ordinary hours; both instants on the Chinese wall clock."""
    inside, midnight = timedelta(), starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < ends_at:
        opens = midnight + timedelta(minutes=rule.day_begins_min)
        closes = midnight + timedelta(minutes=rule.day_ends_min)
        inside += max(min(ends_at, closes) - max(starts_at, opens), timedelta())
        midnight += timedelta(days=1)
    return inside
