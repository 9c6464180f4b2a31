"""A visit from its assignment to its report (F10); what happens at its milestones stands in `recording`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.shared import crypto, ids
from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit, require_viewer
from functions.tracking.events import VisitClosed, VisitScheduled
from functions.tracking.rules import progress
from functions.tracking.rules.access import Scope
from functions.tracking.rules.amendments import Change
from functions.tracking.rules.device_clock import Moment
from functions.tracking.rules.presence import Fence
from functions.tracking.rules.progress import Milestone, Recorder, VisitState
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
    """What other rooms may know of a visit. `ended_at` is None until it has ended.

    `arrived_at` is the first check-in that was accepted; None while there is none.
    """

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
    arrived_at: datetime | None = None


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
        arrived_at=min(visit.checked_in.values(), default=None),
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


def open_key(visit: table.Visit) -> crypto.DataKey:
    """The patient's data key in this visit (one KMS call in a process's life)."""
    return crypto.open_key(visit.wrapped_key, room=ROOM, owner_id=visit.patient_id)


def _move(visit: table.Visit, state: VisitState) -> None:
    visit.state = progress.moved(VisitState(visit.state), state)


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
) -> None:
    """The visit with its next sequence number: a change that no milestone caused."""
    note_change(tx, visit)
    tx.save(visit)


@dataclass(frozen=True, kw_only=True)
class ChangeNote:
    """Who changed a milestone, when by which clock, and why; `note` is sealed, `actor` staff's id."""

    by: Recorder
    moment: Moment | None = None
    reason: str | None = None
    note: str | None = None
    actor: str | None = None


def note_change(
    tx: Tx,
    visit: table.Visit,
    *,
    change: Change | None = None,
    step: Milestone | None = None,
    note: ChangeNote | None = None,
) -> None:
    """Give the visit its next sequence number, and keep the history row that watchers are told from.

    The visit itself is still to be saved, once for all changes of an act.
    """
    visit.sequence = int(visit.sequence) + 1
    moment = note.moment if note else None
    tx.insert(
        table.History(
            *table.history_key(visit.visit_id, visit.sequence),
            sequence=visit.sequence,
            state=visit.state,
            change=change,
            step=step,
            reason=note.reason if note else None,
            actor=note.actor if note else None,
            received_at=tx.now,
            device_at=moment.device_at if moment else None,
            skew_s=moment.skew_s if moment else None,
            sealed_note=open_key(visit).encrypt("note", note.note) if note and note.note else None,
        )
    )
