"""Booking, and reading what was booked (F32, B10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.settlement import table
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Code, Kind, Posting, Transaction, TrialBalance
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.tx import Tx


def post(tx: Tx, transaction: Transaction, *together: Transaction, is_decided_on_balances: bool = False) -> None:
    """Book `transaction` with everything else that `tx` writes: itself, its lines, the balances and totals it moves.

    What one act books about one object goes in one call, with `together`, for no row can be moved twice in one commit.
    A transaction of this id that exists already makes the act run again, on rows that show it. Raises Overdrawn at
    commit if an order's or a companion's account would give more than is on it; if the act decided on the balances
    (`is_decided_on_balances`) it runs again instead, on what they are now.
    """
    shard = ledger.shard_of(transaction.subject)
    month = ledger.month_of(transaction.at)
    booked = (transaction, *together)
    for each in booked:
        _write(tx, each, shard)
    conflict = None if is_decided_on_balances else ledger.Overdrawn()
    moved = ledger.fold(booked)
    for account, amount_fen in moved.items():
        if account.owner:
            key = table.balance_key(account, shard, month)
            _move_balance(tx, Posting(account, amount_fen), key, _paid_out_fen(booked, account), conflict)
    _move_totals(tx, moved, table.totals_key(shard, month))


def _write(tx: Tx, transaction: Transaction, shard: int) -> None:
    tx.insert(
        table.TransactionRow(
            *table.transaction_key(transaction.subject, transaction.id),
            id=transaction.id,
            subject=transaction.subject,
            at=transaction.at,
            postings=transaction.postings,
        )
    )
    tx.insert(table.journal_row(shard, transaction))
    for posting in transaction.postings:
        tx.insert(table.line_row(posting.account, shard, transaction, posting.amount_fen))


def _paid_out_fen(booked: Sequence[Transaction], account: Account) -> int:
    return sum(
        ledger.paid_out_fen(each.id, account.code, posting.amount_fen)
        for each in booked
        for posting in each.postings
        if posting.account == account
    )


def _move_balance(tx: Tx, posting: Posting, key: table.Key, paid_fen: int, conflict: ledger.Overdrawn | None) -> None:
    row, amount_fen, code = table.BalanceRow, posting.amount_fen, posting.account.code
    moves = [row.balance_fen.add(amount_fen)]
    if paid_fen:
        moves.append(row.paid_fen.add(paid_fen))
    condition = None
    if posting.account.may_not_overdraw and amount_fen * code.kind.natural_sign < 0:
        is_liability = code.kind is Kind.LIABILITY
        condition = row.balance_fen <= -amount_fen if is_liability else row.balance_fen >= -amount_fen
    tx.update(row(*key), moves, condition=condition, conflict=conflict)


def _move_totals(tx: Tx, moved: Mapping[Account, int], key: table.Key) -> None:
    row = table.TotalsRow
    by_code: dict[Code, int] = {}
    for account, amount_fen in moved.items():
        by_code[account.code] = by_code.get(account.code, 0) + amount_fen
    moves: list[Any] = [getattr(row, code.value).add(amount) for code, amount in by_code.items() if amount]
    if moves:
        tx.update(row(*key), moves)


def order_ledger(order_id: str) -> list[Transaction]:
    """Every transaction of the order, oldest first; NotFound if nothing was ever booked for it."""
    transactions = table.transactions_of(order_id)
    if not transactions:
        raise NotFound()
    return transactions


@dataclass(frozen=True)
class StatementLine:
    """One posting and the account's signed balance behind it."""

    transaction_id: str
    subject: str
    at: datetime
    amount_fen: int
    balance_fen: int


@dataclass(frozen=True)
class StatementPage:
    """Part of an account's statement; signed fen. `next` leads to the following part, None at the end."""

    account: Account
    opening_fen: int
    lines: tuple[StatementLine, ...]
    closing_fen: int
    next: str | None


def account_statement(
    account: Account, *, start: datetime | None, end: datetime | None, limit: int, after: str | None
) -> StatementPage:
    """A page of the account's lines with `start` ≤ instant < `end`, oldest first, with the balance behind each line.

    The cursor carries the balance, so that only the first page adds up what went before. Raises Invalid for a cursor
    that is not one of this list's.
    """
    behind, opening_fen = _carried(after)
    if after is None and start is not None:
        opening_fen = table.balance_before(account, start)
    rows = table.lines_of(account, start=start, end=end, after=behind, limit=limit + 1)
    lines, balance_fen = list[StatementLine](), opening_fen
    for row in rows[:limit]:
        balance_fen += row.amount_fen
        lines.append(StatementLine(row.transaction_id, row.subject, row.at, row.amount_fen, balance_fen))
    has_more = len(rows) > limit
    following = f"{balance_fen}|{rows[limit - 1].sk}" if has_more else None
    return StatementPage(account, opening_fen, tuple(lines), balance_fen, following)


def _carried(after: str | None) -> tuple[str, int]:
    if after is None:
        return "", 0
    balance, _, behind = after.partition("|")
    try:
        return behind, int(balance)
    except ValueError:
        raise Invalid(errors=(FieldError("cursor", "分页游标无效，请从第一页重新开始"),)) from None


def trial_balance(through: str | None = None) -> TrialBalance:
    """All totals, up to the end of a China month (`2026-03`) or until now, without looking at any order."""
    return TrialBalance(table.find_totals(through))
