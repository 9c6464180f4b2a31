"""The projection of active companions that matching reads: one row per department that they serve (F1)."""

from functions.booking import table
from functions.booking.rules.matching import Companion
from functions.booking.table import BookingRow, CandidateRow, CompanionRow
from functions.shared.tx import Tx


def project_companion(tx: Tx, companion: Companion) -> None:
    """Make the projection say what `companion` says, and nothing about departments that they left.

    Two reads: what was projected before, then the rows to change. A companion serves 90 departments at most, so that
    all of it is one transaction.
    """
    before = table.find_companion(companion.companion_id)
    left = (before.companion.departments if before else frozenset()) - companion.departments
    stored = table.load_candidates(companion.companion_id, companion.departments | left)
    for hospital_id, department_id in sorted(companion.departments):
        key = table.candidate_key(hospital_id, department_id, companion.companion_id)
        _put(tx, CandidateRow(*key, candidate=companion.in_department(department_id)), stored.get(key))
    for hospital_id, department_id in sorted(left):
        row = stored.get(table.candidate_key(hospital_id, department_id, companion.companion_id))
        if row is not None:
            tx.delete(row)
    _put(tx, CompanionRow(*table.companion_key(companion.companion_id), companion=companion), before)


def _put(tx: Tx, row: BookingRow, before: BookingRow | None) -> None:
    row.version = before.version if before else 0
    tx.save(row)
