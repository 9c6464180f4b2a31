"""Finding one's way inside a hospital (F7): buildings, floors, windows, toilets, accessible routes; links to maps."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from urllib.parse import quote, urlencode

from functions.hospitals.rules.directory import Campus
from functions.shared.errors import FieldError, Invalid

FLOOR = re.compile(r"B?[1-9]\d?F")
"""`1F`, `12F`, `B1F`."""
MAX_FROM_CAMPUS_M = 2_000
"""A place further than this from its campus's own position is a mistake in the coordinates."""
UNVERIFIED_NOTE = "示意信息，尚未现场校准；楼层、窗口与路线请以医院现场指引为准。"
MISSING_NOTE = "这个院区的院内导航还在整理中，请以医院现场指引为准。"
_EARTH_M = 6_371_000


class GuideMapInvalid(Invalid):
    """A guide map would lead somewhere that is not there; `errors` names each."""

    code = "guide_map_invalid"
    title = "院内导航图有误"


class PlaceKind(StrEnum):
    """What people look for in a hospital."""

    ENTRANCE = "entrance"
    INFORMATION = "information"
    REGISTRATION = "registration"
    PAYMENT = "payment"
    EXAMINATION = "examination"
    PHARMACY = "pharmacy"
    REPORT_PRINTING = "report_printing"
    ELEVATOR = "elevator"
    TOILET = "toilet"
    ACCESSIBLE_TOILET = "accessible_toilet"
    WHEELCHAIR_LENDING = "wheelchair_lending"
    EMERGENCY = "emergency"


KIND_TITLES = {
    PlaceKind.ENTRANCE: "出入口",
    PlaceKind.INFORMATION: "导诊台",
    PlaceKind.REGISTRATION: "挂号窗口",
    PlaceKind.PAYMENT: "缴费处",
    PlaceKind.EXAMINATION: "检查室",
    PlaceKind.PHARMACY: "药房",
    PlaceKind.REPORT_PRINTING: "报告打印",
    PlaceKind.ELEVATOR: "电梯",
    PlaceKind.TOILET: "卫生间",
    PlaceKind.ACCESSIBLE_TOILET: "无障碍卫生间",
    PlaceKind.WHEELCHAIR_LENDING: "轮椅借用",
    PlaceKind.EMERGENCY: "急诊",
}


@dataclass(frozen=True)
class Building:
    """One building; `floors` from the lowest up."""

    building_id: str
    name: str
    floors: tuple[str, ...]
    directions: str = ""


@dataclass(frozen=True)
class Place:
    """Somewhere to go; `directions` say how, in words. `lat` and `lng` (GCJ-02) only where a map can show it."""

    place_id: str
    kind: PlaceKind
    name: str
    building_id: str
    floor: str
    directions: str
    accessible: bool = False
    """Can be reached in a wheelchair."""
    lat: float | None = None
    lng: float | None = None


@dataclass(frozen=True)
class AccessibleRoute:
    """A way without steps from one place to another."""

    route_id: str
    name: str
    from_place_id: str
    to_place_id: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class GuideMap:
    """A campus from the inside. `verified` says that somebody walked it, `verified_on` which China day that was."""

    campus_id: str
    buildings: tuple[Building, ...] = ()
    places: tuple[Place, ...] = ()
    accessible_routes: tuple[AccessibleRoute, ...] = ()
    verified: bool = False
    verified_on: date | None = None
    note: str = MISSING_NOTE
    """What the reader should know of its exactness."""


@dataclass(frozen=True)
class MapLinks:
    """Addresses that open the way to a point in the phone's map app, or its page in a browser."""

    amap: str
    tencent: str


def map_links(*, name: str, lat: float, lng: float) -> MapLinks:
    """The way by car to a GCJ-02 point; both map services use that datum themselves, so nothing is converted."""
    label = " ".join(name.replace(",", " ").split())  # Amap splits its destination at commas
    to = f"{lng:.6f},{lat:.6f},{quote(label, safe='')}"
    amap = f"https://uri.amap.com/navigation?to={to}&mode=car&coordinate=gaode&callnative=1"
    query = {"type": "drive", "to": label, "tocoord": f"{lat:.6f},{lng:.6f}", "referer": "zhenban"}
    tencent = f"https://apis.map.qq.com/uri/v1/routeplan?{urlencode(query, quote_via=quote, safe=',')}"
    return MapLinks(amap, tencent)


