"""Rows of dispatch: its rules, orders that wait for a round, orders in the hall."""

import zlib
from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.booking.rules.dispatch import DispatchPolicy
from functions.booking.rules.hall import HallOrder
from functions.booking.table.keys import Key
from functions.booking.table.rows import BookingRow
from functions.shared.table import JsonAttribute, find, keep, query_page

DISPATCH_POLICY_KEY: Key = ("CONFIG", "dispatch")
_WAITING_SHARDS = 4
_LEAST_READ = 10
_SPARE = 2
"""How much more than a page is read, because some of it will not be for this companion."""


class DispatchPolicyRow(BookingRow, discriminator="dispatch_policy"):
    policy: JsonAttribute[DispatchPolicy] = JsonAttribute(DispatchPolicy)


class WaitingRow(BookingRow, discriminator="waiting_order"):
    """An order that waits for a round. Written once, then deleted: its version is always 1."""

    order_id = UnicodeAttribute()


class HallRow(BookingRow, discriminator="hall_order"):
    """An order in the hall. Written once, then deleted: its version is always 1."""

    order: JsonAttribute[HallOrder] = JsonAttribute(HallOrder)


def dispatch_policy() -> DispatchPolicy:
    """At most a minute old."""
    row = keep(DispatchPolicyRow, *DISPATCH_POLICY_KEY)
    return row.policy if row else DispatchPolicy()


def find_dispatch_policy() -> DispatchPolicyRow | None:
    return find(DispatchPolicyRow, *DISPATCH_POLICY_KEY)


def waiting_shard(order_id: str) -> int:
    return zlib.crc32(order_id.encode()) % _WAITING_SHARDS


def waiting_key(city: str, shard: int, order_id: str) -> Key:
    return (f"OPEN_ORDERS#{city}#{shard}", order_id)


def waiting_orders(city: str, *, limit: int) -> list[str]:
    """Ids of a city's waiting orders, those placed first at the front: one Query for each shard."""
    found: list[str] = []
    for shard in range(_WAITING_SHARDS):
        rows, _ = query_page(WaitingRow, waiting_key(city, shard, "")[0], limit=limit)
        found += [row.order_id for row in rows]
    return sorted(found)[:limit]


def hall_key(city: str, hospital_id: str, sort_key: str) -> Key:
    """A hospital is a shard of its city's hall: a companion reads those in which they work, and nothing else."""
    return (f"HALL#{city}#{hospital_id}", sort_key)


def hall_page(
    city: str, hospital_ids: Sequence[str], *, limit: int, after: str | None
) -> tuple[list[HallRow], str | None]:
    """Orders of these hospitals' shards after that sort key, the nearest visit first, and where to go on.

    One eventually consistent Query for each shard; at most 10 rows of each, or twice the page of all, are read.
    """
    if not hospital_ids:
        return [], None
    each = max(_LEAST_READ, -(-_SPARE * limit // len(hospital_ids)))
    rows: list[HallRow] = []
    ends: list[str] = []
    for hospital_id in hospital_ids:
        pk, _ = hall_key(city, hospital_id, "")
        found, last = query_page(HallRow, pk, limit=each, after=after, consistent=False)
        rows += found
        ends += [last] if last else []
    known_to = min(ends, default=None)
    merged = sorted((row for row in rows if known_to is None or row.sk <= known_to), key=lambda row: row.sk)
    return merged, known_to
