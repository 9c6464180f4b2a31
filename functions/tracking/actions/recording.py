"""Milestones as they are recorded, skipped, corrected and vouched for (F10, F22): each change has its own number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.shared import audit
from functions.shared.caller import Caller
from functions.shared.errors import FieldError, Invalid, Problem
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions import photos
from functions.tracking.actions.access import load_for_recording, load_visit, recorder_of
from functions.tracking.actions.visits import ROOM, ChangeNote, note_change
from functions.tracking.events import VisitAmended, VisitProgressed, VisitUnfinished
from functions.tracking.rules import amendments, evidence, progress
from functions.tracking.rules.amendments import Change, CorrectionReason
from functions.tracking.rules.device_clock import Moment, on_our_clock
from functions.tracking.rules.progress import Milestone, MilestoneState, Recorder, SkipReason, VisitState


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A milestone as somebody hands it in; the times are the phone's, the last one what it shows while sending."""

    code: str
    recorded_at: datetime | None = None
    sent_at: datetime | None = None
    note: str | None = None
    photo_file_id: str | None = None


def record_milestone(tx: Tx, *, visit_id: str, caller: Caller, entry: Entry) -> table.Visit:
    """Record the next milestone (F10). One read and one transaction; a photo costs a look into the bucket besides.

    The companion proves what the step wants proven. Staff stand in for a companion whose phone died: they say why in
    the note, need no proof, and it shows. Raises VisitNotFound, VisitNotRunning, VisitNotOpen, MilestoneOutOfOrder,
    MilestoneRecorded, CheckInMissing, PhotoMissing, PhotoAlreadyUsed, UploadMissing, UploadRefused, Invalid.
    """
    photo = photos.inspect_photo(tx, visit_id, entry.photo_file_id) if entry.photo_file_id else None
    visit, use = load_for_recording(visit_id, None if photo is None or isinstance(photo, Problem) else photo.sha256)
    by = recorder_of(visit, caller)
    require_note(by, entry.note)
    policy = table.policy()
    progress.require_underway(VisitState(visit.state))
    progress.require_open(tx.now, starts_at=visit.starts_at, policy=policy)
    step = progress.find_recordable(visit.milestones, entry.code)
    if by is Recorder.COMPANION:
        _require_proof(visit, step, entry)
    moment = _moment(entry, now=tx.now)
    if entry.recorded_at:
        progress.check_recorded_at(
            moment.at, now=tx.now, starts_at=visit.starts_at, milestones=visit.milestones, policy=policy
        )
    if photo is not None:
        photos.keep_photo(tx, visit, step, photo, use)
    note = ChangeNote(by=by, moment=moment, note=entry.note, actor=_staff(by, caller))
    _record(tx, visit, step, note)
    if by is Recorder.STAFF:
        _audit(tx, visit_id, caller, f"milestone.recorded {entry.code}", entry.note)
    tx.save(visit)
    return visit


def skip_milestone(
    tx: Tx, *, visit_id: str, caller: Caller, code: str, reason: SkipReason, note: str | None
) -> table.Visit:
    """Pass over the next milestone with a reason; a required one only staff (F10).

    Raises VisitNotFound, VisitNotRunning, VisitNotOpen, MilestoneRequired, MilestoneOutOfOrder, MilestoneRecorded,
    Invalid.
    """
    visit = load_visit(visit_id)
    by = recorder_of(visit, caller)
    require_note(by, note)
    if reason is SkipReason.LAPSED:
        raise Invalid(errors=(FieldError("reason", "该原因仅由系统填写"),))
    progress.require_underway(VisitState(visit.state))
    progress.require_open(tx.now, starts_at=visit.starts_at, policy=table.policy())
    _skip(tx, visit, code, reason, ChangeNote(by=by, note=note, actor=_staff(by, caller)))
    if by is Recorder.STAFF:
        _audit(tx, visit_id, caller, f"milestone.skipped {code}", note)
    tx.save(visit)
    return visit


def correct_milestone(
    tx: Tx,
    *,
    visit_id: str,
    caller: Caller,
    code: str,
    recorded_at: datetime,
    reason: CorrectionReason,
    note: str | None,
) -> table.Visit:
    """Give a recorded milestone another time, for all to see; what it was stays in the history (F10).

    The time when the visit ended, on which money and the report's hour depend, is ours and not corrected. Raises
    VisitNotFound, VisitNotRunning, MilestoneNotRecorded, CorrectionTooLate, Invalid.
    """
    visit = load_visit(visit_id)
    by = recorder_of(visit, caller)
    require_note(by, note)
    policy = table.policy()
    step = progress.find_known(visit.milestones, code)
    amendments.require_correctable(step, state=VisitState(visit.state), by=by, now=tx.now, policy=policy)
    amended = amendments.correct(
        visit.milestones, code, recorded_at=recorded_at, now=tx.now, starts_at=visit.starts_at, policy=policy
    )
    _amend(tx, visit, amended, Change.CORRECTED, ChangeNote(by=by, note=note, actor=_staff(by, caller), reason=reason))
    if by is Recorder.STAFF:
        assert step.recorded_at is not None, "an amended step was recorded"
        times = {"before": step.recorded_at.isoformat(), "after": recorded_at.isoformat()}
        _audit(tx, visit_id, caller, f"milestone.corrected {code}", note, **times)
    tx.save(visit)
    return visit


