"""What `tracking` hears: orders assigned, moved and closed, reports submitted; and its own changes, to push them."""

from typing import Any

from chalice.app import Blueprint

from functions.accounts.events import ContentChecked, EmergencyNoticesWritten, GuestAccessRevoked, NoticeAnswered
from functions.booking.events import OrderAssigned, OrderClosed, OrderRescheduled, OrderUnassigned
from functions.care.events import ReportSubmitted
from functions.hospitals.events import EmergencyDeskContacted, EmergencyDeskMoved, EmergencyUnanswered
from functions.hospitals.rules.emergencies import EmergencyState
from functions.insurance.events import ClaimMoved
from functions.shared import ids
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support.events import ComplaintClosed, ComplaintFiled
from functions.tracking import actions, conversing, emergency_news
from functions.tracking.actions import calls, chat, emergencies, no_shows, recording
from functions.tracking.events import (
    EmergencyCalled,
    VisitAmended,
    VisitCallChanged,
    VisitCallEnded,
    VisitClosed,
    VisitEvidenceChanged,
    VisitMessageHeld,
    VisitMessagePublished,
    VisitMessagesRead,
    VisitPositionChanged,
    VisitProgressed,
    VisitScheduled,
)
from functions.tracking.pushing import push, shut_out
from functions.tracking.rules.access import Scope
from functions.tracking.rules.presence import Fence
from functions.tracking.rules.progress import CheckInKind, Milestone
from functions.tracking.schemas.live import PositionTold, ProgressTold
from functions.tracking.schemas.live_calls import told_of

bus = Subscriptions("tracking")
bp = Blueprint("app")


@bp.lambda_function(name="tracking_events")
def tracking_events(event: dict[str, Any], context: Any) -> None:
    """One bus event."""
    bus.handle(event)


@bus.on(OrderAssigned)
def prepare_visit(tx: Tx, event: OrderAssigned) -> None:
    """A companion took the order: there will be a visit."""
    actions.schedule_visit(
        tx,
        actions.Assignment(
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=event.companion_id,
            patient_id=event.patient_id,
            hospital_id=event.hospital_id,
            campus_id=event.campus_id,
            department_id=event.department_id,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            fence=Fence(event.lat, event.lng, event.geofence_radius_m),
            template=[
                Milestone(code=step.code, title=step.title, check_in=CheckInKind(step.check_in), required=step.required)
                for step in event.process_template
            ],
            revision=event.revision,
            overtime_cap_fen=event.overtime_cap_fen,
        ),
    )


@bus.on(OrderUnassigned)
def vacate_visit(tx: Tx, event: OrderUnassigned) -> None:
    """The companion will not come; another is being found."""
    actions.vacate_visit(tx, order_id=event.order_id, revision=event.revision)


@bus.on(OrderUnassigned)
def close_history(tx: Tx, event: OrderUnassigned) -> None:
    """The next companion does not read what was said with this one."""
    chat.leave_companion(tx, visit_id=ids.derived("vis", event.order_id))


@bus.on(OrderRescheduled)
def move_visit(tx: Tx, event: OrderRescheduled) -> None:
    """The visit has another time."""
    actions.move_visit(
        tx,
        order_id=event.order_id,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        is_assigned=event.assigned,
        revision=event.revision,
    )


@bus.on(OrderClosed)
def abandon_visit(tx: Tx, event: OrderClosed) -> None:
    """The order ended without a visit."""
    actions.cancel_visit(tx, order_id=event.order_id, may_be_assigned=event.paid)


@bus.on(ReportSubmitted)
def note_report(tx: Tx, event: ReportSubmitted) -> None:
    """The companion's last duty is done."""
    actions.mark_reported(tx, visit_id=event.visit_id)


@bus.timer("no_show_clock")
def end_waiting(tx: Tx, timer: Timer) -> None:
    """Somebody was waited for long enough."""
    no_shows.run_out(tx, case_id=timer.subject)


@bus.on(VisitProgressed)
def push_progress(tx: Tx, event: VisitProgressed) -> None:
    """Tell the watchers of a milestone, and note it in the conversation."""
    _push_change(tx, event.visit_id, event.sequence)


