"""What `tracking` tells the other rooms. Never a position: a cell is coarse (F9) and may travel."""

from datetime import datetime

from functions.shared.events import Event


class VisitScheduled(Event, frozen=True, kw_only=True, tag="visit.scheduled"):
    """An assigned order has its visit; it can be followed under `visit_id`."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str


class VisitProgressed(Event, frozen=True, kw_only=True, tag="visit.progressed"):
    """A milestone was recorded. `sequence` counts the visit's changes from 1 without a gap."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    code: str
    title: str
    sequence: int
    state: str
    """The visit's state after the milestone: departed, arrived, in_progress, ended."""
    first: bool
    """This is the template's first milestone: the visit has begun."""
    last: bool
    """This is the template's last milestone: the visit has ended and its report is due."""
    recorded_by: str = "companion"
    """`companion`, `staff` or `system`."""


class VisitAmended(Event, frozen=True, kw_only=True, tag="visit.amended"):
    """A milestone was skipped, corrected or vouched for. `sequence` counts on from `visit.progressed`."""

    visit_id: str
    order_id: str
    code: str
    change: str
    """`skipped`, `corrected` or `vouched`."""
    sequence: int
    by: str
    """`companion`, `staff` or `system`."""


class VisitUnfinished(Event, frozen=True, kw_only=True, tag="visit.unfinished"):
    """Hours after its planned end a required milestone is still open: the companion must say what became of it."""

    visit_id: str
    order_id: str
    companion_id: str


class VisitClosed(Event, frozen=True, kw_only=True, tag="visit.closed"):
    """The visit reached a state beyond its milestones (cancelled, reported, no_show_…). Its watchers are told."""

    visit_id: str
    order_id: str
    sequence: int
    state: str


class VisitNoShowReported(Event, frozen=True, kw_only=True, tag="visit.no_show_reported"):
    """One party says that the other has not come; without an answer the clock decides at `waits_until` (B4)."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    absent: str
    """`client` or `companion`."""
    waits_until: datetime


class VisitNoShowContested(Event, frozen=True, kw_only=True, tag="visit.no_show_contested"):
    """The other side says otherwise, or the evidence does not suffice: staff must decide the case."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    absent: str
    case_id: str


class VisitNoShow(Event, frozen=True, kw_only=True, tag="visit.no_show"):
    """It is decided that somebody did not come: there will be no visit."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    absent: str
    """`client` or `companion`."""
    decided_by: str
    """`rule` or `staff`."""


class VisitOvertimeAsked(Event, frozen=True, kw_only=True, tag="visit.overtime_asked"):
    """The companion proposes to stay longer (B9); the client approves or declines."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    overtime_id: str
    minutes: int
    amount_fen: int


class VisitOvertimeApproved(Event, frozen=True, kw_only=True, tag="visit.overtime_approved"):
    """More time was agreed upon: the client owes `amount_fen` = share + commission."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    overtime_id: str
    minutes: int
    amount_fen: int
    share_fen: int
    commission_fen: int
    automatic: bool
    """By what the client had approved in advance."""
    approved_at: datetime


class VisitOvertimeDeclined(Event, frozen=True, kw_only=True, tag="visit.overtime_declined"):
    """The client does not want the companion to stay longer."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    overtime_id: str
    minutes: int
    amount_fen: int


class VisitExpenseAsked(Event, frozen=True, kw_only=True, tag="visit.expense_asked"):
    """The companion laid out money and asks for it back (B9); the client approves or declines."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    expense_id: str
    expense_kind: str
    amount_fen: int


class VisitExpenseApproved(Event, frozen=True, kw_only=True, tag="visit.expense_approved"):
    """The client owes the companion `amount_fen`, all of it."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    expense_id: str
    expense_kind: str
    amount_fen: int
    approved_at: datetime


class VisitExpenseDeclined(Event, frozen=True, kw_only=True, tag="visit.expense_declined"):
    """The client does not approve; the reason is read in the expense itself."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    expense_id: str
    expense_kind: str
    amount_fen: int


class VisitPhotoReused(Event, frozen=True, kw_only=True, tag="visit.photo_reused"):
    """The photo that proves a milestone was used in another order before: somebody should look at both."""

    visit_id: str
    order_id: str
    companion_id: str
    code: str
    first_order_id: str


class VisitEvidenceChanged(Event, frozen=True, kw_only=True, tag="visit.evidence_changed"):
    """The evidence of a visit is held now, or no longer: its rows after the sort key `after` are to be stamped anew."""

    visit_id: str
    after: str | None


class VisitPositionChanged(Event, frozen=True, kw_only=True, tag="visit.position_changed"):
    """The companion is now in another coarse cell (an H3 index)."""

    visit_id: str
    order_id: str
    cell: str


class EmergencyCalled(Event, frozen=True, kw_only=True, tag="emergency.called"):
    """Somebody on a visit called for help. Where and how the patient is stays sealed in the visit."""

    call_id: str
    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    """Empty while the visit has none."""
    hospital_id: str
    campus_id: str
    department_id: str
    called_by: str
    """client or companion."""
    called_at: datetime


class VisitCallChanged(Event, frozen=True, kw_only=True, tag="visit.call_changed"):
    """A video call rings, was joined or left, or is over: to this room itself, which pushes it."""

    visit_id: str
    call_id: str
    state: str


class VisitCallEnded(Event, frozen=True, kw_only=True, tag="visit.call_ended"):
    """A video call is over. `outcome`: ended (people talked) or missed; `started_by`: companion or client."""

    visit_id: str
    order_id: str
    call_id: str
    started_by: str
    outcome: str
    duration_s: int


class VisitMessageWritten(Event, frozen=True, kw_only=True, tag="visit.message_written"):
    """Somebody wrote in the conversation: it has to be checked before others see it."""

    subject: str
    """What the content check calls it."""
    order_id: str


class VisitMessagePublished(Event, frozen=True, kw_only=True, tag="visit.message_published"):
    """The conversation has another entry. `sequence` counts its entries from 1 without a gap."""

    visit_id: str
    order_id: str
    sequence: int


class VisitMessageHeld(Event, frozen=True, kw_only=True, tag="visit.message_held"):
    """Others do not see a message. `state`: waiting (staff will look at it) or refused."""

    visit_id: str
    order_id: str
    message_id: str
    client_message_id: str
    sender_id: str
    state: str


class VisitMessagesRead(Event, frozen=True, kw_only=True, tag="visit.messages_read"):
    """Somebody has read up to `sequence`."""

    visit_id: str
    reader_id: str
    standing: str
    sequence: int


class VisitMessageUnseen(Event, frozen=True, kw_only=True, tag="visit.message_unseen"):
    """Client or companion had read everything, is not connected, and has a message now."""

    visit_id: str
    order_id: str
    account_id: str
    standing: str
