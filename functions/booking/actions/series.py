"""Recurring visits: one order for each date, placed one after the other, each paid on its own (B8)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from functions.booking import table
from functions.booking.actions import cancellation, orders, quotes, relations
from functions.booking.events import PaymentDue
from functions.booking.rules import calendar
from functions.booking.rules import series as rules
from functions.booking.rules.matching import Wanted
from functions.booking.rules.orders import OrderState
from functions.booking.rules.series import Entry, EntryState, NoDatePlaced, NotSkippable, Series, SeriesExists
from functions.booking.table import OrderRow, SeriesRow
from functions.shared import ids
from functions.shared.errors import Conflict, FieldError, Invalid, NotFound, Problem
from functions.shared.events import Timer
from functions.shared.tx import AlreadyDone, Marker, Reply, Tx, retrying


@dataclass(frozen=True)
class SeriesRequest:
    """What a client asks for, the same on every date. `visit.starts_at` is replaced by each of `starts`."""

    visit: quotes.QuoteRequest
    companion_id: str
    wanted: Wanted
    starts: Sequence[datetime]


@dataclass(frozen=True)
class SeriesOrders:
    """A series with its orders as they are now, by id."""

    row: SeriesRow
    orders: dict[str, OrderRow]


def start_series(tx: Tx, *, client_id: str, key: str, request: SeriesRequest) -> SeriesOrders:
    """Place an order on every date that can be had, in order of time, each in a transaction of its own.

    A date that cannot be had is kept with the reason, and the others are placed all the same. The series' id comes
    from the request's idempotency key, so a request that was cut off goes on where it stopped when it is repeated.
    Raises Invalid (too many dates, two on one day), NotFound, NoDatePlaced; SeriesExists when it was done before, which
    the edge answers with the first reply.
    """
    starts = rules.check_starts(request.starts, tx.now, table.policy())
    series_id = _series_id(client_id, key)
    if table.find_series(series_id) is not None:
        raise SeriesExists()
    entries = [tx.once(f"{at:%Y%m%d}", _placing(tx, client_id, series_id, request, at)) for at in starts]
    if not any(entry.order_id for entry in entries):
        errors = tuple(FieldError(f"{entry.service_date}", entry.message or "") for entry in entries)
        raise NoDatePlaced(errors=errors)
    visit = request.visit
    row = SeriesRow(
        *table.series_key(series_id),
        client_id=client_id,
        created_at=tx.now,
        series=Series(
            companion_id=request.companion_id,
            patient_id=visit.patient_id,
            hospital_id=visit.hospital_id,
            department_id=visit.department_id,
            package_id=visit.package_id,
            entries=tuple(entries),
        ),
    )
    tx.insert(row)
    return SeriesOrders(row, _orders_of(row))


def read_series(series_id: str, client_id: str) -> SeriesOrders:
    """The client's series with its orders: two reads. NotFound."""
    row = _own_series(series_id, client_id)
    return SeriesOrders(row, _orders_of(row))


def skip_date(tx: Tx, *, series_id: str, client_id: str, service_date: date) -> SeriesOrders:
    """Leave one date out: its unpaid order is cancelled at no cost and its time let go.

    Raises NotFound, SeriesEnded, and NotSkippable for a date that was paid (that order is cancelled by itself, at its
    quoted cost), was not placed or has ended.
    """
    row = _own_series(series_id, client_id)
    entry = rules.entry_on(row.series, service_date)
    row.series = rules.skipped(row.series, entry)
    assert entry.order_id is not None, "a placed date has its order"
    order = cancellation.own_order(entry.order_id, client_id)
    if order.state is not OrderState.AWAITING_PAYMENT:
        raise NotSkippable("这一次已付款或已结束，请在订单中查看退改规则后取消或改期")
    cancellation.cancel_now(tx, order, cancellation.cost_of(order, tx.now))
    tx.save(row)
    return SeriesOrders(row, _orders_of(row) | {order.order_id: order})


def end_series(tx: Tx, *, series_id: str, client_id: str) -> SeriesOrders:
    """No more visits: every unpaid order is cancelled at no cost; paid ones stay. Raises NotFound, SeriesEnded."""
    row = _own_series(series_id, client_id)
    rules.check_running(row.series)
    for entry in row.series.entries:
        if entry.state is EntryState.PLACED and entry.order_id is not None:
            _apart(tx, f"end#{entry.order_id}", _cancelling(entry.order_id, client_id))
    row.series = replace(row.series, ended_at=tx.now)
    tx.save(row)
    return SeriesOrders(row, _orders_of(row))


