"""The hospitals table. Directory rows change rarely: all reads are eventually consistent."""

import re
from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.hospitals.rules import Campus, City, CityTier, Department, Hospital
from functions.shared.table import JsonAttribute, Row, find, keep, query_page

_CITIES = "CITIES"
_MAX_CITIES = 1000
_SLUG = re.compile(r"hos_[a-z0-9_]{1,60}")
"""Anything else cannot be a hospital and is not looked up: the directory is open to everybody."""


class HospitalsRow(Row):
    class Meta:
        table_name = "hospitals"


class CityRow(HospitalsRow, discriminator="directory_city"):
    code = UnicodeAttribute()
    name = UnicodeAttribute()
    tier = UnicodeAttribute()

    def to_city(self) -> City:
        return City(code=self.code, name=self.name, tier=CityTier(self.tier))


class HospitalEntryRow(HospitalsRow, discriminator="directory_entry"):
    """A line of a city's list, so that the list is one query and does not read what it does not show."""

    hospital_id = UnicodeAttribute()
    name = UnicodeAttribute()
    grade = UnicodeAttribute()
    campus_names: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])


class HospitalRow(HospitalsRow, discriminator="directory_hospital"):
    hospital_id = UnicodeAttribute()
    city = UnicodeAttribute()
    name = UnicodeAttribute()
    grade = UnicodeAttribute()
    campuses: JsonAttribute[tuple[Campus, ...]] = JsonAttribute(tuple[Campus, ...])
    departments: JsonAttribute[tuple[Department, ...]] = JsonAttribute(tuple[Department, ...])

    def to_hospital(self) -> Hospital:
        return Hospital(
            hospital_id=self.hospital_id,
            city=self.city,
            name=self.name,
            grade=self.grade,
            campuses=self.campuses,
            departments=self.departments,
        )


def city_row(city: City) -> CityRow:
    return CityRow(_CITIES, city.code, code=city.code, name=city.name, tier=city.tier)


def hospital_row(hospital: Hospital) -> HospitalRow:
    return HospitalRow(
        f"HOSPITAL#{hospital.hospital_id}",
        "HOSPITAL",
        hospital_id=hospital.hospital_id,
        city=hospital.city,
        name=hospital.name,
        grade=hospital.grade,
        campuses=hospital.campuses,
        departments=hospital.departments,
    )


def entry_row(hospital: Hospital) -> HospitalEntryRow:
    return HospitalEntryRow(
        f"CITY#{hospital.city}",
        hospital.hospital_id,
        hospital_id=hospital.hospital_id,
        name=hospital.name,
        grade=hospital.grade,
        campus_names=tuple(campus.name for campus in hospital.campuses),
    )


def kept_city(code: str) -> City | None:
    row = keep(CityRow, _CITIES, code)
    return row.to_city() if row else None


def cities() -> list[City]:
    rows, _ = query_page(CityRow, _CITIES, limit=_MAX_CITIES, consistent=False)
    return [row.to_city() for row in rows]


def kept_hospital(hospital_id: str) -> Hospital | None:
    if not is_hospital_id(hospital_id):
        return None
    row = keep(HospitalRow, f"HOSPITAL#{hospital_id}", "HOSPITAL")
    return row.to_hospital() if row else None


def stored_hospital(hospital_id: str) -> HospitalRow | None:
    """Past the process's memory, for who is about to replace it."""
    return find(HospitalRow, f"HOSPITAL#{hospital_id}", "HOSPITAL") if is_hospital_id(hospital_id) else None


def is_hospital_id(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def entries(city: str, *, limit: int, after: str | None) -> tuple[Sequence[HospitalEntryRow], str | None]:
    return query_page(HospitalEntryRow, f"CITY#{city}", limit=limit, after=after, consistent=False)


def stored(row: CityRow | HospitalRow | HospitalEntryRow) -> CityRow | HospitalRow | HospitalEntryRow | None:
    """What is stored under the key of `row`."""
    return find(type(row), row.pk, row.sk)
