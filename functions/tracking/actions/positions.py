"""Exact positions in, one coarse cell out (F9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_own_visit, load_visit, require_viewer
from functions.tracking.actions.visits import open_key
from functions.tracking.cells import cell_at
from functions.tracking.events import VisitPositionChanged
from functions.tracking.rules import sharing
from functions.tracking.rules.access import SEES_POSITION, Scope
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import Point
from functions.tracking.rules.progress import RUNNING, VisitNotFound, VisitNotRunning, VisitState
from functions.tracking.rules.sharing import Cell, PositionNotShared, PositionUnknown, Reading, SharedPosition


@dataclass(frozen=True)
class Upload:
    """How many readings were kept; the others were repeated within the batch or taken outside the visit."""

    accepted: int
    dropped: int


def report_positions(tx: Tx, *, visit_id: str, companion_id: str, readings: Sequence[Reading]) -> Upload:
    """Keep a batch as sealed evidence and, while the visit runs, move the shared cell.

    A phone that was offline may send in any order, twice, and after the end. Raises VisitNotFound, VisitNotRunning.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    if visit.state not in RUNNING and visit.state != VisitState.ENDED:
        raise VisitNotRunning()
    policy = table.policy()
    kept = sharing.plausible(
        readings,
        opens_at=visit.starts_at - timedelta(seconds=policy.opens_before_s),
        until=visit.ended_at or _latest(visit, tx.now, policy),
    )
    if kept:
        tx.insert(
            table.Trail(
                *table.trail_key(visit_id, kept[0].captured_at),
                received_at=tx.now,
                sealed_readings=open_key(visit).encrypt("trail", msgspec.json.encode(kept).decode()),
                ttl=tx.now + timedelta(days=policy.trail_days),
            )
        )
    if visit.state in RUNNING:
        _share(tx, visit, kept, policy)
    return Upload(accepted=len(kept), dropped=len(readings) - len(kept))


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
    def cell_of(point: Point) -> Cell:
        return cell_at(point, resolution=policy.cell_resolution)

    before = visit.shared
    after = sharing.next_shared(before, kept, cell_of=cell_of, policy=policy)
    if after is None or after == before:
        return
    visit.shared = after
    tx.save(visit)
    if before is None or before.cell.index != after.cell.index:
        tx.emit(VisitPositionChanged(visit_id=visit.visit_id, order_id=visit.order_id, cell=after.cell.index))


def _latest(visit: table.Visit, now: datetime, policy: Policy) -> datetime:
    """A running visit takes readings up to now, and not long past its planned end."""
    return min(now + timedelta(seconds=policy.clock_skew_s), visit.ends_at + timedelta(seconds=policy.closes_after_s))
