"""Guide maps as people read them and as staff write them."""

from datetime import date
from typing import Annotated

import msgspec

from functions.hospitals.actions import Campus, Department, Hospital
from functions.hospitals.rules.guide_maps import (
    KIND_TITLES,
    AccessibleRoute,
    Building,
    GuideMap,
    MapLinks,
    Place,
    PlaceKind,
    map_links,
)
from functions.hospitals.schemas.directory import DepartmentView, Name, Slug
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

Directions = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="怎么走，一两句话")]
Floor = Annotated[str, msgspec.Meta(pattern=r"^B?[1-9]\d?F$", description="例如 1F、12F、B1F")]


class GuideMapQuery(Body, frozen=True, kw_only=True):
    """哪个院区；不填为医院的第一个院区。"""

    campus_id: Annotated[str, msgspec.Meta(max_length=40)] = ""


class MapLinksView(Reading, frozen=True, kw_only=True):
    """在高德地图、腾讯地图中打开到这里的路线；坐标为 GCJ-02。"""

    amap: str
    tencent: str

    @classmethod
    def of(cls, links: MapLinks) -> "MapLinksView":
        return cls(amap=links.amap, tencent=links.tencent)


class BuildingView(Reading, frozen=True, kw_only=True):
    """一栋楼，楼层由低到高。"""

    building_id: str
    name: str
    floors: list[str]
    directions: str

    @classmethod
    def of(cls, building: Building) -> "BuildingView":
        return msgspec.convert(building, cls, from_attributes=True)


class PlaceView(Reading, frozen=True, kw_only=True):
    """一个点位；`accessible` 为可坐轮椅到达；有坐标的点位附地图链接。"""

    place_id: str
    kind: PlaceKind
    kind_title: str
    name: str
    building_id: str
    floor: str
    directions: str
    accessible: bool
    lat: float | None
    lng: float | None
    links: MapLinksView | None

    @classmethod
    def of(cls, place: Place, hospital: Hospital) -> "PlaceView":
        links = None
        if place.lat is not None and place.lng is not None:
            links = MapLinksView.of(map_links(name=f"{hospital.name} {place.name}", lat=place.lat, lng=place.lng))
        return cls(
            place_id=place.place_id,
            kind=place.kind,
            kind_title=KIND_TITLES[place.kind],
            name=place.name,
            building_id=place.building_id,
            floor=place.floor,
            directions=place.directions,
            accessible=place.accessible,
            lat=place.lat,
            lng=place.lng,
            links=links,
        )


class AccessibleRouteView(Reading, frozen=True, kw_only=True):
    """一条无台阶的路线，分步写明。"""

    route_id: str
    name: str
    from_place_id: str
    to_place_id: str
    steps: list[str]

    @classmethod
    def of(cls, route: AccessibleRoute) -> "AccessibleRouteView":
        return msgspec.convert(route, cls, from_attributes=True)


class GuideMapView(Reading, frozen=True, kw_only=True):
    """一个院区的院内导航。`verified` 为假时是示意信息，尚未现场校准，须以现场指引为准。"""

    hospital_id: str
    hospital_name: str
    campus_id: str
    campus_name: str
    address: str
    lat: float
    lng: float
    links: MapLinksView
    buildings: list[BuildingView]
    places: list[PlaceView]
    accessible_routes: list[AccessibleRouteView]
    departments: list[DepartmentView]
    verified: bool
    verified_on: date | None
    note: str
    version: int

    @classmethod
    def of(
        cls, hospital: Hospital, campus: Campus, guide: GuideMap, version: int, departments: list[Department]
    ) -> "GuideMapView":
        return cls(
            hospital_id=hospital.hospital_id,
            hospital_name=hospital.name,
            campus_id=campus.campus_id,
            campus_name=campus.name,
            address=campus.address,
            lat=campus.lat,
            lng=campus.lng,
            links=MapLinksView.of(map_links(name=f"{hospital.name} {campus.name}", lat=campus.lat, lng=campus.lng)),
            buildings=[BuildingView.of(building) for building in guide.buildings],
            places=[PlaceView.of(place, hospital) for place in guide.places],
            accessible_routes=[AccessibleRouteView.of(route) for route in guide.accessible_routes],
            departments=[DepartmentView.of(department) for department in departments],
            verified=guide.verified,
            verified_on=guide.verified_on,
            note=guide.note,
            version=version,
        )


class BuildingBody(Body, frozen=True, kw_only=True):
    """一栋楼。"""

    building_id: Slug
    name: Name
    floors: Annotated[list[Floor], msgspec.Meta(min_length=1, max_length=60)]
    directions: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PlaceBody(Body, frozen=True, kw_only=True):
    """一个点位。"""

    place_id: Slug
    kind: PlaceKind
    name: Name
    building_id: Slug
    floor: Floor
    directions: Directions
    accessible: bool = False
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


class AccessibleRouteBody(Body, frozen=True, kw_only=True):
    """一条无台阶的路线。"""

    route_id: Slug
    name: Name
    from_place_id: Slug
    to_place_id: Slug
    steps: Annotated[list[Directions], msgspec.Meta(min_length=1, max_length=20)]


class GuideMapBody(Body, frozen=True, kw_only=True):
    """整份院内导航；`verified` 只在现场走过一遍之后填真。"""

    buildings: Annotated[list[BuildingBody], msgspec.Meta(min_length=1, max_length=40)]
    places: Annotated[list[PlaceBody], msgspec.Meta(min_length=1, max_length=300)]
    accessible_routes: Annotated[list[AccessibleRouteBody], msgspec.Meta(max_length=60)] = msgspec.field(
        default_factory=list
    )
    verified: bool = False
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def guide_map(self, campus_id: str) -> GuideMap:
        return GuideMap(
            campus_id=campus_id,
            buildings=tuple(msgspec.convert(each, Building, from_attributes=True) for each in self.buildings),
            places=tuple(msgspec.convert(each, Place, from_attributes=True) for each in self.places),
            accessible_routes=tuple(
                msgspec.convert(each, AccessibleRoute, from_attributes=True) for each in self.accessible_routes
            ),
            verified=self.verified,
            note=self.note,
        )
