"""Bodies and answers about payout plans. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from functions.settlement.rules.payouts import PlanItem, PlanState, Settled
from functions.settlement.rules.withdrawals import Channel
from functions.settlement.schemas.refunds import Reason
from functions.settlement.table.payouts import PlanRow
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class SettledView(Reading, frozen=True):
    """What of a plan came to its end: amounts before tax."""

    items: int
    paid_fen: int
    returned_fen: int


class PlanView(Reading, frozen=True):
    """The plan of a day. `sha256` is of its file; whoever checks or approves it names it.

    `settled` is told of a single plan, not in lists.
    """

    day: str
    state: PlanState
    items: int
    amount_fen: int
    """Before tax: what is sent is `amount_fen` less `tax_fen`."""
    tax_fen: int
    sha256: str
    has_bank_file: bool
    made_at: datetime
    checked_by: str | None
    checked_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    settled: SettledView | None
    version: int

    @classmethod
    def of(cls, row: PlanRow, *, settled: Settled | None = None) -> "PlanView":
        return cls(
            day=row.day,
            state=row.plan_state,
            items=int(row.items),
            amount_fen=int(row.amount_fen),
            tax_fen=int(row.tax_fen),
            sha256=row.sha256,
            has_bank_file=bool(row.bank_file_key),
            made_at=clock.china(row.made_at),
            checked_by=row.checked_by,
            checked_at=clock.china(row.checked_at) if row.checked_at else None,
            decided_by=row.decided_by,
            decided_at=clock.china(row.decided_at) if row.decided_at else None,
            settled=SettledView(settled.items, settled.paid_fen, settled.returned_fen) if settled else None,
            version=int(row.version),
        )


class PlanList(Reading, frozen=True):
    items: list[PlanView]


class PlannedTransferView(Reading, frozen=True):
    """`amount_fen` is sent, `tax_fen` kept back beside it."""

    number: str
    amount_fen: int
    tax_fen: int


class PlanItemView(Reading, frozen=True):
    """One withdrawal of a plan with the transfers that pay it; they and `tax_fen` sum to `amount_fen`."""

    withdrawal_id: str
    companion_id: str
    payee_id: str
    channel: Channel
    amount_fen: int
    tax_fen: int
    transfers: list[PlannedTransferView]

    @classmethod
    def of(cls, item: PlanItem) -> "PlanItemView":
        return cls(
            withdrawal_id=item.withdrawal_id,
            companion_id=item.companion_id,
            payee_id=item.payee_id,
            channel=item.channel,
            amount_fen=item.amount_fen,
            tax_fen=item.tax_fen,
            transfers=[
                PlannedTransferView(number=each.bill_no, amount_fen=each.amount_fen, tax_fen=each.tax_fen)
                for each in item.transfers
            ],
        )


class PlanDigest(Body, frozen=True):
    """The plan that was looked at."""

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="所核对计划文件的 SHA-256")]


class RejectPlan(Body, frozen=True):
    reason: Reason


class PlanFileView(Reading, frozen=True):
    url: str
    expires_at: datetime


class BankAnswers(Body, frozen=True):
    """银行回盘文件（CSV 文本）：商户流水号、金额（元）、结果，可有银行流水号、原因。"""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=200_000)]


class BankAnswersView(Reading, frozen=True):
    """How many rows were read; they are booked within moments, each once."""

    rows: int


class WorkingDay(Body, frozen=True):
    """true：照常打款；false：不打款；null：按国家公布的日历。"""

    is_worked: bool | None


class WorkingDaysView(Reading, frozen=True):
    """What was said of single days, before the published calendar."""

    days: dict[date, bool]
    version: int
