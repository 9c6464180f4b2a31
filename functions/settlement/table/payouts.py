"""Rows of withdrawals and payouts.

COMPANION#<companion>   PAYEE#<payee>              where a companion's money goes; name and number sealed
                        AUTHORIZATION              the latest leave to pay in WeChat without confirmation
                        WITHDRAWAL#<withdrawal>    a withdrawal with its transfers
                        ASKED#<China day>          how often and how much was asked for that day
WITHDRAWAL#<id>         OWNER                      whose it is, for those who only know its number
DUE#<China day>#<nn>    <withdrawal>               what is to be paid from that day on, until a plan takes it
PLAN#<China day>        PLAN                       the plan of a payout run
                        SETTLED#<nn>               how much of a part of it was settled
PLAN#<China day>#<nn>   <withdrawal>               one item of it
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.settlement.rules.authorizations import AuthorizationState
from functions.settlement.rules.ledger import SHARDS
from functions.settlement.rules.payouts import PlanItem, PlanState
from functions.settlement.rules.withdrawals import Channel, PayoutPolicy, TransferPart, Withdrawal, WithdrawalState
from functions.settlement.table.keys import Key
from functions.settlement.table.rows import SettlementRow
from functions.shared.table import (
    FenAttribute,
    InstantAttribute,
    JsonAttribute,
    SumFenAttribute,
    find,
    find_all,
    keep,
    query_page,
)
from functions.shared.tx import Tx

POLICY: Key = ("CONFIG", "payout_policy")
WORKDAYS: Key = ("CONFIG", "working_days")
MAX_PAYEES = 5
_BOUND_EVER = 100


class PayoutPolicyRow(SettlementRow, discriminator="payout_policy"):
    policy: JsonAttribute[PayoutPolicy] = JsonAttribute(PayoutPolicy)


class WorkdaysRow(SettlementRow, discriminator="working_days"):
    """What the operator says of single days, before the published calendar."""

    days: JsonAttribute[dict[date, bool]] = JsonAttribute(dict[date, bool])


class PayeeRow(SettlementRow, discriminator="payee"):
    payee_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    wrapped_key = UnicodeAttribute()
    name_sealed = UnicodeAttribute()
    account_sealed = UnicodeAttribute(null=True)
    """The card's number; a WeChat user's is the account's own and is not kept here."""
    tail = UnicodeAttribute(default="")
    """The card's last four digits, for people."""
    bank = UnicodeAttribute(default="")
    bound_at = InstantAttribute()
    removed_at = InstantAttribute(null=True)
    """No new withdrawal goes there; those under way still do."""


class AuthorizationRow(SettlementRow, discriminator="payout_authorization"):
    companion_id = UnicodeAttribute()
    times = NumberAttribute()
    """The how manieth one of the companion."""
    number = UnicodeAttribute()
    state = UnicodeAttribute()
    requested_at = InstantAttribute()
    checks = NumberAttribute(default=0)
    queried_at = InstantAttribute(null=True)
    confirmation = UnicodeAttribute(null=True)
    authorization_id = UnicodeAttribute(null=True)
    """WeChat's number, which a transfer names; only while it is in force."""
    active_at = InstantAttribute(null=True)
    closed_reason = UnicodeAttribute(null=True)
    closed_at = InstantAttribute(null=True)

    @property
    def authorization_state(self) -> AuthorizationState:
        return AuthorizationState(self.state)


class WithdrawalRow(SettlementRow, discriminator="withdrawal"):
    withdrawal_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    payee_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    amount_fen = FenAttribute()
    state = UnicodeAttribute()
    requested_at = InstantAttribute()
    due_on = UnicodeAttribute()
    """The China day of the DUE partition in which it waits."""
    plan = UnicodeAttribute(null=True)
    """The China day of the plan that took it."""
    taxed_on = UnicodeAttribute(null=True)
    """The China day as whose income it counts, with the tax that its transfers name; None where none is withheld."""
    transfers: JsonAttribute[tuple[TransferPart, ...]] = JsonAttribute(tuple[TransferPart, ...], default=())
    paid_fen = FenAttribute(default=0)
    returned_fen = FenAttribute(default=0)
    settled_at = InstantAttribute(null=True)

    def to_withdrawal(self) -> Withdrawal:
        return Withdrawal(
            withdrawal_id=self.withdrawal_id,
            companion_id=self.companion_id,
            payee_id=self.payee_id,
            channel=Channel(self.channel),
            amount_fen=self.amount_fen,
            state=WithdrawalState(self.state),
            requested_at=self.requested_at,
        )


