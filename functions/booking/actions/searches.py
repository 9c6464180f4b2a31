"""How the search for an order's companion went, for staff (F19)."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.booking import table
from functions.booking.table import OfferRow, OrderRow
from functions.shared import ids
from functions.shared.errors import NotFound

_SHOWN = 100
"""What one BatchGet reads."""


@dataclass(frozen=True)
class Search:
    """An order with the offers that were made of it, the latest first."""

    order: OrderRow
    offers: Sequence[tuple[str, OfferRow]]
    """With the companion who got it."""


def read_search(order_id: str) -> Search:
    """The latest 100 offers, with answers and reasons. Two reads. Raises NotFound."""
    order = table.find_order(order_id) if ids.is_id("ord", order_id) else None
    if order is None:
        raise NotFound()
    made = [(companion_id, table.offer_id_of(order_id, turn)) for turn, companion_id in enumerate(order.asked, start=1)]
    shown = made[::-1][:_SHOWN]
    loaded = table.load(table.offer_key(*each) for each in shown)
    found = ((companion_id, loaded.offer(companion_id, offer_id)) for companion_id, offer_id in shown)
    return Search(order, [(companion_id, offer) for companion_id, offer in found if offer is not None])
