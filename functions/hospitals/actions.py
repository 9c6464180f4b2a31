"""Reading the directory, and putting into it what staff (today: the seed) have checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.hospitals import table
from functions.hospitals.rules import Campus, City, CityTier, Department, Hospital, checked
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

__all__ = [
    "Campus",
    "City",
    "CityTier",
    "Department",
    "Hospital",
    "HospitalSummary",
    "find_city",
    "find_hospital",
    "list_cities",
    "list_hospitals",
    "put_city",
    "put_hospital",
]


@dataclass(frozen=True)
class HospitalSummary:
    """A line of a city's list."""

    hospital_id: str
    name: str
    grade: str
    campus_names: tuple[str, ...]


def find_city(code: str) -> City:
    """The city, up to a minute old; NotFound if the platform does not serve it."""
    city = table.kept_city(code)
    if city is None:
        raise NotFound()
    return city


def list_cities() -> list[City]:
    """Every city that the platform serves, by division code."""
    return table.cities()


def find_hospital(hospital_id: str) -> Hospital:
    """The hospital with its campuses and departments, up to a minute old; NotFound."""
    hospital = table.kept_hospital(hospital_id)
    if hospital is None:
        raise NotFound()
    return hospital


def list_hospitals(*, city: str, limit: int, after: str | None) -> tuple[list[HospitalSummary], str | None]:
    """A page of a city's hospitals by id, and where to go on; a city that is not served has none."""
    rows, last = table.entries(city, limit=limit, after=after)
    return [HospitalSummary(row.hospital_id, row.name, row.grade, row.campus_names) for row in rows], last


def put_city(tx: Tx, *, code: str, name: str, tier: str) -> City:
    """Add the city or replace it."""
    city = City(code=code, name=name, tier=CityTier(tier))
    _put(tx, table.city_row(city))
    return city


def put_hospital(
    tx: Tx,
    *,
    id: str,
    city: str,
    name: str,
    grade: str,
    campuses: Sequence[Mapping[str, Any]],
    departments: Sequence[Mapping[str, Any]],
) -> Hospital:
    """Add the hospital or replace it, in the shape of the seed; DirectoryInvalid names what does not fit."""
    hospital = checked(
        Hospital(
            hospital_id=id,
            city=city,
            name=name,
            grade=grade,
            campuses=tuple(_campus(**campus) for campus in campuses),
            departments=tuple(_department(**department) for department in departments),
        )
    )
    before = table.stored_hospital(id)
    if before is not None and before.city != city:
        moved_from = table.stored(table.entry_row(before))
        assert moved_from is not None
        tx.delete(moved_from)
    _put(tx, table.hospital_row(hospital))
    _put(tx, table.entry_row(hospital))
    return hospital


def _campus(*, id: str, name: str, address: str, lat: float, lng: float, geofence_radius_m: int) -> Campus:
    return Campus(id, name, address, lat, lng, geofence_radius_m)


def _department(*, id: str, name: str, campus_id: str, building: str, floor: str, template: str) -> Department:
    return Department(id, name, campus_id, building, floor, template)


def _put(tx: Tx, row: table.CityRow | table.HospitalRow | table.HospitalEntryRow) -> None:
    before = table.stored(row)
    row.version = before.version if before else 0
    tx.save(row)
