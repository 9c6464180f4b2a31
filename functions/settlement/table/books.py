"""The ledger's rows: transactions, statement lines, balances, totals."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.settlement.rules.ledger import (
    SHARDS,
    Account,
    Code,
    Posting,
    Scope,
    Transaction,
    in_sequence,
    month_of,
    paid_out_fen,
)
from functions.settlement.table.keys import (
    account_pk,
    balance_key,
    books_pk,
    journal_key,
    journal_pk,
    line_key,
    stamp,
    totals_pk,
    transaction_key,
)
from functions.settlement.table.rows import SettlementRow
from functions.shared import clock
from functions.shared.table import (
    FenAttribute,
    InstantAttribute,
    JsonAttribute,
    SumFenAttribute,
    find,
    find_all,
    query_page,
)

_MAX_OF_ONE_SUBJECT = 400
_PAGE = 500
_FIRST = "LINE#"
_LAST = "LINE#~"


class TransactionRow(SettlementRow, discriminator="ledger_transaction"):
    id = UnicodeAttribute()
    subject = UnicodeAttribute()
    at = InstantAttribute()
    postings: JsonAttribute[tuple[Posting, ...]] = JsonAttribute(tuple[Posting, ...])

    def to_transaction(self) -> Transaction:
        return Transaction(self.id, self.subject, self.at, self.postings)


class LineRow(SettlementRow, discriminator="statement_line"):
    """One posting as its account's statement shows it."""

    transaction_id = UnicodeAttribute()
    subject = UnicodeAttribute()
    at = InstantAttribute()
    amount_fen = FenAttribute()


class JournalRow(SettlementRow, discriminator="journal_entry"):
    """That something was booked on a day: who reads the whole day reads its journal."""

    transaction_id = UnicodeAttribute()
    subject = UnicodeAttribute()


class BalanceRow(SettlementRow, discriminator="account_balance"):
    """The signed balance of an account that has an owner; of a sharded one what a month brought to one part of it."""

    balance_fen = SumFenAttribute(default=0)
    paid_fen = SumFenAttribute(default=0)
    """Of the debits, what was paid out to the companion."""


class TotalsRow(SettlementRow, discriminator="ledger_totals"):
    """What a month brought to one part of every account code, of all owners together; attributes named like codes."""

    provider_clearing = NumberAttribute(null=True)
    bank_clearing = NumberAttribute(null=True)
    client_funds_held = NumberAttribute(null=True)
    refund_payable = NumberAttribute(null=True)
    companion_pending = NumberAttribute(null=True)
    companion_available = NumberAttribute(null=True)
    companion_withdrawing = NumberAttribute(null=True)
    companion_debt = NumberAttribute(null=True)
    premium_payable = NumberAttribute(null=True)
    tax_withheld = NumberAttribute(null=True)
    suspense = NumberAttribute(null=True)
    commission = NumberAttribute(null=True)
    subsidy = NumberAttribute(null=True)
    coupon_cost = NumberAttribute(null=True)
    goodwill = NumberAttribute(null=True)
    provider_fees = NumberAttribute(null=True)

    def to_totals(self) -> dict[Code, int]:
        return {code: int(getattr(self, code.value) or 0) for code in Code}


def line_row(account: Account, shard: int, transaction: Transaction, amount_fen: int) -> LineRow:
    return LineRow(
        *line_key(account, shard, transaction.at, transaction.id),
        transaction_id=transaction.id,
        subject=transaction.subject,
        at=transaction.at,
        amount_fen=amount_fen,
    )


def journal_row(shard: int, transaction: Transaction) -> JournalRow:
    return JournalRow(
        *journal_key(transaction.at, transaction.id, shard),
        transaction_id=transaction.id,
        subject=transaction.subject,
    )


def journal_of(day: date, shard: int) -> Iterator[tuple[str, str]]:
    """Subject and id of every transaction of a China day in one part; all of a subject's are in the same part."""
    for row in JournalRow.query(journal_pk(day, shard), page_size=_PAGE, consistent_read=True):
        yield row.subject, row.transaction_id


def load_transactions(entries: Iterable[tuple[str, str]]) -> list[Transaction]:
    """The transactions of these journal entries (subject, id): one BatchGetItem for 100."""
    rows = find_all(SettlementRow, [transaction_key(subject, id_) for subject, id_ in entries])
    return [row.to_transaction() for row in rows.values() if isinstance(row, TransactionRow)]


def find_transaction(subject: str, transaction_id: str) -> Transaction | None:
    row = find(TransactionRow, *transaction_key(subject, transaction_id))
    return row.to_transaction() if row else None


