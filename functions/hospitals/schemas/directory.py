"""What the directory's routes take and answer."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.hospitals.actions import HospitalSummary, minutes_of
from functions.hospitals.rules import Campus, City, CityTier, Department, Hospital, OpeningHours
from functions.shared import audit, clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="小写字母、数字和下划线")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
ClockTime = Annotated[
    str, msgspec.Meta(pattern=r"^(?:([01]\d|2[0-3]):[0-5]\d|24:00)$", description="时刻，例如 08:00；24:00 为当日结束")
]
CityCode = Annotated[str, msgspec.Meta(pattern=r"^\d{6}$", description="六位行政区划代码，例如 110000")]


class HospitalQuery(PageQuery, frozen=True, kw_only=True):
    """查询一个城市的医院。"""

    city: CityCode


class CityView(Reading, frozen=True, kw_only=True):
    """已开通的城市；`tier` 决定套餐价格档。"""

    code: str
    name: str
    tier: CityTier

    @classmethod
    def of(cls, city: City) -> "CityView":
        return cls(code=city.code, name=city.name, tier=city.tier)


class CityList(Reading, frozen=True, kw_only=True):
    """已开通的全部城市。"""

    items: list[CityView]


class HospitalLine(Reading, frozen=True, kw_only=True):
    """医院列表中的一行。"""

    hospital_id: str
    name: str
    grade: str
    campus_names: list[str]

    @classmethod
    def of(cls, summary: HospitalSummary) -> "HospitalLine":
        return cls(
            hospital_id=summary.hospital_id,
            name=summary.name,
            grade=summary.grade,
            campus_names=list(summary.campus_names),
        )


class CampusView(Reading, frozen=True, kw_only=True):
    """院区；坐标为 GCJ-02。"""

    campus_id: str
    name: str
    address: str
    lat: float
    lng: float

    @classmethod
    def of(cls, campus: Campus) -> "CampusView":
        return cls(campus_id=campus.campus_id, name=campus.name, address=campus.address, lat=campus.lat, lng=campus.lng)


class OpeningHoursView(Reading, frozen=True, kw_only=True):
    """一段门诊时间；`weekdays` 中 1 是周一，7 是周日。"""

    weekdays: list[int]
    opens: str
    closes: str

    @classmethod
    def of(cls, hours: OpeningHours) -> "OpeningHoursView":
        return cls(
            weekdays=list(hours.weekdays), opens=_clock_time(hours.opens_min), closes=_clock_time(hours.closes_min)
        )


class DepartmentView(Reading, frozen=True, kw_only=True):
    """科室及其所在院区、楼、层；`opening_hours` 为空表示门诊时间尚未登记。"""

    department_id: str
    name: str
    campus_id: str
    building: str
    floor: str
    opening_hours: list[OpeningHoursView]

    @classmethod
    def of(cls, department: Department) -> "DepartmentView":
        return cls(
            department_id=department.department_id,
            name=department.name,
            campus_id=department.campus_id,
            building=department.building,
            floor=department.floor,
            opening_hours=[OpeningHoursView.of(hours) for hours in department.opening_hours],
        )


class HospitalView(Reading, frozen=True, kw_only=True):
    """医院及其院区、科室。"""

    hospital_id: str
    city: str
    name: str
    grade: str
    campuses: list[CampusView]
    departments: list[DepartmentView]

    @classmethod
    def of(cls, hospital: Hospital) -> "HospitalView":
        return cls(
            hospital_id=hospital.hospital_id,
            city=hospital.city,
            name=hospital.name,
            grade=hospital.grade,
            campuses=[CampusView.of(campus) for campus in hospital.campuses],
            departments=[DepartmentView.of(department) for department in hospital.departments],
        )


class CityBody(Body, frozen=True, kw_only=True):
    """开通或修改一个城市。"""

    name: Name
    tier: CityTier


class StoredCity(CityView, frozen=True, kw_only=True):
    """城市与其版本号。"""

    version: int


class OpeningHoursBody(Body, frozen=True, kw_only=True):
    """一段门诊时间；上下午分开写。"""

    weekdays: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=7)]], msgspec.Meta(min_length=1, max_length=7)]
    opens: ClockTime
    closes: ClockTime


class CampusBody(Body, frozen=True, kw_only=True):
    """院区；坐标为 GCJ-02，`geofence_radius_m` 为到院打卡范围。"""

    campus_id: Slug
    name: Name
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    geofence_radius_m: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class DepartmentBody(Body, frozen=True, kw_only=True):
    """科室；`checklist_template` 为就医清单模板。"""

    department_id: Slug
    name: Name
    campus_id: Slug
    building: Name
    floor: Annotated[str, msgspec.Meta(pattern=r"^B?[1-9]\d?F$", description="例如 4F、B1F")]
    checklist_template: Slug
    opening_hours: Annotated[list[OpeningHoursBody], msgspec.Meta(max_length=14)] = msgspec.field(default_factory=list)

    def department(self) -> Department:
        hours = tuple(
            OpeningHours(tuple(sorted(set(each.weekdays))), minutes_of(each.opens), minutes_of(each.closes))
            for each in self.opening_hours
        )
        facts = {name: getattr(self, name) for name in ("department_id", "name", "campus_id", "building", "floor")}
        return Department(**facts, checklist_template=self.checklist_template, opening_hours=hours)


class HospitalBody(Body, frozen=True, kw_only=True):
    """整份医院资料。"""

    city: CityCode
    name: Name
    grade: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    campuses: Annotated[list[CampusBody], msgspec.Meta(min_length=1, max_length=20)]
    departments: Annotated[list[DepartmentBody], msgspec.Meta(min_length=1, max_length=120)]

    def hospital(self, hospital_id: str) -> Hospital:
        return Hospital(
            hospital_id=hospital_id,
            city=self.city,
            name=self.name.strip(),
            grade=self.grade,
            campuses=tuple(Campus(**msgspec.structs.asdict(campus)) for campus in self.campuses),
            departments=tuple(department.department() for department in self.departments),
        )


class StoredCampus(CampusView, frozen=True, kw_only=True):
    """院区与打卡范围。"""

    geofence_radius_m: int


class StoredDepartment(DepartmentView, frozen=True, kw_only=True):
    """科室与清单模板。"""

    checklist_template: str


class EditView(Reading, frozen=True, kw_only=True):
    """一次修改：谁、何时、改了什么。"""

    at: datetime
    actor: str
    act: str
    what: str

    @classmethod
    def of(cls, entry: audit.Entry) -> "EditView":
        what = " ".join(text for text in (entry.reason, entry.after) if text)
        return cls(at=clock.china(entry.at), actor=entry.actor, act=entry.act, what=what)


class StoredHospital(Reading, frozen=True, kw_only=True):
    """编辑用的医院资料：最新内容、版本号和最近的修改。"""

    hospital_id: str
    city: str
    name: str
    grade: str
    campuses: list[StoredCampus]
    departments: list[StoredDepartment]
    edits: list[EditView]
    version: int

    @classmethod
    def of(cls, hospital: Hospital, version: int, edits: list[audit.Entry]) -> "StoredHospital":
        return cls(
            hospital_id=hospital.hospital_id,
            city=hospital.city,
            name=hospital.name,
            grade=hospital.grade,
            campuses=[msgspec.convert(campus, StoredCampus, from_attributes=True) for campus in hospital.campuses],
            departments=[
                StoredDepartment(
                    **msgspec.structs.asdict(DepartmentView.of(department)),
                    checklist_template=department.checklist_template,
                )
                for department in hospital.departments
            ],
            edits=[EditView.of(entry) for entry in edits],
            version=version,
        )


def _clock_time(after_midnight_min: int) -> str:
    return f"{after_midnight_min // 60:02d}:{after_midnight_min % 60:02d}"
