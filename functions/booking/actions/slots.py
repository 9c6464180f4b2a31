"""A companion's time: held by an order, and let go (B1, B2)."""

from collections.abc import Sequence
from datetime import date

from functions.booking import table
from functions.booking.rules import calendar
from functions.booking.table import DayRow, OrderRow
from functions.shared.tx import Tx


def hold(tx: Tx, order: OrderRow, days: Sequence[DayRow], *, daily_cap: int | None = None) -> None:
    """Put the order into its companion's days, or SlotTaken. `daily_cap` is the companion's own."""
    policy = table.policy()
    for row in days:
        row.bookings = calendar.book(row.day, order.booking, policy, daily_cap=daily_cap).bookings
        tx.save(row)


def release(tx: Tx, order: OrderRow) -> None:
    """Take the order out of the days of the companion that it held (one BatchGet)."""
    dates = dates_of(order)
    loaded = table.load([table.day_key(order.chosen_id, service_date) for service_date in dates])
    release_days(tx, order, loaded.days(order.chosen_id, dates))


def release_days(tx: Tx, order: OrderRow, days: Sequence[DayRow]) -> None:
    """Take the order out of days that were read already."""
    for row in days:
        row.bookings = calendar.release(row.day, order.order_id).bookings
        tx.save(row)


def dates_of(order: OrderRow) -> tuple[date, ...]:
    """The China days in which the order stands."""
    return calendar.days_held(order.starts_at, order.ends_at, table.policy())
