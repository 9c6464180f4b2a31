"""What a directory entry must be before anybody is sent there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import FieldError, Invalid, NotFound

CHINA_LAT = (3.8, 53.6)
CHINA_LNG = (73.4, 135.1)
GEOFENCE_M = (50, 1000)
DAY_MIN = 24 * 60


class CityTier(StrEnum):
    """Which column of the price list a city uses (F3, F29)."""

    FIRST = "first"
    SECOND = "second"


class DirectoryInvalid(Invalid):
    """A hospital's campuses and departments do not fit together; `errors` names each."""

    code = "directory_invalid"
    title = "医院资料有误"


@dataclass(frozen=True)
class City:
    """`code` is the city's GB/T 2260 division code."""

    code: str
    name: str
    tier: CityTier


@dataclass(frozen=True)
class Campus:
    """One site of a hospital; `lat` and `lng` are GCJ-02 degrees."""

    campus_id: str
    name: str
    address: str
    lat: float
    lng: float
    geofence_radius_m: int


@dataclass(frozen=True)
class OpeningHours:
    """One stretch of a working week: ISO weekdays (Monday is 1), minutes after midnight in China."""

    weekdays: tuple[int, ...]
    opens_min: int
    closes_min: int

    def covers(self, at: datetime) -> bool:
        """Whether `at`, on a Chinese wall clock, falls in it; the closing minute does not."""
        return at.isoweekday() in self.weekdays and self.opens_min <= at.hour * 60 + at.minute < self.closes_min


@dataclass(frozen=True)
class Department:
    """`checklist_template` is the key of what a patient of this department should bring (F7)."""

    department_id: str
    name: str
    campus_id: str
    building: str
    floor: str
    checklist_template: str
    opening_hours: tuple[OpeningHours, ...] = ()
    """Empty while nobody has told us: then nothing follows about when it is closed."""

    def is_open(self, at: datetime) -> bool | None:
        """Whether patients are seen at `at` (a Chinese wall clock); None if the hours are not known."""
        return any(hours.covers(at) for hours in self.opening_hours) if self.opening_hours else None


@dataclass(frozen=True)
class Hospital:
    """A hospital with everything in it. Department ids are unique within a hospital only."""

    hospital_id: str
    city: str
    name: str
    grade: str
    campuses: tuple[Campus, ...]
    departments: tuple[Department, ...]

    def department(self, department_id: str) -> Department:
        """NotFound unless the hospital has it."""
        for department in self.departments:
            if department.department_id == department_id:
                return department
        raise NotFound()

    def campus(self, campus_id: str) -> Campus:
        """NotFound unless the hospital has it."""
        for campus in self.campuses:
            if campus.campus_id == campus_id:
                return campus
        raise NotFound()

    def campus_of(self, department_id: str) -> Campus:
        """The site where this department is; NotFound unless the hospital has the department."""
        return self.campus(self.department(department_id).campus_id)


def checked(hospital: Hospital) -> Hospital:
    """`hospital`, if everything in it can be found by a patient; otherwise DirectoryInvalid."""
    campus_ids = [campus.campus_id for campus in hospital.campuses]
    department_ids = [department.department_id for department in hospital.departments]
    errors = [
        *([] if campus_ids else [FieldError("campuses", "至少要有一个院区")]),
        *([] if department_ids else [FieldError("departments", "至少要有一个科室")]),
        *(FieldError(f"campuses.{id_}", "院区编号重复") for id_ in _repeated(campus_ids)),
        *(FieldError(f"departments.{id_}", "科室编号重复") for id_ in _repeated(department_ids)),
        *(error for campus in hospital.campuses for error in _campus_errors(campus)),
        *(
            FieldError(f"departments.{department.department_id}", "所在院区不存在")
            for department in hospital.departments
            if department.campus_id not in campus_ids
        ),
        *(error for department in hospital.departments for error in _hours_errors(department)),
    ]
    if errors:
        raise DirectoryInvalid(errors=tuple(errors))
    return hospital


def differences(before: Hospital | None, after: Hospital) -> str:
    """What an edit changed, for the audit row: `院区 +1 −0 改1；科室 +0 −2 改0；名称`."""
    if before is None:
        return "新增"
    parts = [
        _changes("院区", {c.campus_id: c for c in before.campuses}, {c.campus_id: c for c in after.campuses}),
        _changes(
            "科室", {d.department_id: d for d in before.departments}, {d.department_id: d for d in after.departments}
        ),
        *(
            title
            for title, field in (("名称", "name"), ("等级", "grade"), ("城市", "city"))
            if getattr(before, field) != getattr(after, field)
        ),
    ]
    return "；".join(part for part in parts if part) or "无变化"


def _changes(title: str, before: dict[str, object], after: dict[str, object]) -> str:
    added, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    changed = sum(before[id_] != after[id_] for id_ in before.keys() & after.keys())
    return f"{title} +{added} −{gone} 改{changed}" if added or gone or changed else ""


def _campus_errors(campus: Campus) -> list[FieldError]:
    path = f"campuses.{campus.campus_id}"
    errors = []
    if not (CHINA_LAT[0] <= campus.lat <= CHINA_LAT[1] and CHINA_LNG[0] <= campus.lng <= CHINA_LNG[1]):
        errors.append(FieldError(path, "坐标不在中国境内，经纬度可能写反了"))
    if not GEOFENCE_M[0] <= campus.geofence_radius_m <= GEOFENCE_M[1]:
        errors.append(FieldError(path, f"打卡范围应为 {GEOFENCE_M[0]} 至 {GEOFENCE_M[1]} 米"))
    return errors


def _hours_errors(department: Department) -> list[FieldError]:
    path = f"departments.{department.department_id}.opening_hours"
    errors = []
    taken: set[tuple[int, int]] = set()
    for hours in department.opening_hours:
        if not hours.weekdays or not set(hours.weekdays) <= set(range(1, 8)):
            errors.append(FieldError(path, "星期用 1（周一）至 7（周日）表示，至少一天"))
        elif not 0 <= hours.opens_min < hours.closes_min <= DAY_MIN:
            errors.append(FieldError(path, "开诊时间应早于停诊时间"))
        else:
            minutes = {(day, at) for day in set(hours.weekdays) for at in range(hours.opens_min, hours.closes_min)}
            if minutes & taken:
                errors.append(FieldError(path, "门诊时段有重叠"))
            taken |= minutes
    return errors


def _repeated(ids: Sequence[str]) -> list[str]:
    return sorted({id_ for id_ in ids if ids.count(id_) > 1})
