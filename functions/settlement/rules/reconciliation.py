"""Comparing a day of the provider's bill with our own books, both ways (F32).

Both sides are only ever read once, in any order, and are as long as they are: lines are dealt into parts by their
number, the same number of either side into the same part, and each part is compared by itself. Memory holds one part.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.shared.errors import Invalid


class LineKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True)
class BillLine:
    """One line of the provider's bill. `number` is ours: the payment's or the refund's id."""

    kind: LineKind
    number: str
    provider_no: str
    amount_fen: int
    fee_fen: int
    is_done: bool
    """Whether the provider says that the money moved."""
    at: datetime


@dataclass(frozen=True)
class OurLine:
    """What our books say of the same."""

    kind: LineKind
    number: str
    order_id: str
    amount_fen: int
    is_done: bool


class DifferenceKind(StrEnum):
    OURS_ONLY = "ours_only"
    """We booked it; the bill does not know it."""
    THEIRS_ONLY = "theirs_only"
    """The bill has it; we did not book it."""
    AMOUNT = "amount"
    STATUS = "status"
    """One side says that the money moved, the other that it did not."""
    TWICE = "twice"
    """The bill has the number more than once."""


TITLES: Mapping[DifferenceKind, str] = {
    DifferenceKind.OURS_ONLY: "我方有、渠道没有",
    DifferenceKind.THEIRS_ONLY: "渠道有、我方没有",
    DifferenceKind.AMOUNT: "金额不一致",
    DifferenceKind.STATUS: "状态不一致",
    DifferenceKind.TWICE: "渠道账单重复",
}


@dataclass(frozen=True)
class Difference:
    """Something for a person to look at. `off_fen` is what the provider holds more (or less) than we think."""

    kind: DifferenceKind
    line_kind: LineKind
    number: str
    order_id: str
    provider_no: str
    ours_fen: int | None
    theirs_fen: int | None

    @property
    def off_fen(self) -> int:
        """Signed: a payment that only they have is positive, a refund that only they have is negative."""
        sign = 1 if self.line_kind is LineKind.PAYMENT else -1
        if self.kind is DifferenceKind.STATUS:
            return 0
        return sign * ((self.theirs_fen or 0) - (self.ours_fen or 0))


@dataclass
class Tally:
    """What was compared; `add` may be called for the parts in any order."""

    matched: int = 0
    matched_fen: int = 0
    fees_fen: int = 0
    differences: int = 0
    off_fen: int = 0


def part_of(kind: LineKind, number: str, parts: int) -> int:
    """Into which of `parts` a number goes, on both sides."""
    return zlib.crc32(f"{kind}#{number}".encode()) % parts


def compare(ours: Iterable[OurLine], theirs: Iterable[BillLine], tally: Tally) -> Iterator[Difference]:
    """The differences within one part, ours first in their order, then what only the bill has.

    A line that neither side calls done is no money and no difference.
    """
    bill: dict[tuple[LineKind, str], BillLine] = {}
    for line in theirs:
        tally.fees_fen += line.fee_fen
        if (line.kind, line.number) in bill:
            yield _counted(tally, _difference(DifferenceKind.TWICE, None, line))
        else:
            bill[line.kind, line.number] = line
    for own in ours:
        found = bill.pop((own.kind, own.number), None)
        kind = _kind_of(own, found)
        if kind is not None:
            yield _counted(tally, _difference(kind, own, found))
        elif found is not None and own.is_done:
            tally.matched += 1
            tally.matched_fen += own.amount_fen
    for left in bill.values():
        if left.is_done:
            yield _counted(tally, _difference(DifferenceKind.THEIRS_ONLY, None, left))


def _kind_of(own: OurLine, found: BillLine | None) -> DifferenceKind | None:
    if found is None:
        return DifferenceKind.OURS_ONLY if own.is_done else None
    if own.amount_fen != found.amount_fen and (own.is_done or found.is_done):
        return DifferenceKind.AMOUNT
    return DifferenceKind.STATUS if own.is_done != found.is_done else None


def _difference(kind: DifferenceKind, own: OurLine | None, line: BillLine | None) -> Difference:
    either = own or line
    assert either is not None, "a difference is between something"
    return Difference(
        kind=kind,
        line_kind=either.kind,
        number=either.number,
        order_id=own.order_id if own else "",
        provider_no=line.provider_no if line else "",
        ours_fen=own.amount_fen if own else None,
        theirs_fen=line.amount_fen if line else None,
    )


def _counted(tally: Tally, difference: Difference) -> Difference:
    tally.differences += 1
    tally.off_fen += difference.off_fen
    return difference


class Resolution(StrEnum):
    """What a person decided about a difference."""

    TIMING = "timing"
    """It is in the bill of the next or the last day."""
    BOOKED = "booked"
    """A booking made it right; its number is named."""
    PROVIDER_ERROR = "provider_error"
    """The provider acknowledged a mistake of theirs."""
    WRITTEN_OFF = "written_off"


class CaseState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class RunState(StrEnum):
    RUNNING = "running"
    COMPARED = "compared"
    SIGNED_OFF = "signed_off"


_RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.RUNNING: frozenset({RunState.COMPARED}),
    RunState.COMPARED: frozenset({RunState.SIGNED_OFF}),
    RunState.SIGNED_OFF: frozenset(),
}


class CasesOpen(Invalid):
    """A day is signed off only when every difference of it is resolved."""

    code = "cases_open"
    title = "还有未处理的差异，不能签核"


def move_run(state: RunState, to: RunState) -> RunState:
    """`to`, if a day's reconciliation may go there from `state`; otherwise IllegalMove."""
    if to not in _RUN_MOVES[state]:
        raise IllegalMove("对账单当前状态不允许此操作")
    return to


def check_sign_off(open_cases: int) -> None:
    """CasesOpen unless nothing is left to look at."""
    if open_cases:
        raise CasesOpen(f"还有 {open_cases} 条差异未处理")
