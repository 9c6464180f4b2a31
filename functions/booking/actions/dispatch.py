"""Finding a companion for an order: slots, offers, answers, the next in line (F19, B5).

An order that is `dispatching` has an open offer, waits for a round, stands in the hall, or two of these.
"""

from collections.abc import Sequence
from datetime import datetime

from functions.booking import table
from functions.booking.actions import (
    closing,
    confirmation,
    hall,
    matching,
    offered,
    preparation,
    remedied,
    slots,
    waiting,
)
from functions.booking.events import OfferMade, OrderAssigned
from functions.booking.rules import dispatch as rules
from functions.booking.rules import orders
from functions.booking.rules.dispatch import Declined, Mode, ModeRule, ServesNoMore
from functions.booking.rules.hall import Left
from functions.booking.rules.itinerary import ProcessTemplate, itinerary
from functions.booking.rules.matching import Companion
from functions.booking.rules.orders import ClosedReason, OfferClosed, OfferState, OpenOffer, OrderState
from functions.booking.table import DayRow, OfferRow, OrderRow
from functions.booking.table import dispatch as rows
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx


def start(tx: Tx, order: OrderRow) -> None:
    """Begin to look for a companion by the way that holds in the order's city now. The caller saves the order.

    Whoever the client chose, and whose slot is held, is asked; where orders go to the hall, it is put there and the
    slot let go, and the chosen one is among those who may take it.
    """
    _dispatching(order)
    if rule_for(order, tx.now).mode is Mode.HALL and hall.list_order(tx, order, city=_city_of(order)):
        slots.release(tx, order)
    else:
        ask(tx, order, order.chosen_id)


def rule_for(order: OrderRow, now: datetime) -> ModeRule:
    """By which way a companion for the order is looked for now."""
    return rules.rule_at(rows.dispatch_policy(), _city_of(order), now)


def ask(tx: Tx, order: OrderRow, companion_id: str) -> None:
    """Offer the order, whose slot with them is held, to this companion. The caller saves the order."""
    _dispatching(order)
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
            visit=offered.visit_of(order),
        )
    )
    tx.emit(OfferMade(offer_id=offer_id, order_id=order.order_id, companion_id=companion_id, expires_at=expires_at))
    tx.schedule(Timer(room="booking", kind="offer_expires", subject=offer_id, due_at=expires_at))


def list_offers(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[OfferRow], str | None]:
    """The companion's offers, open and answered, the latest order's first."""
    return table.offers_of(companion_id, limit=limit, after=after)


def accept_offer(tx: Tx, *, companion_id: str, offer_id: str) -> OfferRow:
    """Take the order: it is assigned, with a timetable and a reminder (F21).

    Raises NotFound, OfferClosed, and ServesNoMore for somebody who was suspended meanwhile.
    """
    offer, order, companion = _open_offer(companion_id, offer_id)
    if tx.now >= offer.expires_at:
        raise OfferClosed()
    if (order.hospital_id, order.department_id) not in companion.departments:
        raise ServesNoMore()
    answer(tx, offer, OfferState.ACCEPTED)
    order.offer = None
    assign(tx, order, companion_id)
    return offer


def assign(tx: Tx, order: OrderRow, companion_id: str) -> None:
    """The order is this companion's, whose slot it holds: timetable, reminder, and everybody is told (F21)."""
    from functions.hospitals import actions as hospitals

    order.state = orders.move_order(order.state, OrderState.ASSIGNED)
    order.companion_id = companion_id
    order.assigned_at = tx.now
    hall.withdraw(tx, order, Left.TAKEN)
    waiting.stop(tx, order)
    confirmation.begin(tx, order)
    remedied.tell(tx, order, companion_id=companion_id)
    template = preparation.process_of(order)
    tx.save(order)
    keep_timetable(tx, order, template)
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
            revision=int(order.version),
            overtime_cap_fen=order.overtime_cap_fen,
        )
    )
    preparation.schedule_reminders(tx, order)


def keep_timetable(tx: Tx, order: OrderRow, template: ProcessTemplate) -> None:
    """The order's timetable for its present time, whether it had one before or not (F21)."""
    row = table.ItineraryRow(*table.itinerary_key(order.order_id))
    entries = itinerary(template, order.starts_at)
    tx.update(row, [table.ItineraryRow.entries.set(entries), table.ItineraryRow.version.add(1)])


def withdraw(tx: Tx, order: OrderRow) -> None:
    """Nobody is asked any more, in the hall neither: whoever was may no longer take it. The caller saves.

    One read if somebody has an offer.
    """
    hall.withdraw(tx, order)
    waiting.stop(tx, order)
    _withdraw_offer(tx, order)


def _withdraw_offer(tx: Tx, order: OrderRow) -> None:
    if order.offer is None:
        return
    offer_id = order.offer.offer_id
    offer = table.load([table.offer_key(order.chosen_id, offer_id)]).offer(order.chosen_id, offer_id)
    assert offer is not None, "an order that waits for an offer has it"
    answer(tx, offer, OfferState.WITHDRAWN)
    order.offer = None