def checked(guide: GuideMap, campus: Campus) -> GuideMap:
    """`guide`, if every place, floor and route in it exists on this campus; otherwise GuideMapInvalid."""
    buildings = {building.building_id: building for building in guide.buildings}
    places = {place.place_id: place for place in guide.places}
    errors = [
        *_repeated("buildings", [building.building_id for building in guide.buildings]),
        *_repeated("places", [place.place_id for place in guide.places]),
        *_repeated("accessible_routes", [route.route_id for route in guide.accessible_routes]),
        *(error for building in guide.buildings for error in _building_errors(building)),
        *(error for place in guide.places for error in _place_errors(place, buildings, campus)),
        *(error for route in guide.accessible_routes for error in _route_errors(route, places)),
    ]
    if not any(place.kind is PlaceKind.ENTRANCE for place in guide.places):
        errors.append(FieldError("places", "至少要有一个出入口"))
    if guide.verified != (guide.verified_on is not None):
        errors.append(FieldError("verified_on", "现场校准过的导航图要写明日期，没有校准的不写"))
    if errors:
        raise GuideMapInvalid(errors=tuple(errors))
    return guide


def differences(before: GuideMap, after: GuideMap) -> str:
    """What an edit changed, for the audit row."""
    counts = f"楼 {len(before.buildings)}→{len(after.buildings)}，点位 {len(before.places)}→{len(after.places)}"
    routes = f"无障碍路线 {len(before.accessible_routes)}→{len(after.accessible_routes)}"
    verified = "已校准" if after.verified else "待校准"
    return f"{counts}，{routes}，{verified}"


def distance_m(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Along the great circle."""
    half_lat, half_lng = radians(other_lat - lat) / 2, radians(other_lng - lng) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(half_lng) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(1.0, chord)))


def _building_errors(building: Building) -> list[FieldError]:
    path = f"buildings.{building.building_id}"
    if not building.floors or not all(FLOOR.fullmatch(floor) for floor in building.floors):
        return [FieldError(path, "楼层写作 1F、12F 或 B1F，至少一层")]
    levels = [_level(floor) for floor in building.floors]
    if levels != sorted(set(levels)):
        return [FieldError(path, "楼层由低到高，不能重复")]
    return []


def _level(floor: str) -> int:
    number = int(floor.strip("BF"))
    return -number if floor.startswith("B") else number


def _place_errors(place: Place, buildings: dict[str, Building], campus: Campus) -> list[FieldError]:
    path = f"places.{place.place_id}"
    building = buildings.get(place.building_id)
    if building is None:
        return [FieldError(path, "所在的楼不存在")]
    errors = []
    if place.floor not in building.floors:
        errors.append(FieldError(path, f"{building.name}没有 {place.floor} 这一层"))
    if (place.lat is None) != (place.lng is None):
        errors.append(FieldError(path, "经纬度要么都写，要么都不写"))
    elif _metres_away(place, campus) > MAX_FROM_CAMPUS_M:
        errors.append(FieldError(path, "坐标离院区太远，请检查"))
    return errors


def _metres_away(place: Place, campus: Campus) -> float:
    if place.lat is None or place.lng is None:
        return 0.0
    return distance_m(place.lat, place.lng, campus.lat, campus.lng)


def _route_errors(route: AccessibleRoute, places: dict[str, Place]) -> list[FieldError]:
    path = f"accessible_routes.{route.route_id}"
    ends = (route.from_place_id, route.to_place_id)
    if not set(ends) <= places.keys() or ends[0] == ends[1]:
        return [FieldError(path, "起点和终点应为两个已有的点位")]
    if not all(places[end].accessible for end in ends):
        return [FieldError(path, "无障碍路线的起点和终点都要能坐轮椅到达")]
    if not route.steps:
        return [FieldError(path, "至少写一步怎么走")]
    return []


def _repeated(path: str, ids: Iterable[str]) -> list[FieldError]:
    every = list(ids)
    return [FieldError(f"{path}.{id_}", "编号重复") for id_ in sorted({i for i in every if every.count(i) > 1})]
