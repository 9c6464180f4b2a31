"""Calling for help (F34). The caller waits for one read and one write of this room, and for nobody else."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from functions.hospitals.rules.emergencies import EmergencyNotFound, EmergencyState, is_further
from functions.shared import ids, observe
from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit
from functions.tracking.actions.visits import NOBODY, open_key
from functions.tracking.events import EmergencyCalled
from functions.tracking.rules import emergencies as rules
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.emergencies import Attempt, Channel, EmergencyKind, Outcome, PositionSource, Recipient
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.rules.sharing import Reading
from functions.tracking.table import emergencies as rows
from functions.tracking.table.emergencies import EmergencyCall

_REPORT = "emergency_report"
_CONDITION = "emergency_condition"
MAY_CALL = frozenset({Standing.CLIENT, Standing.COMPANION})
MAY_FOLLOW = frozenset({Standing.CLIENT, Standing.COMPANION, Standing.STAFF})


@dataclass(frozen=True)
class Position:
    """Where help is needed, GCJ-02 degrees; `accuracy_m` None if the phone did not say."""

    lat: float
    lng: float
    accuracy_m: float | None
    source: PositionSource
    observed_at: datetime


@dataclass(frozen=True)
class Evidence:
    """What only the desk and staff are shown, each look recorded. `condition` is None unless the patient agreed."""

    kind: EmergencyKind
    positions: tuple[Position, ...]
    condition: str | None


@dataclass(frozen=True)
class _Report:
    kind: EmergencyKind | None
    position: Position | None


@dataclass(frozen=True)
class _Condition:
    condition: str | None
    last_known: Position | None


def call_for_help(
    tx: Tx, *, visit_id: str, caller: Caller, kind: EmergencyKind | None, position: Position | None
) -> tuple[EmergencyCall, bool]:
    """Open a call, or join the one that is open; whether it was joined. VisitNotFound is the only refusal.

    The visit may be in any state: only that it exists and that the caller is part of it count.
    """
    visit, opened = rows.find_visit_and_open_emergency(visit_id) if ids.is_id("vis", visit_id) else (None, None)
    if visit is None:
        raise VisitNotFound()
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing not in MAY_CALL or standing is None:
        raise VisitNotFound()
    joined = _joinable(visit_id, opened, tx.now)
    call = joined or _new_call(visit, caller, standing, tx.now)
    recorded = _record(tx, visit, call.call_id, _Report(kind, position))
    call.position_recorded = bool(call.position_recorded) or (recorded and position is not None)
    if joined is not None:
        tx.save(call)
        return call, True
    tx.insert(call)
    opened = opened or rows.OpenEmergency(*rows.open_emergency_key(visit_id))
    opened.call_id, opened.called_at = call.call_id, tx.now
    tx.save(opened)
    tx.emit(
        EmergencyCalled(
            call_id=call.call_id,
            visit_id=visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=visit.companion_id,
            hospital_id=visit.hospital_id,
            campus_id=visit.campus_id,
            department_id=visit.department_id,
            called_by=standing,
            called_at=tx.now,
        )
    )
    observe.count("EmergencyCalled")
    return call, False


def read_emergency(visit_id: str, call_id: str, *, caller: Caller) -> EmergencyCall:
    """One call, for those who may make one and for staff: two reads. VisitNotFound, EmergencyNotFound."""
    _require_follower(visit_id, caller)
    return _load(visit_id, call_id)


def list_emergencies(visit_id: str, *, caller: Caller) -> Sequence[EmergencyCall]:
    """The visit's calls, newest first: two reads. VisitNotFound."""
    _require_follower(visit_id, caller)
    return rows.emergencies_of(visit_id)


def find_emergency(visit_id: str, call_id: str) -> EmergencyCall | None:
    """One call as it now is, for who pushes it."""
    return rows.find_emergency(visit_id, call_id)


def find_emergency_evidence(visit_id: str, call_id: str) -> Evidence:
    """For the desk, which checks who asks and records it: what was said, where, and the shared condition.

    Three reads. What has expired is no longer there. VisitNotFound.
    """
    key = open_key(load_visit(visit_id))
    reports = [
        msgspec.json.decode(key.decrypt(_REPORT, row.sealed_report), type=_Report)
        for row in rows.reports_of(visit_id, call_id)
    ]
    row = rows.find_condition(visit_id, call_id)
    shared = (
        msgspec.json.decode(key.decrypt(_CONDITION, row.sealed_condition), type=_Condition)
        if row
        else _Condition(None, None)
    )
    kinds = [report.kind for report in reports if report.kind]
    positions = [report.position for report in reports if report.position]
    if shared.last_known:
        positions.append(shared.last_known)
    return Evidence(kinds[-1] if kinds else EmergencyKind.OTHER, tuple(positions), shared.condition)


