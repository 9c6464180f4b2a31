"""Bodies and answers about a companion's money. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.settlement.rules.income import Earnings, Income, IncomeKind, IncomeState
from functions.settlement.rules.statements import Format
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class ReleaseView(Reading, frozen=True):
    release_at: datetime
    amount_fen: int


class EarningsView(Reading, frozen=True):
    """What the companion is owed and has received; `releases` say when what is pending may be withdrawn."""

    pending_fen: int
    available_fen: int
    withdrawing_fen: int
    paid_fen: int
    """Before tax."""
    tax_this_year_fen: int
    """Income tax withheld of what was paid this calendar year; by month in the tax statement."""
    debt_fen: int
    """To be repaid by the next releases."""
    releases: list[ReleaseView]

    @classmethod
    def of(cls, earnings: Earnings) -> "EarningsView":
        return cls(
            pending_fen=earnings.pending_fen,
            available_fen=earnings.available_fen,
            withdrawing_fen=earnings.withdrawing_fen,
            paid_fen=earnings.paid_fen,
            tax_this_year_fen=earnings.tax_this_year_fen,
            debt_fen=earnings.debt_fen,
            releases=[
                ReleaseView(release_at=clock.china(each.release_at), amount_fen=each.amount_fen)
                for each in earnings.releases
            ],
        )


class IncomeView(Reading, frozen=True):
    """One order's income with every deduction: price + subsidy + coupon = share + commission + premium."""

    order_id: str
    kind: IncomeKind
    price_fen: int
    subsidy_fen: int
    coupon_fen: int
    commission_fen: int
    premium_fen: int
    share_fen: int
    expenses_fen: int
    """Of the share, what only gives back what the companion laid out (B9)."""
    supplement_id: str | None
    """Set for what a supplementary payment brought."""
    clawed_fen: int
    """What refunds took back of the share since."""
    repaid_fen: int
    """What repaid a debt when the income was released."""
    net_fen: int
    """Share without what was taken back."""
    state: IncomeState
    completed_at: datetime
    release_at: datetime
    version: int

    @classmethod
    def of(cls, income: Income) -> "IncomeView":
        return cls(
            order_id=income.order_id,
            kind=income.kind,
            price_fen=income.price_fen,
            subsidy_fen=income.subsidy_fen,
            coupon_fen=income.coupon_fen,
            commission_fen=income.commission_fen,
            premium_fen=income.premium_fen,
            share_fen=income.share_fen,
            expenses_fen=income.expenses_fen,
            supplement_id=income.supplement_id,
            clawed_fen=income.clawed_fen,
            repaid_fen=income.repaid_fen,
            net_fen=income.net_fen,
            state=income.state,
            completed_at=clock.china(income.completed_at),
            release_at=clock.china(income.release_at),
            version=income.version,
        )


class MakeStatement(Body, frozen=True):
    """A week or month, and the kind of file."""

    period: Annotated[str, msgspec.Meta(max_length=8, description="周：2026-W09；月：2026-02（北京时间）")]
    format: Format = Format.XLSX


class StatementFileView(Reading, frozen=True):
    """A statement that was made; the link opens it until `expires_at`."""

    period: str
    format: Format
    url: str
    expires_at: datetime
