"""Comparing a day of the provider's bill with our own books, both ways (F32).

Both sides are only ever read once, in any order, and are as long as they are: lines are dealt into parts by their
number, the same number of either side into the same part, and each part is compared by itself. Memory holds one part.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b

from functions.settlement.rules.payments import IllegalMove
from functions.shared.errors import Conflict, Invalid


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

    def dismiss(self, difference: Difference) -> None:
        """What was counted as a difference is none at a second look; money of both sides matched after all."""
        self.differences -= 1
        self.off_fen -= difference.off_fen
        if difference.kind is DifferenceKind.THEIRS_ONLY:
            self.matched += 1
            self.matched_fen += difference.theirs_fen or 0


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
    """What a person found out about a difference."""

    TIMING = "timing"
    """It is in the bill of the day before or after: what was set aside is taken back."""
    PROVIDER_ERROR = "provider_error"
    """The provider acknowledged that their bill is wrong: what was set aside is taken back."""
    BOOKED = "booked"
    """A manual booking, approved by a second person, made our books right; its number is named."""


class CaseState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class RunState(StrEnum):
    FAILED = "failed"
    """The bill could not be had, or is not what it should be: nothing of it was compared."""
    COMPARED = "compared"
    SIGNED_OFF = "signed_off"


_RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.FAILED: frozenset({RunState.FAILED, RunState.COMPARED}),
    RunState.COMPARED: frozenset({RunState.SIGNED_OFF}),
    RunState.SIGNED_OFF: frozenset(),
}


@dataclass(frozen=True)
class Recorded:
    """How a payment or refund stands with us by now, whenever it was booked."""

    amount_fen: int
    is_done: bool
    bill_day: date
    """The China day in whose bill it belongs: a payment's of paying, a refund's of asking for it."""


def stands(difference: Difference, recorded: Recorded | None, day: date) -> bool:
    """Whether a difference in the bill of `day` is one after a second look at our own record.

    Midnight lies between the two sides' days, and a payment may have been booked after the bill's day had ended.
    """
    if recorded is None:
        return True
    if difference.kind is DifferenceKind.OURS_ONLY:
        return recorded.bill_day == day
    if difference.kind is DifferenceKind.THEIRS_ONLY:
        return not (recorded.is_done and recorded.amount_fen == difference.theirs_fen)
    return True


_OUR_EVENTS: Mapping[str, LineKind] = {
    "payment": LineKind.PAYMENT,
    "suspense": LineKind.PAYMENT,
    "refund_paid": LineKind.REFUND,
}


def our_line(transaction_id: str, order_id: str, clearing_fen: int) -> OurLine | None:
    """What a posting on the clearing account says of a payment or refund; None for one that no trade bill lists."""
    event, _, number = transaction_id.partition("#")
    kind = _OUR_EVENTS.get(event)
    return OurLine(kind, number, order_id, abs(clearing_fen), True) if kind else None


def case_id_of(day: date, difference: Difference) -> str:
    """The number of a difference, the same whenever the day is compared again: `rcc-2026-03-02-5f0c…`."""
    is_again = difference.kind is DifferenceKind.TWICE
    named = f"{difference.line_kind}#{difference.number}#{is_again}"
    return f"rcc-{day}-{blake2b(named.encode(), digest_size=8).hexdigest()}"


def day_of_case(case_id: str) -> date | None:
    """The day whose case this is; None if it is not the number of one."""
    found = _CASE_ID.fullmatch(case_id)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


_CASE_ID = re.compile(r"rcc-(\d{4}-\d\d-\d\d)-[0-9a-f]{16}")


class DayNotOver(Invalid):
    """The bill of a day is made on the next one."""

    code = "day_not_over"
    title = "账单要到次日上午十点以后才能下载"


class AlreadyResolved(Conflict):
    """Somebody resolved the difference before."""

    code = "already_resolved"
    title = "该差异已经处理过了"


class BookingMissing(Conflict):
    """The booking that is said to make it right is not approved, is of another amount, or there is none."""

    code = "booking_missing"
    title = "没有这笔已批准的人工调账"


class BookingUsed(Conflict):
    """A booking explains one difference."""

    code = "booking_used"
    title = "这笔人工调账已用于另一条差异"


class CasesOpen(Conflict):
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
