"""A companion's working time, and when they are free (B2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from functions.booking import table
from functions.booking.actions import candidates
from functions.booking.rules import availability as rules
from functions.booking.rules.availability import Availability, Span
from functions.booking.table import AvailabilityRow, DayRow
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid, NotFound, PreconditionFailed
from functions.shared.tx import Tx

MAX_EXTRA_DAYS = 31


@dataclass(frozen=True)
class Plan:
    """What a companion said of their time, with the days from today on that have hours of their own."""

    row: AvailabilityRow
    week: tuple[tuple[Span, ...], ...]
    """Of each weekday from Monday on, as said or by default."""
    exceptions: Sequence[DayRow]


@dataclass(frozen=True)
class FreeDay:
    """A China day and when a visit can begin in it."""

    service_date: date
    starts: tuple[datetime, ...]


def read_availability(companion_id: str, now: datetime) -> Plan:
    """Two reads."""
    row = table.load([table.availability_key(companion_id)]).availability(companion_id)
    return _plan(row, companion_id, now)


def say_availability(tx: Tx, *, companion_id: str, availability: Availability, version: int) -> Plan:
    """Replace the hours of the week and the daily cap; visits that were taken stay. Raises Invalid, PreconditionFailed.

    Who is active already is found by it at once. Two reads.
    """
    rules.check_cap(availability.daily_cap, table.policy())
    loaded = _loaded(companion_id)
    said = loaded.availability(companion_id)
    if said.version != version:
        raise PreconditionFailed()
    said.availability = availability
    plan = _plan(said, companion_id, tx.now)
    said.extra_days = _extra_days(said, plan.exceptions)
    _save(tx, companion_id, said, loaded)
    return plan


def say_day(tx: Tx, *, companion_id: str, service_date: date, spans: Sequence[Span]) -> DayRow:
    """Other hours on one day; without any, a day off. Visits that were taken stay. Raises Invalid. One read."""
    rules.check_date(service_date, tx.now, table.policy())
    return _set_hours(tx, companion_id, service_date, rules.bits_of(rules.checked(spans, "hours")))


def forget_day(tx: Tx, *, companion_id: str, service_date: date) -> None:
    """The day is as in every week again. Raises NotFound if it was. One read."""
    _set_hours(tx, companion_id, service_date, None)


def find_slots(
    companion_id: str,
    *,
    client_id: str,
    first: date,
    days: int,
    duration_min: int,
    campus_id: str | None,
    now: datetime,
) -> Sequence[FreeDay]:
    """When the companion is free for a visit of this length, day by day: one read.

    Invalid for a first day that is over or cannot be booked yet; NotFound for somebody who is not active, or blocked
    with the client.
    """
    rules.check_date(first, now, table.policy(), field="from")
    dates = [first + timedelta(days=number) for number in range(-1, days + 1)]
    keys = [table.day_key(companion_id, each) for each in dates]
    loaded = table.load([table.companion_key(companion_id), table.relations_key(client_id), *keys], consistent=False)
    row = loaded.companion(companion_id)
    blocked = loaded.relations(client_id).relations.is_blocked(companion_id)
    if row is None or blocked or not row.companion.serves:
        raise NotFound()
    known = {each: loaded.day(companion_id, each).day for each in dates}
    return [
        FreeDay(
            each,
            rules.free_starts(
                row.availability,
                known,
                service_date=each,
                duration_min=duration_min,
                campus_id=campus_id,
                now=now,
                policy=table.policy(),
            ),
        )
        for each in dates[1:-1]
    ]


def _plan(row: AvailabilityRow, companion_id: str, now: datetime) -> Plan:
    policy, today = table.policy(), clock.service_date(now)
    exceptions = table.exceptions_of(companion_id, today, today + timedelta(days=policy.horizon_days))
    return Plan(row, rules.week_of(row.availability, policy), exceptions)


def _set_hours(tx: Tx, companion_id: str, service_date: date, hours: int | None) -> DayRow:
    """The day's hours; if they go beyond the week's, the index has to know of the day."""
    loaded = _loaded(companion_id, service_date)
    day, said = loaded.day(companion_id, service_date), loaded.availability(companion_id)
    if hours is None and day.hours is None:
        raise NotFound()
    day.hours = hours
    tx.save(day)
    today = clock.service_date(tx.now)
    kept = {each for each in said.extra_days if each >= today and each != service_date}
    extra_days = tuple(sorted(kept | {service_date} if _goes_beyond(said, day) else kept))
    if len(extra_days) > MAX_EXTRA_DAYS:
        raise Invalid(errors=(FieldError("date", f"单独加开的日子最多 {MAX_EXTRA_DAYS} 天"),))
    if extra_days != said.extra_days:
        said.extra_days = extra_days
        _save(tx, companion_id, said, loaded)
    return day


def _save(tx: Tx, companion_id: str, said: AvailabilityRow, loaded: table.Loaded) -> None:
    """Also where nobody is active yet: an activation at the same time meets a changed row and looks again."""
    tx.save(said)
    row, indexed = loaded.companion(companion_id), loaded.indexed(companion_id)
    if row is not None:
        candidates.index(tx, row, said, indexed)
    else:
        tx.save(indexed)


def _loaded(companion_id: str, service_date: date | None = None) -> table.Loaded:
    keys = [_key(companion_id) for _key in (table.companion_key, table.availability_key, table.indexed_key)]
    return table.load(keys + ([table.day_key(companion_id, service_date)] if service_date else []))


def _extra_days(said: AvailabilityRow, exceptions: Sequence[DayRow]) -> tuple[date, ...]:
    return tuple(row.day.service_date for row in exceptions if _goes_beyond(said, row))[:MAX_EXTRA_DAYS]


def _goes_beyond(said: AvailabilityRow, day: DayRow) -> bool:
    week = rules.week_of(said.availability, table.policy())
    usual = rules.bits_of(week[day.day.service_date.weekday()])
    return bool((day.hours or 0) & ~usual)
