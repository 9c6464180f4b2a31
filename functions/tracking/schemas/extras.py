"""What comes on top of a visit's price. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.shared.money import MAX_FEN
from functions.tracking import table
from functions.tracking.actions.expenses import Claim
from functions.tracking.actions.overtime import reason_of
from functions.tracking.rules.expenses import EXPENSE_TITLES, ExpenseKind, ExpenseState
from functions.tracking.rules.overtime import OvertimeRequest, OvertimeState
from functions.tracking.table.extras import Extras

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class OvertimeBody(Body, frozen=True, kw_only=True):
    """申请延时：免费时长之后还需要多少分钟，按计费单位向上取整。"""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=720)]


class DeclineBody(Body, frozen=True, kw_only=True):
    """不同意的理由，陪诊师可见。"""

    reason: Words


class AuthorizationBody(Body, frozen=True, kw_only=True):
    """预先同意的超时费上限（全部延时合计）；0 为每次都问我。"""

    cap_fen: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class OvertimeRequestView(Reading, frozen=True, kw_only=True):
    """一次延时申请；`automatic` 表示在预先同意的上限之内，已自动同意。"""

    overtime_id: str
    minutes: int
    amount_fen: int
    state: OvertimeState
    automatic: bool
    asked_at: datetime
    answered_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, request: OvertimeRequest, reason: str | None = None) -> "OvertimeRequestView":
        return cls(
            overtime_id=request.overtime_id,
            minutes=request.minutes,
            amount_fen=request.amount_fen,
            state=request.state,
            automatic=request.automatic,
            asked_at=clock.china(request.asked_at),
            answered_at=clock.china(request.answered_at) if request.answered_at else None,
            reason=reason,
        )


class OvertimeView(Reading, frozen=True, kw_only=True):
    """本次陪诊的延时和预先同意的上限；修改上限时带上 `version`。"""

    visit_id: str
    cap_fen: int
    requests: list[OvertimeRequestView]
    version: int

    @classmethod
    def of(cls, visit: table.Visit, extras: Extras) -> "OvertimeView":
        return cls(
            visit_id=visit.visit_id,
            cap_fen=extras.cap_fen,
            requests=[OvertimeRequestView.of(each, reason_of(visit, each)) for each in extras.overtime],
            version=int(extras.version or 0),
        )


class AuthorizationView(Reading, frozen=True, kw_only=True):
    """预先同意的超时费上限。"""

    visit_id: str
    cap_fen: int
    version: int

    @classmethod
    def of(cls, extras: Extras) -> "AuthorizationView":
        return cls(visit_id=extras.pk, cap_fen=extras.cap_fen, version=int(extras.version))


class ExpenseBody(Body, frozen=True, kw_only=True):
    """陪诊师代就诊人垫付的一笔费用，须附凭证（照片或 PDF）。"""

    kind: ExpenseKind
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=MAX_FEN)]
    receipt_file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    note: Words | None = None


class ExpenseView(Reading, frozen=True, kw_only=True):
    """一笔垫付；同意后与延时费用一并支付，全额归陪诊师。"""

    expense_id: str
    kind: ExpenseKind
    title: str
    amount_fen: int
    state: ExpenseState
    asked_at: datetime
    answered_at: datetime | None
    note: str | None
    reason: str | None
    receipt_url: str
    receipt_type: str

    @classmethod
    def of(cls, claim: Claim) -> "ExpenseView":
        expense = claim.expense
        return cls(
            expense_id=expense.expense_id,
            kind=ExpenseKind(expense.expense_kind),
            title=EXPENSE_TITLES[ExpenseKind(expense.expense_kind)],
            amount_fen=expense.amount_fen,
            state=ExpenseState(expense.state),
            asked_at=clock.china(expense.asked_at),
            answered_at=clock.china(expense.answered_at) if expense.answered_at else None,
            note=claim.note,
            reason=claim.reason,
            receipt_url=claim.receipt_url,
            receipt_type=expense.content_type,
        )


class ExpenseList(Reading, frozen=True, kw_only=True):
    """按申请先后。"""

    items: list[ExpenseView]


class EvidenceUpload(Body, frozen=True, kw_only=True):
    """凭证或现场照片的格式。"""

    content_type: Annotated[str, msgspec.Meta(max_length=64)]
