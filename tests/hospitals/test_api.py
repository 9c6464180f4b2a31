"""The directory over HTTP, filled from the seed itself."""

from functools import partial

import pytest

from functions.hospitals import actions
from functions.shared import clock, table
from functions.shared.errors import NotFound
from functions.shared.tx import Tx
from tests.accounts.makers import commit
from tests.harness.seeds import seeded
from tests.harness.world import World


@pytest.fixture
def directory(world: World) -> World:
    """Every seeded city and hospital."""
    for city in seeded("cities"):
        commit("hospitals", partial(actions.put_city, **city))
    for hospital in seeded("hospitals"):
        commit("hospitals", partial(actions.put_hospital, **hospital))
    return world


def seeded_ids(city: str) -> list[str]:
    return sorted(row["id"] for row in seeded("hospitals") if row["city"] == city)


class TestCities:
    def test_they_are_listed_by_code_without_a_token(self, directory: World) -> None:
        reply = directory.get("/cities")
        assert [city["code"] for city in reply.body["items"]] == sorted(city["code"] for city in seeded("cities"))
        assert {"code": "110000", "name": "北京", "tier": "first"} in reply.body["items"]

    def test_an_unchanged_list_is_304(self, directory: World) -> None:
        etag = directory.get("/cities").headers["ETag"]
        assert directory.get("/cities", headers={"If-None-Match": etag}).status == 304


class TestList:
    def test_a_city_is_paged_through_completely(self, directory: World) -> None:
        found, cursor = [], ""
        for _ in range(20):
            page = directory.get(f"/hospitals?city=110000&limit=3&cursor={cursor}").body
            found += [line["hospital_id"] for line in page["items"]]
            if not (cursor := page["next_cursor"]):
                break
        assert found == seeded_ids("110000")

    def test_a_line_names_the_campuses(self, directory: World) -> None:
        lines = directory.get("/hospitals?city=110000&limit=50").body["items"]
        pumch = next(line for line in lines if line["hospital_id"] == "hos_pumch")
        assert pumch["campus_names"] == ["东单院区", "西单院区"]

    def test_a_city_that_is_not_served_has_none(self, directory: World) -> None:
        assert directory.get("/hospitals?city=999999").body == {"items": [], "next_cursor": None}

    @pytest.mark.parametrize("query", ["", "?city=", "?city=beijing", "?city=110000&limit=51", "?city=110000&x=1"])
    def test_a_query_that_makes_no_sense_is_refused(self, directory: World, query: str) -> None:
        reply = directory.get(f"/hospitals{query}")
        assert (reply.status, reply.code) == (400, "invalid_request")


class TestHospital:
    def test_it_has_its_campuses_and_departments(self, directory: World) -> None:
        body = directory.get("/hospitals/hos_pumch").body
        assert {campus["campus_id"] for campus in body["campuses"]} == {"pumch_dongdan", "pumch_xidan"}
        oncology = next(item for item in body["departments"] if item["department_id"] == "oncology")
        assert oncology == {
            "department_id": "oncology",
            "name": "肿瘤内科",
            "campus_id": "pumch_dongdan",
            "building": "门诊楼",
            "floor": "4F",
            "opening_hours": [{"weekdays": [1, 2, 3, 4, 5], "opens": "08:00", "closes": "17:00"}],
        }

    @pytest.mark.parametrize("id_", ["hos_nowhere", "x", "hos_" + "x" * 2000, "HOSPITAL%23hos_pumch"])
    def test_what_is_not_there_is_not_found(self, directory: World, id_: str) -> None:
        assert directory.get(f"/hospitals/{id_}").status == 404

    def test_it_is_read_once_a_minute(self, directory: World) -> None:
        tx = Tx("hospitals", now=clock.now(), correlation_id="test")
        actions.find_hospital("hos_pumch")
        row = next(row for row in seeded("hospitals") if row["id"] == "hos_pumch")
        actions.put_hospital(tx, **row | {"name": "协和医院"})
        tx.commit()
        assert actions.find_hospital("hos_pumch").name == "中国医学科学院北京协和医院"
        table.forget_kept()
        assert actions.find_hospital("hos_pumch").name == "协和医院"


class TestSeeding:
    def test_seeding_again_is_harmless(self, directory: World) -> None:
        row = seeded("hospitals")[0]
        commit("hospitals", partial(actions.put_hospital, **row))
        assert actions.find_hospital(row["id"]).name == row["name"]

    def test_a_hospital_that_moves_leaves_the_old_citys_list(self, directory: World) -> None:
        row = seeded("hospitals")[0]
        commit("hospitals", partial(actions.put_hospital, **row | {"city": "310000"}))
        assert row["id"] not in [line.hospital_id for line in listed("110000")]
        assert row["id"] in [line.hospital_id for line in listed("310000")]

    def test_an_unknown_city_or_hospital_is_not_found(self, directory: World) -> None:
        assert actions.find_city("310000").name == "上海"
        with pytest.raises(NotFound):
            actions.find_city("999999")


def listed(city: str) -> list[actions.HospitalSummary]:
    return actions.list_hospitals(city=city, limit=50, after=None)[0]
