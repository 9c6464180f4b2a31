"""A companion's statement of a week or month (F25): every movement of the ledger, from opening to closing balances."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from functions.settlement.rules.income import Income
from functions.settlement.rules.ledger import (
    Account,
    Code,
    companion_available,
    companion_debt,
    companion_pending,
    companion_withdrawing,
)
from functions.shared.clock import CHINA
from functions.shared.errors import FieldError, Invalid

CODES = (
    Code.COMPANION_PENDING,
    Code.COMPANION_AVAILABLE,
    Code.COMPANION_WITHDRAWING,
    Code.COMPANION_DEBT,
)
"""The accounts of a companion, in the order in which a statement shows them."""
_TITLES: Mapping[str, str] = {
    "split": "服务完成入账",
    "fees": "客户取消补偿入账",
    "supplement": "延时与垫付入账",
    "release": "结算，可提现",
    "refund_requested": "售后退款扣回",
    "withdrawal": "申请提现",
    "withdrawal_returned": "提现退回",
    "withdrawal_paid": "提现到账",
    "tax_returned": "多扣个税退回",
    "manual": "人工调账",
    "reversal": "人工调账冲正",
}


_TAXED = frozenset({"withdrawal_paid", "tax_returned"})


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Period:
    """A week (`2026-W09`) or month (`2026-02`) of the China calendar: `start` ≤ instant < `end`."""

    text: str
    start: datetime
    end: datetime


_WEEK = re.compile(r"(20\d{2})-W(\d{2})")
_MONTH = re.compile(r"(20\d{2})-(\d{2})")


def parse_period(text: str) -> Period:
    """The week or month that `text` names. Raises Invalid."""
    try:
        if match := _WEEK.fullmatch(text):
            first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
            return Period(text, _midnight(first), _midnight(first + timedelta(days=7)))
        if match := _MONTH.fullmatch(text):
            first = date(int(match[1]), int(match[2]), 1)
            return Period(text, _midnight(first), _midnight((first + timedelta(days=31)).replace(day=1)))
    except (ValueError, OverflowError):
        pass
    raise Invalid(errors=(FieldError("period", "周填写为 2026-W09，月填写为 2026-02"),))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def require_begun(period: Period, now: datetime) -> None:
    """Raises Invalid for a period that lies in the future."""
    if period.start > now:
        raise Invalid(errors=(FieldError("period", "这一时期还没有开始"),))


def accounts_of(companion_id: str) -> tuple[Account, ...]:
    """The companion's accounts, in the order of `CODES`."""
    makers = (companion_pending, companion_available, companion_withdrawing, companion_debt)
    return tuple(make(companion_id) for make in makers)


@dataclass(frozen=True)
class Movement:
    """One posting on one of the companion's accounts, in signed fen."""

    transaction_id: str
    subject: str
    at: datetime
    code: Code
    amount_fen: int


@dataclass(frozen=True)
class Row:
    """What one transaction changed, natural side up: owed to the companion is positive, and so is a debt."""

    at: datetime
    title: str
    subject: str
    changes: tuple[int, ...]
    """In fen, in the order of `CODES`."""
    income: Income | None
    """Where the transaction brought an income: how it was made up."""
    tax_fen: int = 0
    """What was withheld of a payout, or (negative) given back."""


@dataclass(frozen=True)
class Statement:
    """`opening` plus the rows' changes are `closing`, account by account, in the order of `CODES`."""

    period: Period
    opening: tuple[int, ...]
    rows: tuple[Row, ...]
    closing: tuple[int, ...]


def may_be_taxed(movement: Movement) -> bool:
    """Whether its transaction may have withheld tax, or given it back."""
    return _event_of(movement) in _TAXED


def _event_of(movement: Movement) -> str:
    return movement.transaction_id.partition("#")[0]


def statement(
    period: Period,
    *,
    openings: Mapping[Code, int],
    movements: Sequence[Movement],
    incomes: Sequence[Income],
    taxes: Mapping[str, int],
) -> Statement:
    """The statement of these movements; `openings` are signed balances at the period's start, `taxes` fen by
    transaction."""
    by_source = {income.source_id: income for income in incomes}
    grouped: dict[tuple[datetime, str], list[Movement]] = {}
    for movement in movements:
        grouped.setdefault((movement.at, movement.transaction_id), []).append(movement)
    rows = tuple(_row(grouped[key], by_source, taxes) for key in sorted(grouped))
    opening = tuple(openings[code] * code.kind.natural_sign for code in CODES)
    closing = tuple(start + sum(row.changes[place] for row in rows) for place, start in enumerate(opening))
    return Statement(period, opening, rows, closing)


def _row(movements: Sequence[Movement], incomes: Mapping[str, Income], taxes: Mapping[str, int]) -> Row:
    first = movements[0]
    event = _event_of(first)
    changed = dict.fromkeys(CODES, 0)
    for movement in movements:
        changed[movement.code] += movement.amount_fen * movement.code.kind.natural_sign
    source_id = first.transaction_id.partition("#")[2]
    income = incomes.get(source_id) if event in ("split", "fees", "supplement") else None
    tax_fen = taxes.get(first.transaction_id, 0)
    return Row(first.at, _TITLES.get(event, event), first.subject, tuple(changed.values()), income, tax_fen)
