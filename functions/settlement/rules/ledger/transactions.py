"""Transactions: immutable, zero-sum, and what follows from them by folding alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.settlement.rules.ledger.chart import Account, Code
from functions.shared import clock
from functions.shared.errors import Conflict
from functions.shared.money import fen


class Unbalanced(Exception):
    """A transaction that does not sum to zero, or names an account twice: a defect, nothing may be written."""


class Overdrawn(Conflict):
    """An account of one companion or one order would give more than is on it."""

    code = "insufficient_balance"
    title = "账户余额不足"


class NotReversible(Conflict):
    """The transaction belongs to a business process, which is where it is put right; or it was reversed before."""

    code = "not_reversible"
    title = "这笔分录不能冲正"


@dataclass(frozen=True)
class Posting:
    """`amount_fen` on one account: a debit if positive, a credit if negative."""

    account: Account
    amount_fen: int


@dataclass(frozen=True)
class Transaction:
    """What one business event books. `id` is `<event>#<business id>`: the same event can only be booked once.

    `subject` is the object that it is about and with which it is kept: an order, a withdrawal, a manual booking.
    Raises Unbalanced unless its postings sum to zero, none is zero and each account appears once.
    """

    id: str
    subject: str
    at: datetime
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        amounts = [fen(posting.amount_fen) for posting in self.postings]
        if sum(amounts) or not all(amounts) or not amounts:
            raise Unbalanced(f"{self.id}: {amounts}")
        if len({posting.account for posting in self.postings}) < len(self.postings):
            raise Unbalanced(f"{self.id} names an account twice")

    @property
    def event(self) -> str:
        """What it is about: `payment`, `refund_requested`, `refund_paid`, `split` …"""
        return event_of(self.id)


def event_of(transaction_id: str) -> str:
    """What the transaction of this id is about; also of one that does not sum to zero, and so is none."""
    return transaction_id.partition("#")[0]


def booking(id: str, *, subject: str, at: datetime, amounts: Mapping[Account, int]) -> Transaction:
    """A transaction of these signed amounts; accounts with nothing on them are left out. Raises Unbalanced."""
    postings = tuple(Posting(account, amount) for account, amount in amounts.items() if amount)
    return Transaction(id, subject, at, postings)


_REVERSIBLE = frozenset({"manual", "suspense"})
"""Bookings with nothing but the ledger behind them; the others are put right by the process that made them."""


def reversal(of: Transaction, *, at: datetime) -> Transaction:
    """The correction of `of`: the same accounts with opposite signs, once. Raises NotReversible."""
    if of.event not in _REVERSIBLE:
        raise NotReversible("这笔分录由业务流程产生，请通过相应流程更正")
    amounts = {posting.account: -posting.amount_fen for posting in of.postings}
    return booking(f"reversal#{of.id}", subject=of.subject, at=at, amounts=amounts)


_SEQUENCE = {
    event: place
    for place, event in enumerate(
        (
            "payment",
            "suspense",
            "fees",
            "split",
            "supplement",
            "premium_assigned",
            "premium_kept",
            "release",
            "refund_requested",
            "refund_paid",
            "withdrawal",
            "withdrawal_returned",
            "withdrawal_paid",
            "tax_returned",
            "provider_fees",
            "difference",
            "difference_taken_back",
            "manual",
            "reversal",
        )
    )
}


def in_sequence(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Oldest first; events of the same instant in the order in which money passes through them."""
    return sorted(transactions, key=lambda booked: (booked.at, _SEQUENCE.get(booked.event, len(_SEQUENCE)), booked.id))


def fold(transactions: Iterable[Transaction]) -> dict[Account, int]:
    """The signed balance of every account that the transactions touch."""
    balances: dict[Account, int] = {}
    for transaction in transactions:
        for posting in transaction.postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount_fen
    return balances


def paid_out_fen(transaction_id: str, code: Code, amount_fen: int) -> int:
    """What a posting paid out to a companion: all of it if a withdrawal arrived, nothing otherwise."""
    is_paid = code is Code.COMPANION_WITHDRAWING and transaction_id.startswith("withdrawal_paid#")
    return amount_fen if is_paid else 0


def month_of(at: datetime) -> str:
    """The China month in which a transaction is kept, `2026-03`."""
    return f"{clock.china(at):%Y-%m}"


@dataclass(frozen=True)
class TrialBalance:
    """The signed total of every account code; `is_balanced` if they sum to zero, as they always must."""

    totals: dict[Code, int]

    @property
    def debit_fen(self) -> int:
        return sum(amount for amount in self.totals.values() if amount > 0)

    @property
    def credit_fen(self) -> int:
        return -sum(amount for amount in self.totals.values() if amount < 0)

    @property
    def is_balanced(self) -> bool:
        return self.debit_fen == self.credit_fen
