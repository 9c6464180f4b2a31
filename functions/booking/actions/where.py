"""Where orders belong, for those who add up what they brought (F32)."""

from collections.abc import Sequence

from functions.booking import table
from functions.booking.rules.catalogue import Kind
from functions.booking.rules.pricing import CityTier
from functions.booking.rules.versions import Place
from functions.booking.table.catalogue import catalogue_of
from functions.shared.table import find_all


def where_booked(order_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Hospital and package id of each order that exists: one eventually consistent BatchGet for 100."""
    found = find_all(table.BookingRow, [table.order_key(order_id) for order_id in order_ids], consistent=False)
    orders = (row for row in found.values() if isinstance(row, table.OrderRow))
    return {order.order_id: (order.hospital_id, order.package_id) for order in orders}


def package_name(package_id: str) -> str:
    """What a package is called; its id if nobody knows."""
    here = catalogue_of(Place(CityTier.FIRST))
    said = [version.content for version in here.of(Kind.PACKAGE) if version.item_id == package_id]
    return next((str(content.name) for content in reversed(said) if content is not None), package_id)