def ask_again(tx: Tx, order: OrderRow) -> None:
    """The order, still without a companion, has another time: ask anew, show it in the hall anew. Saves the order.

    Its slot at the new time is held already if somebody is being asked; between rounds it goes on waiting. One read if
    somebody has an offer.
    """
    was_asked, was_listed = order.offer is not None, order.listing is not None and order.listing.is_open
    hall.withdraw(tx, order)
    if was_listed:
        hall.list_order(tx, order, city=_city_of(order))
    if was_asked:
        _withdraw_offer(tx, order)
        ask(tx, order, order.chosen_id)
    if was_asked or order.waiting is not None or (order.listing is not None and order.listing.is_open):
        tx.save(order)
    else:
        ask_best(tx, order)


def decline_offer(tx: Tx, *, companion_id: str, offer_id: str, declined: Declined) -> OfferRow:
    """Refuse the order; the next companion is asked. Raises NotFound, OfferClosed."""
    offer, order, _ = _open_offer(companion_id, offer_id)
    offer.declined = declined
    answer(tx, offer, OfferState.DECLINED)
    ask_next(tx, order)
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
    answer(tx, offer, OfferState.EXPIRED)
    ask_next(tx, order)


def ask_next(tx: Tx, order: OrderRow) -> None:
    """Whoever was asked, and holds the slot, does not take the order: go on by the way that holds now. Saves the order.

    In the hall; with the next round; at once to the best free companion who was not asked yet. With nobody left, the
    order ends.
    """
    rule, city = rule_for(order, tx.now), _city_of(order)
    order.offer = None
    listed = rule.mode is not Mode.OFFER and hall.list_order(tx, order, city=city)
    if rule.mode is Mode.HALL and listed:
        slots.release(tx, order)
    elif rule.round_s and orders.may_dispatch(tx.now, order.starts_at):
        slots.release(tx, order)
        waiting.wait(tx, order, city=city, round_s=rule.round_s)
    else:
        ask_best(tx, order)
        return
    tx.save(order)


def ask_best(tx: Tx, order: OrderRow, *, prefer: str | None = None) -> None:
    """Move the slot and the offer to the best free companion who was not asked yet, or to `prefer` if free.

    Saves the order. With nobody left the order ends with a full refund, unless it still stands in the hall.
    """
    found = matching.suited(
        order.hospital_id,
        order.department_id,
        order.booking,
        wanted=order.wanted,
        seed=order.quote_id,
        without=order.asked,
        also_days_of=order.chosen_id,
        client_id=order.client_id,
        patient_id=order.patient_id,
        condition_type=order.condition_type,
    )
    dates = slots.dates_of(order)
    preferred = [entry for entry in found.ranked if entry.candidate.companion_id == prefer]
    may_still = orders.may_dispatch(tx.now, order.starts_at)
    following = rules.next_in_line(preferred or found.ranked, asked=order.asked) if may_still else None
    if following is None or following.candidate.companion_id != order.chosen_id:
        let_go(tx, order, found.loaded.days(order.chosen_id, dates))
    order.offer = None
    waiting.stop(tx, order)
    if following is not None:
        order.chosen_id = following.candidate.companion_id
        order.share_bp = table.policy().share_bp[following.candidate.tier]
        slots.hold(tx, order, found.loaded.days(order.chosen_id, dates))
        ask(tx, order, order.chosen_id)
    elif order.listing is None or not order.listing.is_open:
        closing.close(tx, order, OrderState.NO_COMPANION, ClosedReason.NO_COMPANION)
        return
    tx.save(order)


def leave_hall(tx: Tx, order: OrderRow) -> None:
    """The order's time in the hall is over: unless somebody is being asked, the best one free is. Saves the order."""
    hall.withdraw(tx, order, Left.TIME_OVER)
    if order.offer is None and order.waiting is None:
        ask_best(tx, order)
    else:
        tx.save(order)


def let_go(tx: Tx, order: OrderRow, days: Sequence[DayRow]) -> None:
    """Take the order out of those of these days that hold it."""
    holding = [row for row in days if order.order_id in {each.order_id for each in row.bookings}]
    slots.release_days(tx, order, holding)


def answer(tx: Tx, offer: OfferRow, state: OfferState) -> None:
    """Close an open offer. The caller changes the order. Raises OfferClosed."""
    offer.state = orders.move_offer(offer.state, state)
    offer.answered_at = tx.now
    tx.save(offer)


def _dispatching(order: OrderRow) -> None:
    if order.state is OrderState.PAID:
        order.state = orders.move_order(order.state, OrderState.DISPATCHING)


def _city_of(order: OrderRow) -> str:
    from functions.hospitals import actions as hospitals

    return hospitals.find_hospital(order.hospital_id).city


def _open_offer(companion_id: str, offer_id: str) -> tuple[OfferRow, OrderRow, Companion]:
    """This companion's offer, its order and the companion in one BatchGet.

    OfferClosed unless the order waits for just this offer.
    """
    order_id = table.order_id_of_offer(offer_id)
    if not ids.is_id("ord", order_id) or len(offer_id) > table.MAX_OFFER_ID:
        raise NotFound()
    keys = (table.offer_key(companion_id, offer_id), table.order_key(order_id), table.companion_key(companion_id))
    loaded = table.load(keys)
    offer, order, row = loaded.offer(companion_id, offer_id), loaded.order(order_id), loaded.companion(companion_id)
    if offer is None or order is None or row is None:
        raise NotFound()
    if order.state is not OrderState.DISPATCHING or order.offer is None or order.offer.offer_id != offer_id:
        raise OfferClosed()
    return offer, order, row.companion