@bus.on(VisitAmended)
def push_amendment(tx: Tx, event: VisitAmended) -> None:
    """Tell the watchers of a milestone that was skipped, corrected or vouched for, and note it in the conversation."""
    _push_change(tx, event.visit_id, event.sequence)


@bus.timer("visit_lapses")
def end_lapsed_visit(tx: Tx, timer: Timer) -> None:
    """The visit is long over: the system ends it, or its companion is told what is missing."""
    recording.end_lapsed(tx, visit_id=timer.subject)


@bus.on(VisitClosed)
def push_closing(tx: Tx, event: VisitClosed) -> None:
    """Tell the watchers that the visit was cancelled or reported."""
    _push_change(tx, event.visit_id, event.sequence)


@bus.on(VisitPositionChanged)
def push_position(tx: Tx, event: VisitPositionChanged) -> None:
    """Tell those who may know where the companion now is: the latest cell, which may be newer than the event's."""
    shared = actions.find_present_position(event.visit_id)
    if shared:
        push(tx, event.visit_id, Scope.POSITION, PositionTold.of(event.visit_id, shared))


@bus.on(GuestAccessRevoked)
def shut_out_guest(tx: Tx, event: GuestAccessRevoked) -> None:
    """A family member may no longer follow: open sockets are told and dropped at once."""
    shut_out(tx, order_id=event.order_id, guest_access_id=event.guest_access_id)


@bus.on(VisitEvidenceChanged)
def restamp_evidence(tx: Tx, event: VisitEvidenceChanged) -> None:
    """Evidence is held, or expires again: page by page."""
    actions.restamp_evidence(tx, visit_id=event.visit_id, after=event.after)


@bus.timer(actions.HOLD_ENDS)
def end_holds(tx: Tx, timer: Timer) -> None:
    """The time of a hold is over."""
    actions.end_holds(tx, visit_id=timer.subject)


@bus.on(ComplaintFiled)
def hold_for_complaint(tx: Tx, event: ComplaintFiled) -> None:
    """What a complaint rests on is not deleted while it is open."""
    visit_id = ids.derived("vis", event.order_id)
    actions.hold_evidence(tx, visit_id=visit_id, hold_id=event.complaint_id, by="system", reason="投诉处理中")


@bus.on(ComplaintClosed)
def release_after_complaint(tx: Tx, event: ComplaintClosed) -> None:
    """The complaint is over."""
    visit_id = ids.derived("vis", event.order_id)
    if event.complaint_id in actions.list_holds(visit_id):
        actions.release_evidence(tx, visit_id=visit_id, hold_id=event.complaint_id, by="system", reason="投诉已结案")


@bus.on(ClaimMoved, where={"state": ("submitted",)})
def hold_for_claim(tx: Tx, event: ClaimMoved) -> None:
    """What a claim rests on is not deleted while the insurer looks at it."""
    visit_id = ids.derived("vis", event.order_id)
    actions.hold_evidence(tx, visit_id=visit_id, hold_id=event.claim_id, by="system", reason="保险理赔处理中")


@bus.on(ClaimMoved, where={"state": ("paid", "rejected", "withdrawn")})
def release_after_claim(tx: Tx, event: ClaimMoved) -> None:
    """The claim is over; one that was never handed in held nothing."""
    visit_id = ids.derived("vis", event.order_id)
    if event.is_over and event.claim_id in actions.list_holds(visit_id):
        actions.release_evidence(tx, visit_id=visit_id, hold_id=event.claim_id, by="system", reason="保险理赔已结束")


def _push_change(tx: Tx, visit_id: str, sequence: int) -> None:
    change = actions.find_change(visit_id, sequence)
    if change:
        push(tx, visit_id, Scope.PROGRESS, ProgressTold.of(change))
        conversing.say_change(tx, change)


@bus.on(EmergencyCalled)
def tell_emergency(tx: Tx, event: EmergencyCalled) -> None:
    """Tell the sockets of the hospital's desk and everybody who follows the visit."""
    emergency_news.tell_call(tx, event)


