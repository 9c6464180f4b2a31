"""The indexes of active companions that matching reads: an entry for each department that they serve (F1).

An entry's key holds its standing, so entries move as a companion's record grows. `IndexedRow` knows where a companion's
entries are; it changes with every change of them, so that two changes at once never leave an entry behind.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from functions.booking import table
from functions.booking.rules import availability as hours
from functions.booking.rules import matching
from functions.booking.rules.matching import Candidate, Companion, Gender
from functions.booking.rules.policy import Tier
from functions.booking.table import AvailabilityRow, CandidateRow, CompanionRow, IndexedRow, Key
from functions.shared import clock
from functions.shared.events import Timer
from functions.shared.tx import Tx

_ENTRIES_AT_ONCE = 90
"""Room is left in a transaction for the companion's own rows."""


def project_companion(tx: Tx, companion: Companion, *, sequence: int = 0) -> None:
    """Make the indexes say what `companion` says, and nothing about departments that they left.

    What was said before what is projected (a lower `sequence`) is out of date and changes nothing. One read. Somebody
    with more than 90 entries to change is projected in several transactions, of which any may be repeated.
    """
    companion_id = companion.companion_id
    loaded = table.load(
        [_key(companion_id) for _key in (table.companion_key, table.availability_key, table.indexed_key)]
    )
    before, indexed = loaded.companion(companion_id), loaded.indexed(companion_id)
    if max(before.sequence if before else 0, indexed.sequence) > sequence:
        return
    said = loaded.availability(companion_id)
    row = before or CompanionRow(*table.companion_key(companion_id))
    row.companion, row.sequence = companion, sequence
    index(tx, row, said, indexed)


def withdraw_companion(tx: Tx, *, companion_id: str, sequence: int) -> None:
    """Nobody finds the companion any more, and nothing new is placed with them: they are known to serve nowhere."""
    before = table.find_companion(companion_id)
    known = before.companion if before else _stranger(companion_id)
    project_companion(tx, replace(known, serves={}), sequence=sequence)


def take_turn(tx: Tx, *, companion_id: str) -> None:
    """A newcomer draws new places, as long as they are one (F1)."""
    loaded = table.load(
        [_key(companion_id) for _key in (table.companion_key, table.availability_key, table.indexed_key)]
    )
    row = loaded.companion(companion_id)
    if row is not None and _is_newcomer(row.companion):
        index(tx, row, loaded.availability(companion_id), loaded.indexed(companion_id))


def index(tx: Tx, row: CompanionRow, said: AvailabilityRow, indexed: IndexedRow) -> None:
    """Save the companion with what they said of their time, and have their entries say the same."""
    row.availability = said.availability
    turn_s = table.policy().newcomer_turn_s
    turn = clock.epoch_s(tx.now) // turn_s
    wanted = _entries(row.companion, said, turn)
    _move(tx, wanted, indexed, sequence=int(row.sequence))
    tx.save(row)
    if wanted and _is_newcomer(row.companion):
        due_at = datetime.fromtimestamp((turn + 1) * turn_s, UTC)
        companion_id = row.companion.companion_id
        tx.schedule(Timer(room="booking", kind="newcomer_turn", subject=companion_id, due_at=due_at))


def share_of(tier: str) -> int:
    """A companion's share of an order's price without premium, in basis points, by their tier; up to a minute old."""
    return table.policy().share_bp[Tier(tier)]


def _entries(companion: Companion, said: AvailabilityRow, turn: int) -> dict[Key, Candidate]:
    policy, weights = table.policy(), table.weights()
    packed, extra_days = hours.packed_week(said.availability), frozenset(said.extra_days)
    rare = sorted(companion.languages - policy.common_languages)
    entries = {}
    for hospital_id, department_id in sorted(companion.departments):
        candidate = companion.in_department(
            department_id, hours=packed, extra_days=extra_days, daily_cap=said.availability.daily_cap
        )
        for language in (None, *rare):
            pk = table.candidate_pk(hospital_id, department_id, language)
            standing = matching.index_standing(candidate, weights, place=pk, turn=turn)
            entries[pk, table.candidate_sk(standing, companion.companion_id)] = candidate
    return entries


def _move(tx: Tx, wanted: Mapping[Key, Candidate], indexed: IndexedRow, *, sequence: int) -> None:
    """Put the wanted entries and take away the others: those that do not fit into `tx` before it."""
    gone = [key for key in indexed.keys if key not in wanted]
    changes: list[tuple[Key, Candidate | None]] = [*wanted.items(), *((key, None) for key in gone)]
    while len(changes) > _ENTRIES_AT_ONCE:
        some, changes = changes[:_ENTRIES_AT_ONCE], changes[_ENTRIES_AT_ONCE:]
        apart = Tx(tx.room, now=tx.now, correlation_id=tx.correlation_id)
        _change(apart, some, indexed, sequence)
        apart.commit()
    _change(tx, changes, indexed, sequence)


def _change(tx: Tx, changes: list[tuple[Key, Candidate | None]], indexed: IndexedRow, sequence: int) -> None:
    keys = dict.fromkeys(indexed.keys)
    for key, candidate in changes:
        if candidate is None:
            tx.delete(CandidateRow(*key, version=1))
            del keys[key]
        else:
            tx.update(CandidateRow(*key), [CandidateRow.candidate.set(candidate), CandidateRow.version.set(1)])
            keys[key] = None
    indexed.keys, indexed.sequence = tuple(keys), sequence
    tx.save(indexed)


def _is_newcomer(companion: Companion) -> bool:
    return matching.is_newcomer(companion.completed_visits, table.weights())


def _stranger(companion_id: str) -> Companion:
    """Somebody whose suspension arrived before anything else that is said of them."""
    return Companion(
        companion_id=companion_id,
        display_name="",
        city="",
        tier=Tier.JUNIOR,
        gender=Gender.FEMALE,
        languages=frozenset(),
        first_aid_certified=False,
        rating_hundredths=None,
        completed_visits=0,
        cases_by_department={},
        serves={},
    )
