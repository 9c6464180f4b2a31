"""A visit from its assignment to its report (F10, F22)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared import crypto, ids
from functions.shared.caller import Caller
from functions.shared.errors import FieldError, Invalid
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_own_visit, load_visit, require_viewer
from functions.tracking.events import VisitClosed, VisitProgressed, VisitScheduled
from functions.tracking.rules import presence, progress
from functions.tracking.rules.access import Scope
from functions.tracking.rules.presence import Fence, Point, Verdict
from functions.tracking.rules.progress import CheckInKind, Milestone, Recorder, VisitNotRunning, VisitState

ROOM = "tracking"


@dataclass(frozen=True)
class Assignment:
    """What booking says when a companion took an order."""

    order_id: str
    client_id: str
    companion_id: str
    patient_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    starts_at: datetime
    ends_at: datetime
    fence: Fence
    template: Sequence[Milestone]


@dataclass(frozen=True)
class VisitCard:
    """What other rooms may know of a visit. `ended_at` is None until it has ended."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    patient_id: str
    hospital_id: str
    department_id: str
    state: VisitState
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None


def find_visit(visit_id: str) -> VisitCard:
    """For other rooms: one GetItem; VisitNotFound if there is none."""
    visit = load_visit(visit_id)
    return VisitCard(
        visit_id=visit.visit_id,
        order_id=visit.order_id,
        client_id=visit.client_id,
        companion_id=visit.companion_id,
        patient_id=visit.patient_id,
        hospital_id=visit.hospital_id,
        department_id=visit.department_id,
        state=VisitState(visit.state),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        ended_at=visit.ended_at,
    )


def read_visit(visit_id: str, *, caller: Caller, now: datetime) -> table.Visit:
    """The visit for one who may follow it: one GetItem, and one more for a guest."""
    visit = load_visit(visit_id)
    require_viewer(visit, caller, Scope.PROGRESS, now)
    return visit


def schedule_visit(tx: Tx, assignment: Assignment) -> None:
    """Create the order's one visit with its patient's data key; nothing if it exists or the order has closed."""
    visit_id = ids.derived("vis", assignment.order_id)
    existing, is_closed = table.find_visit_or_closure(visit_id)
    if existing or is_closed:
        return
    key = crypto.new_key(room=ROOM, owner_id=assignment.patient_id)
    tx.insert(
        table.Visit(
            *table.visit_key(visit_id),
            order_id=assignment.order_id,
            client_id=assignment.client_id,
            companion_id=assignment.companion_id,
            patient_id=assignment.patient_id,
            hospital_id=assignment.hospital_id,
            campus_id=assignment.campus_id,
            department_id=assignment.department_id,
            starts_at=assignment.starts_at,
            ends_at=assignment.ends_at,
            fence=assignment.fence,
            milestones=progress.plan_milestones(assignment.template),
            checked_in={},
            state=VisitState.SCHEDULED,
            sequence=0,
            wrapped_key=key.wrapped,
        )
    )
    tx.emit(
        VisitScheduled(
            visit_id=visit_id,
            order_id=assignment.order_id,
            client_id=assignment.client_id,
            companion_id=assignment.companion_id,
        )
    )


def cancel_visit(tx: Tx, *, order_id: str, may_be_assigned: bool) -> None:
    """The order closed: a scheduled visit is cancelled. If there is none yet, its later announcement is forestalled
    (only orders that were paid can have been assigned)."""
    visit_id = ids.derived("vis", order_id)
    visit, is_closed = table.find_visit_or_closure(visit_id)
    if visit:
        _close(tx, visit, VisitState.CANCELLED)
    elif may_be_assigned and not is_closed:
        closure = table.Closure(*table.closure_key(visit_id))
        closure.ttl = tx.now + timedelta(days=table.policy().trail_days)
        tx.insert(closure)


def mark_reported(tx: Tx, *, visit_id: str) -> None:
    """The report is in: an ended visit is reported."""
    visit = table.find_visit_row(visit_id)
    if visit:
        _close(tx, visit, VisitState.REPORTED)


