"""The ledger (F32, B10): accounts, immutable transactions that sum to zero, and what each business event books.

Amounts are signed fen: a debit is positive, a credit negative, so every transaction and the whole ledger sum to zero.
An asset or expense grows by debits, a liability or income by credits. A correction is a reversal, never a change.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict
from functions.shared.money import fen

SHARDS = 16
"""Platform-wide balances are kept in this many parts, so that no order waits for another one's booking."""
UNASSIGNED = "unassigned"
"""Owner of premiums whose insurer is not known yet."""


class Kind(StrEnum):
    """What an account is; decides on which side it grows."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def natural_sign(self) -> int:
        """+1 where debits are the balance, -1 where credits are."""
        return 1 if self in (Kind.ASSET, Kind.EXPENSE) else -1


class Scope(StrEnum):
    """Whom an account belongs to. Accounts of the platform and of an insurer serve many orders and are sharded."""

    PLATFORM = "platform"
    INSURER = "insurer"
    COMPANION = "companion"
    ORDER = "order"

    @property
    def is_sharded(self) -> bool:
        return self in (Scope.PLATFORM, Scope.INSURER)


class Code(StrEnum):
    """The chart of accounts."""

    PROVIDER_CLEARING = "provider_clearing"
    """The operator's money at the payment provider."""
    CLIENT_FUNDS_HELD = "client_funds_held"
    """What a client paid for an order that is not divided yet."""
    REFUND_PAYABLE = "refund_payable"
    """What an order's client gets back and the provider has not confirmed."""
    COMPANION_PENDING = "companion_pending"
    """A companion's income within the complaint window."""
    COMPANION_AVAILABLE = "companion_available"
    """A companion's income that may be withdrawn."""
    PREMIUM_PAYABLE = "premium_payable"
    """Premiums owed to an insurer."""
    SUSPENSE = "suspense"
    """Money that arrived and cannot be explained by our records."""
    COMMISSION = "commission"
    SUBSIDY = "subsidy"
    """What a programme paid of an order's price."""

    @property
    def kind(self) -> Kind:
        return _CHART[self][0]

    @property
    def scope(self) -> Scope:
        return _CHART[self][1]

    @property
    def label(self) -> str:
        """As finance reads it."""
        return _CHART[self][2]


_CHART: Mapping[Code, tuple[Kind, Scope, str]] = {
    Code.PROVIDER_CLEARING: (Kind.ASSET, Scope.PLATFORM, "支付渠道待结算资金"),
    Code.CLIENT_FUNDS_HELD: (Kind.LIABILITY, Scope.ORDER, "代管客户款"),
    Code.REFUND_PAYABLE: (Kind.LIABILITY, Scope.ORDER, "应退客户款"),
    Code.COMPANION_PENDING: (Kind.LIABILITY, Scope.COMPANION, "陪诊师待结算收入"),
    Code.COMPANION_AVAILABLE: (Kind.LIABILITY, Scope.COMPANION, "陪诊师可提现收入"),
    Code.PREMIUM_PAYABLE: (Kind.LIABILITY, Scope.INSURER, "应付保费"),
    Code.SUSPENSE: (Kind.LIABILITY, Scope.PLATFORM, "待查款项"),
    Code.COMMISSION: (Kind.INCOME, Scope.PLATFORM, "平台抽成"),
    Code.SUBSIDY: (Kind.EXPENSE, Scope.PLATFORM, "补贴支出"),
}


class Unbalanced(Exception):
    """A transaction that does not sum to zero, or names an account twice: a defect, nothing may be written."""


class Overdrawn(Conflict):
    """An owned liability account would fall below zero."""

    code = "insufficient_balance"
    title = "账户余额不足"


class SplitMismatch(Conflict):
    """The parts of a price are not what is held for the order."""

    code = "split_mismatch"
    title = "分账金额与代管金额不一致"


@dataclass(frozen=True)
class Account:
    """One account: a code, and whose it is unless it is the platform's own. As text `companion_pending:acc_…`."""

    code: Code
    owner: str = ""

    def __post_init__(self) -> None:
        if (self.code.scope is Scope.PLATFORM) == bool(self.owner):
            raise ValueError(f"{self.code} belongs to the {self.code.scope}, not to {self.owner!r}")

    def __str__(self) -> str:
        return f"{self.code}:{self.owner}" if self.owner else str(self.code)

    @property
    def may_not_overdraw(self) -> bool:
        """Whether the store must refuse to take more from it than it holds."""
        return self.code.kind is Kind.LIABILITY and not self.code.scope.is_sharded


PROVIDER_CLEARING = Account(Code.PROVIDER_CLEARING)
SUSPENSE = Account(Code.SUSPENSE)
COMMISSION = Account(Code.COMMISSION)
SUBSIDY = Account(Code.SUBSIDY)


def funds_held(order_id: str) -> Account:
    return Account(Code.CLIENT_FUNDS_HELD, order_id)


def refund_payable(order_id: str) -> Account:
    return Account(Code.REFUND_PAYABLE, order_id)


def companion_pending(companion_id: str) -> Account:
    return Account(Code.COMPANION_PENDING, companion_id)


def companion_available(companion_id: str) -> Account:
    return Account(Code.COMPANION_AVAILABLE, companion_id)


