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
from functions.tracking.actions.photos import keep_photo
from functions.tracking.events import VisitClosed, VisitProgressed, VisitScheduled
from functions.tracking.rules import evidence, presence, progress
from functions.tracking.rules.access import Scope
from functions.tracking.rules.presence import Fence, Point, Verdict
from functions.tracking.rules.progress import CheckInKind, Milestone, Recorder, VisitState
from functions.tracking.table.extras import new_extras

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
    revision: int
    """The order's: of two assignments the higher one is true."""
    overtime_cap_fen: int = 0
    """Up to how much overtime the client approved in advance."""


NOBODY = ""
"""The companion of a visit while another one is being found."""


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
    """Create the order's one visit with its patient's data key, or give it to the companion who took it over.

    Nothing if the order has closed, or if this is old news.
    """
    visit_id = ids.derived("vis", assignment.order_id)
    existing, is_closed = table.find_visit_or_closure(visit_id)
    if existing:
        _reassign(tx, existing, assignment)
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
            companion_revision=assignment.revision,
            time_revision=assignment.revision,
            wrapped_key=key.wrapped,
        )
    )
    if assignment.overtime_cap_fen:
        tx.insert(new_extras(visit_id, cap_fen=assignment.overtime_cap_fen))
    tx.emit(
        VisitScheduled(
            visit_id=visit_id,
            order_id=assignment.order_id,
            client_id=assignment.client_id,
            companion_id=assignment.companion_id,
        )
    )


def _reassign(tx: Tx, visit: table.Visit, assignment: Assignment) -> None:
    """Another companion does the visit, by the same steps, at the time that the order now has."""
    newer_time = assignment.revision > visit.time_revision
    if newer_time and visit.state in progress.REASSIGNABLE:
        visit.starts_at, visit.ends_at = assignment.starts_at, assignment.ends_at
        visit.time_revision = assignment.revision
    _give_to(tx, visit, assignment.companion_id, revision=assignment.revision)


def vacate_visit(tx: Tx, *, order_id: str, revision: int) -> None:
    """The companion will not come: the visit is nobody's until somebody takes it over. Old news changes nothing."""
    visit = table.find_visit_row(ids.derived("vis", order_id))
    if visit is not None:
        _give_to(tx, visit, NOBODY, revision=revision)


def move_visit(
    tx: Tx, *, order_id: str, starts_at: datetime, ends_at: datetime, is_assigned: bool, revision: int
) -> None:
    """The order has another time. VisitNotFound, to hear of it again, while the news of an assignment is on its way."""
    visit, is_closed = table.find_visit_or_closure(ids.derived("vis", order_id))
    if visit is None:
        if is_assigned and not is_closed:
            raise progress.VisitNotFound()
        return
    if visit.state == VisitState.SCHEDULED and revision > visit.time_revision:
        visit.starts_at, visit.ends_at, visit.time_revision = starts_at, ends_at, revision
        tx.save(visit)


def _give_to(tx: Tx, visit: table.Visit, companion_id: str, *, revision: int) -> None:
    if revision <= visit.companion_revision or visit.state not in progress.REASSIGNABLE:
        return
    visit.companion_id, visit.companion_revision = companion_id, revision
    if visit.state == VisitState.SCHEDULED:
        tx.save(visit)
        return
    visit.milestones, visit.checked_in, visit.shared = progress.restarted(visit.milestones), {}, None
    _move(visit, VisitState.SCHEDULED)
    _save_change(tx, visit)


def cancel_visit(tx: Tx, *, order_id: str, may_be_assigned: bool) -> None:
    """The order closed: a scheduled visit is cancelled. If there is none yet, its later announcement is forestalled
    (only orders that were paid can have been assigned)."""
    visit_id = ids.derived("vis", order_id)
    visit, is_closed = table.find_visit_or_closure(visit_id)
    if visit:
        close_visit(tx, visit, VisitState.CANCELLED)
    elif may_be_assigned and not is_closed:
        closure = table.Closure(*table.closure_key(visit_id))
        closure.ttl = tx.now + timedelta(days=table.policy().trail_days)
        tx.insert(closure)


def mark_reported(tx: Tx, *, visit_id: str) -> None:
    """The report is in: an ended visit is reported."""
    visit = table.find_visit_row(visit_id)
    if visit:
        close_visit(tx, visit, VisitState.REPORTED)


def check_in(
    tx: Tx, *, visit_id: str, companion_id: str, code: str, point: Point, accuracy_m: float, captured_at: datetime
) -> Verdict:
    """Judge an attempt to prove presence for the milestone `code`, and keep it as evidence either way (F22).

    `point` is GCJ-02. Raises VisitNotFound, VisitNotRunning, MilestoneOutOfOrder, MilestoneRecorded, Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    policy = table.policy()
    progress.require_underway(VisitState(visit.state))
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
    tx: Tx,
    *,
    visit_id: str,
    companion_id: str,
    code: str,
    recorded_at: datetime | None,
    note: str | None,
    photo_file_id: str | None = None,
) -> table.Visit:
    """Record the next milestone (F10); `recorded_at` is the phone's time if it was offline.

    A step that wants a photo takes the upload that `photo_file_id` names (F8). Raises VisitNotFound, VisitNotRunning,
    VisitNotOpen, MilestoneOutOfOrder, MilestoneRecorded, CheckInMissing, PhotoMissing, PhotoAlreadyUsed,
    UploadMissing, Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    policy = table.policy()
    progress.require_underway(VisitState(visit.state))
    progress.require_open(tx.now, starts_at=visit.starts_at, policy=policy)
    step = progress.find_recordable(visit.milestones, code)
    if step.check_in is CheckInKind.GEOFENCE and code not in visit.checked_in:
        raise progress.CheckInMissing()
    evidence.require_photo(step, photo_file_id)
    if recorded_at:
        progress.check_recorded_at(
            recorded_at, now=tx.now, starts_at=visit.starts_at, milestones=visit.milestones, policy=policy
        )
    if photo_file_id is not None:
        keep_photo(tx, visit, step, photo_file_id)
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


def _move(visit: table.Visit, state: VisitState) -> None:
    assert state in progress.TRANSITIONS[VisitState(visit.state)], f"{visit.state} does not lead to {state}"
    visit.state = state


def close_visit(tx: Tx, visit: table.Visit, state: VisitState) -> bool:
    """Move to a state beyond the milestones if the present one leads there; False, and no change, if it does not."""
    if state not in progress.TRANSITIONS[VisitState(visit.state)]:
        return False
    _move(visit, state)
    _save_change(tx, visit)
    tx.emit(VisitClosed(visit_id=visit.visit_id, order_id=visit.order_id, sequence=int(visit.sequence), state=state))
    return True


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
