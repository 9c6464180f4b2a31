"""Orders: placing, reading, and what payments, visits and deadlines do to them (F3, B1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.booking import table
from functions.booking.actions import closing, discounts, dispatch, notes, preparation, relations, slots
from functions.booking.events import (
    OrderCompleted,
    OrderPaid,
    OrderPaidTooLate,
    OrderPlaced,
)
from functions.booking.rules import availability, calendar, orders, pricing
from functions.booking.rules.calendar import Booking
from functions.booking.rules.matching import CompanionUnavailable, Wanted, meets
from functions.booking.rules.orders import ClosedReason, OrderState
from functions.booking.rules.overtime import OvertimeTerms
from functions.booking.table import CompanionRow, DayRow, OrderRow, QuoteRow
from functions.shared import ids
from functions.shared.caller import Caller
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx


@dataclass(frozen=True)
class OrderCard:
    """An order as other rooms may read it."""

    order_id: str
    client_id: str
    companion_id: str | None
    """Who took the order; None until somebody did."""
    patient_id: str
    state: OrderState
    starts_at: datetime
    ends_at: datetime
    hospital_id: str
    campus_id: str
    department_id: str
    package_id: str
    total_fen: int
    share_fen: int
    """What the companion in `companion_id`, or whoever is being asked, earns with it."""
    placed_at: datetime
    hold_expires_at: datetime
    """Until when it may be paid."""


def find_order(order_id: str) -> OrderCard:
    """The order, as it is now (one read); NotFound."""
    return _card(_row(order_id))


def overtime_terms(order_id: str) -> OvertimeTerms:
    """What staying longer costs, as it was when the order was placed (one read); NotFound."""
    order = _row(order_id)
    return OvertimeTerms(rate=order.price.overtime, share_bp=order.share_bp)


def require_party(order_id: str, caller: Caller) -> OrderCard:
    """The order, if `caller` is its client, the companion who took it, or staff; to everybody else it is NotFound."""
    return _card(read_order(order_id, caller))


def read_order(order_id: str, caller: Caller) -> OrderRow:
    """The same with everything that this room knows of it."""
    return _for_party(_row(order_id), caller)


def read_note(order: OrderRow, caller: Caller) -> str | None:
    """The client's note, for the client and the companion who took the order; staff do not read it here."""
    return notes.unseal(order.patient_id, order.note) if order.note and caller.subject in _parties(order) else None


def list_orders_of_client(client_id: str, *, limit: int, after: str | None) -> tuple[list[OrderRow], str | None]:
    """A client's orders, the latest placed first, and where to go on."""
    return table.orders_of_client(client_id, limit=limit, after=after)


def list_orders_of_companion(companion_id: str, *, limit: int, after: str | None) -> tuple[list[OrderRow], str | None]:
    """The orders that a companion took, the latest visit first, and where to go on."""
    return table.orders_of_companion(companion_id, limit=limit, after=after)


def place_order(
    tx: Tx, *, client_id: str, quote_id: str, companion_id: str, wanted: Wanted, overtime_cap_fen: int = 0
) -> OrderRow:
    """Turn a quote into an order that holds the companion's slot until it is paid or the hold expires (B1).

    `wanted` stays with the order: whoever is asked if this companion declines must meet it too. Overtime up to
    `overtime_cap_fen` in all is approved in advance (B9). Raises NotFound,
    QuoteUsed, QuoteExpired, CompanionUnavailable, SlotTaken.
    """
    policy = table.policy()
    dates = table.days_of_quote(quote_id, policy)
    days = [table.day_key(companion_id, service_date) for service_date in dates]
    if not days:
        raise NotFound()
    persons = [table.companion_key(companion_id), table.relations_key(client_id)]
    loaded = table.load([table.quote_key(quote_id), *persons, *days])
    quote, companion = loaded.quote(quote_id), loaded.companion(companion_id)
    if quote is None or quote.client_id != client_id or companion is None:
        raise NotFound()
    pricing.check_usable(expires_at=quote.expires_at, order_id=quote.order_id, now=tx.now)
    visit_days = loaded.days(companion_id, calendar.days_held(quote.starts_at, quote.ends_at, policy))
    hold_expires_at = orders.hold_expires_at(tx.now, policy)
    relations.check_allowed(loaded.relations(client_id).relations, companion_id)
    return place_on(
        tx,
        quote,
        companion,
        wanted=wanted,
        days=visit_days,
        hold_expires_at=hold_expires_at,
        overtime_cap_fen=overtime_cap_fen,
    )


