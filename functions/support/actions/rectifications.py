"""Rectifications: the notice, the companion's training and answer, the inspection and what it leads to (F31)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.accounts.rules.identity import mask_name
from functions.shared import audit, clock, files, ids, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support.actions import complaint_desk as desk
from functions.support.actions import complaint_moves as moves
from functions.support.actions import evidence
from functions.support.events import (
    RectificationClosed,
    RectificationExtended,
    RectificationIssued,
    ReInspectionOverdue,
)
from functions.support.rules import rectification as rules
from functions.support.rules.rectification import Figures, Finding, RectificationState, Training
from functions.support.table import base
from functions.support.table import rectifications as table
from functions.support.table.rectifications import RectificationRow, ReInspectionRow


def issue(tx: Tx, *, companion_id: str, figures: Figures) -> None:
    """Give the companion a notice: what their latest upheld complaints ask for, by when. A few reads."""
    policy = base.policy().rectification
    since = tx.now - timedelta(days=figures.window_days)
    upheld = [row for row in table.closed_complaints(companion_id) if row.is_upheld and row.closed_at > since]
    upheld = upheld[: figures.upheld]
    categories = [row.category for row in upheld]
    measures = rules.measures_for(categories)
    training = tuple(_article(article_id) for article_id in rules.articles_for(categories, policy))
    rectification_id, code = ids.new("rct", tx.now), rules.new_code()
    due_at = tx.now + timedelta(seconds=policy.rectify_s)
    name = _name_of(companion_id)
    text = rules.notice_text(
        number=rectification_id.removeprefix("rct_"),
        code=code,
        name=name,
        figures=figures,
        measures=measures,
        training=training,
        due_at=clock.china(due_at),
        issued_at=clock.china(tx.now),
    )
    row = RectificationRow(
        *table.rectification_key(companion_id, rectification_id),
        rectification_id=rectification_id,
        companion_id=companion_id,
        name=name,
        state=RectificationState.ISSUED,
        issued_at=tx.now,
        due_at=due_at,
        figures=figures,
        complaint_ids=tuple(each.complaint_id for each in upheld),
        deciders=tuple(sorted({each.decided_by for each in upheld} - {None, moves.BY_RULE})),
        measures=measures,
        training=training,
        text=text,
        code=code,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    tx.insert(row)
    tx.insert(table.NoticeRow(*table.notice_key(code), companion_id=companion_id, rectification_id=rectification_id))
    _watch(tx, row)
    tx.emit(RectificationIssued(rectification_id=rectification_id, companion_id=companion_id, due_at=due_at))
    audit.record(tx, actor="system", act="rectification.issued", subject=rectification_id)


def read_training(tx: Tx, *, companion_id: str, rectification_id: str, article_id: str) -> RectificationRow:
    """The companion has read an article of the handbook. RectificationNotFound, RectificationStage, NotInTraining."""
    row = find(companion_id, rectification_id)
    if row.state != RectificationState.ISSUED:
        raise rules.RectificationStage()
    row.training = rules.with_read(row.training, article_id, tx.now)
    tx.save(row)
    return row


def allow_evidence(*, companion_id: str, rectification_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave for the companion to upload one file. RectificationNotFound, RectificationStage, Invalid."""
    row = find(companion_id, rectification_id)
    if row.state != RectificationState.ISSUED:
        raise rules.RectificationStage()
    return files.allow_upload(
        moves.ROOM, owner=rectification_id, content_type=content_type, kinds=files.DOCUMENTS, now=now
    )


def answer(
    tx: Tx, *, companion_id: str, rectification_id: str, text: str, evidence_ids: Sequence[str]
) -> RectificationRow:
    """What the companion did about it; an agent inspects it now.

    RectificationNotFound, RectificationStage, TrainingMissing, UploadMissing, UploadRefused.
    """
    row = find(companion_id, rectification_id)
    rules.require_answerable(RectificationState(row.state), row.training)
    row.evidence = tuple(evidence.kept(tx, rectification_id, file_id) for file_id in evidence_ids)
    row.answer, row.answered_at = text, tx.now
    _ask_for_re_inspection(tx, row)
    tx.save(row)
    audit.record(tx, actor=companion_id, act="rectification.answered", subject=rectification_id)
    return row


def re_inspect(
    tx: Tx,
    *,
    companion_id: str,
    rectification_id: str,
    inspector_id: str,
    outcome: Finding,
    days: int | None,
    reason: str,
) -> RectificationRow:
    """An agent who decided none of the complaints lifts, extends by `days`, or removes.

    RectificationNotFound, RectificationStage, OtherInspects, DaysMisplaced, ExtendedOftenEnough.
    """
    row = find(companion_id, rectification_id)
    state = rules.inspected(
        RectificationState(row.state),
        outcome,
        days=days,
        extensions=int(row.extensions),
        inspector_id=inspector_id,
        deciders=row.deciders,
        policy=base.policy().rectification,
    )
    _leave_queue(tx, row)
    _clear_desk(tx, row)
    row.state, row.reason, row.inspected_by, row.inspected_at = state, reason, inspector_id, tx.now
    if outcome is Finding.EXTENDED:
        assert days is not None, "an extension has its days"
        row.extensions = int(row.extensions) + 1
        row.due_at = tx.now + timedelta(days=days)
        row.answered_at = None
        _watch(tx, row)
        tx.emit(RectificationExtended(rectification_id=rectification_id, companion_id=companion_id, due_at=row.due_at))
    else:
        row.due_at = None
        tx.emit(
            RectificationClosed(
                rectification_id=rectification_id, companion_id=companion_id, is_lifted=outcome is Finding.LIFTED
            )
        )
    tx.save(row)
    audit.record(tx, actor=inspector_id, act=f"rectification.{outcome}", subject=rectification_id, reason=reason)
    return row


