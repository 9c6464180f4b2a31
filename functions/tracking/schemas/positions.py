"""Positions as the phone sends them, exact, and as others see them, coarse."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking.rules import sharing
from functions.tracking.rules.presence import Coordinates, Point, in_gcj02
from functions.tracking.rules.sharing import SharedPosition
from functions.tracking.schemas.common import Accuracy, Instant, Latitude, Longitude

MAX_POINTS = 100


class PositionPoint(Body, frozen=True, kw_only=True):
    """One reading of the phone."""

    lat: Latitude
    lng: Longitude
    accuracy_m: Accuracy
    captured_at: Instant
    mock: bool = False


class PositionsBody(Body, frozen=True, kw_only=True):
    """一批位置，可以乱序、可以重复；离线期间的也可以补传。"""

    points: Annotated[list[PositionPoint], msgspec.Meta(min_length=1, max_length=MAX_POINTS)]
    coordinates: Coordinates

    def readings(self) -> list[sharing.Reading]:
        """In the datum of storage."""
        readings = []
        for sent in self.points:
            point = in_gcj02(Point(sent.lat, sent.lng), self.coordinates)
            readings.append(
                sharing.Reading(
                    lat=point.lat,
                    lng=point.lng,
                    accuracy_m=sent.accuracy_m,
                    captured_at=sent.captured_at,
                    mock=sent.mock,
                )
            )
        return readings


class UploadView(Reading, frozen=True, kw_only=True):
    """How many points were kept; the others were repeated, or taken outside the visit."""

    accepted: int
    dropped: int


class PositionView(Reading, frozen=True, kw_only=True):
    """The coarse cell: its H3 index, its centre (GCJ-02), and the start of the interval in which it was observed."""

    cell: str
    lat: float
    lng: float
    observed_at: datetime

    @classmethod
    def of(cls, shared: SharedPosition) -> "PositionView":
        return cls(
            cell=shared.cell.index,
            lat=shared.cell.lat,
            lng=shared.cell.lng,
            observed_at=clock.china(shared.observed_at),
        )
