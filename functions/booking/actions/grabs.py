"""Taking an order out of the hall: exactly one companion gets it (F20)."""

from datetime import datetime

from functions.booking import table
from functions.booking.actions import dispatch, slots
from functions.booking.rules import hall as rules
from functions.booking.rules.calendar import SlotTaken
from functions.booking.rules.hall import Listing, OrderTaken
from functions.booking.rules.matching import Companion
from functions.booking.rules.orders import OfferState, OrderState
from functions.booking.table import OrderRow
from functions.booking.table import dispatch as rows
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def grab(tx: Tx, *, order_id: str, companion_id: str) -> OrderRow:
    """The order is this companion's: their slot is held, whoever was being asked need not answer any more.

    One read tells which days to look at, a second one reads them; losers of a race mostly need the first alone. Raises
    NotFound (also for an order that they may not take), OrderTaken, DeclinedBefore, GrabTooEarly, SlotTaken.
    """
    if not ids.is_id("ord", order_id):
        raise NotFound()
    loaded = table.load([table.order_key(order_id), table.companion_key(companion_id)])
    order, row = loaded.order(order_id), loaded.companion(companion_id)
    if order is None or row is None or order.listing is None:
        raise NotFound()
    _check(order, order.listing, row.companion, tx.now)
    _move_to(tx, order, row.companion)
    dispatch.assign(tx, order, companion_id)
    return order


def close_hall(tx: Tx, *, order_id: str, due_at: datetime) -> None:
    """The order's time in the hall is over: unless somebody is being asked, the best one free is, or it ends."""
    order = table.find_order(order_id)
    if order is None or order.state is not OrderState.DISPATCHING or order.listing is None:
        return
    if order.listing.is_open and order.listing.until == due_at:
        dispatch.leave_hall(tx, order)


def _check(order: OrderRow, listing: Listing, companion: Companion, now: datetime) -> None:
    serves = rules.can_serve(
        companion, hospital_id=order.hospital_id, department_id=order.department_id, wanted=order.wanted
    )
    if not serves:
        raise NotFound()
    if order.state is not OrderState.DISPATCHING or not listing.is_open or now >= listing.until:
        raise OrderTaken()
    is_chosen = order.chosen_id == companion.companion_id
    rules.check_not_asked(companion.companion_id, asked=order.asked, being_asked=is_chosen and order.offer is not None)
    shown_at = rules.shown_from(
        listing.listed_at,
        gross_fen=order.price.gross_fen,
        tier=companion.tier,
        is_chosen=is_chosen,
        policy=rows.dispatch_policy(),
    )
    rules.check_head_start(shown_at, now, companion.tier)


def _move_to(tx: Tx, order: OrderRow, companion: Companion) -> None:
    """Hold the companion's slot instead of that of whoever is being asked."""
    before, after, dates = order.chosen_id, companion.companion_id, slots.dates_of(order)
    keys = [table.day_key(owner, each) for owner in {before, after} for each in dates]
    offer_key = [table.offer_key(before, order.offer.offer_id)] if order.offer else []
    loaded = table.load([*keys, *offer_key, table.relations_key(order.client_id)])
    if loaded.relations(order.client_id).relations.is_blocked(after):
        raise NotFound()
    if order.offer is not None:
        offer = loaded.offer(before, order.offer.offer_id)
        assert offer is not None, "an order that waits for an offer has it"
        dispatch.answer(tx, offer, OfferState.ACCEPTED if before == after else OfferState.WITHDRAWN)
        order.offer = None
    if before != after:
        dispatch.let_go(tx, order, loaded.days(before, dates))
    order.chosen_id = after
    order.share_bp = table.policy().share_bp[companion.tier]
    if after not in order.asked:
        order.asked = (*order.asked, after)
    try:
        slots.hold(tx, order, loaded.days(after, dates))
    except SlotTaken as taken:
        raise SlotTaken("您在这个时段已有安排，或与前后的陪诊来不及赶路") from taken
