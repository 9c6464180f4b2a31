"""Exact positions in, one coarse cell out (F9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared import ids
from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit, require_viewer
from functions.tracking.actions.visits import open_key
from functions.tracking.cells import H3Grid
from functions.tracking.events import VisitPositionChanged
from functions.tracking.rules import sharing, trail
from functions.tracking.rules.access import SEES_POSITION, Scope
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import RUNNING, VisitNotFound, VisitNotRunning, VisitState
from functions.tracking.rules.sharing import PositionNotShared, PositionUnknown, Reading, SharedPosition
from functions.tracking.rules.trail import Seconds


@dataclass(frozen=True)
class Upload:
    """How many readings were kept; the others were sent before or taken outside the visit."""

    accepted: int
    dropped: int


def report_positions(tx: Tx, *, visit_id: str, companion_id: str, readings: Sequence[Reading]) -> Upload:
    """Keep what is new in a batch as sealed evidence and, while the visit runs, move the shared cell. One read.

    A phone that was offline may send in any order, again, and after the end. Raises VisitNotFound, VisitNotRunning.
    """
    visit, index = table.find_visit_and_trail(visit_id) if ids.is_id("vis", visit_id) else (None, None)
    if visit is None or index is None or visit.companion_id != companion_id:
        raise VisitNotFound()
    if visit.state not in RUNNING and visit.state != VisitState.ENDED:
        raise VisitNotRunning()
    policy = table.policy()
    seconds = Seconds.decode(index.seconds) if index.seconds else Seconds()
    kept = trail.plausible(
        readings,
        opens_at=visit.starts_at - timedelta(seconds=policy.opens_before_s),
        until=visit.ended_at or _latest(visit, tx.now, policy),
        kept=seconds,
    )
    if kept:
        index.seconds = seconds.joined(map(trail.second_of, kept)).encode()
        kept = _seal(tx, visit, index, kept, policy)
    if visit.state in RUNNING:
        _share(tx, visit, kept, policy)
    return Upload(accepted=len(kept), dropped=len(readings) - len(kept))


def _seal(
    tx: Tx, visit: table.Visit, index: table.TrailIndex, kept: Sequence[Reading], policy: Policy
) -> list[Reading]:
    """Store the readings, flagged; returns them. Evidence that is held has no time to live."""
    key = open_key(visit)
    anchor = None
    if index.sealed_anchor:
        anchor = msgspec.json.decode(key.decrypt("trail_anchor", index.sealed_anchor), type=Reading)
    judged, anchor = trail.marked(kept, anchor=anchor, policy=policy)
    expires_at = None if index.holds else tx.now + timedelta(days=policy.trail_days)
    row = table.Trail(
        *table.trail_key(visit.visit_id, kept[0].captured_at),
        received_at=tx.now,
        sealed_readings=key.encrypt("trail", msgspec.json.encode(judged).decode()),
    )
    row.ttl = index.ttl = expires_at
    tx.insert(row)
    if anchor is not None:
        index.sealed_anchor = key.encrypt("trail_anchor", msgspec.json.encode(anchor).decode())
    tx.save(index)
    return judged


def find_shared_position(visit_id: str, *, caller: Caller, now: datetime) -> SharedPosition:
    """The coarse cell, for the client, staff and guests with `position`: one GetItem, and one more for a guest.

    Raises VisitNotFound, PositionNotShared, PositionUnknown.
    """
    visit = load_visit(visit_id)
    if require_viewer(visit, caller, Scope.POSITION, now) not in SEES_POSITION:
        raise VisitNotFound()
    if visit.state not in RUNNING:
        raise PositionNotShared()
    if visit.shared is None:
        raise PositionUnknown()
    return visit.shared


def find_present_position(visit_id: str) -> SharedPosition | None:
    """The coarse cell for the live channel, which asks each watcher's right itself; None when nothing is shared."""
    visit = table.find_visit_row(visit_id)
    return visit.shared if visit and visit.state in RUNNING else None


def _share(tx: Tx, visit: table.Visit, kept: Sequence[Reading], policy: Policy) -> None:
    before = visit.shared
    after = sharing.next_shared(before, kept, grid=H3Grid(policy.cell_resolution), policy=policy)
    if after is None or after == before:
        return
    visit.shared = after
    tx.save(visit)
    if before is None or before.cell.index != after.cell.index:
        tx.emit(VisitPositionChanged(visit_id=visit.visit_id, order_id=visit.order_id, cell=after.cell.index))


def _latest(visit: table.Visit, now: datetime, policy: Policy) -> datetime:
    """A running visit takes readings up to now, and not long past its planned end."""
    return min(now + timedelta(seconds=policy.clock_skew_s), visit.ends_at + timedelta(seconds=policy.closes_after_s))
