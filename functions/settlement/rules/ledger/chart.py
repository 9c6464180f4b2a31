"""The chart of accounts: what an account is, whose it is, and on which side it grows."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SHARDS = 16
"""Accounts that serve many orders are kept in this many parts, so that no order waits for another one's booking."""
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
    """Whom an account belongs to. Accounts of the platform, an insurer or a programme serve many orders: sharded."""

    PLATFORM = "platform"
    INSURER = "insurer"
    PROGRAMME = "programme"
    COMPANION = "companion"
    ORDER = "order"

    @property
    def is_sharded(self) -> bool:
        return self in (Scope.PLATFORM, Scope.INSURER, Scope.PROGRAMME)


class Code(StrEnum):
    """The chart of accounts."""

    PROVIDER_CLEARING = "provider_clearing"
    """The operator's money at the payment provider."""
    BANK_CLEARING = "bank_clearing"
    """The operator's money at the bank."""
    CLIENT_FUNDS_HELD = "client_funds_held"
    """What a client paid for an order that is not divided yet."""
    REFUND_PAYABLE = "refund_payable"
    """What an order's client gets back and the provider has not confirmed."""
    COMPANION_PENDING = "companion_pending"
    """A companion's income within the complaint window."""
    COMPANION_AVAILABLE = "companion_available"
    """A companion's income that may be withdrawn."""
    COMPANION_WITHDRAWING = "companion_withdrawing"
    """What a companion asked for and has not received yet."""
    COMPANION_DEBT = "companion_debt"
    """What a companion owes because income was refunded after its release; later income repays it first."""
    PREMIUM_PAYABLE = "premium_payable"
    """Premiums owed to an insurer."""
    TAX_WITHHELD = "tax_withheld"
    """Income tax kept back for the tax office."""
    SUSPENSE = "suspense"
    """Money that arrived and cannot be explained by our records."""
    COMMISSION = "commission"
    SUBSIDY = "subsidy"
    """What a programme paid of orders' prices."""
    COUPON_COST = "coupon_cost"
    GOODWILL = "goodwill"
    """What the platform gave back out of its own pocket."""
    PROVIDER_FEES = "provider_fees"

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
    Code.BANK_CLEARING: (Kind.ASSET, Scope.PLATFORM, "银行存款"),
    Code.CLIENT_FUNDS_HELD: (Kind.LIABILITY, Scope.ORDER, "代管客户款"),
    Code.REFUND_PAYABLE: (Kind.LIABILITY, Scope.ORDER, "应退客户款"),
    Code.COMPANION_PENDING: (Kind.LIABILITY, Scope.COMPANION, "陪诊师待结算收入"),
    Code.COMPANION_AVAILABLE: (Kind.LIABILITY, Scope.COMPANION, "陪诊师可提现收入"),
    Code.COMPANION_WITHDRAWING: (Kind.LIABILITY, Scope.COMPANION, "陪诊师提现中"),
    Code.COMPANION_DEBT: (Kind.ASSET, Scope.COMPANION, "陪诊师待扣回款"),
    Code.PREMIUM_PAYABLE: (Kind.LIABILITY, Scope.INSURER, "应付保费"),
    Code.TAX_WITHHELD: (Kind.LIABILITY, Scope.PLATFORM, "代扣个人所得税"),
    Code.SUSPENSE: (Kind.LIABILITY, Scope.PLATFORM, "待查款项"),
    Code.COMMISSION: (Kind.INCOME, Scope.PLATFORM, "平台抽成"),
    Code.SUBSIDY: (Kind.EXPENSE, Scope.PROGRAMME, "补贴支出"),
    Code.COUPON_COST: (Kind.EXPENSE, Scope.PLATFORM, "优惠券支出"),
    Code.GOODWILL: (Kind.EXPENSE, Scope.PLATFORM, "补偿支出"),
    Code.PROVIDER_FEES: (Kind.EXPENSE, Scope.PLATFORM, "渠道手续费"),
}


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
    def is_sharded(self) -> bool:
        return self.code.scope.is_sharded

    @property
    def may_not_overdraw(self) -> bool:
        """Whether the store must refuse to take more from it than is on it."""
        is_owed_or_owing = self.code.kind in (Kind.LIABILITY, Kind.ASSET)
        return is_owed_or_owing and not self.is_sharded


_OWNER = re.compile(r"[0-9A-Za-z_\-]{1,64}")


def parse_account(text: str) -> Account:
    """The inverse of `str(account)`. Raises ValueError."""
    code, _, owner = text.partition(":")
    if owner and not _OWNER.fullmatch(owner):
        raise ValueError(f"{owner!r} is nobody's id")
    return Account(Code(code), owner)


PROVIDER_CLEARING = Account(Code.PROVIDER_CLEARING)
BANK_CLEARING = Account(Code.BANK_CLEARING)
TAX_WITHHELD = Account(Code.TAX_WITHHELD)
SUSPENSE = Account(Code.SUSPENSE)
COMMISSION = Account(Code.COMMISSION)
COUPON_COST = Account(Code.COUPON_COST)
GOODWILL = Account(Code.GOODWILL)
PROVIDER_FEES = Account(Code.PROVIDER_FEES)


def funds_held(order_id: str) -> Account:
    return Account(Code.CLIENT_FUNDS_HELD, order_id)


def refund_payable(order_id: str) -> Account:
    return Account(Code.REFUND_PAYABLE, order_id)


def companion_pending(companion_id: str) -> Account:
    return Account(Code.COMPANION_PENDING, companion_id)


def companion_available(companion_id: str) -> Account:
    return Account(Code.COMPANION_AVAILABLE, companion_id)


def companion_withdrawing(companion_id: str) -> Account:
    return Account(Code.COMPANION_WITHDRAWING, companion_id)


def companion_debt(companion_id: str) -> Account:
    return Account(Code.COMPANION_DEBT, companion_id)


def premium_payable(insurer_id: str) -> Account:
    return Account(Code.PREMIUM_PAYABLE, insurer_id)


def subsidy(programme_id: str) -> Account:
    return Account(Code.SUBSIDY, programme_id)


def shard_of(subject: str) -> int:
    """The part of every sharded account in which the bookings about one object are kept."""
    return zlib.crc32(subject.encode()) % SHARDS