def place_on(
    tx: Tx,
    quote: QuoteRow,
    row: CompanionRow,
    *,
    wanted: Wanted,
    days: Sequence[DayRow],
    hold_expires_at: datetime,
    series_id: str | None = None,
    overtime_cap_fen: int = 0,
) -> OrderRow:
    """Place the order on a quote that is usable, stored or new; `days` are the visit's days of the companion.

    Raises CompanionUnavailable, SlotTaken.
    """
    companion = row.companion
    served = (quote.hospital_id, quote.department_id) in companion.departments
    if not served or not meets(companion.in_department(quote.department_id), wanted):
        raise CompanionUnavailable()
    visit = Booking(quote.pk, quote.starts_at, quote.ends_at, quote.campus_id)
    if not availability.within_hours(row.availability, [each.day for each in days], visit, table.policy()):
        raise CompanionUnavailable("这个时间不在这位陪诊师的接单时段内，请换一个时间或陪诊师")
    order = OrderRow(
        *table.order_key(ids.new("ord", tx.now)),
        client_id=quote.client_id,
        placed_at=tx.now,
        chosen_id=companion.companion_id,
        starts_at=quote.starts_at,
        ends_at=quote.ends_at,
        patient_id=quote.patient_id,
        hospital_id=quote.hospital_id,
        campus_id=quote.campus_id,
        department_id=quote.department_id,
        package_id=quote.package_id,
        process_template_id=quote.process_template_id,
        process_version_id=quote.process_version_id,
        quote_id=quote.pk,
        state=OrderState.AWAITING_PAYMENT,
        price=quote.price,
        discount_plan=quote.discount_plan,
        terms=quote.terms,
        share_bp=table.policy().share_bp[companion.tier],
        wanted=wanted,
        hold_expires_at=hold_expires_at,
        asked=(),
        note=quote.note,
        condition_type=quote.condition_type,
        series_id=series_id,
        overtime_cap_fen=overtime_cap_fen,
    )
    slots.hold(tx, order, days, daily_cap=row.availability.daily_cap)
    discounts.reserve(tx, order)
    quote.order_id = order.order_id
    tx.save(quote)
    tx.insert(order)
    tx.emit(
        OrderPlaced(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=companion.companion_id,
            total_fen=order.price.total_fen,
            hold_expires_at=order.hold_expires_at,
        )
    )
    tx.schedule(Timer(room="booking", kind="hold_expires", subject=order.order_id, due_at=order.hold_expires_at))
    return order


def expire_hold(tx: Tx, *, order_id: str) -> None:
    """The hold's time is over: an order still unpaid closes and its slot is free again (B1)."""
    order = _row(order_id)
    if order.state is not OrderState.AWAITING_PAYMENT:
        return
    slots.release(tx, order)
    closing.close(tx, order, OrderState.CLOSED, ClosedReason.HOLD_EXPIRED)


