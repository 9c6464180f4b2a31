"""A companion whose payouts are taxed: the decision, what there is to take out, what the bank says, what was paid."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from functions.settlement.actions import bank_answers
from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger, withholding
from functions.settlement.rules.payouts import bill_no
from functions.settlement.rules.withdrawals import Channel, PartState, PayoutPolicy, TransferPart, WithdrawalState
from functions.settlement.rules.withholding import TaxDecision, WithheldYear
from functions.settlement.table import payouts as rows
from functions.settlement.table import tax as table
from functions.settlement.table.payouts import WithdrawalRow
from functions.shared import clock, ids
from functions.shared.table import Row
from functions.shared.tx import Tx
from tests.harness.world import Person, Reply
from tests.settlement.makers import Till, commit
from tests.settlement.test_payouts import (
    ask,
    payee,
    run,
    stands,
)

YUAN = 100
TODAY, TOMORROW = "2026-03-10", "2026-03-11"
REASON = "主管税务机关要求代扣"
MONTH_FEN = 10_000 * YUAN
PLENTY_FEN = 200_000 * YUAN


def admin(till: Till) -> Person:
    return till.world.person("admin", subject="stf_admin")


def finance(till: Till, subject: str = "stf_finance") -> Person:
    return till.world.person("finance", subject=subject)


def decide(till: Till, version: int = 0, **changed: Any) -> Reply:
    body = {"effective_from": TOMORROW, "is_withheld": True, "reason": REASON} | changed
    headers = {"If-Match": f'"{version}"'}
    return till.world.request("PUT", "/tax-policy", body, as_=admin(till), headers=headers)


def withhold_from(day: str = TOMORROW) -> None:
    """What `decide` leaves, without asking."""
    decision = TaxDecision(
        effective_from=date.fromisoformat(day),
        is_withheld=True,
        reason=REASON,
        decided_by="stf_admin",
        decided_at=clock.now(),
    )
    commit("settlement", lambda tx: tx.insert(table.TaxPolicyRow(*table.POLICY, decisions=(decision,))))


def fund(companion_id: str, amount_fen: int = PLENTY_FEN) -> None:
    """So much more to take out than the first order brought."""
    amounts = {ledger.BANK_CLEARING: amount_fen, ledger.companion_available(companion_id): -amount_fen}
    booking_id = ids.new("mbk")
    commit(
        "settlement",
        lambda tx: post(tx, ledger.manual_booking(booking_id=booking_id, amounts=amounts, at=tx.now)),
    )


def set_policy(**changed: Any) -> None:
    """A payout run that looks no further back than these tests reach."""
    commit("settlement", lambda tx: rows.put_payout_policy(tx, PayoutPolicy(**{"look_back_days": 0} | changed)))


def answered_by_bank(row: WithdrawalRow, result: str = "成功") -> None:
    """The bank says of each transfer of the withdrawal how it came out."""
    parts = stands(row).transfers
    lines = [f"{part.bill_no},{part.amount_fen / 100:.2f},{result}\r\n" for part in parts]
    content = ("商户流水号,金额（元）,结果\r\n" + "".join(lines)).encode()
    bank_answers.take_bank_answers(content, staff_id="stf_1", commit=lambda _, act: commit("settlement", act))


def withdrawn(till: Till, companion_id: str, amount_fen: int, *more_fen: int) -> list[WithdrawalRow]:
    """Withdrawals to a card, planned together on the next day; the bank has not answered yet."""
    to = next((each.payee_id for each in rows.payees_of(companion_id)), None) or payee(companion_id, Channel.BANK)
    asked = [ask(companion_id, to, each) for each in (amount_fen, *more_fen)]
    run(till)
    return [stands(row) for row in asked]


def go_to(till: Till, day: str) -> None:
    """Shortly after midnight of that day."""
    now = clock.china(clock.now())
    there = now.replace(hour=0, minute=1) + (date.fromisoformat(day) - now.date())
    till.world.travel.shift(there - now)


def tax_of(row: WithdrawalRow) -> int:
    return sum(part.tax_fen for part in stands(row).transfers)


def statement(till: Till, companion_id: str, year: int = 2026) -> dict[str, Any]:
    as_ = till.world.person("companion", subject=companion_id)
    reply = till.world.get(f"/tax-statements/{year}", as_=as_)
    assert reply.status == 200, reply.body
    return dict(reply.body)


def paid_before(companion_id: str, amount_fen: int) -> None:
    """The companion was paid so much this month by plans that withheld."""
    withdrawal_id = ids.new("wdr", clock.now())
    year, tax_fen = withholding.take(WithheldYear(year=2026), income_fen=amount_fen, month=3, most_fen=amount_fen - 10)
    year = withholding.settle(year, month=3, income_fen=amount_fen, tax_fen=tax_fen, is_paid=True)
    number = bill_no(withdrawal_id, 1)
    part = TransferPart(bill_no=number, amount_fen=amount_fen - tax_fen, tax_fen=tax_fen, state=PartState.PAID)
    row = WithdrawalRow(
        *rows.withdrawal_key(companion_id, withdrawal_id),
        withdrawal_id=withdrawal_id,
        companion_id=companion_id,
        amount_fen=amount_fen,
        payee_id="pye_1",
        channel=Channel.BANK,
        state=WithdrawalState.PAID,
        requested_at=clock.now(),
        due_on=TODAY,
        taxed_on=TODAY,
        transfers=(part,),
        paid_fen=amount_fen,
    )
    year_row = table.TaxYearRow(*table.year_key(companion_id, 2026), companion_id=companion_id, year=year)
    at = clock.now()
    asked = ledger.withdrawal_requested(
        withdrawal_id=withdrawal_id, companion_id=companion_id, amount_fen=amount_fen, at=at
    )
    paid = ledger.withdrawal_paid(
        withdrawal_id=withdrawal_id,
        number=number,
        companion_id=companion_id,
        amount_fen=amount_fen,
        tax_fen=tax_fen,
        from_account=ledger.BANK_CLEARING,
        at=at,
    )
    for act in (
        partial(insert, rows=(row, year_row)),
        partial(post, transaction=asked),
        partial(post, transaction=paid),
    ):
        commit("settlement", act)


def insert(tx: Tx, rows: Sequence[Row]) -> None:
    for row in rows:
        tx.insert(row)


def waiting_in_one_part(companion_id: str) -> WithdrawalRow:
    """A withdrawal of 10,000 yuan that the books know nothing of but that it was asked for; all in the first part."""
    withdrawal_id = next(each for _ in range(999) if ledger.shard_of(each := ids.new("wdr", clock.now())) == 0)
    row = WithdrawalRow(
        *rows.withdrawal_key(companion_id, withdrawal_id),
        withdrawal_id=withdrawal_id,
        companion_id=companion_id,
        payee_id="pye_1",
        channel=Channel.WECHAT,
        amount_fen=MONTH_FEN,
        state=WithdrawalState.REQUESTED,
        requested_at=clock.now(),
        due_on=TOMORROW,
    )
    due = rows.DueRow(rows.due_pk(TOMORROW, 0), withdrawal_id, companion_id=companion_id)
    commit("settlement", partial(insert, rows=(row, due)))
    return row
