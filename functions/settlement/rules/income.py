"""A companion's income of one order (F25): pending within the complaint window, then available."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove


class IncomeState(StrEnum):
    PENDING = "pending"
    AVAILABLE = "available"


INCOME_MOVES: Mapping[IncomeState, frozenset[IncomeState]] = {
    IncomeState.PENDING: frozenset({IncomeState.AVAILABLE}),
    IncomeState.AVAILABLE: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Income:
    """What one completed order brought a companion: price + subsidy = share + commission + premium."""

    order_id: str
    companion_id: str
    price_fen: int
    subsidy_fen: int
    commission_fen: int
    premium_fen: int
    share_fen: int
    state: IncomeState
    completed_at: datetime
    release_at: datetime
    version: int


@dataclass(frozen=True)
class Earnings:
    """What a companion is owed."""

    pending_fen: int
    available_fen: int


def move_income(state: IncomeState, to: IncomeState) -> IncomeState:
    """`to`, if an income may go there from `state`; otherwise IllegalMove."""
    if to not in INCOME_MOVES[state]:
        raise IllegalMove(f"收入状态不能从 {state} 变为 {to}")
    return to