def check_in(
    tx: Tx, *, visit_id: str, companion_id: str, code: str, point: Point, accuracy_m: float, captured_at: datetime
) -> Verdict:
    """Judge an attempt to prove presence for the milestone `code`, and keep it as evidence either way (F22).

    `point` is GCJ-02. Raises VisitNotFound, VisitNotRunning, MilestoneOutOfOrder, MilestoneRecorded, Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    policy = table.policy()
    _require_underway(visit)
    progress.find_recordable(visit.milestones, code, field="node")
    if tx.now - captured_at > timedelta(seconds=policy.offline_max_s):
        raise Invalid(errors=(FieldError("captured_at", "打卡时间太久远"),))
    if captured_at - tx.now > timedelta(days=1):
        raise Invalid(errors=(FieldError("captured_at", "打卡时间不能在未来"),))
    verdict = presence.judge_check_in(
        point=point,
        accuracy_m=accuracy_m,
        fence=visit.fence,
        captured_at=captured_at,
        now=tx.now,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        policy=policy,
    )
    evidence = asdict(point) | {"accuracy_m": accuracy_m, "distance_m": verdict.distance_m}
    tx.insert(
        table.CheckIn(
            *table.check_in_key(visit_id, tx.now),
            code=code,
            refusal=verdict.reason,
            captured_at=captured_at,
            received_at=tx.now,
            sealed_reading=open_key(visit).encrypt("check_in", msgspec.json.encode(evidence).decode()),
            ttl=tx.now + timedelta(days=policy.trail_days),
        )
    )
    if verdict.is_accepted:
        visit.checked_in = {**visit.checked_in, code: tx.now}
        tx.save(visit)
    return verdict


def record_milestone(
    tx: Tx, *, visit_id: str, companion_id: str, code: str, recorded_at: datetime | None, note: str | None
) -> table.Visit:
    """Record the next milestone (F10); `recorded_at` is the phone's time if it was offline.

    Raises VisitNotFound, VisitNotRunning, VisitNotOpen, MilestoneOutOfOrder, MilestoneRecorded, CheckInMissing,
    Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    policy = table.policy()
    _require_underway(visit)
    progress.require_open(tx.now, starts_at=visit.starts_at, policy=policy)
    step = progress.find_recordable(visit.milestones, code)
    if step.check_in is CheckInKind.GEOFENCE and code not in visit.checked_in:
        raise progress.CheckInMissing()
    if recorded_at:
        progress.check_recorded_at(
            recorded_at, now=tx.now, starts_at=visit.starts_at, milestones=visit.milestones, policy=policy
        )
    at = recorded_at or tx.now
    visit.milestones = progress.record(
        visit.milestones, code, recorded_at=at, received_at=tx.now, by=Recorder.COMPANION
    )
    _move(visit, progress.state_at(visit.milestones, code))
    if visit.state == VisitState.ENDED:
        visit.ended_at, visit.shared = tx.now, None
    sealed = open_key(visit).encrypt("note", note) if note else None
    _save_change(tx, visit, step=step, recorded_at=at, sealed_note=sealed)
    tx.emit(
        VisitProgressed(
            visit_id=visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=companion_id,
            code=code,
            title=step.title,
            sequence=int(visit.sequence),
            state=visit.state,
            first=code == visit.milestones[0].code,
            last=code == visit.milestones[-1].code,
        )
    )
    return visit


def open_key(visit: table.Visit) -> crypto.DataKey:
    """The patient's data key in this visit (one KMS call in a process's life)."""
    return crypto.open_key(visit.wrapped_key, room=ROOM, owner_id=visit.patient_id)


def _require_underway(visit: table.Visit) -> None:
    if visit.state not in progress.RUNNING and visit.state != VisitState.SCHEDULED:
        raise VisitNotRunning()


def _move(visit: table.Visit, state: VisitState) -> None:
    assert state in progress.TRANSITIONS[VisitState(visit.state)], f"{visit.state} does not lead to {state}"
    visit.state = state


def _close(tx: Tx, visit: table.Visit, state: VisitState) -> None:
    """Move to a state beyond the milestones if the present one leads there; a late or repeated call changes nothing."""
    if state not in progress.TRANSITIONS[VisitState(visit.state)]:
        return
    _move(visit, state)
    _save_change(tx, visit)
    tx.emit(VisitClosed(visit_id=visit.visit_id, order_id=visit.order_id, sequence=int(visit.sequence), state=state))


def _save_change(
    tx: Tx,
    visit: table.Visit,
    *,
    step: Milestone | None = None,
    recorded_at: datetime | None = None,
    sealed_note: str | None = None,
) -> None:
    """The visit with its next sequence number, and the history row that watchers are told from."""
    visit.sequence = int(visit.sequence) + 1
    tx.save(visit)
    tx.insert(
        table.History(
            *table.history_key(visit.visit_id, visit.sequence),
            sequence=visit.sequence,
            state=visit.state,
            code=step.code if step else None,
            title=step.title if step else None,
            recorded_at=recorded_at,
            recorded_by=Recorder.COMPANION if step else None,
            received_at=tx.now,
            sealed_note=sealed_note,
        )
    )
