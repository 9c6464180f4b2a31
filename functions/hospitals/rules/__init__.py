"""The directory's rules, and the guide maps'."""

from functions.hospitals.rules.directory import (
    CHINA_LAT,
    CHINA_LNG,
    GEOFENCE_M,
    Campus,
    City,
    CityTier,
    Department,
    DirectoryInvalid,
    Hospital,
    OpeningHours,
    checked,
)

__all__ = [
    "CHINA_LAT",
    "CHINA_LNG",
    "GEOFENCE_M",
    "Campus",
    "City",
    "CityTier",
    "Department",
    "DirectoryInvalid",
    "Hospital",
    "OpeningHours",
    "checked",
]