def transactions_of(subject: str) -> list[Transaction]:
    """Everything that was booked about an object, oldest first: one Query."""
    rows, _ = query_page(TransactionRow, books_pk(subject), prefix="LTX#", limit=_MAX_OF_ONE_SUBJECT)
    return in_sequence(row.to_transaction() for row in rows)


def find_balance_rows(accounts: Sequence[Account]) -> dict[Account, BalanceRow]:
    """The balance of each unsharded account that ever moved: one BatchGetItem."""
    rows = find_all(SettlementRow, [balance_key(account) for account in accounts])
    found = {account: rows.get(balance_key(account)) for account in accounts}
    return {account: row for account, row in found.items() if isinstance(row, BalanceRow)}


def find_balances(accounts: Sequence[Account]) -> list[int]:
    """The signed balance of each unsharded account: one BatchGetItem."""
    rows = find_balance_rows(accounts)
    return [int(rows[account].balance_fen) if account in rows else 0 for account in accounts]


def find_totals(through: str | None = None) -> dict[Code, int]:
    """The signed total of every account code, up to the end of a month or until now: one Query for each part."""
    totals = dict.fromkeys(Code, 0)
    for shard in range(SHARDS):
        for row in TotalsRow.query(totals_pk(shard), consistent_read=True):
            if through is None or row.sk <= f"TOTALS#{through}":
                totals = {code: totals[code] + amount for code, amount in row.to_totals().items()}
    return totals


def lines_of(
    account: Account, *, start: datetime | None = None, end: datetime | None = None, after: str = "", limit: int | None
) -> list[LineRow]:
    """At most `limit` lines (None: all) with `start` ≤ instant < `end`, behind the sort key `after`, oldest first.

    The parts of a sharded account are read one by one (sixteen Queries) and merged by time.
    """
    low = f"{after} " if after else f"{_FIRST}{stamp(start)}" if start else _FIRST
    high = f"{_FIRST}{stamp(end)}" if end else _LAST
    if low > high:
        return []
    parts = [_lines(pk, low, high, limit=limit) for pk in _partitions(account)]
    return list(islice(heapq.merge(*parts, key=lambda line: str(line.sk)), limit))


def balance_before(account: Account, instant: datetime) -> int:
    """The signed balance of everything that was booked with an earlier instant.

    A sharded account's months are kept as sums, so that at most one month of lines is read; another one's lines all.
    """
    if not account.is_sharded:
        return _sum(account, start=None, end=instant)
    month = month_of(instant)
    first = clock.china(instant).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = sum(_months_before(account, shard, month) for shard in range(SHARDS))
    return before + _sum(account, start=first, end=instant)


def _months_before(account: Account, shard: int, month: str) -> int:
    if account.code.scope is Scope.PLATFORM:
        totals = TotalsRow.query(totals_pk(shard), TotalsRow.sk < f"TOTALS#{month}", consistent_read=True)
        return sum(row.to_totals()[account.code] for row in totals)
    key = BalanceRow.sk.between("BALANCE#", f"BALANCE#{month}")
    rows = BalanceRow.query(account_pk(account, shard), key, consistent_read=True)
    return sum(row.balance_fen for row in rows if row.sk < f"BALANCE#{month}")


def _sum(account: Account, *, start: datetime | None, end: datetime) -> int:
    low = f"{_FIRST}{stamp(start)}" if start else _FIRST
    high = f"{_FIRST}{stamp(end - timedelta(microseconds=1))}~"
    if low > high:
        return 0
    return sum(line.amount_fen for pk in _partitions(account) for line in _lines(pk, low, high))


def _partitions(account: Account) -> Iterable[str]:
    return {account_pk(account, shard): None for shard in range(SHARDS)}


def _lines(pk: str, low: str, high: str, *, limit: int | None = None) -> Iterator[LineRow]:
    page = min(limit, _PAGE) if limit else _PAGE
    return iter(LineRow.query(pk, LineRow.sk.between(low, high), limit=limit, page_size=page, consistent_read=True))


def sum_of_lines(pk: str, month: str, code: Code) -> tuple[int, int]:
    """The signed sum of an account partition's lines, of one China month or (empty) all, and what they paid out."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=clock.CHINA) if month else None
    after = (first + timedelta(days=31)).replace(day=1) if first else None
    low = f"{_FIRST}{stamp(first)}" if first else _FIRST
    high = f"{_FIRST}{stamp(after)}" if after else _LAST
    total = paid = 0
    for line in _lines(pk, low, high):
        total += line.amount_fen
        paid += paid_out_fen(line.transaction_id, code, line.amount_fen)
    return total, paid
