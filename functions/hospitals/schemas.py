"""What the directory's routes take and answer."""

from typing import Annotated

import msgspec

from functions.hospitals.actions import HospitalSummary
from functions.hospitals.rules import Campus, City, CityTier, Department, Hospital
from functions.shared.http import PageQuery, Reading

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


class DepartmentView(Reading, frozen=True, kw_only=True):
    """科室及其所在院区、楼、层。"""

    department_id: str
    name: str
    campus_id: str
    building: str
    floor: str

    @classmethod
    def of(cls, department: Department) -> "DepartmentView":
        return cls(
            department_id=department.department_id,
            name=department.name,
            campus_id=department.campus_id,
            building=department.building,
            floor=department.floor,
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