def note_due(tx: Tx, *, subject: str) -> None:
    """Time is over: the silent companion's goes to its inspection, a forgotten inspection to another agent."""
    row = table.find_rectification(*subject.split("/"))
    if row is None or row.due_at is None or row.due_at > tx.now:
        return
    if row.state == RectificationState.AWAITING_RE_INSPECTION:
        observe.count("ReInspectionOverdue")
        tx.emit(ReInspectionOverdue(rectification_id=row.rectification_id, companion_id=row.companion_id))
        _leave_queue(tx, row)
    _ask_for_re_inspection(tx, row)
    tx.save(row)


def find(companion_id: str, rectification_id: str) -> RectificationRow:
    """One read. RectificationNotFound."""
    row = table.find_rectification(companion_id, rectification_id) if ids.is_id("rct", rectification_id) else None
    if row is None:
        raise rules.RectificationNotFound()
    return row


def list_of(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[RectificationRow], str | None]:
    """The companion's rectifications, latest first."""
    return table.of_companion(companion_id, limit=limit, after=after)


def list_re_inspections(*, limit: int, after: str | None) -> tuple[Sequence[ReInspectionRow], str | None]:
    """What agents should inspect, due soonest first."""
    return table.re_inspections(limit=limit, after=after)


def link_evidence(tx: Tx, *, companion_id: str, rectification_id: str, file_id: str, reader: str) -> str:
    """An address of one file; an agent's look is written down. RectificationNotFound."""
    row = find(companion_id, rectification_id)
    stored = next((each for each in row.evidence if each.file_id == file_id), None)
    if stored is None:
        raise rules.RectificationNotFound()
    if reader != companion_id:
        audit.record(
            tx, actor=reader, act="rectification.evidence_read", subject=rectification_id, reason="复核整改时查看佐证"
        )
    return files.link(stored.key)


@dataclass(frozen=True)
class Verified:
    """What anybody with a notice's code may know: that it is ours, whose, and how it stands."""

    row: RectificationRow
    name_masked: str


def verify(code: str) -> Verified:
    """The notice with this code, as typed: two reads. RectificationNotFound."""
    notice = table.find_notice(rules.as_typed(code))
    if notice is None:
        raise rules.RectificationNotFound()
    row = find(notice.companion_id, notice.rectification_id)
    return Verified(row, mask_name(row.name))


def _ask_for_re_inspection(tx: Tx, row: RectificationRow) -> None:
    row.state = RectificationState.AWAITING_RE_INSPECTION
    row.due_at = tx.now + timedelta(seconds=base.policy().rectification.inspect_s)
    agent = desk.freest(without={*row.deciders, row.assigned_to or ""})
    if agent is not None:
        _clear_desk(tx, row)
        desk.put(tx, agent, row.rectification_id)
        row.assigned_to = agent.agent_id
    tx.insert(
        ReInspectionRow(
            *table.re_inspection_key(row.due_at, row.rectification_id),
            companion_id=row.companion_id,
            rectification_id=row.rectification_id,
            name=row.name,
            due_at=row.due_at,
            is_answered=row.answered_at is not None,
            assigned_to=row.assigned_to,
        )
    )
    _watch(tx, row)


def _leave_queue(tx: Tx, row: RectificationRow) -> None:
    queued = table.find_re_inspection(row)
    if queued is not None:
        tx.delete(queued)


def _clear_desk(tx: Tx, row: RectificationRow) -> None:
    if row.assigned_to is not None:
        desk.remove(tx, row.assigned_to, row.rectification_id)
        row.assigned_to = None


def _watch(tx: Tx, row: RectificationRow) -> None:
    assert row.due_at is not None, "only what is open is watched"
    subject = f"{row.companion_id}/{row.rectification_id}"
    tx.schedule(Timer(room=moves.ROOM, kind="rectification_due", subject=subject, due_at=row.due_at))


def _name_of(companion_id: str) -> str:
    from functions.companions import actions as companions

    return companions.find_profile(companion_id).name


def _article(article_id: str) -> Training:
    from functions.companions.actions import handbook

    try:
        return Training(article_id=article_id, title=handbook.read_article(article_id).content.title)
    except NotFound:
        # It was withdrawn after it was put into the thresholds: the notice names it, reading it is up to the companion.
        return Training(article_id=article_id, title=article_id)
