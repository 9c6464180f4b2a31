"""Where somebody is: distances, the Chinese datum, and whether a check-in proves presence (F22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, degrees, pi, radians, sin, sqrt

from functions.tracking.rules.policy import Policy

_EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG)."""


@dataclass(frozen=True)
class Point:
    """Degrees. In storage always GCJ-02, the datum that maps in China must use."""

    lat: float
    lng: float


@dataclass(frozen=True)
class Fence:
    """A campus: its centre (GCJ-02) and the radius within which somebody counts as there."""

    lat: float
    lng: float
    radius_m: int

    @property
    def centre(self) -> Point:
        return Point(self.lat, self.lng)


class Coordinates(StrEnum):
    """The datum that a phone declares: `wx.getLocation` gives either."""

    GCJ02 = "gcj02"
    WGS84 = "wgs84"


class Refusal(StrEnum):
    """Why a check-in proves nothing."""

    ACCURACY_TOO_LOW = "accuracy_too_low"
    OUTSIDE_FENCE = "outside_fence"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    CLOCK_AHEAD = "clock_ahead"
    MOCK_LOCATION = "mock_location"


REFUSAL_TITLES: Mapping[Refusal, str] = {
    Refusal.ACCURACY_TOO_LOW: "定位精度不够，请到开阔处重试",
    Refusal.OUTSIDE_FENCE: "不在院区范围内",
    Refusal.TOO_EARLY: "还没到打卡时间",
    Refusal.TOO_LATE: "已超过打卡时间",
    Refusal.CLOCK_AHEAD: "手机时间比实际时间快，请校准后重试",
    Refusal.MOCK_LOCATION: "手机开启了虚拟定位，请关闭后重试",
}


@dataclass(frozen=True)
class Verdict:
    """What a check-in is worth; `reason` is None when it is accepted."""

    distance_m: int
    reason: Refusal | None

    @property
    def is_accepted(self) -> bool:
        return self.reason is None


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    d_lat, d_lng = radians(b.lat - a.lat), radians(b.lng - a.lng)
    h = sin(d_lat / 2) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(d_lng / 2) ** 2
    return 2 * _EARTH_RADIUS_M * asin(sqrt(min(1.0, h)))


def judge_check_in(
    *,
    point: Point,
    accuracy_m: float,
    fence: Fence,
    captured_at: datetime,
    now: datetime,
    starts_at: datetime,
    ends_at: datetime,
    policy: Policy,
    mock: bool = False,
) -> Verdict:
    """Accepted if the reading is exact enough, in time, not made up (`mock`: the phone itself says that it is), and may
    lie within the fence given its accuracy."""
    away_m = distance_m(point, fence.centre)
    refusals = (
        (mock, Refusal.MOCK_LOCATION),
        (captured_at > now + timedelta(seconds=policy.clock_skew_s), Refusal.CLOCK_AHEAD),
        (captured_at < starts_at - timedelta(seconds=policy.opens_before_s), Refusal.TOO_EARLY),
        (captured_at > ends_at + timedelta(seconds=policy.closes_after_s), Refusal.TOO_LATE),
        (accuracy_m > policy.accuracy_cap_m, Refusal.ACCURACY_TOO_LOW),
        (away_m - accuracy_m > fence.radius_m, Refusal.OUTSIDE_FENCE),
    )
    return Verdict(round(away_m), next((reason for refused, reason in refusals if refused), None))


def in_gcj02(point: Point, coordinates: Coordinates) -> Point:
    """`point` in the datum of storage."""
    return gcj02_of_wgs84(point) if coordinates is Coordinates.WGS84 else point


# The published approximation of the GCJ-02 offset, on the Krasovsky 1940 ellipsoid.
_AXIS_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943


def gcj02_of_wgs84(point: Point) -> Point:
    """The published WGS-84 to GCJ-02 transform (within a metre of the official one); outside China nothing is moved."""
    if not (0.8293 <= point.lat <= 55.8271 and 72.004 <= point.lng <= 137.8347):
        return point
    east, north = point.lng - 105.0, point.lat - 35.0
    slope = sin(radians(point.lat))
    squeeze = 1 - _ECCENTRICITY_SQUARED * slope * slope
    metres_per_lat = _AXIS_M * (1 - _ECCENTRICITY_SQUARED) / (squeeze * sqrt(squeeze))
    metres_per_lng = _AXIS_M / sqrt(squeeze) * cos(radians(point.lat))
    return Point(
        point.lat + degrees(_north_offset_m(east, north) / metres_per_lat),
        point.lng + degrees(_east_offset_m(east, north) / metres_per_lng),
    )


def _waves(value: float, *terms: tuple[float, float]) -> float:
    """Sum of `amplitude × sin(value × π × frequency)`, two thirds of it."""
    return sum(amplitude * sin(value * pi * frequency) for amplitude, frequency in terms) * 2 / 3


def _north_offset_m(east: float, north: float) -> float:
    return (
        -100.0 + 2.0 * east + 3.0 * north + 0.2 * north * north + 0.1 * east * north + 0.2 * sqrt(abs(east))
        + _waves(east, (20.0, 6), (20.0, 2))
        + _waves(north, (20.0, 1), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    )  # fmt: skip


def _east_offset_m(east: float, north: float) -> float:
    return (
        300.0 + east + 2.0 * north + 0.1 * east * east + 0.1 * east * north + 0.1 * sqrt(abs(east))
        + _waves(east, (20.0, 6), (20.0, 2), (20.0, 1), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    )  # fmt: skip
