"""Rectifications: what companions, inspecting agents and whoever checks a notice send and see."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.shared.audit import Entry
from functions.shared.caller import STAFF, Caller
from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.support.actions.rectifications import Verified
from functions.support.rules import rectification as rules
from functions.support.rules.rectification import Finding, RectificationState, Training
from functions.support.schemas.clients import KeptEntry
from functions.support.table.rectifications import RectificationRow, ReInspectionRow

_FileId = Annotated[str, Meta(min_length=30, max_length=30)]


class TrainingBody(Body, frozen=True, kw_only=True):
    """已学完的手册编号。"""

    article_id: Annotated[str, Meta(min_length=1, max_length=60)]


class RectificationUploadBody(Body, frozen=True, kw_only=True):
    """要上传的类型：image/jpeg、image/png、application/pdf。"""

    content_type: Annotated[str, Meta(min_length=1, max_length=40)]


class RectificationAnswerBody(Body, frozen=True, kw_only=True):
    """整改说明与已上传的佐证。"""

    text: Annotated[str, Meta(min_length=10, max_length=2000, pattern=r"\S")]
    evidence_ids: Annotated[tuple[_FileId, ...], Meta(max_length=9)] = ()


class ReInspectionBody(Body, frozen=True, kw_only=True):
    """复核结论：`lifted` 恢复接单，`extended` 延期 `days` 天，`removed` 清退。理由会给陪诊师看并留档。"""

    outcome: Finding
    days: Annotated[int, Meta(ge=1, le=60)] | None = None
    reason: Annotated[str, Meta(min_length=2, max_length=300, pattern=r"\S")]


class TrainingView(Reading, frozen=True, kw_only=True):
    """一篇必修的手册；没有学完的 `done_at` 为空。"""

    article_id: str
    title: str
    done_at: datetime | None

    @classmethod
    def of(cls, training: Training) -> "TrainingView":
        return cls(article_id=training.article_id, title=training.title, done_at=training.done_at)


class RectificationLine(Reading, frozen=True, kw_only=True):
    """一次整改：走到哪一步，`due_at` 前由陪诊师整改或由客服复核。"""

    rectification_id: str
    state: RectificationState
    state_title: str
    issued_at: datetime
    due_at: datetime | None

    @classmethod
    def of(cls, row: RectificationRow) -> "RectificationLine":
        state = RectificationState(row.state)
        return cls(
            rectification_id=row.rectification_id,
            state=state,
            state_title=rules.STATE_TITLES[state],
            issued_at=row.issued_at,
            due_at=row.due_at,
        )


class RectificationView(Reading, frozen=True, kw_only=True):
    """整改的全部内容。`text` 是通知书原文，`sha256` 是其 UTF-8 文本的哈希；凭 `code` 任何人都可核验。"""

    rectification_id: str
    companion_id: str
    state: RectificationState
    state_title: str
    issued_at: datetime
    due_at: datetime | None
    upheld: int
    visits: int
    window_days: int
    rate_bp: int
    measures: list[str]
    training: list[TrainingView]
    text: str
    sha256: str
    code: str
    answer: str | None
    answered_at: datetime | None
    evidence_ids: list[str]
    extensions: int
    reason: str | None
    """最近一次复核的结论说明。"""
    inspected_at: datetime | None
    complaint_ids: list[str]
    """只给工作人员。"""
    assigned_to: str | None
    """只给工作人员。"""
    entries: list[KeptEntry]
    """留档，只给工作人员，最近的在前。"""

    @classmethod
    def of(cls, row: RectificationRow, *, reader: Caller, entries: list[Entry] | None = None) -> "RectificationView":
        """As `reader` may see it: which complaints, and who inspects, is for staff alone."""
        is_staff, state = bool(reader.roles & set(STAFF)), RectificationState(row.state)
        return cls(
            rectification_id=row.rectification_id,
            companion_id=row.companion_id,
            state=state,
            state_title=rules.STATE_TITLES[state],
            issued_at=row.issued_at,
            due_at=row.due_at,
            upheld=row.figures.upheld,
            visits=row.figures.visits,
            window_days=row.figures.window_days,
            rate_bp=row.figures.rate_bp,
            measures=list(row.measures),
            training=[TrainingView.of(each) for each in row.training],
            text=row.text,
            sha256=row.sha256,
            code=row.code,
            answer=row.answer,
            answered_at=row.answered_at,
            evidence_ids=[each.file_id for each in row.evidence],
            extensions=int(row.extensions),
            reason=row.reason,
            inspected_at=row.inspected_at,
            complaint_ids=list(row.complaint_ids) if is_staff else [],
            assigned_to=row.assigned_to if is_staff else None,
            entries=[KeptEntry.of(each) for each in entries or []],
        )


class QueuedReInspection(Reading, frozen=True, kw_only=True):
    """待复核的整改；陪诊师逾期没有说明的 `is_answered` 为假。"""

    companion_id: str
    rectification_id: str
    companion_name: str
    due_at: datetime
    is_answered: bool
    assigned_to: str | None

    @classmethod
    def of(cls, row: ReInspectionRow) -> "QueuedReInspection":
        return cls(
            companion_id=row.companion_id,
            rectification_id=row.rectification_id,
            companion_name=row.name,
            due_at=row.due_at,
            is_answered=bool(row.is_answered),
            assigned_to=row.assigned_to,
        )


class VerifiedNotice(Reading, frozen=True, kw_only=True):
    """核验结果：通知书属实、属于谁、现在怎样。与手上的通知书比对 `sha256`，一致即未被改动。"""

    companion_name_masked: str
    issued_at: datetime
    due_at: datetime | None
    state: RectificationState
    state_title: str
    sha256: str

    @classmethod
    def of(cls, verified: Verified) -> "VerifiedNotice":
        row = verified.row
        state = RectificationState(row.state)
        return cls(
            companion_name_masked=verified.name_masked,
            issued_at=row.issued_at,
            due_at=row.due_at if state is RectificationState.ISSUED else None,
            state=state,
            state_title=rules.STATE_TITLES[state],
            sha256=row.sha256,
        )
