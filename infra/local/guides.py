"""A generic guide map for each seeded campus: the usual places of an outpatient building, marked as not verified.

What is known of a campus (its buildings and floors, from the directory) is taken over; everything else is the layout
that most hospitals share, and says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from functions.hospitals.rules.guide_maps import (
    UNVERIFIED_NOTE,
    AccessibleRoute,
    Building,
    GuideMap,
    Place,
    PlaceKind,
)

_ENTRANCE, _ELEVATOR, _TOILET = "main_entrance", "main_elevator", "accessible_toilet"
_LOWEST_TOP = 2
"""Generic places stand on the first two floors."""


def generic_guide(
    hospital: Mapping[str, Any], campus: Mapping[str, Any], places: Sequence[Mapping[str, Any]]
) -> GuideMap:
    """The map of one campus, in the shape of the seed's hospital and of its generic places."""
    here = [department for department in hospital["departments"] if department["campus_id"] == campus["id"]]
    names = [name for name, _ in Counter(department["building"] for department in here).most_common()]
    tops = {name: max(_level(each["floor"]) for each in here if each["building"] == name) for name in names}
    buildings = tuple(
        Building(
            building_id=f"building_{number}",
            name=name,
            floors=tuple(f"{level}F" for level in range(1, max(tops[name], _LOWEST_TOP) + 1)),
            directions="门诊主楼，跟随院内“门诊”指示牌" if number == 1 else "跟随院内指示牌，不确定时问导诊台",
        )
        for number, name in enumerate(names, 1)
    )
    return GuideMap(
        campus_id=campus["id"],
        buildings=buildings,
        places=(*_main_places(campus, places), *_side_places(buildings[1:])),
        accessible_routes=_routes(names[0]),
        verified=False,
        note=UNVERIFIED_NOTE,
    )


def _level(floor: str) -> int:
    return 1 if floor.startswith("B") else int(floor.removesuffix("F"))


def _main_places(campus: Mapping[str, Any], places: Sequence[Mapping[str, Any]]) -> Iterator[Place]:
    for place in places:
        at = (campus["lat"], campus["lng"]) if place["id"] == _ENTRANCE else (None, None)
        yield Place(
            place_id=place["id"],
            kind=PlaceKind(place["kind"]),
            name=place["name"],
            building_id="building_1",
            floor=place["floor"],
            directions=place["directions"],
            accessible=place["accessible"],
            lat=at[0],
            lng=at[1],
        )


def _side_places(buildings: Sequence[Building]) -> Iterator[Place]:
    for building in buildings:
        number = building.building_id.removeprefix("building_")
        yield Place(
            place_id=f"entrance_{number}",
            kind=PlaceKind.ENTRANCE,
            name=f"{building.name}入口",
            building_id=building.building_id,
            floor="1F",
            directions=f"从院区主路跟随“{building.name}”指示牌；与门诊主楼之间是否有连廊，请问导诊台。",
        )
        yield Place(
            place_id=f"elevator_{number}",
            kind=PlaceKind.ELEVATOR,
            name=f"{building.name}电梯",
            building_id=building.building_id,
            floor="1F",
            directions="进门后看指示牌，一般在大厅里侧。",
        )


def _routes(main: str) -> tuple[AccessibleRoute, ...]:
    return (
        AccessibleRoute(
            route_id="entrance_to_elevator",
            name=f"从入口坐轮椅到{main}电梯",
            from_place_id=_ENTRANCE,
            to_place_id=_ELEVATOR,
            steps=("从正门一侧的坡道进入", "过大厅走到导诊台", "沿无障碍标识到电梯厅，优先使用无障碍电梯"),
        ),
        AccessibleRoute(
            route_id="elevator_to_toilet",
            name="从电梯到无障碍卫生间",
            from_place_id=_ELEVATOR,
            to_place_id=_TOILET,
            steps=("出电梯看轮椅标识", "沿走廊到门上有轮椅标识的卫生间"),
        ),
    )
