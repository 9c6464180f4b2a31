"""Rows of the preparation: an order's checklist, hospitals' own checklists, when people are reminded.

<order_id>              checklist          the order's copy, and what is ready
CHECKLIST#<hospital>    * | <department>   what stands in place of the department's template
CONFIG                  preparation        the reminders
"""

from datetime import datetime

from functions.booking.rules.itinerary import Checklist
from functions.booking.rules.preparation import ChecklistPlace, PreparationPolicy
from functions.booking.table.keys import Key, checklist_key, order_checklist_key, order_key
from functions.booking.table.rows import BookingRow, ChecklistRow, OrderRow
from functions.shared.table import JsonAttribute, find, find_all, keep

_POLICY_KEY: Key = ("CONFIG", "preparation")


class OrderChecklistRow(BookingRow, discriminator="order_checklist"):
    """The copy that one order was given; `ready` says since when each item has been ticked off."""

    checklist: JsonAttribute[Checklist] = JsonAttribute(Checklist)
    ready: JsonAttribute[dict[str, datetime]] = JsonAttribute(dict[str, datetime])


class PreparationPolicyRow(BookingRow, discriminator="preparation_policy"):
    policy: JsonAttribute[PreparationPolicy] = JsonAttribute(PreparationPolicy)


def place_key(place: ChecklistPlace) -> Key:
    if place.template:
        return checklist_key(place.template)
    return f"CHECKLIST#{place.hospital_id}", place.department_id or "*"


def find_checklist(place: ChecklistPlace) -> ChecklistRow | None:
    return find(ChecklistRow, *place_key(place))


def most_specific(places: tuple[ChecklistPlace, ...]) -> tuple[ChecklistPlace, ChecklistRow] | None:
    """The first of these places that has a checklist: one BatchGetItem."""
    keys = {place: place_key(place) for place in places}
    rows = find_all(BookingRow, keys.values(), consistent=False)
    for place, key in keys.items():
        row = rows.get(key)
        if isinstance(row, ChecklistRow):
            return place, row
    return None


def order_with_checklist(order_id: str) -> tuple[OrderRow | None, OrderChecklistRow | None]:
    """One BatchGetItem."""
    rows = find_all(BookingRow, [order_key(order_id), order_checklist_key(order_id)])
    order, checklist = rows.get(order_key(order_id)), rows.get(order_checklist_key(order_id))
    assert order is None or isinstance(order, OrderRow)
    assert checklist is None or isinstance(checklist, OrderChecklistRow)
    return order, checklist


def policy() -> PreparationPolicy:
    """Up to a minute old."""
    row = keep(PreparationPolicyRow, *_POLICY_KEY)
    return row.policy if row else PreparationPolicy()


def find_policy_row() -> PreparationPolicyRow:
    """The stored row, or a new one."""
    return find(PreparationPolicyRow, *_POLICY_KEY) or PreparationPolicyRow(*_POLICY_KEY, policy=PreparationPolicy())
