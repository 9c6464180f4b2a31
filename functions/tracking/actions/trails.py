"""The exact trail as evidence (F9): opened with a reason, held while somebody disputes the visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared import audit, ids
from functions.shared.caller import STAFF, Caller
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit
from functions.tracking.actions.visits import ROOM, open_key
from functions.tracking.events import VisitEvidenceChanged
from functions.tracking.rules import trail
from functions.tracking.rules.access import standing_of
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.rules.sharing import Reading
from functions.tracking.rules.trail import Hold

HOLD_ENDS = "evidence_hold_ends"
_POINTS = 2000
"""Readings that one look shows."""


@dataclass(frozen=True)
class OpenedTrail:
    """A part of the exact trail, oldest first; `next_after` is where the next part begins, None at the end."""

    readings: Sequence[Reading]
    next_after: datetime | None


def open_trail(tx: Tx, *, visit_id: str, caller: Caller, reason: str, after: datetime | None) -> OpenedTrail:
    """The exact positions after an instant, for staff; the look and its reason are kept, and the client sees them.

    One GetItem, and one Query per 200 uploads. Raises VisitNotFound.
    """
    visit = load_visit(visit_id)
    role = min(caller.roles & STAFF)
    tx.insert(
        table.TrailAccess(
            *table.trail_access_key(visit_id, tx.now),
            opened_at=tx.now,
            opened_by=caller.subject,
            role=role,
            reason=reason,
        )
    )
    audit.record(tx, actor=caller.subject, act="visit_trail.opened", subject=visit_id, reason=reason)
    key = open_key(visit)
    batches = [
        msgspec.json.decode(key.decrypt("trail", row.sealed_readings), type=list[Reading])
        for row in table.trails_of(visit_id)
    ]
    readings = [each for each in trail.merged(batches) if after is None or each.captured_at > after]
    shown = readings[:_POINTS]
    return OpenedTrail(shown, shown[-1].captured_at if len(readings) > _POINTS else None)


def list_trail_accesses(
    visit_id: str, *, caller: Caller, limit: int, after: str | None
) -> tuple[Sequence[table.TrailAccess], str | None]:
    """Who opened the trail and why, newest first, for the client, the companion and staff: two reads. VisitNotFound."""
    visit = load_visit(visit_id)
    if standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id) is None:
        raise VisitNotFound()
    return table.trail_accesses_of(visit_id, limit=limit, after=after)


def hold_evidence(tx: Tx, *, visit_id: str, hold_id: str, by: str, reason: str, until: datetime | None = None) -> Hold:
    """Keep the visit's exact positions and check-ins beyond their time, until `until` or the release.

    `hold_id` is the cause: a complaint, a claim, a staff member's own hold. The same cause again changes nothing.
    Raises VisitNotFound, TooManyHolds.
    """
    index = _index_of(visit_id)
    if hold_id in index.holds:
        return index.holds[hold_id]
    if len(index.holds) >= trail.MOST_HOLDS:
        raise trail.TooManyHolds()
    hold = Hold(by=by, reason=reason, held_at=tx.now, until=until)
    _put_holds(tx, index, index.holds | {hold_id: hold})
    if until is not None:
        tx.schedule(Timer(room=ROOM, kind=HOLD_ENDS, subject=visit_id, due_at=until))
    audit.record(tx, actor=by, act="visit_evidence.held", subject=visit_id, reason=reason)
    return hold


def release_evidence(tx: Tx, *, visit_id: str, hold_id: str, by: str, reason: str) -> None:
    """The cause is settled; without another one the evidence expires as it would have.

    Raises VisitNotFound, HoldNotFound.
    """
    index = _index_of(visit_id)
    if hold_id not in index.holds:
        raise trail.HoldNotFound()
    _put_holds(tx, index, {each: hold for each, hold in index.holds.items() if each != hold_id})
    audit.record(tx, actor=by, act="visit_evidence.released", subject=visit_id, reason=reason)


def end_holds(tx: Tx, *, visit_id: str) -> None:
    """Release the holds whose time is over; those released before are nothing any more."""
    index = _index_of(visit_id)
    lasting = {each: hold for each, hold in index.holds.items() if hold.until is None or hold.until > tx.now}
    if lasting != index.holds:
        _put_holds(tx, index, lasting)
        audit.record(tx, actor="system", act="visit_evidence.released", subject=visit_id, reason="保留期限已到")


def list_holds(visit_id: str) -> Mapping[str, Hold]:
    """Why the evidence is held, by hold: two reads. VisitNotFound."""
    load_visit(visit_id)
    return table.find_trail_index(visit_id).holds


def restamp_evidence(tx: Tx, *, visit_id: str, after: str | None) -> None:
    """Take the time to live from a page of the evidence, or give it back; then go on with the next page."""
    is_held = bool(table.find_trail_index(visit_id).holds)
    lifetime = timedelta(days=table.policy().trail_days)
    rows, last = table.evidence_page(visit_id, after)
    for row in rows:
        expires_at = None if is_held else row.received_at + lifetime
        if row.ttl != expires_at:
            row.ttl = expires_at
            tx.save(row)
    if last is not None:
        tx.emit(VisitEvidenceChanged(visit_id=visit_id, after=last))


def _put_holds(tx: Tx, index: table.TrailIndex, holds: dict[str, Hold]) -> None:
    was_held, index.holds = bool(index.holds), holds
    index.ttl = None if holds else tx.now + timedelta(days=table.policy().trail_days)
    tx.save(index)
    if was_held != bool(holds):
        tx.emit(VisitEvidenceChanged(visit_id=str(index.pk), after=None))


def _index_of(visit_id: str) -> table.TrailIndex:
    visit, index = table.find_visit_and_trail(visit_id) if ids.is_id("vis", visit_id) else (None, None)
    if visit is None or index is None:
        raise VisitNotFound()
    return index