@bus.on(EmergencyCalled)
def attach_condition(tx: Tx, event: EmergencyCalled) -> None:
    """Seal what the patient agreed to share, for the desk to read."""
    emergencies.attach_condition(tx, visit_id=event.visit_id, call_id=event.call_id)


@bus.on(EmergencyDeskContacted)
def note_desk_contacted(tx: Tx, event: EmergencyDeskContacted) -> None:
    """A contact of the desk was told, or could not be."""
    emergency_news.note_contact(tx, event)


@bus.on(EmergencyNoticesWritten)
def note_notices(tx: Tx, event: EmergencyNoticesWritten) -> None:
    """Family, companion and staff have it in their inboxes, or cannot."""
    emergency_news.note_notices(tx, event)


@bus.on(NoticeAnswered)
def note_notice(tx: Tx, event: NoticeAnswered) -> None:
    """A notice about an emergency was read, or WeChat took it or not."""
    emergency_news.note_answer(tx, event)


@bus.on(EmergencyDeskMoved)
def move_emergency(tx: Tx, event: EmergencyDeskMoved) -> None:
    """The desk has taken the call, sent help or closed it."""
    call = emergencies.move_emergency(
        tx, visit_id=event.visit_id, call_id=event.call_id, state=EmergencyState(event.state), at=event.at
    )
    emergency_news.tell_change(tx, call)


@bus.on(EmergencyUnanswered)
def mark_unanswered(tx: Tx, event: EmergencyUnanswered) -> None:
    """Nobody at the desk has taken the call."""
    call = emergencies.mark_unanswered(tx, visit_id=event.visit_id, call_id=event.call_id, at=event.at)
    emergency_news.tell_change(tx, call)


@bus.on(VisitCallChanged)
def push_call(tx: Tx, event: VisitCallChanged) -> None:
    """Tell those who may talk along that a video call rings or has changed: as it now is."""
    row = calls.find_call(event.visit_id, event.call_id)
    if row is not None:
        push(tx, event.visit_id, Scope.CHAT, told_of(row))


@bus.timer("call_unanswered")
def miss_call(tx: Tx, timer: Timer) -> None:
    """A video call has rung long enough: it is missed."""
    calls.close_overdue(tx, visit_id=timer.subject, due_at=timer.due_at)


@bus.timer("call_too_long")
def cut_call(tx: Tx, timer: Timer) -> None:
    """A video call that nobody hung up is closed."""
    calls.close_overdue(tx, visit_id=timer.subject, due_at=timer.due_at)


@bus.on(VisitScheduled)
def say_checklist(tx: Tx, event: VisitScheduled) -> None:
    """The conversation begins with what to bring along."""
    conversing.say_checklist(tx, event)


@bus.on(VisitCallEnded)
def say_call(tx: Tx, event: VisitCallEnded) -> None:
    """The call log, where people look for it."""
    conversing.say_call(tx, event)


@bus.on(ContentChecked, where={"part": (conversing.PART,)})
def judge_message(tx: Tx, event: ContentChecked) -> None:
    """A message was checked."""
    chat.judge(tx, subject=event.subject, verdict=event.verdict)


@bus.timer(chat.CHECK_TIMER)
def give_up_on_check(tx: Tx, timer: Timer) -> None:
    """The content check has not answered: a person looks."""
    chat.give_up(tx, subject=timer.subject)


@bus.on(VisitMessagePublished)
def push_message(tx: Tx, event: VisitMessagePublished) -> None:
    """Show it to everybody who may read along, or have somebody who is away told."""
    conversing.push_entry(tx, event)


@bus.on(VisitMessageHeld)
def push_held(tx: Tx, event: VisitMessageHeld) -> None:
    """Tell the sender that others do not see a message."""
    conversing.push_held(tx, event)


@bus.on(VisitMessagesRead)
def push_read(tx: Tx, event: VisitMessagesRead) -> None:
    """Tell the others how far somebody has read."""
    conversing.push_read(tx, event)