def vouch_for_presence(tx: Tx, *, visit_id: str, staff: Caller, code: str, reason: str) -> table.Visit:
    """Staff take the next milestone's presence as proven, with a reason (F22): its companion may record it now.

    Raises VisitNotFound, VisitNotRunning, MilestoneOutOfOrder, MilestoneRecorded, Invalid.
    """
    visit = load_visit(visit_id)
    progress.require_underway(VisitState(visit.state))
    amended = amendments.vouch(visit.milestones, code)
    note = ChangeNote(by=Recorder.STAFF, note=reason, actor=staff.subject)
    _amend(tx, visit, amended, Change.VOUCHED, note)
    _audit(tx, visit_id, staff, f"check_in.overridden {code}", reason)
    tx.save(visit)
    return visit


def end_lapsed(tx: Tx, *, visit_id: str) -> None:
    """Nobody ended the visit though it is long over: the system does, if only its end is missing.

    What was optional is skipped as unexplained. A required step is nobody's to invent: then its companion is told.
    """
    visit = load_visit(visit_id)
    if visit.state not in (VisitState.ARRIVED, VisitState.IN_PROGRESS):
        return
    due_at = visit.ends_at + timedelta(seconds=table.policy().lapses_after_s)
    if tx.now < due_at:
        tx.schedule(Timer(room=ROOM, kind="visit_lapses", subject=visit_id, due_at=due_at))
        return
    pending = [step for step in visit.milestones if step.state is MilestoneState.PENDING]
    if any(step.required for step in pending[:-1]):
        tx.emit(VisitUnfinished(visit_id=visit_id, order_id=visit.order_id, companion_id=visit.companion_id))
        return
    by_system = ChangeNote(by=Recorder.SYSTEM, moment=Moment(tx.now, tx.now))
    for step in pending[:-1]:
        _skip(tx, visit, step.code, SkipReason.LAPSED, by_system)
    _record(tx, visit, pending[-1], by_system)
    tx.save(visit)


def require_note(by: Recorder, note: str | None) -> None:
    """Invalid if staff do not say why."""
    if by is Recorder.STAFF and not (note and note.strip()):
        raise Invalid(errors=(FieldError("note", "代为操作时请说明原因"),))


def _require_proof(visit: table.Visit, step: Milestone, entry: Entry) -> None:
    is_vouched = step.proved_by is Recorder.STAFF
    if step.check_in.wants_geofence and not is_vouched and step.code not in visit.checked_in:
        raise progress.CheckInMissing()
    evidence.require_photo(step, entry.photo_file_id)


def _record(tx: Tx, visit: table.Visit, step: Milestone, note: ChangeNote) -> None:
    """Record the next step and tell the other rooms; the visit is still to be saved."""
    assert note.moment is not None, "a step is recorded at some time"
    visit.milestones = progress.record(
        visit.milestones,
        step.code,
        recorded_at=note.moment.at,
        received_at=tx.now,
        by=note.by,
        proved_by=progress.prover_of(step, note.by),
    )
    recorded = progress.find_known(visit.milestones, step.code)
    visit.state = progress.moved(VisitState(visit.state), progress.state_at(visit.milestones, step.code))
    if visit.state == VisitState.ENDED:
        visit.ended_at, visit.shared = tx.now, None
    if visit.state == VisitState.ARRIVED:
        due_at = visit.ends_at + timedelta(seconds=table.policy().lapses_after_s)
        tx.schedule(Timer(room=ROOM, kind="visit_lapses", subject=visit.visit_id, due_at=due_at))
    note_change(tx, visit, change=Change.RECORDED, step=recorded, note=note)
    tx.emit(
        VisitProgressed(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=visit.companion_id,
            code=step.code,
            title=step.title,
            sequence=int(visit.sequence),
            state=visit.state,
            first=step.code == visit.milestones[0].code,
            last=step.code == visit.milestones[-1].code,
            recorded_by=note.by,
        )
    )


def _skip(tx: Tx, visit: table.Visit, code: str, reason: SkipReason, note: ChangeNote) -> None:
    amended = amendments.skip(visit.milestones, code, reason=reason, received_at=tx.now, by=note.by)
    _amend(tx, visit, amended, Change.SKIPPED, note)


def _amend(tx: Tx, visit: table.Visit, amended: amendments.Amendment, change: Change, note: ChangeNote) -> None:
    visit.milestones = amended.milestones
    note_change(tx, visit, change=change, step=amended.step, note=note)
    tx.emit(
        VisitAmended(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            code=amended.step.code,
            change=change,
            sequence=int(visit.sequence),
            by=note.by,
        )
    )


def _moment(entry: Entry, *, now: datetime) -> Moment:
    if entry.recorded_at is None:
        return Moment(now, now)
    return on_our_clock(entry.recorded_at, sent_at=entry.sent_at, now=now, policy=table.policy(), field="recorded_at")


def _staff(by: Recorder, caller: Caller) -> str | None:
    return caller.subject if by is Recorder.STAFF else None


def _audit(
    tx: Tx, visit_id: str, staff: Caller, act: str, reason: str | None, *, before: str = "", after: str = ""
) -> None:
    audit.record(tx, actor=staff.subject, act=act, subject=visit_id, reason=reason or "", before=before, after=after)
