"""A companion's income of one order (F25): pending within the complaint window, then available."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove


class IncomeState(StrEnum):
    PENDING = "pending"
    AVAILABLE = "available"


class IncomeKind(StrEnum):
    """What the income is for."""

    VISIT = "visit"
    CANCELLATION_FEE = "cancellation_fee"
    SUPPLEMENT = "supplement"
    """Overtime, and what the companion laid out (B9)."""


INCOME_MOVES: Mapping[IncomeState, frozenset[IncomeState]] = {
    IncomeState.PENDING: frozenset({IncomeState.AVAILABLE}),
    IncomeState.AVAILABLE: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Income:
    """What one order brought a companion: price + subsidy + coupon = share + commission + premium.

    `price_fen` is what the client paid and did not get back when the order ended.
    """

    order_id: str
    companion_id: str
    kind: IncomeKind
    price_fen: int
    subsidy_fen: int
    coupon_fen: int
    commission_fen: int
    premium_fen: int
    share_fen: int
    clawed_fen: int
    """Of the share, what refunds took back since."""
    repaid_fen: int
    """Of the share, what repaid a debt when it was released."""
    state: IncomeState
    completed_at: datetime
    release_at: datetime
    version: int
    expenses_fen: int = 0
    """Of the share, what only gives back what the companion laid out."""
    supplement_id: str | None = None
    """The supplementary payment that brought it; None for what the order itself brought."""

    @property
    def source_id(self) -> str:
        """What the ledger's bookings about it are named by."""
        return self.supplement_id or self.order_id

    @property
    def net_fen(self) -> int:
        return self.share_fen - self.clawed_fen


@dataclass(frozen=True)
class Release:
    """So much becomes available at this instant, if no refund comes in between."""

    release_at: datetime
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Earnings:
    """What a companion is owed and has received, as the ledger has it."""

    pending_fen: int
    available_fen: int
    withdrawing_fen: int
    paid_fen: int
    """All that was ever paid out, before tax."""
    tax_this_year_fen: int
    """What was withheld of what was paid out this calendar year."""
    debt_fen: int
    """What was refunded after its release; the next releases repay it."""
    releases: tuple[Release, ...]
    """Earliest first; they sum to `pending_fen`."""


def move_income(state: IncomeState, to: IncomeState) -> IncomeState:
    """`to`, if an income may go there from `state`; otherwise IllegalMove."""
    if to not in INCOME_MOVES[state]:
        raise IllegalMove(f"收入状态不能从 {state} 变为 {to}")
    return to
