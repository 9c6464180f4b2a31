"""A directory entry leads patients somewhere that exists."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.hospitals.rules import CHINA_LAT, CHINA_LNG, GEOFENCE_M, DirectoryInvalid, checked
from functions.shared.errors import NotFound
from tests.hospitals.makers import campus, department, hospital

slugs = st.text("abc", min_size=1, max_size=2)


@given(st.lists(slugs, max_size=4), st.lists(st.tuples(slugs, slugs), max_size=4))
def test_an_entry_is_accepted_exactly_when_every_department_stands_in_one_of_its_campuses(
    campus_ids: list[str], departments: list[tuple[str, str]]
) -> None:
    entry = hospital(
        campuses=tuple(campus(id_) for id_ in campus_ids),
        departments=tuple(department(id_, campus_id) for id_, campus_id in departments),
    )
    names = [id_ for id_, _ in departments]
    fits = (
        bool(campus_ids and departments)
        and len(set(campus_ids)) == len(campus_ids)
        and len(set(names)) == len(names)
        and {campus_id for _, campus_id in departments} <= set(campus_ids)
    )
    if fits:
        for id_, campus_id in departments:
            assert checked(entry).campus_of(id_).campus_id == campus_id
    else:
        with pytest.raises(DirectoryInvalid):
            checked(entry)


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 2000))
def test_a_campus_lies_in_china_with_a_sensible_geofence(lat: float, lng: float, radius_m: int) -> None:
    entry = hospital(campuses=(campus(lat=lat, lng=lng, geofence_radius_m=radius_m),))
    inside = CHINA_LAT[0] <= lat <= CHINA_LAT[1] and CHINA_LNG[0] <= lng <= CHINA_LNG[1]
    if inside and GEOFENCE_M[0] <= radius_m <= GEOFENCE_M[1]:
        assert checked(entry) is entry
    else:
        with pytest.raises(DirectoryInvalid):
            checked(entry)


@pytest.mark.parametrize("swapped", [{"lat": 116.4159, "lng": 39.9124}])
def test_latitude_and_longitude_swapped_are_noticed(swapped: dict[str, Any]) -> None:
    with pytest.raises(DirectoryInvalid) as refused:
        checked(hospital(campuses=(campus(**swapped),)))
    assert [error.field for error in refused.value.errors] == ["campuses.main"]


def test_a_department_that_the_hospital_lacks_is_not_found() -> None:
    with pytest.raises(NotFound):
        hospital().department("dentistry")
    with pytest.raises(NotFound):
        hospital().campus_of("dentistry")
