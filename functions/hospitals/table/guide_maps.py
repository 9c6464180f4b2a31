"""Guide maps: one row per campus, beside its hospital."""

from pynamodb.attributes import UnicodeAttribute

from functions.hospitals.rules.guide_maps import GuideMap
from functions.hospitals.table.directory import HospitalsRow
from functions.shared.table import JsonAttribute, find, keep


class GuideMapRow(HospitalsRow, discriminator="guide_map"):
    campus_id = UnicodeAttribute()
    guide: JsonAttribute[GuideMap] = JsonAttribute(GuideMap)


def guide_map_row(hospital_id: str, guide: GuideMap) -> GuideMapRow:
    return GuideMapRow(*_key(hospital_id, guide.campus_id), campus_id=guide.campus_id, guide=guide)


def kept_guide_map(hospital_id: str, campus_id: str) -> GuideMapRow | None:
    return keep(GuideMapRow, *_key(hospital_id, campus_id))


def stored_guide_map(hospital_id: str, campus_id: str) -> GuideMapRow | None:
    """Past the process's memory, for who is about to replace it."""
    return find(GuideMapRow, *_key(hospital_id, campus_id))


def _key(hospital_id: str, campus_id: str) -> tuple[str, str]:
    return f"HOSPITAL#{hospital_id}", f"GUIDE#{campus_id}"