class OwnerRow(SettlementRow, discriminator="withdrawal_owner"):
    companion_id = UnicodeAttribute()


class AskedRow(SettlementRow, discriminator="withdrawals_of_day"):
    times = NumberAttribute(default=0)
    amount_fen = FenAttribute(default=0)


class DueRow(SettlementRow, discriminator="withdrawal_due"):
    companion_id = UnicodeAttribute()


class PlanRow(SettlementRow, discriminator="payout_plan"):
    day = UnicodeAttribute()
    state = UnicodeAttribute()
    items = NumberAttribute(default=0)
    amount_fen = SumFenAttribute(default=0)
    """Of many people together: more than one person's amount may be."""
    tax_fen = SumFenAttribute(default=0)
    """What is kept back of it."""
    sha256 = UnicodeAttribute(default="")
    file_key = UnicodeAttribute(default="")
    bank_file_key = UnicodeAttribute(default="")
    made_at = InstantAttribute()
    checked_by = UnicodeAttribute(null=True)
    """The first of the two people of a large plan."""
    checked_at = InstantAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    decided_at = InstantAttribute(null=True)

    @property
    def plan_state(self) -> PlanState:
        return PlanState(self.state)


class SettledRow(SettlementRow, discriminator="payout_settled"):
    """How many withdrawals of a part of a plan were settled, and how: counted in parts, for many settle at once."""

    items = NumberAttribute(default=0)
    paid_fen = SumFenAttribute(default=0)
    returned_fen = SumFenAttribute(default=0)


class PlanItemRow(SettlementRow, discriminator="payout_item"):
    companion_id = UnicodeAttribute()
    item: JsonAttribute[PlanItem] = JsonAttribute(PlanItem)


