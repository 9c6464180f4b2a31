"""What a day's postings come to, by order and by city, package and hospital (F32).

Every figure is a sum of postings, so a report can be traced to the fen. Over any transactions that are complete,
    paid in + subsidies + coupons + goodwill = refunds + shares + commission + premiums + what more is held.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from functions.settlement.rules.ledger import Code, Transaction
from functions.settlement.rules.supplements import number_of
from functions.shared.errors import FieldError, Invalid


class Dimension(StrEnum):
    """By what a report is divided."""

    TOTAL = "total"
    CITY = "city"
    PACKAGE = "package"
    HOSPITAL = "hospital"


def is_supplement(transaction_id: str) -> bool:
    """Whether a payment came on top of an order's own, which counts the order."""
    return number_of(transaction_id.partition("#")[2]) > 0


@dataclass(frozen=True)
class Place:
    """Where an order belongs in each dimension; empty texts for money that belongs to no order."""

    city: str = ""
    package: str = ""
    hospital: str = ""

    def value(self, dimension: Dimension) -> str:
        """Its place in one dimension; everything is in the one total."""
        return "" if dimension is Dimension.TOTAL else str(getattr(self, dimension.value))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Amounts of one object or of many, in fen. Refunds and costs are positive."""

    gross_fen: int = 0
    """What clients paid."""
    refund_fen: int = 0
    """What was given back, or is owed to be."""
    subsidy_fen: int = 0
    coupon_fen: int = 0
    goodwill_fen: int = 0
    share_fen: int = 0
    """Companions' income, less what refunds took back."""
    commission_fen: int = 0
    premium_fen: int = 0
    held_fen: int = 0
    """How much more is held for orders that are not settled (less, if negative)."""
    tax_fen: int = 0
    """Withheld of what companions were paid, less what was given back; not what was passed on to the tax office."""
    provider_fee_fen: int = 0
    suspense_fen: int = 0
    paid_orders: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        names = [field.name for field in fields(self)]
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def is_balanced(self) -> bool:
        """Whether what came in is what went where, for transactions of orders alone."""
        came = self.gross_fen + self.subsidy_fen + self.coupon_fen + self.goodwill_fen
        return came == self.refund_fen + self.share_fen + self.commission_fen + self.premium_fen + self.held_fen


_EVERYWHERE: Mapping[Code, tuple[str, int]] = {
    Code.SUBSIDY: ("subsidy_fen", 1),
    Code.COUPON_COST: ("coupon_fen", 1),
    Code.GOODWILL: ("goodwill_fen", 1),
    Code.COMMISSION: ("commission_fen", -1),
    Code.PREMIUM_PAYABLE: ("premium_fen", -1),
    Code.CLIENT_FUNDS_HELD: ("held_fen", -1),
    Code.COMPANION_PENDING: ("share_fen", -1),
    Code.COMPANION_AVAILABLE: ("share_fen", -1),
    Code.COMPANION_DEBT: ("share_fen", -1),
    Code.PROVIDER_FEES: ("provider_fee_fen", 1),
    Code.SUSPENSE: ("suspense_fen", -1),
}
"""The figure that a posting on an account changes, and its sign there."""
_OF_EVENT: Mapping[tuple[str, Code], tuple[str, int]] = {
    ("payment", Code.CLIENT_FUNDS_HELD): ("gross_fen", -1),
    ("refund_requested", Code.REFUND_PAYABLE): ("refund_fen", -1),
    ("withdrawal_paid", Code.TAX_WITHHELD): ("tax_fen", -1),
    ("tax_returned", Code.TAX_WITHHELD): ("tax_fen", -1),
}
"""The same where it takes the event as well."""
_NOT_INCOME = frozenset({"withdrawal", "withdrawal_returned", "withdrawal_paid", "tax_returned"})
"""Events that move a companion's money without its being earned or lost."""


def figures_of(transactions: Iterable[Transaction]) -> Figures:
    """What the transactions come to."""
    amounts = dict.fromkeys((field.name for field in fields(Figures)), 0)
    for transaction in transactions:
        event = transaction.event
        amounts["paid_orders"] += event == "payment" and not is_supplement(transaction.id)
        for posting in transaction.postings:
            code = posting.account.code
            for change in (_EVERYWHERE.get(code), _OF_EVENT.get((event, code))):
                if change and not (change[0] == "share_fen" and event in _NOT_INCOME):
                    amounts[change[0]] += change[1] * posting.amount_fen
    return Figures(**amounts)


Sums = Mapping[tuple[Dimension, str], Figures]


def summed(figures: Iterable[tuple[Place, Figures]], *, onto: Sums) -> dict[tuple[Dimension, str], Figures]:
    """The sums in every dimension, onto what was summed before. Each dimension's values together are the total."""
    sums = dict(onto)
    for place, each in figures:
        for dimension in Dimension:
            key = (dimension, place.value(dimension))
            sums[key] = sums.get(key, Figures()) + each
    return sums


MAX_DAYS = 92


def check_span(first: date, last: date) -> None:
    """Raises Invalid unless the days are in order and no more than a quarter."""
    if last < first:
        raise Invalid(errors=(FieldError("to", "结束日期不能早于开始日期"),))
    if last - first >= timedelta(days=MAX_DAYS):
        raise Invalid(errors=(FieldError("to", f"一次最多查询 {MAX_DAYS} 天"),))