def remind_of_payment(tx: Tx, *, order_id: str) -> None:
    """The order is not paid and will soon be let go."""
    order = table.find_order(order_id)
    if order is None or order.series_id is None or order.state is not OrderState.AWAITING_PAYMENT:
        return
    tx.emit(
        PaymentDue(
            order_id=order_id,
            client_id=order.client_id,
            series_id=order.series_id,
            starts_at=order.starts_at,
            hold_expires_at=order.hold_expires_at,
        )
    )


def _placing(
    tx: Tx, client_id: str, series_id: str, request: SeriesRequest, starts_at: datetime
) -> Callable[[], Entry]:
    def place(act: Tx) -> str:
        return _place(act, client_id, series_id, request, starts_at).order_id

    def entry() -> Entry:
        try:
            order_id = _apart(tx, f"{series_id}#{starts_at:%Y%m%d}", place)
        except (Conflict, Invalid) as problem:
            message = "；".join(error.message for error in problem.errors) or problem.detail or problem.title
            return Entry(starts_at, EntryState.FAILED, code=problem.code, message=message)
        return Entry(starts_at, EntryState.PLACED, order_id=order_id)

    return entry


def _place(tx: Tx, client_id: str, series_id: str, request: SeriesRequest, starts_at: datetime) -> OrderRow:
    quote = quotes.draw_up(tx, client_id=client_id, request=replace(request.visit, starts_at=starts_at))
    policy = table.policy()
    dates = calendar.days_held(quote.starts_at, quote.ends_at, policy)
    companion_id = request.companion_id
    days = [table.day_key(companion_id, service_date) for service_date in dates]
    loaded = table.load([table.companion_key(companion_id), table.relations_key(client_id), *days])
    companion = loaded.companion(companion_id)
    if companion is None:
        raise NotFound()
    relations.check_allowed(loaded.relations(client_id).relations, companion_id)
    hold_expires_at = rules.pay_until(tx.now, starts_at, policy)
    order = orders.place_on(
        tx,
        quote,
        companion,
        wanted=request.wanted,
        days=loaded.days(companion_id, dates),
        hold_expires_at=hold_expires_at,
        series_id=series_id,
    )
    warn_at = rules.warn_at(tx.now, hold_expires_at, policy)
    if warn_at is not None:
        tx.schedule(Timer(room="booking", kind="series_payment_due", subject=order.order_id, due_at=warn_at))
    return order


def _cancelling(order_id: str, client_id: str) -> Callable[[Tx], str]:
    def cancel(tx: Tx) -> str:
        order = cancellation.own_order(order_id, client_id)
        if order.state is OrderState.AWAITING_PAYMENT:
            cancellation.cancel_now(tx, order, cancellation.cost_of(order, tx.now))
        return order_id

    return cancel


def _apart(tx: Tx, name: str, act: Callable[[Tx], str]) -> str:
    """Do one part in a transaction of its own, once under this name; what it returned, also when it is repeated."""
    apart = Tx("booking", now=tx.now, correlation_id=tx.correlation_id, marker=Marker(scope="series", key=name))
    done: list[str] = []

    def attempt() -> None:
        apart.restart()
        done[:] = [act(apart)]
        apart.reply = Reply(200, done[0])
        apart.commit()

    try:
        retrying(attempt)
    except AlreadyDone as repeated:
        assert repeated.reply is not None, "every part stores what it returned"
        return repeated.reply.body
    except Problem:
        # What stands in the way now may be what this very part did before.
        first = apart.find_reply()
        if first is None:
            raise
        return first.body
    return done[0]


def _series_id(client_id: str, key: str) -> str:
    return "ser_" + hashlib.sha256(f"{client_id}|{key}".encode()).hexdigest()[:26].upper()


def _own_series(series_id: str, client_id: str) -> SeriesRow:
    row = table.find_series(series_id) if ids.is_id("ser", series_id) else None
    if row is None or row.client_id != client_id:
        raise NotFound()
    return row


def _orders_of(row: SeriesRow) -> dict[str, OrderRow]:
    placed = [entry.order_id for entry in row.series.entries if entry.order_id is not None]
    loaded = table.load([table.order_key(order_id) for order_id in placed])
    found = ((order_id, loaded.order(order_id)) for order_id in placed)
    return {order_id: order for order_id, order in found if order is not None}
