"""Reading the directory, and putting into it what staff (or the seed) have checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.hospitals.rules.directory import (
    Campus,
    City,
    CityTier,
    Department,
    DirectoryInvalid,
    Hospital,
    OpeningHours,
    checked,
    differences,
)
from functions.hospitals.table import directory as table
from functions.shared import audit
from functions.shared.errors import FieldError, NotFound, PreconditionFailed
from functions.shared.tx import Tx


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


def read_stored_hospital(hospital_id: str) -> tuple[Hospital, int]:
    """The hospital as it is this moment, and its version, for who is about to edit it; NotFound."""
    row = table.stored_hospital(hospital_id)
    if row is None:
        raise NotFound()
    return row.to_hospital(), int(row.version)


def edit_hospital(tx: Tx, hospital: Hospital, *, version: int, actor: str) -> int:
    """Add (version 0) or replace a hospital; returns the new version.

    Raises DirectoryInvalid, and PreconditionFailed when `version` is not the present one.
    """
    if not table.is_hospital_id(hospital.hospital_id):
        raise DirectoryInvalid(errors=(FieldError("hospital_id", "编号以 hos_ 开头，由小写字母、数字和下划线组成"),))
    if table.kept_city(hospital.city) is None:
        raise DirectoryInvalid(errors=(FieldError("city", "这个城市还没有开通"),))
    before = table.stored_hospital(hospital.hospital_id)
    if version != (before.version if before else 0):
        raise PreconditionFailed()
    _put_hospital(tx, checked(hospital), before)
    changed = differences(before.to_hospital() if before else None, hospital)
    audit.record(tx, actor=actor, act="hospital.edited", subject=hospital.hospital_id, after=changed)
    return version + 1


def list_hospital_edits(hospital_id: str) -> list[audit.Entry]:
    """The latest edits of the hospital and its guide maps, newest first (one Query)."""
    return audit.entries_of("hospitals", hospital_id)[0]


def edit_city(tx: Tx, city: City, *, version: int, actor: str) -> int:
    """Add (version 0) or replace a city; returns the new version. PreconditionFailed."""
    row = table.city_row(city)
    before = table.stored(row)
    if version != (before.version if before else 0):
        raise PreconditionFailed()
    row.version = version
    tx.save(row)
    audit.record(tx, actor=actor, act="city.edited", subject=f"city_{city.code}", after=f"{city.name} {city.tier}")
    return version + 1


def put_city(tx: Tx, *, code: str, name: str, tier: str) -> City:
    """Add the city or replace it."""
    city = City(code=code, name=name, tier=CityTier(tier))
    row = table.city_row(city)
    before = table.stored(row)
    row.version = before.version if before else 0
    tx.save(row)
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
    _put_hospital(tx, hospital, table.stored_hospital(id))
    return hospital


def _put_hospital(tx: Tx, hospital: Hospital, before: table.HospitalRow | None) -> None:
    if before is not None and before.city != hospital.city:
        moved_from = table.stored(table.entry_row(before.to_hospital()))
        assert moved_from is not None, "every hospital stands in its city's list"
        tx.delete(moved_from)
    row = table.hospital_row(hospital)
    row.version = before.version if before else 0
    tx.save(row)
    entry = table.entry_row(hospital)
    if before is None or table.entry_row(before.to_hospital()).attribute_values != entry.attribute_values:
        stored = table.stored(entry)
        entry.version = stored.version if stored else 0
        tx.save(entry)


def _campus(*, id: str, name: str, address: str, lat: float, lng: float, geofence_radius_m: int) -> Campus:
    return Campus(id, name, address, lat, lng, geofence_radius_m)


def _department(
    *,
    id: str,
    name: str,
    campus_id: str,
    building: str,
    floor: str,
    template: str,
    opening_hours: Sequence[Mapping[str, Any]] = (),
) -> Department:
    hours = tuple(_hours(**each) for each in opening_hours)
    return Department(id, name, campus_id, building, floor, template, hours)


def _hours(*, weekdays: Sequence[int], opens: str, closes: str) -> OpeningHours:
    return OpeningHours(tuple(weekdays), minutes_of(opens), minutes_of(closes))


def minutes_of(clock_time: str) -> int:
    """Minutes after midnight of `08:30`; `24:00` is the day's end."""
    hour, _, minute = clock_time.partition(":")
    return int(hour) * 60 + int(minute)
