"""The grab hall: orders put there, taken out, and shown to those who may take them (F20)."""

from dataclasses import dataclass, replace
from datetime import datetime

from functions.booking import table
from functions.booking.actions import offered
from functions.booking.rules import hall as rules
from functions.booking.rules import pricing
from functions.booking.rules.hall import HallOrder, Left, Listing
from functions.booking.rules.policy import Tier
from functions.booking.table import OrderRow
from functions.booking.table import dispatch as rows
from functions.booking.table.dispatch import HallRow
from functions.shared import clock
from functions.shared.events import Timer
from functions.shared.tx import Tx


@dataclass(frozen=True)
class Shown:
    """An order in the hall, as one companion sees it."""

    order: HallOrder
    share_fen: int
    """What this companion would earn."""
    is_high_value: bool
    is_chosen: bool
    """The client chose this very companion."""


def list_order(tx: Tx, order: OrderRow, *, city: str) -> bool:
    """Have the order in the hall; False if its visit is too near or its time there was over. The caller saves.

    One read.
    """
    policy = rows.dispatch_policy()
    if order.listing is not None and order.listing.is_open:
        return True
    until = rules.closes_at(tx.now, order.starts_at, policy)
    if until is None or not rules.may_be_listed(order.listing, order.starts_at):
        return False
    sort_key = f"{clock.china(order.starts_at):%Y-%m-%dT%H:%M}|{order.order_id}"
    order.listing = Listing(city, sort_key, order.starts_at, listed_at=tx.now, until=until)
    blocked = table.find_relations(order.client_id).relations.blocked
    shown = _as_shown(order, order.listing, blocked)
    tx.insert(HallRow(*rows.hall_key(city, order.hospital_id, sort_key), order=shown))
    tx.schedule(Timer(room="booking", kind="hall_closes", subject=order.order_id, due_at=until))
    return True


def withdraw(tx: Tx, order: OrderRow, left: Left = Left.WITHDRAWN) -> None:
    """The order is in the hall no more, if it was. The caller saves the order."""
    listing = order.listing
    if listing is not None and listing.is_open:
        tx.delete(HallRow(*rows.hall_key(listing.city, order.hospital_id, listing.sort_key), version=1))
        order.listing = replace(listing, left=left)


def list_hall(
    companion_id: str, *, city: str | None, limit: int, after: str | None, now: datetime
) -> tuple[list[Shown], str | None]:
    """A page of what this companion may take, the nearest visit first, and where to go on.

    A page may hold less than `limit`, even nothing, while there is more: what was read was for others. Somebody who is
    not active sees nothing. One read, then one Query for each hospital that they serve; up to a second old.
    """
    row = table.find_companion(companion_id)
    if row is None:
        return [], None
    companion, policy = row.companion, rows.dispatch_policy()
    found, last = rows.hall_page(city or companion.city, sorted(companion.serves), limit=limit, after=after)
    seen = [each for each in found if rules.sees(companion, each.order, now=now, policy=policy)]
    if len(seen) > limit:
        seen = seen[:limit]
        last = seen[-1].sk
    shown = [
        Shown(
            order=each.order,
            share_fen=each.order.shares_fen[companion.tier],
            is_high_value=each.order.gross_fen >= policy.high_value_fen,
            is_chosen=each.order.chosen_id == companion_id,
        )
        for each in seen
    ]
    return shown, last


def _as_shown(order: OrderRow, listing: Listing, blocked: frozenset[str]) -> HallOrder:
    share_bp = table.policy().share_bp
    return HallOrder(
        order_id=order.order_id,
        listed_at=listing.listed_at,
        until=listing.until,
        department_id=order.department_id,
        wanted=order.wanted,
        chosen_id=order.chosen_id,
        asked=frozenset(order.asked),
        blocked=blocked,
        gross_fen=order.price.gross_fen,
        shares_fen={tier: pricing.split(order.price, share_bp[tier]).share_fen for tier in Tier},
        visit=offered.visit_of(order),
    )
