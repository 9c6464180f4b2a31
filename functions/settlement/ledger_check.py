"""Prove the ledger over the whole table: `python -m functions.settlement.ledger_check`.

Every transaction sums to zero; every posting has its line and every line its posting; every balance and every total is
the fold of the postings; all of it together sums to zero. Prints each culprit and exits with 1 if there is one. It
scans: run it over a table that is at rest, or read a finding about an order in motion as a question to ask again.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from functions.settlement import table
from functions.settlement.rules import ledger
from functions.settlement.table import BalanceRow, LineRow, SettlementRow, TotalsRow, TransactionRow
from functions.shared.table import Row

KeyT = TypeVar("KeyT")


@dataclass
class Books:
    """What the transactions say must be in the rest of the table, or what is there."""

    balances: Counter[str] = field(default_factory=Counter)
    """By partition of the account, of accounts with an owner."""
    totals: Counter[tuple[int, str]] = field(default_factory=Counter)
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By partition of the account and transaction."""


def findings(rows: Iterable[Row]) -> list[str]:
    """Everything that is wrong with these rows of the settlement table, each with its culprit; empty if all is well."""
    books, stored, wrong = Books(), Books(), list[str]()
    for row in rows:
        if isinstance(row, TransactionRow):
            wrong += _book(books, row)
        elif isinstance(row, LineRow):
            stored.lines[row.pk, row.transaction_id] += row.amount_fen
        elif isinstance(row, BalanceRow):
            stored.balances[row.pk] += row.balance_fen
        elif isinstance(row, TotalsRow):
            shard = int(row.pk.rpartition("#")[2])
            stored.totals.update({(shard, code.value): amount for code, amount in row.to_totals().items()})
    wrong += _differences("balance of", books.balances, stored.balances)
    wrong += _differences("total of part", books.totals, stored.totals)
    wrong += _differences("line of", books.lines, stored.lines)
    overall = sum(stored.totals.values())
    if overall:
        wrong.append(f"the totals sum to {overall} fen instead of zero")
    return wrong


def _book(books: Books, row: TransactionRow) -> list[str]:
    """Add one transaction to what must be; what is wrong with it in itself."""
    shard = ledger.shard_of(row.order_id)
    for posting in row.postings:
        partition = table.account_pk(posting.account, shard)
        books.lines[partition, row.id] += posting.amount_fen
        books.totals[shard, posting.account.code.value] += posting.amount_fen
        if posting.account.owner:
            books.balances[partition] += posting.amount_fen
    rest = sum(posting.amount_fen for posting in row.postings)
    return [f"transaction {row.id} of {row.order_id} sums to {rest} fen instead of zero"] if rest else []


def _differences(what: str, expected: Counter[KeyT], actual: Counter[KeyT]) -> list[str]:
    return [
        f"{what} {_name(key)} is {actual[key]} fen, its postings say {expected[key]}"
        for key in sorted(expected.keys() | actual.keys(), key=str)
        if expected[key] != actual[key]
    ]


def _name(key: object) -> str:
    return " / ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


def main() -> int:
    """Check the stage's table; 0 if the ledger holds, 1 with the culprits on stderr if it does not."""
    wrong = findings(SettlementRow.scan(consistent_read=True))
    for culprit in wrong:
        print(culprit, file=sys.stderr)
    print("账本不平，见上" if wrong else "账本平衡：每笔合计为零，余额与分录一致")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
