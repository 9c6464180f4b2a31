"""Booking, and reading what was booked (F32, B10)."""

from typing import Any

from functions.settlement import table
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Code, Posting, Transaction, TrialBalance
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def post(tx: Tx, transaction: Transaction) -> None:
    """Book `transaction` with everything else that `tx` writes: itself, its lines, the balances and totals it moves.

    A transaction of this id that exists already makes the act run again, on rows that show it. Raises Overdrawn at
    commit if an order's or a companion's account would give more than it holds.
    """
    shard = ledger.shard_of(transaction.order_id)
    tx.insert(
        table.TransactionRow(
            *table.transaction_key(transaction.order_id, transaction.id),
            id=transaction.id,
            order_id=transaction.order_id,
            at=transaction.at,
            postings=transaction.postings,
        )
    )
    for posting in transaction.postings:
        tx.insert(table.line_row(posting.account, shard, transaction, posting.amount_fen))
        if posting.account.owner:
            _move_balance(tx, posting, shard)
    _move_totals(tx, transaction, shard)


def _move_balance(tx: Tx, posting: Posting, shard: int) -> None:
    row = table.BalanceRow
    taken = posting.amount_fen if posting.account.may_not_overdraw and posting.amount_fen > 0 else 0
    tx.update(
        row(*table.balance_key(posting.account, shard)),
        [row.balance_fen.add(posting.amount_fen)],
        condition=row.balance_fen <= -taken if taken else None,
        conflict=ledger.Overdrawn(),
    )


def _move_totals(tx: Tx, transaction: Transaction, shard: int) -> None:
    row = table.TotalsRow
    by_code: dict[Code, int] = {}
    for posting in transaction.postings:
        by_code[posting.account.code] = by_code.get(posting.account.code, 0) + posting.amount_fen
    moves: list[Any] = [getattr(row, code.value).add(amount) for code, amount in by_code.items() if amount]
    if moves:
        tx.update(row(*table.totals_key(shard)), moves)


def order_ledger(order_id: str) -> list[Transaction]:
    """Every transaction of the order, oldest first; NotFound if nothing was ever booked for it."""
    transactions = table.transactions_of(order_id)
    if not transactions:
        raise NotFound()
    return transactions


def statement(
    account: Account, *, shard: int = 0, limit: int, after: str | None = None
) -> tuple[list[table.LineRow], str | None]:
    """A page of the account's lines, oldest first, and where the next page begins."""
    return table.statement_of(account, shard=shard, limit=limit, after=after)


def trial_balance() -> TrialBalance:
    """All totals from the sixteen parts, without looking at any order (eventually exact: each part is)."""
    return TrialBalance(table.find_totals())
