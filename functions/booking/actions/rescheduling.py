"""A visit moves to another time with the same companion and at the same price (B3)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.booking import table
from functions.booking.actions import confirmation, dispatch, preparation, quotes, slots
from functions.booking.actions.cancellation import own_order
from functions.booking.events import OrderRescheduled
from functions.booking.rules import availability, calendar, pricing
from functions.booking.rules import rescheduling as rules
from functions.booking.rules.availability import Availability
from functions.booking.rules.calendar import Booking
from functions.booking.rules.orders import OrderState
from functions.booking.rules.rescheduling import CompanionBusy, Movable
from functions.booking.table import DayRow, OrderRow
from functions.shared import clock
from functions.shared.errors import Invalid
from functions.shared.tx import Tx

_MIN_PER_DAY = 24 * 60


@dataclass(frozen=True)
class RescheduleQuote:
    """What moving the visit would mean. `price_fen` stays what it is."""

    order_id: str
    from_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    companion_id: str
    price_fen: int
    moves_left: int
    """After this one."""
    valid_until: datetime


@dataclass(frozen=True)
class _Move:
    """A move that is allowed: the order's time before and after, and the calendar days that it touches.

    An order that nobody has taken and nobody is asked for (in the hall, between rounds) holds no time of anybody's.
    """

    before: Booking
    after: Booking
    entered: list[DayRow]
    left: list[DayRow]


def quote_reschedule(order_id: str, *, client_id: str, to: datetime, now: datetime) -> RescheduleQuote:
    """Two reads. Refuses exactly as `reschedule_order` would."""
    order = own_order(order_id, client_id)
    move = _plan(order, to, now)
    return RescheduleQuote(
        order_id=order.order_id,
        from_starts_at=move.before.starts_at,
        starts_at=move.after.starts_at,
        ends_at=move.after.ends_at,
        companion_id=order.companion_id or order.chosen_id,
        price_fen=order.price.total_fen,
        moves_left=order.terms.max_reschedules - order.times_moved - 1,
        valid_until=rules.until(order.terms, move.before.starts_at),
    )


def reschedule_order(tx: Tx, *, order_id: str, client_id: str, to: datetime) -> OrderRow:
    """Move the visit: the old time is free and the new one taken in one transaction, at the price that was paid.

    Whoever took the order keeps it and is asked to confirm again; whoever is being asked is asked anew; in the hall it
    stands with its new time. Raises NotFound, Invalid (no time for a visit), RescheduleRefused, and CompanionBusy with
    other times of that day.
    """
    order = own_order(order_id, client_id)
    move = _plan(order, to, tx.now)
    order.starts_at, order.ends_at = move.after.starts_at, move.after.ends_at
    order.times_moved += 1
    slots.release_days(tx, order, move.left)
    slots.hold(tx, order, move.entered)
    if order.state is OrderState.ASSIGNED:
        _prepare_again(tx, order)
        tx.save(order)
    else:
        dispatch.ask_again(tx, order)
    _tell(tx, order, was=move.before, revision=int(order.version))
    return order


def move_vacant(tx: Tx, order: OrderRow, to: datetime) -> None:
    """The visit of an order that nobody has now gets another time. The caller asks somebody, and saves the order.

    Of the days of whoever lost it, those that it leaves are let go here, the others by whoever asks the next one.
    """
    before, policy = order.booking, table.policy()
    order.starts_at, order.ends_at = to, to + (before.ends_at - before.starts_at)
    entering = slots.dates_of(order)
    leaving = [each for each in calendar.days_held(before.starts_at, before.ends_at, policy) if each not in entering]
    loaded = table.load([table.day_key(order.chosen_id, each) for each in leaving])
    slots.release_days(tx, order, loaded.days(order.chosen_id, leaving))
    _tell(tx, order, was=before, revision=int(order.version) + 1)


def _tell(tx: Tx, order: OrderRow, *, was: Booking, revision: int) -> None:
    tx.emit(
        OrderRescheduled(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=order.companion_id or order.chosen_id,
            patient_id=order.patient_id,
            from_starts_at=was.starts_at,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            assigned=order.state is OrderState.ASSIGNED,
            revision=revision,
        )
    )


def _prepare_again(tx: Tx, order: OrderRow) -> None:
    """What was prepared for the old time, for the new one."""
    dispatch.keep_timetable(tx, order, preparation.process_of(order))
    confirmation.begin_again(tx, order)
    preparation.schedule_reminders(tx, order)


def _plan(order: OrderRow, to: datetime, now: datetime) -> _Move:
    """The move, unless the terms, the price or the companion's calendar refuse it (one read)."""
    policy = table.policy()
    pricing.check_start(to, now, policy)
    movable = Movable(order.state, order.departed_at is not None, order.starts_at, order.times_moved)
    rules.check(movable, order.terms, to=to, now=now)
    rules.check_price(now_fen=order.price.gross_fen - order.price.premium_fen, then_fen=_gross_at(order, to))
    before = order.booking
    after = replace(before, starts_at=to, ends_at=to + (before.ends_at - before.starts_at))
    if order.state is not OrderState.ASSIGNED and order.offer is None:
        return _Move(before, after, [], [])
    leaving, entering = (calendar.days_held(each.starts_at, each.ends_at, policy) for each in (before, after))
    days = [table.day_key(order.chosen_id, each) for each in {*leaving, *entering}]
    loaded = table.load([table.companion_key(order.chosen_id), *days])
    companion = loaded.companion(order.chosen_id)
    said = companion.availability if companion else Availability()
    entered = loaded.days(order.chosen_id, entering)
    if not availability.is_open(said, [row.day for row in entered], after, policy):
        raise CompanionBusy(members={"alternatives": _alternatives(before, after, entered, said)})
    left = loaded.days(order.chosen_id, (each for each in leaving if each not in entering))
    return _Move(before, after, entered, left)


def _gross_at(order: OrderRow, starts_at: datetime) -> int | None:
    try:
        return quotes.gross_at(order, starts_at)
    except Invalid:
        return None


def _alternatives(before: Booking, after: Booking, days: list[DayRow], said: Availability) -> list[str]:
    """Times near the wanted one at which the companion is free, as far as the days that were read can tell."""
    policy = table.policy()
    known = {row.day.service_date: row.day for row in days}
    midnight = clock.china(after.starts_at).replace(hour=0, minute=0)
    length = after.ends_at - after.starts_at

    def is_free(at: datetime) -> bool:
        wanted = replace(after, starts_at=at, ends_at=at + length)
        dates = calendar.days_held(wanted.starts_at, wanted.ends_at, policy)
        if at == before.starts_at or not known.keys() >= set(dates):
            return False
        return availability.is_open(said, [known[each] for each in dates], wanted, policy)

    starts = (midnight + timedelta(minutes=minute) for minute in range(0, _MIN_PER_DAY, policy.slot_min))
    return [at.isoformat() for at in rules.nearest(after.starts_at, starts, is_free)]
