"""Reading payments, refunds, incomes and proposals: one function for each access pattern."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.settlement.rules.income import Income
from functions.settlement.rules.ledger import Account
from functions.settlement.rules.policy import Policy
from functions.settlement.table.books import BalanceRow
from functions.settlement.table.keys import (
    POLICY,
    balance_key,
    income_key,
    money_key,
    notification_key,
    order_pk,
    payment_key,
    proof_key,
    proof_pk,
    proposal_key,
    proposals_pk,
    refund_key,
    stamp,
)
from functions.settlement.table.rows import (
    IncomeRow,
    OrderMoneyRow,
    PaymentRow,
    PolicyRow,
    ProofRow,
    ProposalEntryRow,
    ProposalRow,
    RefundRow,
    SettlementRow,
)
from functions.shared.table import Key, find, find_all, keep, query_page
from functions.shared.tx import Tx

NOTIFICATION_KEPT = timedelta(days=90)
_MAX_REFUNDS = 100
_MAX_OF_A_PERIOD = 1_000


def policy() -> Policy:
    """The thresholds in force, read at most once a minute."""
    row = keep(PolicyRow, *POLICY)
    return row.policy if row else Policy()


def put_policy(tx: Tx, wanted: Policy) -> None:
    """Replace the thresholds."""
    row = find(PolicyRow, *POLICY) or PolicyRow(*POLICY)
    row.policy = wanted
    tx.save(row)


def find_payment(payment_id: str) -> PaymentRow | None:
    return find(PaymentRow, *payment_key(payment_id))


def find_refund(order_id: str, refund_id: str) -> RefundRow | None:
    return find(RefundRow, *refund_key(order_id, refund_id))


def find_money(order_id: str, supplement_id: str = "") -> OrderMoneyRow | None:
    return find(OrderMoneyRow, *money_key(order_id, supplement_id))


def ordered_back_fen(order_id: str) -> int:
    """What people ordered back so far of an order and of what was paid beside it: one Query."""
    pk, sk = money_key(order_id)
    rows, _ = query_page(OrderMoneyRow, pk, prefix=sk, limit=_MAX_REFUNDS)
    return sum(int(row.ordered_back_fen) for row in rows)


def find_income(companion_id: str, order_id: str, completed_at: datetime) -> IncomeRow | None:
    return find(IncomeRow, *income_key(companion_id, order_id, completed_at))


def find_proposal(proposal_id: str) -> ProposalRow | None:
    return find(ProposalRow, *proposal_key(proposal_id))


def find_payment_and_notification(payment_id: str, notification_id: str) -> tuple[PaymentRow | None, bool]:
    """The payment, and whether this notification was dealt with before: one BatchGetItem."""
    payment_at, notification_at = payment_key(payment_id), notification_key(notification_id)
    rows = find_all(SettlementRow, [payment_at, notification_at])
    payment = rows.get(payment_at)
    return (payment if isinstance(payment, PaymentRow) else None), notification_at in rows


@dataclass(frozen=True)
class MoneyOfOrder:
    """What decides about an order's money: its payment, how it went so far, what is held."""

    payment: PaymentRow | None
    money: OrderMoneyRow
    held_fen: int


def find_money_of_order(order_id: str, *, payment_id: str, held: Account, supplement_id: str = "") -> MoneyOfOrder:
    """All of it in one BatchGetItem; `held_fen` is what the order's account holds for its client."""
    keys = (payment_key(payment_id), money_key(order_id, supplement_id), balance_key(held))
    payment, money, balance = map(find_all(SettlementRow, keys).get, keys)
    return MoneyOfOrder(
        payment if isinstance(payment, PaymentRow) else None,
        money if isinstance(money, OrderMoneyRow) else OrderMoneyRow(*money_key(order_id, supplement_id)),
        -int(balance.balance_fen) if isinstance(balance, BalanceRow) else 0,
    )


def refund_rows_of(order_id: str) -> list[RefundRow]:
    """The order's refunds, oldest first: one Query."""
    rows, _ = query_page(RefundRow, order_pk(order_id), prefix="REFUND#", limit=_MAX_REFUNDS)
    return sorted(rows, key=lambda row: (row.requested_at, len(row.refund_id), row.refund_id))


def incomes_of(companion_id: str, *, limit: int, after: str | None) -> tuple[list[Income], str | None]:
    """A page of a companion's incomes, latest first: one Query."""
    pk = f"COMPANION#{companion_id}"
    rows, last = query_page(IncomeRow, pk, prefix="INCOME#", limit=limit, after=after, newest_first=True)
    return [row.to_income() for row in rows], last


def incomes_between(companion_id: str, start: datetime, end: datetime) -> list[Income]:
    """A companion's incomes of completions from `start` until before `end`, oldest first."""
    span = IncomeRow.sk.between(f"INCOME#{stamp(start)}", f"INCOME#{stamp(end)}")
    rows = IncomeRow.query(f"COMPANION#{companion_id}", span, page_size=_MAX_OF_A_PERIOD, consistent_read=True)
    return [row.to_income() for row in rows]


def proposals_of(month: str, *, limit: int, after: str | None) -> tuple[list[ProposalRow], str | None]:
    """A page of what was proposed in a month, latest first: a Query and a BatchGet."""
    entries, last = query_page(ProposalEntryRow, proposals_pk(month), limit=limit, after=after, newest_first=True)
    keys = [proposal_key(entry.proposal_id) for entry in entries]
    found = find_all(SettlementRow, keys)
    rows = [found.get(key) for key in keys]
    return [row for row in rows if isinstance(row, ProposalRow)], last


def find_proof(day: str, part: int) -> ProofRow | None:
    return find(ProofRow, *proof_key(day, part))


def proofs_of(day: str) -> list[ProofRow]:
    """All parts of a night's proof: one Query."""
    rows, _ = query_page(ProofRow, proof_pk(day), prefix="PART#", limit=_MAX_REFUNDS)
    return list(rows)


def scan_part(proof: ProofRow, *, limit: int) -> tuple[list[SettlementRow], Key | None]:
    """The next `limit` rows of this part of the whole table, and where to go on; for proofs alone, never a request."""
    behind = {"pk": {"S": proof.behind_pk}, "sk": {"S": proof.behind_sk}} if proof.behind_pk else None
    results = SettlementRow.scan(
        segment=int(proof.part),
        total_segments=int(proof.parts),
        limit=limit,
        page_size=limit,
        last_evaluated_key=behind,
        consistent_read=True,
    )
    rows = list(results)
    last = results.last_evaluated_key
    return rows, (str(last["pk"]["S"]), str(last["sk"]["S"])) if last else None
