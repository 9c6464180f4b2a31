"""Staff's editing of checklists: a template's, a hospital's, a department's of one hospital (F7)."""

from dataclasses import dataclass, replace

from functions.booking.rules import preparation
from functions.booking.rules.itinerary import Checklist
from functions.booking.rules.preparation import ChecklistPlace
from functions.booking.table import ChecklistRow
from functions.booking.table import preparation as rows
from functions.shared import audit
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx


@dataclass(frozen=True)
class StoredChecklist:
    """A place's checklist. `version` is 0 while the place has none of its own; `inherited_from` says whose holds."""

    checklist_id: str
    checklist: Checklist
    inherited_from: str
    version: int


def read_stored_checklist(checklist_id: str) -> StoredChecklist:
    """The checklist at just this place, or the one that holds there; NotFound for a place that does not exist."""
    place = preparation.place_of(checklist_id)
    wider = _wider(place)
    own = rows.find_checklist(place)
    if own is not None:
        return StoredChecklist(checklist_id, own.checklist, "", int(own.version))
    found = rows.most_specific(wider) if wider else None
    if found is None and place.template:
        raise NotFound()
    checklist = found[1].checklist if found else Checklist(checklist_id, "", ())
    return StoredChecklist(checklist_id, checklist, found[0].checklist_id if found else "", 0)


def edit_checklist(tx: Tx, *, checklist_id: str, checklist: Checklist, version: int, actor: str) -> StoredChecklist:
    """Add (version 0) or replace the checklist of a place; orders that were paid keep theirs.

    Raises NotFound, ChecklistInvalid, PreconditionFailed.
    """
    place = preparation.place_of(checklist_id)
    _wider(place)
    row = rows.find_checklist(place)
    if version != (row.version if row else 0):
        raise PreconditionFailed()
    before = row.checklist.items if row else ()
    checklist = preparation.checked_checklist(replace(checklist, key=place.template or checklist_id))
    row = row or ChecklistRow(*rows.place_key(place))
    row.checklist = checklist
    tx.save(row)
    changed = preparation.differences(before, checklist.items)
    audit.record(tx, actor=actor, act="checklist.edited", subject=checklist_id, after=changed)
    return StoredChecklist(checklist_id, checklist, "", int(row.version))


def remove_checklist(tx: Tx, *, checklist_id: str, actor: str) -> None:
    """Let the wider checklist hold again; nothing if the place has none. NotFound, also for a template: it stays."""
    place = preparation.place_of(checklist_id)
    if place.template:
        raise NotFound()
    _wider(place)
    row = rows.find_checklist(place)
    if row is not None:
        tx.delete(row)
        audit.record(tx, actor=actor, act="checklist.removed", subject=checklist_id)


def _wider(place: ChecklistPlace) -> tuple[ChecklistPlace, ...]:
    """Where the checklist is looked for when this place has none; NotFound if there is no such place."""
    from functions.hospitals import actions as hospitals

    if place.template:
        return ()
    hospital = hospitals.find_hospital(place.hospital_id)
    if not place.department_id:
        return ()
    department = hospital.department(place.department_id)
    return preparation.places_for(
        hospital_id=place.hospital_id,
        department_id=place.department_id,
        template=department.checklist_template,
    )[1:]
