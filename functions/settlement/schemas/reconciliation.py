"""Bodies and answers about the daily reconciliation. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.settlement.rules.reconciliation import (
    TITLES,
    CaseState,
    DifferenceKind,
    LineKind,
    Resolution,
    RunState,
)
from functions.settlement.schemas.refunds import Reason
from functions.settlement.table.reconciliation import CaseRow, ReconciliationRow
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class MonthQuery(Body, frozen=True):
    month: Annotated[str, msgspec.Meta(pattern=r"^(20\d{2}-(0[1-9]|1[0-2]))?$", description="默认为本月")] = ""


class ReconciliationView(Reading, frozen=True):
    """How a day's bill compared. `off_fen`: what the provider holds more (or less) than our books said."""

    day: str
    state: RunState
    at: datetime
    reason: str | None
    matched: int
    matched_fen: int
    fees_fen: int
    cases: int
    off_fen: int
    signed_by: str | None
    signed_at: datetime | None
    version: int

    @classmethod
    def of(cls, row: ReconciliationRow) -> "ReconciliationView":
        return cls(
            day=row.day,
            state=RunState(row.state),
            at=clock.china(row.at),
            reason=row.reason,
            matched=int(row.matched),
            matched_fen=int(row.matched_fen),
            fees_fen=int(row.fees_fen),
            cases=int(row.cases),
            off_fen=int(row.off_fen),
            signed_by=row.signed_by,
            signed_at=clock.china(row.signed_at) if row.signed_at else None,
            version=int(row.version),
        )


class ReconciliationList(Reading, frozen=True):
    items: list[ReconciliationView]


class CaseView(Reading, frozen=True):
    """One difference. `ours_fen` or `theirs_fen` is null on the side that does not know the number."""

    case_id: str
    kind: DifferenceKind
    title: str
    line: LineKind
    number: str
    provider_no: str
    order_id: str
    ours_fen: int | None
    theirs_fen: int | None
    off_fen: int
    state: CaseState
    found_at: datetime
    resolution: Resolution | None
    booking_id: str | None
    note: str | None
    resolved_by: str | None
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: CaseRow) -> "CaseView":
        difference = row.difference
        return cls(
            case_id=row.case_id,
            kind=difference.kind,
            title=TITLES[difference.kind],
            line=difference.line_kind,
            number=difference.number,
            provider_no=difference.provider_no,
            order_id=difference.order_id,
            ours_fen=difference.ours_fen,
            theirs_fen=difference.theirs_fen,
            off_fen=difference.off_fen,
            state=CaseState(row.state),
            found_at=clock.china(row.found_at),
            resolution=Resolution(row.resolution) if row.resolution else None,
            booking_id=row.booking_id,
            note=row.note,
            resolved_by=row.resolved_by,
            resolved_at=clock.china(row.resolved_at) if row.resolved_at else None,
        )


class ResolveCase(Body, frozen=True):
    """What the difference was; `booking_id` with `booked` only."""

    resolution: Annotated[
        Resolution,
        msgspec.Meta(description="timing：跨日入账；provider_error：渠道承认账单有误；booked：已人工调账"),
    ]
    note: Reason
    booking_id: str | None = None
