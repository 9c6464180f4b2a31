"""Proving the ledger from the rows themselves, a page at a time, in memory that does not grow with the table (B10).

What is proven of a row needs that row and a few others, so pages may be looked at in any order, by several processes,
while orders go on: a transaction, its lines and its balances are written together and the first two never change.

- a transaction sums to zero and stands in its day's journal; each of its postings has its line, and a balance that
  moved with it;
- a line has its transaction, which has it;
- a balance is the sum of its account's lines (of its month where the account is sharded);
- a part of the totals sums to zero, and its platform accounts are the sums of their lines;
- a companion's tax of a year is what the withdrawals of that year kept back.

`findings` of a whole table at rest proves two things more: every total is the sum of all its owners' postings, and the
tax that was withheld is that of all companions' years.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from functions.settlement import table
from functions.settlement.actions import tax_proof
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Code, Scope
from functions.settlement.table import BalanceRow, LineRow, SettlementRow, TotalsRow, TransactionRow
from functions.settlement.table.tax import TaxYearRow
from functions.shared.table import Row, find, find_all

SeenT = TypeVar("SeenT")
_PAGE = 100
_LOOKS = 3
"""A balance in motion is looked at so often before it counts as wrong."""


def findings(rows: Iterable[Row]) -> list[str]:
    """Everything that is wrong with the whole table, each with its culprit; empty if all is well.

    The table must be at rest, for every total is compared with the postings that were seen.
    """
    wrong, expected, stored = list[str](), Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    remaining, taxes = iter(rows), tax_proof.TaxTotals()
    while page := list(islice(remaining, _PAGE)):
        wrong += findings_of_page(page)
        for row in page:
            taxes.see(row)
            if isinstance(row, TransactionRow):
                _expect_totals(expected, row)
            elif isinstance(row, TotalsRow):
                stored.update({(row.pk, row.sk, code.value): amount for code, amount in row.to_totals().items()})
    for key in sorted(expected.keys() | stored.keys()):
        if expected[key] != stored[key]:
            part, month, code = key
            wrong.append(f"{code} in {part} {month} is {stored[key]} fen, its postings say {expected[key]}")
    if overall := sum(stored.values()):
        wrong.append(f"the totals sum to {overall} fen instead of zero")
    return [*wrong, *taxes.findings()]


def _expect_totals(expected: Counter[tuple[str, str, str]], row: TransactionRow) -> None:
    key = table.totals_key(ledger.shard_of(row.subject), ledger.month_of(row.at))
    for posting in row.postings:
        expected[(*key, posting.account.code.value)] += posting.amount_fen


def findings_of_page(rows: Sequence[Row]) -> list[str]:
    """What is wrong with these rows and what belongs to them; the table may be in motion."""
    transactions = [row for row in rows if isinstance(row, TransactionRow)]
    lines = [row for row in rows if isinstance(row, LineRow)]
    wrong = [finding for row in transactions if (finding := _unbalanced(row))]
    wrong += _missing_parts(transactions)
    wrong += _orphans(lines)
    for row in rows:
        if isinstance(row, BalanceRow):
            wrong += _wrong_balance(row)
        elif isinstance(row, TotalsRow):
            wrong += _wrong_totals(row)
        elif isinstance(row, TaxYearRow):
            wrong += _wrong_tax(row)
    return wrong


def _unbalanced(row: TransactionRow) -> str:
    rest = sum(posting.amount_fen for posting in row.postings)
    return f"transaction {row.id} of {row.subject} sums to {rest} fen instead of zero" if rest else ""


def _missing_parts(transactions: Sequence[TransactionRow]) -> Iterator[str]:
    """Every posting has its line, of its amount, and its account a balance."""
    lines: dict[table.Key, tuple[TransactionRow, int]] = {}
    balances: dict[table.Key, TransactionRow] = {}
    for row in transactions:
        shard, month = ledger.shard_of(row.subject), ledger.month_of(row.at)
        for posting in row.postings:
            lines[table.line_key(posting.account, shard, row.at, row.id)] = (row, posting.amount_fen)
            if posting.account.owner:
                balances[table.balance_key(posting.account, shard, month)] = row
    entries = {table.journal_key(row.at, row.id, ledger.shard_of(row.subject)): row for row in transactions}
    stored = find_all(SettlementRow, [*lines, *balances, *entries])
    for key, row in entries.items():
        if key not in stored:
            yield f"journal entry of {row.id} in {key[0]} is missing"
    for key, (row, amount_fen) in lines.items():
        line = stored.get(key)
        found_fen = line.amount_fen if isinstance(line, LineRow) else 0
        if found_fen != amount_fen:
            yield f"line of {row.id} in {key[0]} is {found_fen} fen, its posting says {amount_fen}"
    for key, row in balances.items():
        if key not in stored:
            yield f"balance of {key[0]} is missing, {row.id} moved it"


def _orphans(lines: Sequence[LineRow]) -> Iterator[str]:
    keys = {line.sk + line.pk: table.transaction_key(line.subject, line.transaction_id) for line in lines}
    stored = find_all(SettlementRow, keys.values())
    for line in lines:
        row = stored.get(keys[line.sk + line.pk])
        shard = ledger.shard_of(line.subject)
        postings = row.postings if isinstance(row, TransactionRow) else ()
        if line.pk not in [table.account_pk(posting.account, shard) for posting in postings]:
            yield f"line of {line.transaction_id} in {line.pk} is {line.amount_fen} fen, no posting says so"


def _wrong_balance(row: BalanceRow) -> Iterator[str]:
    month = row.sk.partition("#")[2]
    account = _account_of(row.pk)

    def look() -> tuple[int, int, int, int]:
        fresh = find(BalanceRow, row.pk, row.sk) or row
        summed, paid = table.sum_of_lines(row.pk, month, account.code)
        return int(fresh.balance_fen), summed, int(fresh.paid_fen), paid

    found = _settled(look, lambda seen: seen[0] == seen[1] and seen[2] == seen[3])
    if found is None:
        return
    balance, summed, paid, summed_paid = found
    name = f"{row.pk} {month}".strip()
    if balance != summed:
        yield f"balance of {name} is {balance} fen, its lines say {summed}"
    if paid != summed_paid:
        yield f"payouts of {name} are {paid} fen, its lines say {summed_paid}"


def _wrong_totals(row: TotalsRow) -> Iterator[str]:
    shard, month = row.pk.partition("#")[2], row.sk.partition("#")[2]
    if rest := sum(row.to_totals().values()):
        yield f"totals of part {shard} in {month} sum to {rest} fen instead of zero"
    for code in (code for code in Code if code.scope is Scope.PLATFORM):
        look = partial(_total_and_lines, row, code, int(shard), month)
        found = _settled(look, lambda seen: seen[0] == seen[1])
        if found is not None:
            yield f"total of {code} in part {shard} in {month} is {found[0]} fen, its lines say {found[1]}"


def _wrong_tax(row: TaxYearRow) -> Iterator[str]:
    if found := _settled(partial(tax_proof.find_year_and_sums, row), tax_proof.is_sound):
        yield tax_proof.describe(row, found)


def _total_and_lines(row: TotalsRow, code: Code, shard: int, month: str) -> tuple[int, int]:
    fresh = find(TotalsRow, row.pk, row.sk) or row
    return fresh.to_totals()[code], table.sum_of_lines(table.account_pk(Account(code), shard), month, code)[0]


def _settled(look: Callable[[], SeenT], is_sound: Callable[[SeenT], bool]) -> SeenT | None:
    """None as soon as what is seen is sound; otherwise what was seen last, for bookings may come in between."""
    seen = look()
    for _ in range(_LOOKS - 1):
        if is_sound(seen):
            return None
        seen = look()
    return None if is_sound(seen) else seen


def _account_of(pk: str) -> Account:
    return ledger.parse_account(pk.split("#")[1])