def premium_payable(insurer_id: str) -> Account:
    return Account(Code.PREMIUM_PAYABLE, insurer_id)


@dataclass(frozen=True)
class Posting:
    """`amount_fen` on one account: a debit if positive, a credit if negative."""

    account: Account
    amount_fen: int


@dataclass(frozen=True)
class Transaction:
    """What one business event books. `id` is `<event>#<business id>`: the same event can only be booked once.

    Raises Unbalanced unless its postings sum to zero, none is zero and each account appears once.
    """

    id: str
    order_id: str
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
        return self.id.partition("#")[0]


def booking(id: str, *, order_id: str, at: datetime, amounts: Mapping[Account, int]) -> Transaction:
    """A transaction of these signed amounts; accounts with nothing on them are left out. Raises Unbalanced."""
    postings = tuple(Posting(account, amount) for account, amount in amounts.items() if amount)
    return Transaction(id, order_id, at, postings)


def payment_received(*, payment_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The client's money arrived at the provider and is held for the order."""
    amounts = {PROVIDER_CLEARING: amount_fen, funds_held(order_id): -amount_fen}
    return booking(f"payment#{payment_id}", order_id=order_id, at=at, amounts=amounts)


def unexplained_payment(*, payment_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The provider holds money that is not what we asked for: it is nobody's until staff have looked."""
    amounts = {PROVIDER_CLEARING: amount_fen, SUSPENSE: -amount_fen}
    return booking(f"suspense#{payment_id}", order_id=order_id, at=at, amounts=amounts)


def refund_requested(*, refund_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """Held money is now owed to the client."""
    amounts = {funds_held(order_id): amount_fen, refund_payable(order_id): -amount_fen}
    return booking(f"refund_requested#{refund_id}", order_id=order_id, at=at, amounts=amounts)


def refund_paid(*, refund_id: str, order_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The provider gave the money back."""
    amounts = {refund_payable(order_id): amount_fen, PROVIDER_CLEARING: -amount_fen}
    return booking(f"refund_paid#{refund_id}", order_id=order_id, at=at, amounts=amounts)


@dataclass(frozen=True, kw_only=True)
class Division:
    """How an order's money is divided: share + commission + premium = held + subsidy."""

    companion_id: str
    insurer_id: str
    share_fen: int
    commission_fen: int
    premium_fen: int
    subsidy_fen: int = 0

    @property
    def held_fen(self) -> int:
        """What must be held for the order, so that nothing is left and nothing is missing."""
        return self.share_fen + self.commission_fen + self.premium_fen - self.subsidy_fen


def order_split(*, order_id: str, held_fen: int, division: Division, at: datetime) -> Transaction:
    """Held money (and the subsidy) becomes income, commission and premium. SplitMismatch unless it fits exactly."""
    parts = (division.share_fen, division.commission_fen, division.premium_fen, division.subsidy_fen)
    if min(parts) < 0 or division.held_fen != held_fen or held_fen <= 0:
        raise SplitMismatch(f"代管 {held_fen} 分，分账合计 {division.held_fen} 分")
    amounts = {
        funds_held(order_id): held_fen,
        SUBSIDY: division.subsidy_fen,
        companion_pending(division.companion_id): -division.share_fen,
        COMMISSION: -division.commission_fen,
        premium_payable(division.insurer_id): -division.premium_fen,
    }
    return booking(f"split#{order_id}", order_id=order_id, at=at, amounts=amounts)


def premium_assigned(*, order_id: str, insurer_id: str, amount_fen: int, at: datetime) -> Transaction:
    """A premium that was booked before the insurer was known is now owed to that insurer."""
    amounts = {premium_payable(UNASSIGNED): amount_fen, premium_payable(insurer_id): -amount_fen}
    return booking(f"premium_assigned#{order_id}", order_id=order_id, at=at, amounts=amounts)


def income_released(*, order_id: str, companion_id: str, amount_fen: int, at: datetime) -> Transaction:
    """The complaint window is over: pending income may be withdrawn."""
    amounts = {companion_pending(companion_id): amount_fen, companion_available(companion_id): -amount_fen}
    return booking(f"release#{order_id}", order_id=order_id, at=at, amounts=amounts)


def reversal(of: Transaction, *, at: datetime) -> Transaction:
    """The correction of `of`: the same accounts with opposite signs, once."""
    amounts = {posting.account: -posting.amount_fen for posting in of.postings}
    return booking(f"reversal#{of.id}", order_id=of.order_id, at=at, amounts=amounts)


_SEQUENCE = (
    "payment",
    "suspense",
    "refund_requested",
    "refund_paid",
    "split",
    "premium_assigned",
    "release",
    "reversal",
)


def in_sequence(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Oldest first; events of the same instant in the order in which money passes through them."""
    return sorted(transactions, key=lambda booked: (booked.at, _SEQUENCE.index(booked.event)))


def fold(transactions: Iterable[Transaction]) -> dict[Account, int]:
    """The signed balance of every account that the transactions touch."""
    balances: dict[Account, int] = {}
    for transaction in transactions:
        for posting in transaction.postings:
            balances[posting.account] = balances.get(posting.account, 0) + posting.amount_fen
    return balances


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


def shard_of(order_id: str) -> int:
    """The part of the platform-wide balances in which an order's bookings are kept."""
    return zlib.crc32(order_id.encode()) % SHARDS
