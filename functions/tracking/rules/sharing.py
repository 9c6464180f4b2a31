"""What others may know of the companion's position (F9): one coarse cell, refreshed at a coarse interval.

Nothing but the cell's own centre and a rounded instant is ever shown, so an answer tells no more than the cell. The
cell holds still while readings jitter around an edge: a cell that flipped between neighbours would give the edge away.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import Point, distance_m


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One exact position of the companion's phone, in GCJ-02. Encrypted wherever it is stored."""

    lat: float
    lng: float
    accuracy_m: float
    captured_at: datetime
    mock: bool = False
    """The phone says that an app made this position up."""

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


@dataclass(frozen=True)
class Cell:
    """A coarse cell: its index, its centre, and how far its corners lie from it."""

    index: str
    lat: float
    lng: float
    reach_m: float


@dataclass(frozen=True)
class SharedPosition:
    """What watchers are shown: the cell, and the start of the interval in which it was observed."""

    cell: Cell
    observed_at: datetime


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


def plausible(readings: Iterable[Reading], *, opens_at: datetime, until: datetime) -> list[Reading]:
    """The readings taken while the visit was open, oldest first; one per instant, the first that was given."""
    by_instant: dict[datetime, Reading] = {}
    for reading in readings:
        if opens_at <= reading.captured_at <= until:
            by_instant.setdefault(reading.captured_at, reading)
    return [by_instant[instant] for instant in sorted(by_instant)]


def next_shared(
    shown: SharedPosition | None, readings: Sequence[Reading], *, cell_of: Callable[[Point], Cell], policy: Policy
) -> SharedPosition | None:
    """What is shown after `readings`: decided by the newest credible one, once in an interval, and never backwards."""
    credible = [r for r in readings if not r.mock and r.accuracy_m <= policy.share_accuracy_cap_m]
    if not credible:
        return shown
    newest = max(credible, key=lambda reading: reading.captured_at)
    observed_at = interval_start(newest.captured_at, policy.share_interval_s)
    if shown is None:
        return SharedPosition(cell_of(newest.point), observed_at)
    if observed_at < shown.observed_at + timedelta(seconds=policy.share_interval_s):
        return shown
    centre = Point(shown.cell.lat, shown.cell.lng)
    if distance_m(newest.point, centre) <= shown.cell.reach_m + policy.share_margin_m:
        return replace(shown, observed_at=observed_at)
    return SharedPosition(cell_of(newest.point), observed_at)
