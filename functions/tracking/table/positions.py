"""Exact positions, sealed; what is known of all of them together; who opened them."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.rules.trail import Hold
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.visits import CheckIn, Visit, visit_key

_PAGE = 200
_TRAIL_INDEX = "TRAILINDEX"
EVIDENCE_PAGE = 80
"""Rows that one step of holding or releasing looks at: as many as fit a transaction."""


class Trail(TrackingRow, discriminator="position_trail"):
    """What was new in one upload; uploads come in any order and are merged by instant when read."""

    received_at = InstantAttribute()
    sealed_readings = UnicodeAttribute()


class TrailIndex(TrackingRow, discriminator="trail_index"):
    """What an upload must know of those before it, and why the evidence is held."""

    seconds = UnicodeAttribute(null=True)
    sealed_anchor = UnicodeAttribute(null=True)
    """The newest credible reading."""
    holds: JsonAttribute[dict[str, Hold]] = JsonAttribute(dict[str, Hold])


class TrailAccess(TrackingRow, discriminator="trail_access"):
    """Somebody of the staff opened the exact trail."""

    opened_at = InstantAttribute()
    opened_by = UnicodeAttribute()
    role = UnicodeAttribute()
    reason = UnicodeAttribute()


def trail_key(visit_id: str, first_at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("TRAIL", first_at).replace("_", "#")


def trail_access_key(visit_id: str, at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("TRAILACCESS", at).replace("_", "#")


def find_visit_and_trail(visit_id: str) -> tuple[Visit | None, TrailIndex]:
    """The visit and what is known of its trail (new if there is none yet): one BatchGetItem."""
    keys = (visit_key(visit_id), (visit_id, _TRAIL_INDEX))
    rows = find_all(TrackingRow, keys)
    visit, index = (rows.get(key) for key in keys)
    assert visit is None or isinstance(visit, Visit)
    assert index is None or isinstance(index, TrailIndex)
    return visit, index or _new_index(visit_id)


def find_trail_index(visit_id: str) -> TrailIndex:
    return find(TrailIndex, visit_id, _TRAIL_INDEX) or _new_index(visit_id)


def trails_of(visit_id: str) -> Sequence[Trail]:
    """Every upload of the visit, whole."""
    trails: list[Trail] = []
    after: str | None = None
    while True:
        rows, after = query_page(Trail, visit_id, prefix="TRAIL#", limit=_PAGE, after=after)
        trails += rows
        if after is None:
            return trails


def trail_accesses_of(visit_id: str, *, limit: int, after: str | None) -> tuple[Sequence[TrailAccess], str | None]:
    """The newest first: one Query."""
    return query_page(TrailAccess, visit_id, prefix="TRAILACCESS#", limit=limit, after=after, newest_first=True)


def evidence_page(visit_id: str, after: str | None) -> tuple[Sequence[Trail | CheckIn], str | None]:
    """A page of the visit's rows as far as they are evidence that expires, and where to go on: one Query."""
    rows, after = query_page(TrackingRow, visit_id, limit=EVIDENCE_PAGE, after=after)
    return [row for row in rows if isinstance(row, Trail | CheckIn)], after


def _new_index(visit_id: str) -> TrailIndex:
    return TrailIndex(visit_id, _TRAIL_INDEX, holds={})