def record_payment(tx: Tx, *, order_id: str, payment_id: str, amount_fen: int, paid_at: datetime) -> None:
    """The money arrived: the order is paid and its companion is asked; an order that ended says so instead."""
    order = _row(order_id)
    if order.payment_id is not None:
        return
    order.payment_id = payment_id
    order.paid_at = paid_at
    if order.state in orders.ENDED_WITHOUT_VISIT:
        tx.emit(
            OrderPaidTooLate(order_id=order_id, client_id=order.client_id, payment_id=payment_id, amount_fen=amount_fen)
        )
    else:
        order.state = orders.move_order(order.state, OrderState.PAID)
        discounts.consume(tx, order)
        preparation.keep_checklist(tx, order)
        tx.emit(_paid(order))
        dispatch.start(tx, order)
    tx.save(order)


def follow_visit(tx: Tx, *, order_id: str, companion_id: str, departed_only: bool) -> None:
    """A milestone was recorded: the companion set out, or the service has begun. A former companion's is nothing."""
    order = _row(order_id)
    if order.state is not OrderState.ASSIGNED or order.companion_id != companion_id:
        return
    order.departed_at = order.departed_at or tx.now
    if not departed_only:
        order.state = orders.move_order(order.state, OrderState.IN_SERVICE)
    tx.save(order)


def complete_order(tx: Tx, *, order_id: str) -> None:
    """The visit's report is in, or nobody waits for it any more: the order is complete and its price divided (F25).

    The first milestone's event may still be on its way; the order then passes through `in_service` here.
    """
    order = _row(order_id)
    if order.state is OrderState.ASSIGNED:
        order.state = orders.move_order(order.state, OrderState.IN_SERVICE)
    if order.state is not OrderState.IN_SERVICE:
        return
    assert order.companion_id is not None, "an order in service has a companion"
    order.state = orders.move_order(order.state, OrderState.COMPLETED)
    order.completed_at = tx.now
    tx.save(order)
    relations.remember_visit(tx, order)
    price = order.price
    tx.emit(
        OrderCompleted(
            order_id=order_id,
            client_id=order.client_id,
            companion_id=order.companion_id,
            split=pricing.split(price, order.share_bp),
            total_fen=price.total_fen,
            back_fen=order.remedy.back_fen if order.remedy else 0,
            decision_id=order.remedy.decision_id if order.remedy else None,
        )
    )


def _paid(order: OrderRow) -> OrderPaid:
    insurance = order.price.insurance
    return OrderPaid(
        order_id=order.order_id,
        client_id=order.client_id,
        patient_id=order.patient_id,
        companion_id=order.chosen_id,
        starts_at=order.starts_at,
        ends_at=order.ends_at,
        hospital_id=order.hospital_id,
        department_id=order.department_id,
        insurance=insurance is not None,
        insurance_product_id=insurance.product_id if insurance else None,
        premium_fen=order.price.premium_fen,
        total_fen=order.price.total_fen,
    )


def _row(order_id: str) -> OrderRow:
    _check_id(order_id)
    row = table.find_order(order_id)
    if row is None:
        raise NotFound()
    return row


def _check_id(order_id: str) -> None:
    if not ids.is_id("ord", order_id):
        raise NotFound()


def _for_party(order: OrderRow | None, caller: Caller) -> OrderRow:
    if order is not None and (caller.is_staff or caller.subject in _parties(order)):
        return order
    raise NotFound()


def _parties(order: OrderRow) -> Iterable[str]:
    return (order.client_id, order.companion_id) if order.companion_id else (order.client_id,)


def _card(order: OrderRow) -> OrderCard:
    price = order.price
    split = pricing.split(price, order.share_bp)
    return OrderCard(
        order_id=order.order_id,
        client_id=order.client_id,
        companion_id=order.companion_id,
        patient_id=order.patient_id,
        state=order.state,
        starts_at=order.starts_at,
        ends_at=order.ends_at,
        hospital_id=order.hospital_id,
        campus_id=order.campus_id,
        department_id=order.department_id,
        package_id=order.package_id,
        total_fen=price.total_fen,
        share_fen=split.share_fen,
        placed_at=order.placed_at,
        hold_expires_at=order.hold_expires_at,
    )
