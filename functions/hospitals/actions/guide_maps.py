"""Guide maps (F7): reading them, and staff's editing."""

from dataclasses import replace

from functions.hospitals.actions.directory import find_hospital
from functions.hospitals.rules import guide_maps as rules
from functions.hospitals.rules.directory import Campus, Department, Hospital
from functions.hospitals.rules.guide_maps import GuideMap
from functions.hospitals.table import guide_maps as table
from functions.hospitals.table.directory import stored_hospital
from functions.shared import audit, clock
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx


def find_guide_map(hospital_id: str, campus_id: str = "") -> tuple[Hospital, Campus, GuideMap, int]:
    """The campus (without `campus_id` the hospital's first) from the inside, and the map's version; a minute old.

    A campus without a map has an empty one of version 0 that says so. NotFound. No read once the process has it.
    """
    hospital = find_hospital(hospital_id)
    campus = hospital.campus(campus_id or hospital.campuses[0].campus_id)
    row = table.kept_guide_map(hospital_id, campus.campus_id)
    return hospital, campus, row.guide if row else GuideMap(campus.campus_id), int(row.version) if row else 0


def departments_at(hospital: Hospital, campus_id: str) -> list[Department]:
    """The departments of one campus."""
    return [department for department in hospital.departments if department.campus_id == campus_id]


def read_stored_guide_map(hospital_id: str, campus_id: str) -> tuple[Hospital, Campus, GuideMap, int]:
    """The same as it is this moment, for who is about to edit it; NotFound."""
    hospital, campus = _stored_campus(hospital_id, campus_id)
    row = table.stored_guide_map(hospital_id, campus_id)
    return hospital, campus, row.guide if row else GuideMap(campus_id), int(row.version) if row else 0


def edit_guide_map(
    tx: Tx, *, hospital_id: str, guide: GuideMap, version: int, actor: str
) -> tuple[Hospital, Campus, GuideMap, int]:
    """Add (version 0) or replace a campus's map; the new one, as `find_guide_map` shows it.

    A map that is `verified` bears today's date unless it already bore one. Raises NotFound, GuideMapInvalid,
    PreconditionFailed.
    """
    hospital, campus = _stored_campus(hospital_id, guide.campus_id)
    row = table.stored_guide_map(hospital_id, guide.campus_id)
    if version != (row.version if row else 0):
        raise PreconditionFailed()
    before = row.guide if row else GuideMap(guide.campus_id)
    guide = rules.checked(_dated(guide, before, tx), campus)
    _save(tx, hospital_id, guide, row)
    audit.record(
        tx,
        actor=actor,
        act="guide_map.edited",
        subject=hospital_id,
        reason=guide.campus_id,
        after=rules.differences(before, guide),
    )
    return hospital, campus, guide, version + 1


def put_guide_map(tx: Tx, *, hospital_id: str, campus: Campus, guide: GuideMap) -> None:
    """Add or replace a campus's map, for the seed; GuideMapInvalid."""
    row = table.stored_guide_map(hospital_id, guide.campus_id)
    _save(tx, hospital_id, rules.checked(guide, campus), row)


def _stored_campus(hospital_id: str, campus_id: str) -> tuple[Hospital, Campus]:
    row = stored_hospital(hospital_id)
    if row is None:
        raise NotFound()
    hospital = row.to_hospital()
    return hospital, hospital.campus(campus_id)


def _dated(guide: GuideMap, before: GuideMap, tx: Tx) -> GuideMap:
    if not guide.verified:
        return replace(guide, verified_on=None, note=guide.note or rules.UNVERIFIED_NOTE)
    return replace(guide, verified_on=before.verified_on or clock.service_date(tx.now))


def _save(tx: Tx, hospital_id: str, guide: GuideMap, before: table.GuideMapRow | None) -> None:
    row = table.guide_map_row(hospital_id, guide)
    row.version = before.version if before else 0
    tx.save(row)
