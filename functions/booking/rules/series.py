"""Recurring visits with one companion: which dates are asked for, and what became of each (B8)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from functions.booking.rules.policy import Policy
from functions.shared import clock
from functions.shared.errors import Conflict, FieldError, Invalid, NotFound

_DAYS_PER_WEEK = 7
_MAX_AHEAD_DAYS = 365


class EntryState(StrEnum):
    """What became of one date of a series; whether its order was paid, took place or ended says the order."""

    PLACED = "placed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Entry:
    """One date: its order, or why there is none."""

    starts_at: datetime
    state: EntryState
    order_id: str | None = None
    code: str | None = None
    message: str | None = None
    """In Chinese, for the client."""

    @property
    def service_date(self) -> date:
        return clock.service_date(self.starts_at)


@dataclass(frozen=True)
class Series:
    """What was asked for, once for all dates, and the dates."""

    companion_id: str
    patient_id: str
    hospital_id: str
    department_id: str
    package_id: str
    entries: tuple[Entry, ...]
    ended_at: datetime | None = None


class SeriesEnded(Conflict):
    """Nothing more can be done to it."""

    code = "series_ended"
    title = "这个系列已经结束"


class SeriesExists(Conflict):
    """It was started under the same key before."""

    code = "series_exists"
    title = "这个系列已经创建"


class NotSkippable(Conflict):
    """That date has no order that waits for its payment."""

    code = "not_skippable"
    title = "这一次不能跳过"


class NoDatePlaced(Conflict):
    """Not one date of the series could be booked; `errors` says why, by date."""

    code = "no_date_placed"
    title = "所选日期都无法预约"


def weekly(first: datetime, *, weekdays: Collection[int], every_weeks: int, count: int) -> list[datetime]:
    """`count` starts from `first` on, at its time of day in China, on these ISO weekdays of every n-th week.

    Without weekdays it is the first one's. The week of `first` begins on its Monday.
    """
    days = frozenset(weekdays) or {clock.china(first).isoweekday()}
    monday = first - timedelta(days=clock.china(first).isoweekday() - 1)
    starts: list[datetime] = []
    week = 0
    while len(starts) < count:
        for day in sorted(days):
            at = monday + timedelta(days=week * every_weeks * _DAYS_PER_WEEK + day - 1)
            if at >= first and len(starts) < count:
                starts.append(at)
        week += 1
    return starts


def check_starts(starts: Sequence[datetime], now: datetime, policy: Policy) -> list[datetime]:
    """The starts in order; Invalid unless there are as many as the policy allows, at most one on each China day.

    A year ahead is as far as anybody may ask; what is nearer but beyond the horizon fails by itself, date by date.
    """
    if not all(now < at < now + timedelta(days=_MAX_AHEAD_DAYS) for at in starts):
        raise _bad_dates("日期应在今天之后的一年内")
    if len(starts) > policy.series_visits:
        raise _bad_dates(f"一个系列最多 {policy.series_visits} 次")
    if len({clock.service_date(at) for at in starts}) != len(starts):
        raise _bad_dates("同一天只能预约一次")
    return sorted(starts)


def pay_until(now: datetime, starts_at: datetime, policy: Policy) -> datetime:
    """Until when an order of a series may be paid: well before its visit, and never sooner than the least time to pay.

    Not past the visit's start either, so the least time gives way for a visit that is about to begin.
    """
    wanted = max(
        starts_at - timedelta(seconds=policy.series_pay_before_s), now + timedelta(seconds=policy.series_hold_s)
    )
    return min(wanted, starts_at)


def warn_at(now: datetime, hold_expires_at: datetime, policy: Policy) -> datetime | None:
    """When to remind of the payment; None where the time to pay is shorter than the warning would be early."""
    at = hold_expires_at - timedelta(seconds=policy.series_warn_s)
    return at if at > now else None


def entry_on(series: Series, service_date: date) -> Entry:
    """The series' date on that China day; NotFound."""
    for entry in series.entries:
        if entry.service_date == service_date:
            return entry
    raise NotFound()


def skipped(series: Series, entry: Entry) -> Series:
    """The series with that date left out. SeriesEnded, NotSkippable (nothing was placed, or it was skipped before)."""
    check_running(series)
    if entry.state is not EntryState.PLACED:
        raise NotSkippable()
    gone = replace(entry, state=EntryState.SKIPPED)
    return replace(series, entries=tuple(gone if each == entry else each for each in series.entries))


def check_running(series: Series) -> None:
    """SeriesEnded if it is over."""
    if series.ended_at is not None:
        raise SeriesEnded()


def _bad_dates(message: str) -> Invalid:
    return Invalid(errors=(FieldError("starts_at", message),))
