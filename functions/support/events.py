"""What `support` tells the other rooms: that something was said and what it sums up to, never what was said."""

from datetime import datetime

from functions.shared.events import Event
from functions.support.rules.complaints import Outcome


class ReviewWritten(Event, frozen=True, kw_only=True, tag="review.written"):
    """A review or an answer was written or changed: its words have to be checked before others see them."""

    review_id: str
    part: str
    """`review` or `answer`."""
    revision: int


class ReviewPublished(Event, frozen=True, kw_only=True, tag="review.published"):
    """A review is seen by everybody from now on."""

    review_id: str
    order_id: str
    client_id: str
    companion_id: str


class ReviewAnswered(Event, frozen=True, kw_only=True, tag="review.answered"):
    """The companion's answer is seen by everybody from now on."""

    review_id: str
    order_id: str
    client_id: str
    companion_id: str


class ReviewRefused(Event, frozen=True, kw_only=True, tag="review.refused"):
    """A review (or an answer) was blocked or hidden; its author is told."""

    review_id: str
    order_id: str
    author_id: str
    part: str


class CompanionRated(Event, frozen=True, kw_only=True, tag="companion.rated"):
    """A companion's rating is another one. Of two, the one with the higher `sequence` is true."""

    companion_id: str
    sequence: int
    count: int
    rating_hundredths: int | None
    """Out of five times one hundred, as it is shown; null when no review is left."""


class ComplaintFiled(Event, frozen=True, kw_only=True, tag="complaint.filed"):
    """A client complains of a visit that is ahead or completed; `complaint.closed` ends it."""

    complaint_id: str
    order_id: str
    client_id: str
    companion_id: str
    category: str


class ComplaintWritten(Event, frozen=True, kw_only=True, tag="complaint.written"):
    """Words of a complaint (`part`: `complaint` or `complaint_answer`) have to be checked before the other reads it."""

    complaint_id: str
    part: str


class ComplaintAnswerAsked(Event, frozen=True, kw_only=True, tag="complaint.answer_asked"):
    """The companion shall say until `answer_by` how it was."""

    complaint_id: str
    order_id: str
    companion_id: str
    answer_by: datetime


class ComplaintMoved(Event, frozen=True, kw_only=True, tag="complaint.moved"):
    """Somebody for whom the complaint's workflow waits has acted; `wait` tells its waits apart."""

    complaint_id: str
    wait: int


class ComplaintDecided(Event, frozen=True, kw_only=True, tag="complaint.decided"):
    """What shall be done, by the complaint's workflow. Each decision has an id of its own."""

    complaint_id: str
    decision_id: str
    order_id: str
    client_id: str
    companion_id: str
    outcome: Outcome
    refund_fen: int
    """What goes back to the client of a completed visit; cancelling gives everything back without it."""
    decided_by: str
    """An agent's id, or `rule`."""


class ComplaintOverdue(Event, frozen=True, kw_only=True, tag="complaint.overdue"):
    """An agent did not decide in time, or what was decided is not done: anybody should look at it now."""

    complaint_id: str
    order_id: str
    is_stuck: bool
    """It is decided; carrying it out takes too long."""


class ReInspectionOverdue(Event, frozen=True, kw_only=True, tag="rectification.overdue"):
    """Nobody inspected a rectification in time; it is given to another agent."""

    rectification_id: str
    companion_id: str


class RectificationIssued(Event, frozen=True, kw_only=True, tag="rectification.issued"):
    """A companion of whom clients complain too often has a notice with measures, to be answered by `due_at` (F31)."""

    rectification_id: str
    companion_id: str
    due_at: datetime


class RectificationExtended(Event, frozen=True, kw_only=True, tag="rectification.extended"):
    """An inspection was not content yet: the companion has until `due_at`."""

    rectification_id: str
    companion_id: str
    due_at: datetime


class RectificationClosed(Event, frozen=True, kw_only=True, tag="rectification.closed"):
    """The last inspection: what was complained of is put right, or the companion is removed."""

    rectification_id: str
    companion_id: str
    is_lifted: bool


class ComplaintClosed(Event, frozen=True, kw_only=True, tag="complaint.closed"):
    """The complaint has ended; `upheld` says that the client was right, in whole or in part."""

    complaint_id: str
    order_id: str
    client_id: str
    companion_id: str
    category: str
    upheld: bool
