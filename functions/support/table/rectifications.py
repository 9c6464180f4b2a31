"""Rectifications of companions, their notices' codes, the queue of inspections, and which complaints ended when."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from functions.shared.table import InstantAttribute, JsonAttribute, find, query_page
from functions.support.rules.complaints import Evidence
from functions.support.rules.rectification import Figures, Training
from functions.support.table.base import Key, SupportRow, sortable

_QUEUE = "QUEUE#rectifications"
_MOST_COMPLAINTS = 200


class RectificationRow(SupportRow, discriminator="rectification"):
    """A rectification. `due_at`: until when the companion answers, or an agent inspects; null when it has ended."""

    rectification_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    name = UnicodeAttribute()
    """The companion's, as the notice has it."""
    state = UnicodeAttribute()
    issued_at = InstantAttribute()
    due_at = InstantAttribute(null=True)
    figures: JsonAttribute[Figures] = JsonAttribute(Figures)
    complaint_ids: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    deciders: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    """Who decided those complaints: they do not inspect."""
    measures: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    training: JsonAttribute[tuple[Training, ...]] = JsonAttribute(tuple[Training, ...])
    text = UnicodeAttribute()
    """The notice as it was issued."""
    code = UnicodeAttribute()
    sha256 = UnicodeAttribute()
    """Of the text in UTF-8."""
    answer = UnicodeAttribute(null=True)
    answered_at = InstantAttribute(null=True)
    evidence: JsonAttribute[tuple[Evidence, ...]] = JsonAttribute(tuple[Evidence, ...], default=tuple)
    extensions = NumberAttribute(default=0)
    assigned_to = UnicodeAttribute(null=True)
    """On whose desk the inspection is."""
    reason = UnicodeAttribute(null=True)
    """What the last inspection found."""
    inspected_by = UnicodeAttribute(null=True)
    inspected_at = InstantAttribute(null=True)


class NoticeRow(SupportRow, discriminator="rectification_notice"):
    """Leads from the code on a notice to the rectification."""

    companion_id = UnicodeAttribute()
    rectification_id = UnicodeAttribute()


class ReInspectionRow(SupportRow, discriminator="re_inspection"):
    """A rectification that waits for its inspection, by when it is due."""

    companion_id = UnicodeAttribute()
    rectification_id = UnicodeAttribute()
    name = UnicodeAttribute()
    due_at = InstantAttribute()
    is_answered = BooleanAttribute(default=False)
    assigned_to = UnicodeAttribute(null=True)


class ClosedComplaintRow(SupportRow, discriminator="closed_complaint"):
    """How a complaint of this companion ended."""

    complaint_id = UnicodeAttribute()
    category = UnicodeAttribute()
    is_upheld = BooleanAttribute()
    decided_by = UnicodeAttribute(null=True)
    closed_at = InstantAttribute()


# keys -------------------------------------------------------------------------------------------------------------
def rectification_key(companion_id: str, rectification_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"RECTIFICATION#{rectification_id}"


def notice_key(code: str) -> Key:
    return f"NOTICE#{code}", "NOTICE"


def re_inspection_key(due_at: datetime, rectification_id: str) -> Key:
    return _QUEUE, f"{sortable(due_at)}#{rectification_id}"


def closed_key(companion_id: str, closed_at: datetime, complaint_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"CLOSED#{sortable(closed_at)}#{complaint_id}"


# access patterns --------------------------------------------------------------------------------------------------
def find_rectification(companion_id: str, rectification_id: str) -> RectificationRow | None:
    return find(RectificationRow, *rectification_key(companion_id, rectification_id))


def find_notice(code: str) -> NoticeRow | None:
    return find(NoticeRow, *notice_key(code))


def find_re_inspection(row: RectificationRow) -> ReInspectionRow | None:
    """Where it waits for its inspection."""
    return find(ReInspectionRow, *re_inspection_key(row.due_at, row.rectification_id)) if row.due_at else None


def of_companion(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[RectificationRow], str | None]:
    """A companion's rectifications, latest first: one Query."""
    pk = rectification_key(companion_id, "")[0]
    return query_page(RectificationRow, pk, prefix="RECTIFICATION#", limit=limit, after=after, newest_first=True)


def re_inspections(*, limit: int, after: str | None) -> tuple[Sequence[ReInspectionRow], str | None]:
    """What is to be inspected, due soonest first: one Query."""
    return query_page(ReInspectionRow, _QUEUE, limit=limit, after=after)


def closed_complaints(companion_id: str) -> Sequence[ClosedComplaintRow]:
    """How the companion's latest complaints ended, latest first: one Query."""
    pk = rectification_key(companion_id, "")[0]
    rows, _ = query_page(ClosedComplaintRow, pk, prefix="CLOSED#", limit=_MOST_COMPLAINTS, newest_first=True)
    return rows
