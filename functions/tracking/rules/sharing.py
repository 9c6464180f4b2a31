"""What others may know of the companion's position (F9): one coarse cell, refreshed at a coarse interval.

What is shown is a function of the cells in which the readings lie and of their intervals, of nothing else about the
readings: no distance to an edge or centre decides anything, so no number of answers, and no moment at which an answer
changes, tells more than those cells. A cell that flipped between neighbours would give the edge between them away, so
a neighbour is shown only after readings have settled there, and never again a cell that it was left for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import Point


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One exact position of the companion's phone, in GCJ-02. Encrypted wherever it is stored."""

    lat: float
    lng: float
    accuracy_m: float
    captured_at: datetime
    mock: bool = False
    """The phone says that an app made this position up."""
    jump: bool = False
    """Nobody travels so fast: it lies too far from the reading before it."""

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


@dataclass(frozen=True)
class Cell:
    """A coarse cell: its index and its centre."""

    index: str
    lat: float
    lng: float


class Grid(Protocol):
    """The coarse cells, and which of them touch."""

    def cell_of(self, point: Point) -> Cell: ...

    def are_neighbours(self, one: str, other: str) -> bool: ...


@dataclass(frozen=True)
class SharedPosition:
    """What watchers are shown: the cell, and the start of the interval in which it was observed.

    The rest is shown to nobody: the neighbour in which the latest readings lie and how many in a row, and the
    neighbours that were shown before and not since.
    """

    cell: Cell
    observed_at: datetime
    neighbour: str = ""
    settled: int = 0
    left: tuple[str, ...] = ()


class PositionNotShared(Conflict):
    """Positions are shared only while the visit runs."""

    code = "position_not_shared"
    title = "位置只在陪诊进行中共享"


class PositionUnknown(NotFound):
    """The companion's phone has not reported yet."""

    code = "position_unknown"
    title = "陪诊师还没有上报位置"


def interval_start(instant: datetime, interval_s: int) -> datetime:
    """`instant` rounded down to the interval."""
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % interval_s, UTC)


def next_shared(
    shown: SharedPosition | None, readings: Sequence[Reading], *, grid: Grid, policy: Policy
) -> SharedPosition | None:
    """What is shown after `readings`: decided by the newest credible one, once in an interval, and never backwards."""
    credible = [r for r in readings if not r.mock and not r.jump and r.accuracy_m <= policy.share_accuracy_cap_m]
    if not credible:
        return shown
    newest = max(credible, key=lambda reading: reading.captured_at)
    observed_at = interval_start(newest.captured_at, policy.share_interval_s)
    if shown is None:
        return SharedPosition(grid.cell_of(newest.point), observed_at)
    if observed_at < shown.observed_at + timedelta(seconds=policy.share_interval_s):
        return shown
    return _moved(shown, grid.cell_of(newest.point), observed_at, grid=grid, settle=policy.share_settle_readings)


def _moved(shown: SharedPosition, cell: Cell, observed_at: datetime, *, grid: Grid, settle: int) -> SharedPosition:
    """A cell further away is shown at once; a neighbour once it was read `settle` times in a row, and only once."""
    here = shown.cell.index
    if cell.index == here:
        return replace(shown, observed_at=observed_at, neighbour="", settled=0)
    if not grid.are_neighbours(here, cell.index):
        return SharedPosition(cell, observed_at)
    settled = min(settle, shown.settled + 1 if cell.index == shown.neighbour else 1)
    if settled < settle or cell.index in shown.left:
        return replace(shown, observed_at=observed_at, neighbour=cell.index, settled=settled)
    left = tuple(index for index in (*shown.left, here) if grid.are_neighbours(index, cell.index))
    return SharedPosition(cell, observed_at, left=left)
