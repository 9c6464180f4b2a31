"""Finding a companion for an order: slots, offers, answers, the next in line (F19, B5)."""

from collections.abc import Sequence

from functions.booking import table
from functions.booking.actions import closing, matching, slots
from functions.booking.events import OfferMade, OrderAssigned
from functions.booking.rules import orders, pricing
from functions.booking.rules.itinerary import itinerary
from functions.booking.rules.orders import (
    ClosedReason,
    OfferClosed,
    OfferedVisit,
    OfferState,
    OpenOffer,
    OrderState,
)
from functions.booking.rules.pricing import LineKind
from functions.booking.table import OfferRow, OrderRow
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx


def ask(tx: Tx, order: OrderRow, companion_id: str) -> None:
    """Offer the order, whose slot with them is held, to this companion. The caller saves the order."""
    if order.state is OrderState.PAID:
        order.state = orders.move_order(order.state, OrderState.DISPATCHING)
    order.asked = (*order.asked, companion_id)
    offer_id = table.offer_id_of(order.order_id, len(order.asked))
    expires_at = orders.offer_expires_at(tx.now, order.starts_at, table.policy())
    order.offer = OpenOffer(offer_id, expires_at)
    tx.insert(
        OfferRow(
            *table.offer_key(companion_id, offer_id),
            order_id=order.order_id,
            state=OfferState.OPEN,
            made_at=tx.now,
            expires_at=expires_at,
            visit=_offered_visit(order),
        )
    )
    tx.emit(OfferMade(offer_id=offer_id, order_id=order.order_id, companion_id=companion_id, expires_at=expires_at))
    tx.schedule(Timer(room="booking", kind="offer_expires", subject=offer_id, due_at=expires_at))


def list_offers(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[OfferRow], str | None]:
    """The companion's offers, open and answered, the latest order's first."""
    return table.offers_of(companion_id, limit=limit, after=after)


def accept_offer(tx: Tx, *, companion_id: str, offer_id: str) -> OfferRow:
    """Take the order: it is assigned, with a timetable and a reminder (F21). Raises NotFound, OfferClosed."""
    offer, order = _open_offer(companion_id, offer_id)
    if tx.now >= offer.expires_at:
        raise OfferClosed()
    _answer(tx, offer, OfferState.ACCEPTED)
    order.offer = None
    assign(tx, order, companion_id)
    return offer


def assign(tx: Tx, order: OrderRow, companion_id: str) -> None:
    """The order is this companion's, whose slot it holds: timetable, reminder, and everybody is told (F21)."""
    from functions.hospitals import actions as hospitals

    order.state = orders.move_order(order.state, OrderState.ASSIGNED)
    order.companion_id = companion_id
    order.assigned_at = tx.now
    template = table.process_template(order.process_template_id)
    assert template is not None, f"process template {order.process_template_id} was there when the visit was quoted"
    tx.save(order)
    tx.insert(table.ItineraryRow(*table.itinerary_key(order.order_id), entries=itinerary(template, order.starts_at)))
    campus = hospitals.find_hospital(order.hospital_id).campus_of(order.department_id)
    tx.emit(
        OrderAssigned(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=companion_id,
            patient_id=order.patient_id,
            hospital_id=order.hospital_id,
            campus_id=order.campus_id,
            department_id=order.department_id,
            process_template=template.milestones,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            lat=campus.lat,
            lng=campus.lng,
            geofence_radius_m=campus.geofence_radius_m,
        )
    )
    remind_at = orders.reminder_at(tx.now, order.starts_at, table.policy())
    tx.schedule(Timer(room="booking", kind="visit_reminder", subject=order.order_id, due_at=remind_at))


def decline_offer(tx: Tx, *, companion_id: str, offer_id: str, reason: str) -> OfferRow:
    """Refuse the order; the next companion is asked. Raises NotFound, OfferClosed."""
    offer, order = _open_offer(companion_id, offer_id)
    offer.decline_reason = reason
    _answer(tx, offer, OfferState.DECLINED)
    _ask_next(tx, order)
    return offer


def expire_offer(tx: Tx, *, offer_id: str) -> None:
    """Nobody answered in time: the next companion is asked. An offer that was answered stays as it is."""
    order = table.find_order(table.order_id_of_offer(offer_id))
    if order is None:
        raise NotFound()
    if order.state is not OrderState.DISPATCHING or order.offer is None or order.offer.offer_id != offer_id:
        return
    offer = table.load([table.offer_key(order.chosen_id, offer_id)]).offer(order.chosen_id, offer_id)
    assert offer is not None, "an order that waits for an offer has it"
    _answer(tx, offer, OfferState.EXPIRED)
    _ask_next(tx, order)


def _ask_next(tx: Tx, order: OrderRow) -> None:
    """Move the slot and the offer to the best free companion who was not asked yet; with nobody left, end the order."""
    found = matching.suited(
        order.hospital_id,
        order.department_id,
        order.booking,
        wanted=order.wanted,
        seed=order.quote_id,
        without=order.asked,
        also_days_of=order.chosen_id,
    )
    dates = slots.dates_of(order)
    slots.release_days(tx, order, found.loaded.days(order.chosen_id, dates))
    order.offer = None
    if found.ranked and orders.may_dispatch(tx.now, order.starts_at):
        following = found.ranked[0].candidate
        order.chosen_id = following.companion_id
        order.share_bp = table.policy().share_bp[following.tier]
        slots.hold(tx, order, found.loaded.days(following.companion_id, dates))
        ask(tx, order, following.companion_id)
    else:
        closing.close(tx, order, OrderState.NO_COMPANION, ClosedReason.NO_COMPANION)
        return
    tx.save(order)


def _open_offer(companion_id: str, offer_id: str) -> tuple[OfferRow, OrderRow]:
    """This companion's offer and its order in one BatchGet; OfferClosed unless the order waits for just this offer."""
    order_id = table.order_id_of_offer(offer_id)
    if not ids.is_id("ord", order_id) or len(offer_id) > table.MAX_OFFER_ID:
        raise NotFound()
    loaded = table.load([table.offer_key(companion_id, offer_id), table.order_key(order_id)])
    offer, order = loaded.offer(companion_id, offer_id), loaded.order(order_id)
    if offer is None or order is None:
        raise NotFound()
    if order.state is not OrderState.DISPATCHING or order.offer is None or order.offer.offer_id != offer_id:
        raise OfferClosed()
    return offer, order


def _answer(tx: Tx, offer: OfferRow, state: OfferState) -> None:
    offer.state = orders.move_offer(offer.state, state)
    offer.answered_at = tx.now
    tx.save(offer)


def _offered_visit(order: OrderRow) -> OfferedVisit:
    from functions.hospitals import actions as hospitals

    hospital = hospitals.find_hospital(order.hospital_id)
    price = order.price
    titles = {kind: [item.title for item in price.items if item.kind is kind] for kind in LineKind}
    return OfferedVisit(
        starts_at=order.starts_at,
        ends_at=order.ends_at,
        hospital_id=order.hospital_id,
        hospital_name=hospital.name,
        campus_name=hospital.campus_of(order.department_id).name,
        department_name=hospital.department(order.department_id).name,
        package_name=titles[LineKind.PACKAGE][0],
        special_requests=tuple(titles[LineKind.SPECIAL_REQUEST]),
        share_fen=pricing.split(price.total_fen, premium_fen=price.premium_fen, share_bp=order.share_bp).share_fen,
    )
