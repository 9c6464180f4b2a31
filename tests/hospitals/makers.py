"""Hospitals as a test needs them: only what matters to it is named."""

from typing import Any

from functions.hospitals.rules import Campus, Department, Hospital


def campus(campus_id: str = "main", **changed: Any) -> Campus:
    facts: dict[str, Any] = {
        "name": "本部",
        "address": "北京市东城区帅府园1号",
        "lat": 39.9124,
        "lng": 116.4159,
        "geofence_radius_m": 300,
    }
    return Campus(campus_id, **facts | changed)


def department(department_id: str = "oncology", campus_id: str = "main") -> Department:
    return Department(department_id, "肿瘤内科", campus_id, "门诊楼", "4F", "oncology")


def hospital(**changed: Any) -> Hospital:
    facts: dict[str, Any] = {
        "hospital_id": "hos_test",
        "city": "110000",
        "name": "测试医院",
        "grade": "三级甲等",
        "campuses": (campus(),),
        "departments": (department(),),
    }
    return Hospital(**facts | changed)
