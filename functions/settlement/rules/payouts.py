"""The plan of a payout run: pure, reviewable, the same input gives the same bytes (F26, B11).

A run on a working day pays what was asked for before that day began in China (T+1). The plan is made first, as lines
that a person can read; a large one waits for a second person; only then is it carried out, item by item. A line's
transfers have numbers that follow from the withdrawal's id alone, so that no plan, however often it is made, can send
money under a second number.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.withdrawals import Channel, PayoutPolicy, Withdrawal, WithdrawalState
from functions.shared.clock import CHINA
from functions.shared.money import allocate, fen
from functions.shared.workdays import is_working_day, next_working_day


class PlanState(StrEnum):
    DRAFT = "draft"
    """Being written; nobody may approve half a plan."""
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    DONE = "done"
    """Every withdrawal of it was settled: paid, or available again."""


_S = PlanState
PLAN_MOVES: Mapping[PlanState, frozenset[PlanState]] = {
    _S.DRAFT: frozenset({_S.AWAITING_APPROVAL, _S.APPROVED, _S.DONE}),
    _S.AWAITING_APPROVAL: frozenset({_S.APPROVED, _S.REJECTED}),
    _S.APPROVED: frozenset({_S.DONE}),
    _S.REJECTED: frozenset(),
    _S.DONE: frozenset(),
}


@dataclass(frozen=True)
class Transfer:
    """One transfer at the channel: `bill_no` is unique for ever and known before it is made."""

    bill_no: str
    amount_fen: int
    """What is sent."""
    tax_fen: int = 0
    """Its share of the withdrawal's tax, kept back."""


@dataclass(frozen=True, kw_only=True)
class PlanItem:
    """One withdrawal with the transfers that pay it: they and its tax sum to its amount."""

    withdrawal_id: str
    companion_id: str
    payee_id: str
    channel: Channel
    amount_fen: int
    tax_fen: int = 0
    transfers: tuple[Transfer, ...]

    @property
    def line(self) -> bytes:
        """The item as one line of the plan's file."""
        fields = {
            "withdrawal_id": self.withdrawal_id,
            "companion_id": self.companion_id,
            "payee_id": self.payee_id,
            "channel": self.channel,
            "amount_fen": self.amount_fen,
            "tax_fen": self.tax_fen,
            "transfers": [[transfer.bill_no, transfer.amount_fen, transfer.tax_fen] for transfer in self.transfers],
        }
        return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


@dataclass
class Totals:
    """What a plan comes to; `add` is called once for each item in order, so that no plan is ever held whole."""

    count: int = 0
    amount_fen: int = 0
    tax_fen: int = 0

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, item: PlanItem) -> None:
        self.count += 1
        self.amount_fen += item.amount_fen
        self.tax_fen += item.tax_fen
        self._digest.update(item.line)

    @property
    def sha256(self) -> str:
        """Of the plan's file: what the approver approves."""
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Settled:
    """What of a plan came to its end so far."""

    items: int
    paid_fen: int
    """Before tax."""
    returned_fen: int


def move_plan(state: PlanState, to: PlanState) -> PlanState:
    """`to`, if a plan may go there from `state`; otherwise IllegalMove."""
    if to not in PLAN_MOVES[state]:
        raise IllegalMove("打款计划当前状态不允许此操作")
    return to


def is_due(day: date, overrides: Mapping[date, bool]) -> bool:
    """Whether payouts run on that China day."""
    return is_working_day(day, overrides)


def days_to_collect(day: date, planned: Iterable[date], *, look_back_days: int) -> list[date]:
    """The days in whose parts something may wait on `day`, given the days of whole plans: those since the last one.

    A whole plan has emptied its own day's parts and all earlier ones, for nothing is put into the past.
    """
    earliest = day - timedelta(days=look_back_days)
    first = max((each + timedelta(days=1) for each in planned if each < day), default=earliest)
    return [earliest + timedelta(days=n) for n in range(look_back_days + 1) if earliest + timedelta(days=n) >= first]


def expected_on(requested_at: datetime, overrides: Mapping[date, bool]) -> date:
    """The China day on which a withdrawal asked for now is paid: the next working day (T+1)."""
    return next_working_day(requested_at.astimezone(CHINA).date(), overrides)


def cutoff(day: date) -> datetime:
    """The instant before which a withdrawal must have been asked for to be paid on `day`: its China midnight."""
    return datetime.combine(day, time(), CHINA)


def untaxed(_: Withdrawal) -> int:
    """The tax where none is withheld."""
    return 0


def plan(
    withdrawals: Iterable[Withdrawal],
    *,
    day: date,
    policy: PayoutPolicy,
    withhold: Callable[[Withdrawal], int] = untaxed,
) -> Iterator[PlanItem]:
    """An item for each withdrawal that is due on `day`, in the order given; others are left out.

    `withhold` says what is kept back of a withdrawal, and is asked once for each that is due. The input is read once
    and nothing is collected: a hundred thousand withdrawals need the memory of one.
    """
    before = cutoff(day)
    for withdrawal in withdrawals:
        if withdrawal.state is WithdrawalState.REQUESTED and withdrawal.requested_at < before:
            yield item_of(withdrawal, policy, tax_fen=withhold(withdrawal))


def item_of(withdrawal: Withdrawal, policy: PayoutPolicy, *, tax_fen: int = 0) -> PlanItem:
    """The withdrawal with its transfers: what is left of it when the tax is kept back, of which each bears its part."""
    limit_fen = policy.per_transfer_max_fen[withdrawal.channel]
    parts = split(withdrawal.amount_fen - tax_fen, limit_fen=limit_fen, least_fen=policy.per_transfer_min_fen)
    taxes = allocate(tax_fen, parts)
    return PlanItem(
        withdrawal_id=withdrawal.withdrawal_id,
        companion_id=withdrawal.companion_id,
        payee_id=withdrawal.payee_id,
        channel=withdrawal.channel,
        amount_fen=withdrawal.amount_fen,
        tax_fen=tax_fen,
        transfers=tuple(
            Transfer(bill_no(withdrawal.withdrawal_id, number), part, tax)
            for number, (part, tax) in enumerate(zip(parts, taxes, strict=True), 1)
        ),
    )


def split(amount_fen: int, *, limit_fen: int, least_fen: int) -> list[int]:
    """`amount_fen` in as few parts as `limit_fen` allows, none below `least_fen`; they sum to it exactly.

    Full parts first; where the rest would be too small, the last full part lends to it.
    """
    if fen(amount_fen) < least_fen or limit_fen < 2 * least_fen:
        raise ValueError(f"{amount_fen} fen cannot go out in parts of {least_fen} to {limit_fen}")
    full, rest = divmod(amount_fen, limit_fen)
    parts = [limit_fen] * full + ([rest] if rest else [])
    if 0 < rest < least_fen:
        parts[-2:] = [limit_fen - (least_fen - rest), least_fen]
    return parts


def bill_no(withdrawal_id: str, number: int) -> str:
    """The number of a withdrawal's nth transfer: letters and digits, 32 at most, as WeChat wants it."""
    if not 1 <= number <= 999:
        raise ValueError("a withdrawal goes out in 999 transfers at most")
    return f"{withdrawal_id.replace('_', '')}{number:03d}"


def withdrawal_of(bill: str) -> str:
    """The withdrawal to which a transfer's number belongs."""
    return f"{bill[:3]}_{bill[3:-3]}"


def needs_second_person(amount_fen: int, policy: PayoutPolicy) -> bool:
    """Whether a plan of this total is paid only after a second person approved it."""
    return amount_fen > policy.second_person_above_fen
