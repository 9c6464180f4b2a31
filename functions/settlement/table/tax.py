"""Rows of withheld income tax.

CONFIG                  tax_policy      from which day on tax is withheld, or no longer
COMPANION#<companion>   TAX#<year>      a companion's calendar year: what was withheld of which withdrawals, by month
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import UnicodeAttribute
from ulid import ULID

from functions.settlement.rules.ledger import Account
from functions.settlement.rules.withholding import TaxDecision, WithheldYear
from functions.settlement.table.books import BalanceRow
from functions.settlement.table.keys import Key, balance_key
from functions.settlement.table.payouts import WithdrawalRow, withdrawal_key
from functions.settlement.table.rows import SettlementRow
from functions.shared.table import JsonAttribute, find, find_all, keep

POLICY: Key = ("CONFIG", "tax_policy")
_ASKED_BEFORE = timedelta(days=60)
"""A plan takes no withdrawal that was asked for longer ago."""
_TIME_LENGTH = 10
"""Letters of an id that tell its instant."""


class TaxPolicyRow(SettlementRow, discriminator="tax_policy"):
    decisions: JsonAttribute[tuple[TaxDecision, ...]] = JsonAttribute(tuple[TaxDecision, ...], default=())


class TaxYearRow(SettlementRow, discriminator="tax_year"):
    companion_id = UnicodeAttribute()
    year: JsonAttribute[WithheldYear] = JsonAttribute(WithheldYear)


def year_key(companion_id: str, year: int) -> Key:
    return f"COMPANION#{companion_id}", f"TAX#{year}"


def decisions() -> Sequence[TaxDecision]:
    """When tax is withheld, read at most once a minute; a decision begins a day after it was made, at the earliest."""
    row = keep(TaxPolicyRow, *POLICY)
    return row.decisions if row else ()


def find_policy() -> TaxPolicyRow:
    """The row itself, to change it."""
    return find(TaxPolicyRow, *POLICY) or TaxPolicyRow(*POLICY)


def find_year(companion_id: str, year: int) -> TaxYearRow | None:
    return find(TaxYearRow, *year_key(companion_id, year))


def load_years(companion_ids: Iterable[str], year: int) -> dict[str, TaxYearRow]:
    """Each companion's year, an empty one if there is none yet: one BatchGet."""
    keys = {companion_id: year_key(companion_id, year) for companion_id in companion_ids}
    found = find_all(SettlementRow, list(keys.values()))
    years = dict[str, TaxYearRow]()
    for companion_id, key in keys.items():
        row = found.get(key)
        empty = TaxYearRow(*key, companion_id=companion_id, year=WithheldYear(year=year))
        years[companion_id] = row if isinstance(row, TaxYearRow) else empty
    return years


def find_balances_and_year(
    accounts: Sequence[Account], companion_id: str, year: int
) -> tuple[dict[Account, BalanceRow], WithheldYear]:
    """The balance of each of a companion's accounts that ever moved, and the year: one BatchGet."""
    key = year_key(companion_id, year)
    rows = find_all(SettlementRow, [key, *(balance_key(account) for account in accounts)])
    found = {account: rows.get(balance_key(account)) for account in accounts}
    row = rows.get(key)
    balances = {account: balance for account, balance in found.items() if isinstance(balance, BalanceRow)}
    return balances, row.year if isinstance(row, TaxYearRow) else WithheldYear(year=year)


def withdrawals_taxed_in(companion_id: str, year: int) -> list[WithdrawalRow]:
    """What plans of that year took of a companion's with its tax, for proofs alone: one Query."""
    first = datetime(year, 1, 1, tzinfo=UTC) - _ASKED_BEFORE
    pk, low = withdrawal_key(companion_id, f"wdr_{_time_of(first)}")
    _, high = withdrawal_key(companion_id, f"wdr_{_time_of(datetime(year + 1, 1, 2, tzinfo=UTC))}")
    rows = WithdrawalRow.query(pk, WithdrawalRow.sk.between(low, high), consistent_read=True)
    return [row for row in rows if (row.taxed_on or "").startswith(f"{year}-")]


def _time_of(at: datetime) -> str:
    return str(ULID.from_datetime(at))[:_TIME_LENGTH]
