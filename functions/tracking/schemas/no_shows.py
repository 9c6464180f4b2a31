"""Reports that somebody did not come."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking.actions.no_shows import CaseFile
from functions.tracking.rules.no_shows import Absent, CaseState, Decider

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class NoShowBody(Body, frozen=True, kw_only=True):
    """报告对方未到：陪诊师报告 client，用户报告 companion。"""

    absent: Absent
    note: Words | None = None
    photo_file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    """上传后的现场照片编号。"""


class ContestBody(Body, frozen=True, kw_only=True):
    """“我已到场”。"""

    note: Words | None = None


class NoShowDecision(Body, frozen=True, kw_only=True):
    """客服核实后的结论；理由永久保留。"""

    outcome: Literal["upheld", "dismissed"]
    reason: Words


class NoShowView(Reading, frozen=True, kw_only=True):
    """一份未到场报告。到 `waits_until` 仍无回应，由系统按打卡证据判定；有争议的由客服判定。"""

    case_id: str
    visit_id: str
    absent: Absent
    state: CaseState
    reported_at: datetime
    waits_until: datetime
    contested_at: datetime | None
    decided_by: Decider | None
    decided_at: datetime | None
    note: str | None
    answer: str | None
    photo_url: str | None
    version: int

    @classmethod
    def of(cls, file: CaseFile) -> "NoShowView":
        case = file.case
        return cls(
            case_id=case.case_id,
            visit_id=case.visit_id,
            absent=Absent(case.absent),
            state=CaseState(case.state),
            reported_at=clock.china(case.reported_at),
            waits_until=clock.china(case.waits_until),
            contested_at=clock.china(case.contested_at) if case.contested_at else None,
            decided_by=Decider(case.decided_by) if case.decided_by else None,
            decided_at=clock.china(case.decided_at) if case.decided_at else None,
            note=file.note,
            answer=file.answer,
            photo_url=file.photo_url,
            version=int(case.version),
        )


class NoShowList(Reading, frozen=True, kw_only=True):
    """最近的在前。"""

    items: list[NoShowView]
