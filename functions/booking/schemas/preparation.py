"""Checklists, the way around the hospital, and staff's editing of checklists."""

from datetime import date
from typing import Annotated

import msgspec

from functions.booking.actions.checklists import StoredChecklist
from functions.booking.actions.preparation import Way
from functions.booking.rules.itinerary import Checklist, ChecklistItem
from functions.booking.rules.preparation import MAX_ITEMS
from functions.booking.schemas.common import Instant
from functions.booking.table.preparation import OrderChecklistRow
from functions.hospitals.rules.guide_maps import (
    KIND_TITLES,
    AccessibleRoute,
    Building,
    MapLinks,
    Place,
    PlaceKind,
    map_links,
)
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class ChecklistItemView(Reading, frozen=True, kw_only=True):
    """清单中的一项；`ready_at` 为下单用户勾选“已备好”的时间。"""

    code: str
    title: str
    note: str
    ready_at: Instant | None


class ChecklistView(Reading, frozen=True, kw_only=True):
    """就医清单，家属和陪诊师也能看到备好了几项。"""

    order_id: str
    name: str
    items: list[ChecklistItemView]
    ready_count: int
    version: int

    @classmethod
    def of(cls, order_id: str, row: OrderChecklistRow) -> "ChecklistView":
        items = [
            ChecklistItemView(
                code=item.code,
                title=item.title,
                note=item.note,
                ready_at=clock.china(row.ready[item.code]) if item.code in row.ready else None,
            )
            for item in row.checklist.items
        ]
        return cls(
            order_id=order_id,
            name=row.checklist.name,
            items=items,
            ready_count=len(row.ready),
            version=int(row.version),
        )


class TickBody(Body, frozen=True, kw_only=True):
    """备好了填 true，改回未备好填 false。"""

    ready: bool


class MapAppLinks(Reading, frozen=True, kw_only=True):
    """在高德地图、腾讯地图中打开到这里的路线；坐标为 GCJ-02。"""

    amap: str
    tencent: str

    @classmethod
    def of(cls, links: MapLinks) -> "MapAppLinks":
        return cls(amap=links.amap, tencent=links.tencent)


class WayBuilding(Reading, frozen=True, kw_only=True):
    """一栋楼，楼层由低到高。"""

    building_id: str
    name: str
    floors: list[str]
    directions: str

    @classmethod
    def of(cls, building: Building) -> "WayBuilding":
        return msgspec.convert(building, cls, from_attributes=True)


class WayPlace(Reading, frozen=True, kw_only=True):
    """一个点位；`accessible` 为可坐轮椅到达；有坐标的点位附地图链接。"""

    place_id: str
    kind: PlaceKind
    kind_title: str
    name: str
    building_id: str
    floor: str
    directions: str
    accessible: bool
    links: MapAppLinks | None

    @classmethod
    def of(cls, place: Place, hospital_name: str) -> "WayPlace":
        links = None
        if place.lat is not None and place.lng is not None:
            links = MapAppLinks.of(map_links(name=f"{hospital_name} {place.name}", lat=place.lat, lng=place.lng))
        return cls(
            place_id=place.place_id,
            kind=place.kind,
            kind_title=KIND_TITLES[place.kind],
            name=place.name,
            building_id=place.building_id,
            floor=place.floor,
            directions=place.directions,
            accessible=place.accessible,
            links=links,
        )


class WayRoute(Reading, frozen=True, kw_only=True):
    """一条无台阶的路线，分步写明。"""

    route_id: str
    name: str
    from_place_id: str
    to_place_id: str
    steps: list[str]

    @classmethod
    def of(cls, route: AccessibleRoute) -> "WayRoute":
        return msgspec.convert(route, cls, from_attributes=True)


class OrderGuideMapView(Reading, frozen=True, kw_only=True):
    """本次就诊的院区与科室怎么走。`verified` 为假时是示意信息，尚未现场校准，须以现场指引为准。"""

    order_id: str
    hospital_name: str
    campus_name: str
    address: str
    links: MapAppLinks
    department_name: str
    building: str
    floor: str
    buildings: list[WayBuilding]
    places: list[WayPlace]
    accessible_routes: list[WayRoute]
    verified: bool
    verified_on: date | None
    note: str

    @classmethod
    def of(cls, order_id: str, way: Way) -> "OrderGuideMapView":
        hospital, campus, guide = way.hospital, way.campus, way.guide
        links = map_links(name=f"{hospital.name} {campus.name}", lat=campus.lat, lng=campus.lng)
        return cls(
            order_id=order_id,
            hospital_name=hospital.name,
            campus_name=campus.name,
            address=campus.address,
            links=MapAppLinks.of(links),
            department_name=way.department.name,
            building=way.department.building,
            floor=way.department.floor,
            buildings=[WayBuilding.of(building) for building in guide.buildings],
            places=[WayPlace.of(place, hospital.name) for place in guide.places],
            accessible_routes=[WayRoute.of(route) for route in guide.accessible_routes],
            verified=guide.verified,
            verified_on=guide.verified_on,
            note=guide.note,
        )


class ChecklistItemBody(Body, frozen=True, kw_only=True):
    """清单中的一项。"""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    note: Annotated[str, msgspec.Meta(max_length=120)] = ""


class ChecklistBody(Body, frozen=True, kw_only=True):
    """整份清单。"""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    items: Annotated[list[ChecklistItemBody], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]

    def checklist(self, checklist_id: str) -> Checklist:
        items = tuple(ChecklistItem(item.code, item.title.strip(), item.note.strip()) for item in self.items)
        return Checklist(checklist_id, self.name.strip(), items)


class StoredChecklistItem(Reading, frozen=True, kw_only=True):
    """清单中的一项。"""

    code: str
    title: str
    note: str


class StoredChecklistView(Reading, frozen=True, kw_only=True):
    """编辑用的清单。版本号 0 表示这里没有单独的清单，`inherited_from` 为当前沿用的那一份。"""

    checklist_id: str
    name: str
    items: list[StoredChecklistItem]
    inherited_from: str
    version: int

    @classmethod
    def of(cls, stored: StoredChecklist) -> "StoredChecklistView":
        return cls(
            checklist_id=stored.checklist_id,
            name=stored.checklist.name,
            items=[
                StoredChecklistItem(code=item.code, title=item.title, note=item.note) for item in stored.checklist.items
            ],
            inherited_from=stored.inherited_from,
            version=stored.version,
        )
