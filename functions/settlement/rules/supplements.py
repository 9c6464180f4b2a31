"""Supplements (B9): overtime and expenses that a client approved, paid together beside the order's own payment.

Each item is money of its own: due until one payment that covers it succeeded. A payment covers what was due when it was
started; what is approved meanwhile waits for the next one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import OrderNotPayable
from functions.shared import ids
from functions.shared.errors import Conflict
from functions.shared.money import fen

MAX_PAYMENTS = 99
"""So many may be started for one order: the number is part of the payment's id, which has at most 32 characters."""
MAX_ITEMS = 40
"""So many items one payment covers, so that booking it is one transaction."""
_SUPPLEMENT = re.compile(r"sup([0-9]{2})_[0-9A-Z]{26}")


class ItemKind(StrEnum):
    OVERTIME = "overtime"
    EXPENSE = "expense"


class ItemState(StrEnum):
    DUE = "due"
    OVERDUE = "overdue"
    PAID = "paid"


class NothingDue(Conflict):
    """Everything that was approved is paid."""

    code = "nothing_due"
    title = "没有待支付的补充费用"


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that the client owes: share + commission = amount; of an expense the share is all."""

    item_id: str
    order_id: str
    client_id: str
    companion_id: str
    kind: ItemKind
    amount_fen: int
    share_fen: int
    commission_fen: int
    approved_at: datetime

    def __post_init__(self) -> None:
        parts = (fen(self.share_fen), fen(self.commission_fen))
        if min(parts) < 0 or sum(parts) != fen(self.amount_fen) or self.amount_fen <= 0:
            raise ValueError(f"item {self.item_id}: share and commission are the amount")
        if self.kind is ItemKind.EXPENSE and self.commission_fen:
            raise ValueError(f"item {self.item_id}: nothing is kept of an expense")


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What items come to together: share + commission = amount; `expenses_fen` is the part of the share that only
    gives back what the companion laid out."""

    amount_fen: int
    share_fen: int
    commission_fen: int
    expenses_fen: int


def sums_of(items: Iterable[Item]) -> Sums:
    """All of them together."""
    items = list(items)
    return Sums(
        amount_fen=sum(each.amount_fen for each in items),
        share_fen=sum(each.share_fen for each in items),
        commission_fen=sum(each.commission_fen for each in items),
        expenses_fen=sum(each.amount_fen for each in items if each.kind is ItemKind.EXPENSE),
    )


def payable(items: Sequence[Item]) -> Sequence[Item]:
    """What the next payment covers: the oldest approvals, as many as fit. Raises NothingDue."""
    if not items:
        raise NothingDue()
    return sorted(items, key=lambda each: (each.approved_at, each.item_id))[:MAX_ITEMS]


def payment_id_of(order_id: str, number: int) -> str:
    """The id, and number at the provider, of an order's first, second … supplement. Raises OrderNotPayable."""
    if number > MAX_PAYMENTS:
        raise OrderNotPayable("该订单发起补充支付的次数已达上限，请联系客服")
    return ids.derived(f"sup{number:02d}", order_id)


def number_of(payment_id: str) -> int:
    """The inverse; 0 for a payment that is no supplement."""
    found = _SUPPLEMENT.fullmatch(payment_id)
    return int(found[1]) if found else 0


def is_payment_id(text: str) -> bool:
    """Whether this is the form of a payment's id, an order's own or a supplement's."""
    return ids.is_id("pay", text) or number_of(text) > 0