def attach_condition(tx: Tx, *, visit_id: str, call_id: str) -> None:
    """Seal what the patient agreed to share in an emergency and, if the call came without a position, the last known.

    Both as they are now: later changes do not alter what the desk was shown.
    """
    from functions.accounts import actions as accounts

    if rows.find_condition(visit_id, call_id) is not None:
        return
    visit, call = load_visit(visit_id), _load(visit_id, call_id)
    key = open_key(visit)
    condition = accounts.find_emergency_summary(visit.patient_id, visit.client_id)
    last_known = None if call.position_recorded else _last_known(visit)
    sealed = key.encrypt(_CONDITION, msgspec.json.encode(_Condition(condition, last_known)).decode())
    row = rows.EmergencyCondition(*rows.condition_key(visit_id, call_id), sealed_condition=sealed)
    row.ttl = tx.now + timedelta(days=table.policy().trail_days)
    tx.insert(row)
    call.condition_shared = condition is not None
    tx.save(call)


def note_attempts(tx: Tx, *, visit_id: str, call_id: str, news: Iterable[Attempt]) -> EmergencyCall | None:
    """News of who was told; the call with it, or None if it changes nothing."""
    call = rows.find_emergency(visit_id, call_id)
    if call is None:
        return None
    before = call.attempts
    for attempt in news:
        call.attempts = rules.noted(call.attempts, attempt)
    if call.attempts == before:
        return None
    tx.save(call)
    return call


def note_notice(tx: Tx, *, order_id: str, audience: str, channel: Channel, outcome: Outcome) -> EmergencyCall | None:
    """A notice about the order's emergency was read, or WeChat answered; the open call with it."""
    visit_id = ids.derived("vis", order_id)
    opened = rows.find_open_emergency(visit_id)
    if opened is None:
        return None
    news = Attempt(_RECIPIENT_OF_AUDIENCE[audience], channel, outcome, tx.now)
    return note_attempts(tx, visit_id=visit_id, call_id=opened.call_id, news=[news])


def move_emergency(tx: Tx, *, visit_id: str, call_id: str, state: EmergencyState, at: datetime) -> EmergencyCall | None:
    """The desk took the call, sent help or closed it; the call with it, or None if that is old news."""
    call = rows.find_emergency(visit_id, call_id)
    if call is None or not is_further(state, EmergencyState(call.state)):
        return None
    call.state = state
    setattr(call, f"{state}_at", at)
    tx.save(call)
    opened = rows.find_open_emergency(visit_id)
    if state is EmergencyState.RESOLVED and opened is not None and opened.call_id == call_id:
        tx.delete(opened)
    return call


def mark_unanswered(tx: Tx, *, visit_id: str, call_id: str, at: datetime) -> EmergencyCall | None:
    """Nobody at the desk has taken it; our staff have been alarmed."""
    call = rows.find_emergency(visit_id, call_id)
    if call is None or call.unanswered_at is not None:
        return None
    call.unanswered_at = at
    tx.save(call)
    return call


_RECIPIENT_OF_AUDIENCE = {
    "client": Recipient.FAMILY,
    "companion": Recipient.COMPANION,
    "staff": Recipient.STAFF,
}


def _joinable(visit_id: str, opened: rows.OpenEmergency | None, now: datetime) -> EmergencyCall | None:
    """The open call, unless it is so old that another press is another emergency."""
    if opened is None or now - opened.called_at > timedelta(seconds=table.policy().emergency_join_s):
        return None
    return rows.find_emergency(visit_id, opened.call_id)


def _new_call(visit: table.Visit, caller: Caller, standing: Standing, now: datetime) -> EmergencyCall:
    return EmergencyCall(
        *rows.emergency_key(visit.visit_id, ids.new("emc", now)),
        order_id=visit.order_id,
        client_id=visit.client_id,
        companion_id=visit.companion_id,
        hospital_id=visit.hospital_id,
        caller_id=caller.subject,
        called_by=standing,
        called_at=now,
        attempts=rules.planned(called_by=standing, has_companion=visit.companion_id != NOBODY, at=now),
    )


def _record(tx: Tx, visit: table.Visit, call_id: str, report: _Report) -> bool:
    """Seal what was said. Without its key the call goes out all the same, and says that no position was recorded."""
    try:
        sealed = open_key(visit).encrypt(_REPORT, msgspec.json.encode(report).decode())
    except (BotoCoreError, ClientError):
        observe.logger().exception("emergency call without its report", extra={"call_id": call_id})
        return False
    row = rows.EmergencyReport(*rows.report_key(visit.visit_id, call_id, tx.now), received_at=tx.now)
    row.sealed_report = sealed
    row.ttl = tx.now + timedelta(days=table.policy().trail_days)
    tx.insert(row)
    return True


def _last_known(visit: table.Visit) -> Position | None:
    trail = rows.latest_trail(visit.visit_id)
    if trail is None:
        return None
    readings = msgspec.json.decode(open_key(visit).decrypt("trail", trail.sealed_readings), type=list[Reading])
    newest = max(readings, key=lambda reading: reading.captured_at)
    facts = {name: asdict(newest)[name] for name in ("lat", "lng", "accuracy_m")}
    return Position(**facts, source=PositionSource.LAST_KNOWN, observed_at=newest.captured_at)


def _load(visit_id: str, call_id: str) -> EmergencyCall:
    call = rows.find_emergency(visit_id, call_id)
    if call is None:
        raise EmergencyNotFound()
    return call


def _require_follower(visit_id: str, caller: Caller) -> None:
    visit = load_visit(visit_id)
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing not in MAY_FOLLOW:
        raise VisitNotFound()
