"""A companion's calendar: what one China day holds, and whether another visit fits (B1, B2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from functions.booking.rules.policy import Policy
from functions.shared.clock import service_date
from functions.shared.errors import Conflict


class SlotTaken(Conflict):
    """The companion has another visit at that time, or one too near to travel from."""

    code = "slot_taken"
    title = "该时段刚被预订，请换一个时间或陪诊师"


@dataclass(frozen=True)
class Booking:
    """The time that one order takes of a companion."""

    order_id: str
    starts_at: datetime
    ends_at: datetime
    campus_id: str


@dataclass(frozen=True)
class Day:
    """One China day of a companion. A visit across midnight, or within a way of it, stands in both days, whole."""

    service_date: date
    bookings: tuple[Booking, ...] = ()
    hours: int | None = None
    """The half hours in which the companion works on just this day, as bits; None: as in every week."""


def days_of(starts_at: datetime, ends_at: datetime) -> tuple[date, ...]:
    """The China days that a visit touches (one that ends at midnight does not touch the next)."""
    first, last = service_date(starts_at), service_date(ends_at - timedelta(microseconds=1))
    return (first,) if first == last else (first, last)


def days_held(starts_at: datetime, ends_at: datetime, policy: Policy) -> tuple[date, ...]:
    """The China days in which a visit stands: those from which one travels to it, or from it, as well."""
    travel = timedelta(minutes=policy.travel_buffer_min)
    first, last = service_date(starts_at - travel), service_date(ends_at + travel - timedelta(microseconds=1))
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def fits(day: Day, booking: Booking, policy: Policy, *, daily_cap: int | None = None) -> bool:
    """Whether `booking` overlaps nothing in `day`, leaves time to travel between campuses and keeps the daily cap.

    The cap is the policy's, or the companion's own `daily_cap` if that is lower.
    """
    cap = min(policy.daily_cap, daily_cap or policy.daily_cap)
    others = [other for other in day.bookings if other.order_id != booking.order_id]
    starting = sum(service_date(other.starts_at) == day.service_date for other in others)
    if service_date(booking.starts_at) == day.service_date and starting >= cap:
        return False
    return not any(_clash(booking, other, policy) for other in others)


def book(day: Day, booking: Booking, policy: Policy, *, daily_cap: int | None = None) -> Day:
    """`day` with `booking` in it, or SlotTaken. Booking the same order again moves it."""
    if not fits(day, booking, policy, daily_cap=daily_cap):
        raise SlotTaken()
    return replace(day, bookings=_sorted((*release(day, booking.order_id).bookings, booking)))


def release(day: Day, order_id: str) -> Day:
    """`day` without that order."""
    return replace(day, bookings=tuple(other for other in day.bookings if other.order_id != order_id))


def _clash(one: Booking, other: Booking, policy: Policy) -> bool:
    away = one.campus_id != other.campus_id
    buffer = timedelta(minutes=policy.travel_buffer_min if away else 0)
    return one.starts_at < other.ends_at + buffer and other.starts_at < one.ends_at + buffer


def _sorted(bookings: Iterable[Booking]) -> tuple[Booking, ...]:
    return tuple(sorted(bookings, key=lambda booking: booking.starts_at))
