"""What can be done and read here, one function per verb. Other rooms import reads only."""

from functions.hospitals.actions.directory import (
    HospitalSummary,
    edit_city,
    edit_hospital,
    find_city,
    find_hospital,
    list_cities,
    list_hospital_edits,
    list_hospitals,
    minutes_of,
    put_city,
    put_hospital,
    read_stored_hospital,
)
from functions.hospitals.actions.emergencies import DeskPhone, desk_phones, put_desk
from functions.hospitals.actions.guide_maps import (
    departments_at,
    edit_guide_map,
    find_guide_map,
    put_guide_map,
    read_stored_guide_map,
)
from functions.hospitals.rules.directory import Campus, City, CityTier, Department, Hospital

__all__ = [
    "Campus",
    "City",
    "CityTier",
    "Department",
    "DeskPhone",
    "Hospital",
    "HospitalSummary",
    "departments_at",
    "desk_phones",
    "edit_city",
    "edit_guide_map",
    "edit_hospital",
    "find_city",
    "find_guide_map",
    "find_hospital",
    "list_cities",
    "list_hospital_edits",
    "list_hospitals",
    "minutes_of",
    "put_city",
    "put_desk",
    "put_guide_map",
    "put_hospital",
    "read_stored_guide_map",
    "read_stored_hospital",
]
