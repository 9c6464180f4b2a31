"""Finding one's way: seeded maps, links that map apps open, and what staff may change (F7)."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.hospitals import actions
from functions.hospitals.rules import guide_maps as rules
from functions.hospitals.rules.guide_maps import Building, GuideMap, GuideMapInvalid, Place, PlaceKind, map_links
from functions.shared import audit, table
from infra.local.guides import generic_guide
from tests.accounts.makers import commit
from tests.harness.seeds import seeded
from tests.harness.world import Person, World
from tests.hospitals.makers import campus

HOSPITAL = "hos_pumch"
STORED = f"/hospitals/{HOSPITAL}/campuses/pumch_dongdan/guide-map"
names = st.text("北京协和医院,，&?=#%+ 1号/\"'", min_size=1, max_size=20).filter(str.strip)
pytestmark = pytest.mark.feature("F7")


@pytest.fixture
def directory(world: World) -> World:
    """Cities, one hospital, no guide map yet."""
    for city in seeded("cities"):
        commit("hospitals", partial(actions.put_city, **city))
    commit("hospitals", partial(actions.put_hospital, **hospital_row()))
    return world


def hospital_row() -> dict[str, Any]:
    return next(row for row in seeded("hospitals") if row["id"] == HOSPITAL)


def body(**changed: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "buildings": [{"building_id": "main", "name": "门诊楼", "floors": ["B1F", "1F", "2F"]}],
        "places": [
            place("gate", kind="entrance", name="东门", lat=39.9125, lng=116.4160),
            place("pharmacy", kind="pharmacy", name="门诊药房", floor="B1F"),
        ],
        "accessible_routes": [
            {
                "route_id": "gate_to_pharmacy",
                "name": "东门到药房",
                "from_place_id": "gate",
                "to_place_id": "pharmacy",
                "steps": ["走坡道", "坐无障碍电梯到地下一层"],
            }
        ],
        "verified": True,
        "note": "",
    }
    return facts | changed


def place(place_id: str, **changed: Any) -> dict[str, Any]:
    facts = {"kind": "toilet", "name": "卫生间", "building_id": "main", "floor": "1F", "directions": "电梯右侧"}
    return {"place_id": place_id, "accessible": True, **facts, **changed}


def put(world: World, sent: Mapping[str, Any], *, version: int, role: str = "agent") -> Any:
    return world.put(STORED, dict(sent), version=version, as_=world.person(role))


class TestMapLinks:
    def test_amap_takes_longitude_first_and_tencent_latitude(self) -> None:
        links = map_links(name="北京协和医院 东单院区", lat=39.9124, lng=116.4159)
        assert links.amap == (
            "https://uri.amap.com/navigation?to=116.415900,39.912400,"
            "%E5%8C%97%E4%BA%AC%E5%8D%8F%E5%92%8C%E5%8C%BB%E9%99%A2%20%E4%B8%9C%E5%8D%95%E9%99%A2%E5%8C%BA"
            "&mode=car&coordinate=gaode&callnative=1"
        )
        assert links.tencent == (
            "https://apis.map.qq.com/uri/v1/routeplan?type=drive"
            "&to=%E5%8C%97%E4%BA%AC%E5%8D%8F%E5%92%8C%E5%8C%BB%E9%99%A2%20%E4%B8%9C%E5%8D%95%E9%99%A2%E5%8C%BA"
            "&tocoord=39.912400,116.415900&referer=zhenban"
        )

    @given(names, st.floats(3.8, 53.6), st.floats(73.4, 135.1))
    def test_whatever_the_name_the_point_arrives_whole(self, name: str, lat: float, lng: float) -> None:
        links = map_links(name=name, lat=lat, lng=lng)
        amap, tencent = (parse_qs(urlsplit(url).query) for url in (links.amap, links.tencent))
        assert set(amap) == {"to", "mode", "coordinate", "callnative"}
        to_lng, to_lat, label = amap["to"][0].split(",")
        assert [float(to_lng), float(to_lat)] == pytest.approx([lng, lat], abs=1e-6)
        assert set(tencent) >= {"type", "tocoord", "referer"}
        assert [float(each) for each in tencent["tocoord"][0].split(",")] == pytest.approx([lat, lng], abs=1e-6)
        assert label == " ".join(name.replace(",", " ").split()) == tencent.get("to", [""])[0]
        assert urlsplit(links.amap).fragment == urlsplit(links.tencent).fragment == ""
        assert links.amap.isascii() and links.tencent.isascii() and unquote(links.amap)


class TestSeededMaps:
    @pytest.mark.parametrize("row", seeded("hospitals"), ids=lambda row: str(row["id"]))
    def test_every_campus_has_one_that_is_valid_and_says_that_it_is_not_verified(self, row: dict[str, Any]) -> None:
        for site in row["campuses"]:
            guide = generic_guide(row, site, seeded("guide_maps"))
            facts = {name: value for name, value in site.items() if name != "id"}
            assert rules.checked(guide, campus(site["id"], **facts)) is guide
            assert not guide.verified and "未" in guide.note
            wanted = {*PlaceKind} - {PlaceKind.EMERGENCY}
            assert wanted <= {each.kind for each in guide.places} and guide.accessible_routes
            floors = {(building.name, floor) for building in guide.buildings for floor in building.floors}
            offices = [each for each in row["departments"] if each["campus_id"] == site["id"]]
            assert {(each["building"], each["floor"]) for each in offices if each["floor"][0] != "B"} <= floors


class TestReading:
    def test_anybody_reads_it_with_links(self, directory: World) -> None:
        put(directory, body(), version=0)
        table.forget_kept()
        reply = directory.get(f"/hospitals/{HOSPITAL}/guide-map?campus_id=pumch_dongdan")
        assert reply.status == 200
        gate = next(each for each in reply.body["places"] if each["place_id"] == "gate")
        assert gate["kind_title"] == "出入口" and "39.912500,116.416000" in gate["links"]["tencent"]
        assert reply.body["links"]["amap"].startswith("https://uri.amap.com/navigation?to=116.4159")
        assert {each["campus_id"] for each in reply.body["departments"]} == {"pumch_dongdan"}
        assert [each["links"] for each in reply.body["places"] if each["lat"] is None] == [None]

    def test_without_a_campus_it_is_the_first_one(self, directory: World) -> None:
        assert directory.get(f"/hospitals/{HOSPITAL}/guide-map").body["campus_id"] == "pumch_dongdan"

    def test_a_campus_without_a_map_still_says_where_it_is(self, directory: World) -> None:
        shown = directory.get(f"/hospitals/{HOSPITAL}/guide-map?campus_id=pumch_xidan").body
        assert (shown["places"], shown["verified"], shown["version"]) == ([], False, 0)
        assert "整理中" in shown["note"] and shown["links"]["tencent"] and shown["departments"]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            (f"/hospitals/{HOSPITAL}/guide-map?campus_id=nowhere", 404),
            ("/hospitals/hos_none/guide-map", 404),
            (f"/hospitals/{HOSPITAL}/guide-map?floor=1F", 400),
            (f"/hospitals/{HOSPITAL}/guide-map?campus_id={'x' * 41}", 400),
        ],
    )
    def test_what_is_not_there(self, directory: World, path: str, status: int) -> None:
        assert directory.get(path).status == status


class TestEditing:
    def test_a_map_is_replaced_by_version_and_leaves_a_row(self, directory: World) -> None:
        agent = directory.person("agent")
        first = directory.put(STORED, body(), version=0, as_=agent)
        assert (first.status, first.body["version"], first.body["verified_on"]) == (200, 1, "2026-03-02")
        assert put(directory, body(), version=0).code == "version_mismatch"
        assert put(directory, body(note="西门施工"), version=1).body["version"] == 2
        assert directory.get(STORED, as_=agent).body["note"] == "西门施工"
        entries = audit.entries_of("hospitals", HOSPITAL)[0]
        assert [entry.act for entry in entries] == ["guide_map.edited"] * 2
        assert entries[-1].actor == agent.subject and "已校准" in entries[-1].after

    def test_a_map_that_nobody_walked_bears_no_date_and_says_so(self, directory: World) -> None:
        reply = put(directory, body(verified=False), version=0)
        assert (reply.body["verified_on"], reply.body["note"]) == (None, rules.UNVERIFIED_NOTE)

    def test_the_day_of_the_walk_is_kept(self, directory: World) -> None:
        put(directory, body(), version=0)
        directory.advance(days=3)
        assert put(directory, body(note="改名"), version=1).body["verified_on"] == "2026-03-02"

    @pytest.mark.parametrize("role", ["client", "companion", "finance", "finance_reader", "hospital", "guest"])
    def test_only_agents_and_admins_edit(self, directory: World, role: str) -> None:
        assert put(directory, body(), version=0, role=role).status == 403

    def test_it_takes_a_version(self, directory: World) -> None:
        reply = directory.put(STORED, body(), as_=directory.person("agent"))
        assert (reply.status, reply.code) == (428, "version_required")

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"places": [place("a")]}, "places"),
            ({"places": [place("gate", kind="entrance"), place("gate")], "accessible_routes": []}, "places.gate"),
            ({"places": [place("gate", kind="entrance", floor="9F")], "accessible_routes": []}, "places.gate"),
            ({"places": [place("gate", kind="entrance", building_id="no")], "accessible_routes": []}, "places.gate"),
            ({"places": [place("gate", kind="entrance", lat=39.9)], "accessible_routes": []}, "places.gate"),
            (
                {"places": [place("gate", kind="entrance", lat=31.2, lng=121.4)], "accessible_routes": []},
                "places.gate",
            ),
            ({"buildings": [{"building_id": "main", "name": "楼", "floors": ["2F", "1F"]}]}, "buildings.main"),
            (
                {"places": [place("gate", kind="entrance"), place("pharmacy", accessible=False)]},
                "accessible_routes.gate_to_pharmacy",
            ),
            ({"places": [place("gate", kind="entrance")]}, "accessible_routes.gate_to_pharmacy"),
        ],
    )
    def test_a_map_that_leads_nowhere_is_refused(self, directory: World, changed: dict[str, Any], field: str) -> None:
        reply = put(directory, body(**changed), version=0)
        assert (reply.status, reply.code) == (400, "guide_map_invalid"), reply.body
        assert field in {error["field"] for error in reply.body["errors"]}

    @pytest.mark.parametrize(
        "changed",
        [
            {"places": []},
            {"places": "x"},
            {"verified": 1},
            {"floor": "1F"},
            {"buildings": [{"building_id": "Main", "name": "楼", "floors": ["1F"]}]},
            {"buildings": [{"building_id": "main", "name": "楼", "floors": ["一层"]}]},
            {"places": [place("gate", kind="cafe")]},
            {"places": [place("gate", kind="entrance", directions="")]},
            {"places": [place("gate", kind="entrance", lat=91, lng=1)]},
            {"note": "x" * 201},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, directory: World, changed: dict[str, Any]) -> None:
        reply = put(directory, body(**changed), version=0)
        assert (reply.status, reply.code) == (400, "invalid_request"), reply.body

    def test_unknown_places_are_not_found(self, directory: World) -> None:
        admin = directory.person("admin")
        for path in (f"/hospitals/{HOSPITAL}/campuses/no/guide-map", "/hospitals/hos_no/campuses/no/guide-map"):
            assert directory.get(path, as_=admin).status == 404
            assert directory.put(path, body(), version=0, as_=admin).status == 404


@given(st.lists(st.sampled_from("ab"), max_size=3), st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("abc"))))
def test_a_map_is_accepted_exactly_when_every_place_stands_in_a_building(
    building_ids: list[str], placed: list[tuple[str, str]]
) -> None:
    guide = GuideMap(
        "main",
        buildings=tuple(Building(id_, "楼", ("1F",)) for id_ in building_ids),
        places=tuple(Place(id_, PlaceKind.ENTRANCE, "门", where, "1F", "直走") for id_, where in placed),
    )
    fits = (
        bool(placed)
        and len(set(building_ids)) == len(building_ids)
        and len({id_ for id_, _ in placed}) == len(placed)
        and {where for _, where in placed} <= set(building_ids)
    )
    if fits:
        assert rules.checked(guide, campus()) is guide
    else:
        with pytest.raises(GuideMapInvalid):
            rules.checked(guide, campus())


def edit_of(world: World) -> dict[str, Any]:
    """What an administrator would send back unchanged."""
    stored = world.get(f"/hospitals/{HOSPITAL}/stored", as_=world.person("admin")).body
    return {name: stored[name] for name in ("city", "name", "grade", "campuses", "departments")}


class TestDirectoryEditing:
    PATH = f"/hospitals/{HOSPITAL}"

    def test_the_whole_hospital_is_replaced_by_version_with_a_row(self, directory: World) -> None:
        admin = directory.person("admin")
        sent = edit_of(directory) | {"name": "协和医院"}
        sent["departments"] = sent["departments"][1:]
        reply = directory.put(self.PATH, sent, version=1, as_=admin)
        assert (reply.status, reply.body["version"]) == (200, 2), reply.body
        table.forget_kept()
        assert directory.get(self.PATH).body["name"] == "协和医院"
        (edit,) = directory.get(f"{self.PATH}/stored", as_=admin).body["edits"]
        assert (edit["actor"], edit["what"]) == (admin.subject, "科室 +0 −1 改0；名称")
        assert directory.put(self.PATH, sent, version=1, as_=admin).code == "version_mismatch"
        lines = directory.get("/hospitals?city=110000").body["items"]
        assert [line["name"] for line in lines] == ["协和医院"]

    def test_a_hospital_is_added_with_version_0(self, directory: World) -> None:
        sent = edit_of(directory) | {"city": "310000"}
        reply = directory.put("/hospitals/hos_new", sent, version=0, as_=directory.person("admin"))
        assert (reply.status, reply.body["version"]) == (200, 1)
        assert [line["hospital_id"] for line in directory.get("/hospitals?city=310000").body["items"]] == ["hos_new"]

    def test_opening_hours_come_and_go(self, directory: World) -> None:
        sent = edit_of(directory)
        sent["departments"][0]["opening_hours"] = [
            {"weekdays": [6, 7, 6], "opens": "08:30", "closes": "12:00"},
            {"weekdays": [6], "opens": "13:00", "closes": "24:00"},
        ]
        reply = directory.put(self.PATH, sent, version=1, as_=directory.person("admin"))
        assert reply.body["departments"][0]["opening_hours"][0] == {
            "weekdays": [6, 7],
            "opens": "08:30",
            "closes": "12:00",
        }

    @pytest.mark.parametrize(
        ("hours", "code"),
        [
            ([{"weekdays": [1], "opens": "09:00", "closes": "09:00"}], "directory_invalid"),
            ([{"weekdays": [1], "opens": "08:00", "closes": "12:00"}] * 2, "directory_invalid"),
            ([{"weekdays": [8], "opens": "08:00", "closes": "12:00"}], "invalid_request"),
            ([{"weekdays": [], "opens": "08:00", "closes": "12:00"}], "invalid_request"),
            ([{"weekdays": [1], "opens": "8:00", "closes": "12:00"}], "invalid_request"),
            ([{"weekdays": [1], "opens": "08:00", "closes": "25:00"}], "invalid_request"),
        ],
    )
    def test_hours_that_make_no_sense(self, directory: World, hours: list[Any], code: str) -> None:
        sent = edit_of(directory)
        sent["departments"][0]["opening_hours"] = hours
        reply = directory.put(self.PATH, sent, version=1, as_=directory.person("admin"))
        assert (reply.status, reply.code) == (400, code)

    @pytest.mark.parametrize(
        ("path", "changed", "status", "code"),
        [
            ("/hospitals/hos_pumch", {"city": "999999"}, 400, "directory_invalid"),
            ("/hospitals/PUMCH", {}, 400, "directory_invalid"),
            ("/hospitals/hos_pumch", {"campuses": []}, 400, "invalid_request"),
            ("/hospitals/hos_pumch", {"departments": "x"}, 400, "invalid_request"),
            ("/hospitals/hos_pumch", {"stars": 5}, 400, "invalid_request"),
            ("/hospitals/hos_pumch", {"name": ""}, 400, "invalid_request"),
        ],
    )
    def test_bad_edits_are_refused(
        self, directory: World, path: str, changed: dict[str, Any], status: int, code: str
    ) -> None:
        reply = directory.put(path, edit_of(directory) | changed, version=1, as_=directory.person("admin"))
        assert (reply.status, reply.code) == (status, code), reply.body

    @pytest.mark.parametrize("role", ["agent", "finance", "finance_reader", "client", "companion", "hospital"])
    def test_only_admins_edit_hospitals_and_cities(self, directory: World, role: str) -> None:
        person = directory.person(role)
        assert directory.put(self.PATH, edit_of(directory), version=1, as_=person).status == 403
        assert directory.put("/cities/440300", {"name": "深圳", "tier": "first"}, version=0, as_=person).status == 403

    def test_a_city_is_opened_and_changed(self, directory: World) -> None:
        admin: Person = directory.person("admin")
        sent = {"name": "深圳", "tier": "first"}
        assert directory.put("/cities/440300", sent, version=0, as_=admin).body["version"] == 1
        assert directory.put("/cities/440300", sent, version=0, as_=admin).code == "version_mismatch"
        assert "440300" in [city["code"] for city in directory.get("/cities").body["items"]]
        assert directory.put("/cities/44030", sent, version=0, as_=admin).code == "directory_invalid"
        assert directory.put("/cities/440300", sent | {"tier": "third"}, version=1, as_=admin).status == 400
        (entry,) = audit.entries_of("hospitals", "city_440300")[0]
        assert entry.act == "city.edited"