def payee_key(companion_id: str, payee_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"PAYEE#{payee_id}"


def authorization_key(companion_id: str) -> Key:
    return f"COMPANION#{companion_id}", "AUTHORIZATION"


def withdrawal_key(companion_id: str, withdrawal_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"WITHDRAWAL#{withdrawal_id}"


def owner_key(withdrawal_id: str) -> Key:
    return f"WITHDRAWAL#{withdrawal_id}", "OWNER"


def asked_key(companion_id: str, day: date) -> Key:
    return f"COMPANION#{companion_id}", f"ASKED#{day}"


def due_pk(day: date | str, shard: int) -> str:
    return f"DUE#{day}#{shard:02d}"


def plan_key(day: date | str) -> Key:
    return f"PLAN#{day}", "PLAN"


def settled_key(day: date | str, shard: int) -> Key:
    return f"PLAN#{day}", f"SETTLED#{shard:02d}"


def items_pk(day: date | str, shard: int) -> str:
    return f"PLAN#{day}#{shard:02d}"


def payout_policy() -> PayoutPolicy:
    """The thresholds in force, read at most once a minute."""
    row = keep(PayoutPolicyRow, *POLICY)
    return row.policy if row else PayoutPolicy()


def put_payout_policy(tx: Tx, wanted: PayoutPolicy) -> None:
    """Replace the thresholds."""
    row = find(PayoutPolicyRow, *POLICY) or PayoutPolicyRow(*POLICY)
    row.policy = wanted
    tx.save(row)


def working_days() -> dict[date, bool]:
    """What the operator says of single days, read at most once a minute."""
    row = keep(WorkdaysRow, *WORKDAYS)
    return row.days if row else {}


def find_workdays() -> WorkdaysRow:
    """The row itself, to change it."""
    return find(WorkdaysRow, *WORKDAYS) or WorkdaysRow(*WORKDAYS, days={})


def payees_of(companion_id: str) -> Sequence[PayeeRow]:
    """The payees to which a companion may withdraw: one Query."""
    rows = query_page(PayeeRow, f"COMPANION#{companion_id}", prefix="PAYEE#", limit=_BOUND_EVER, newest_first=True)[0]
    return [row for row in rows if row.removed_at is None]


def find_payee(companion_id: str, payee_id: str) -> PayeeRow | None:
    return find(PayeeRow, *payee_key(companion_id, payee_id))


def find_authorization(companion_id: str) -> AuthorizationRow | None:
    return find(AuthorizationRow, *authorization_key(companion_id))


def find_payee_and_authorization(companion_id: str, payee_id: str) -> tuple[PayeeRow | None, str]:
    """Where money goes, and the leave by which it needs no confirmation ("" without one): one BatchGet."""
    payee_at, leave_at = payee_key(companion_id, payee_id), authorization_key(companion_id)
    rows = find_all(SettlementRow, [payee_at, leave_at])
    payee, leave = rows.get(payee_at), rows.get(leave_at)
    is_active = isinstance(leave, AuthorizationRow) and leave.authorization_state is AuthorizationState.ACTIVE
    return (
        payee if isinstance(payee, PayeeRow) else None,
        str(leave.authorization_id) if isinstance(leave, AuthorizationRow) and is_active else "",
    )


def find_payee_and_asked(companion_id: str, payee_id: str, day: date) -> tuple[PayeeRow | None, AskedRow]:
    """What decides about a request: one BatchGet."""
    payee_at, asked_at = payee_key(companion_id, payee_id), asked_key(companion_id, day)
    rows = find_all(SettlementRow, [payee_at, asked_at])
    payee, asked = rows.get(payee_at), rows.get(asked_at)
    return (
        payee if isinstance(payee, PayeeRow) else None,
        asked if isinstance(asked, AskedRow) else AskedRow(*asked_at),
    )


def payees_by_id(keys: Iterable[tuple[str, str]]) -> dict[str, PayeeRow]:
    """Payees by (companion, payee), also removed ones: one BatchGet for every hundred."""
    rows = find_all(SettlementRow, [payee_key(*key) for key in keys]).values()
    return {row.payee_id: row for row in rows if isinstance(row, PayeeRow)}


def find_withdrawal(companion_id: str, withdrawal_id: str) -> WithdrawalRow | None:
    return find(WithdrawalRow, *withdrawal_key(companion_id, withdrawal_id))


def find_withdrawal_by_id(withdrawal_id: str) -> WithdrawalRow | None:
    """For those who only know its number: two reads."""
    owner = find(OwnerRow, *owner_key(withdrawal_id))
    return find_withdrawal(owner.companion_id, withdrawal_id) if owner else None


def withdrawals_of(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[WithdrawalRow], str | None]:
    """A page of a companion's withdrawals, the latest first: one Query."""
    pk = f"COMPANION#{companion_id}"
    return query_page(WithdrawalRow, pk, prefix="WITHDRAWAL#", limit=limit, after=after, newest_first=True)


def due_in(day: date, shard: int, *, limit: int) -> Sequence[DueRow]:
    """The first of what waits in a part of a day: one Query."""
    return query_page(DueRow, due_pk(day, shard), limit=limit)[0]


def load_withdrawals(owners: Sequence[tuple[str, str]]) -> dict[str, WithdrawalRow]:
    """Withdrawals by (companion, withdrawal) in one BatchGet, by id."""
    rows = find_all(SettlementRow, [withdrawal_key(*owner) for owner in owners]).values()
    return {row.withdrawal_id: row for row in rows if isinstance(row, WithdrawalRow)}


def find_plan(day: date | str) -> PlanRow | None:
    return find(PlanRow, *plan_key(day))


def plans_on(days: Iterable[date]) -> list[PlanRow]:
    """The plans of these days that there are: one BatchGet for every hundred days."""
    rows = find_all(SettlementRow, [plan_key(day) for day in days]).values()
    return [row for row in rows if isinstance(row, PlanRow)]


def settled_of(day: date | str) -> list[SettledRow]:
    """What was settled of a plan, in its parts: one BatchGet."""
    keys = [settled_key(day, shard) for shard in range(SHARDS)]
    return [row for row in find_all(SettlementRow, keys).values() if isinstance(row, SettledRow)]


def plans_of(month: str) -> Sequence[PlanRow]:
    """The plans of a month (`2026-03`), the latest day first: one BatchGet."""
    year, number = (int(part) for part in month.split("-"))
    days = [date(year, number, day) for day in range(monthrange(year, number)[1], 0, -1)]
    found = find_all(SettlementRow, [plan_key(day) for day in days])
    rows = (found.get(plan_key(day)) for day in days)
    return [row for row in rows if isinstance(row, PlanRow)]


def items_of(day: date | str, shard: int, *, limit: int, after: str | None) -> tuple[Sequence[PlanItemRow], str | None]:
    """A page of a part of a plan, in the order of its numbers: one Query."""
    return query_page(PlanItemRow, items_pk(day, shard), limit=limit, after=after)
