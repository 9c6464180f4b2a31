"""Proving withheld tax: a companion's year from its withdrawals, the ledger's account from all years (B12)."""

from collections import Counter
from collections.abc import Iterator

from functions.settlement.rules.ledger import Code
from functions.settlement.rules.ledger.transactions import event_of
from functions.settlement.rules.withdrawals import PartState
from functions.settlement.rules.withholding import WithheldMonth, WithheldYear
from functions.settlement.table import TransactionRow
from functions.settlement.table import tax as table
from functions.settlement.table.tax import TaxYearRow
from functions.shared.table import Row

_WITHHOLDING = frozenset({"withdrawal_paid", "tax_returned"})
"""Bookings on the account that a year knows of; others pass money on to the tax office, or correct that."""


class TaxTotals:
    """What the ledger withheld and what the companions' years say, over the whole table."""

    def __init__(self) -> None:
        self._booked_fen = self._kept_fen = 0

    def see(self, row: Row) -> None:
        """Count a row in, if it is about tax."""
        if isinstance(row, TaxYearRow):
            self._kept_fen += row.year.paid_tax_fen
        elif isinstance(row, TransactionRow) and event_of(row.id) in _WITHHOLDING:
            self._booked_fen -= sum(
                posting.amount_fen for posting in row.postings if posting.account.code is Code.TAX_WITHHELD
            )

    def findings(self) -> Iterator[str]:
        """The account is what the years kept less what was passed on, or here is what is wrong."""
        if self._booked_fen != self._kept_fen:
            yield f"tax withheld is {self._booked_fen} fen by the ledger, {self._kept_fen} by the companions' years"


def find_year_and_sums(row: TaxYearRow) -> tuple[WithheldYear, WithheldYear]:
    """A year as it is stored now, and as its withdrawals have it."""
    fresh = table.find_year(row.companion_id, row.year.year) or row
    return fresh.year, _from_withdrawals(fresh)


def _from_withdrawals(row: TaxYearRow) -> WithheldYear:
    sums: dict[int, Counter[str]] = {}
    for withdrawal in table.withdrawals_taxed_in(row.companion_id, row.year.year):
        of_month = sums.setdefault(int(withdrawal.taxed_on[5:7]), Counter())
        for part in withdrawal.transfers:
            if part.state is not PartState.RETURNED:
                of_month.update(taken_fen=part.gross_fen, withheld_fen=part.tax_fen)
            if part.state is PartState.PAID:
                of_month.update(paid_fen=part.gross_fen, paid_tax_fen=part.tax_fen)
    months = {month: WithheldMonth(**amounts) for month, amounts in sums.items()}
    stored = row.year
    return WithheldYear(
        year=stored.year, months=months, given_back_fen=stored.given_back_fen, reimbursed_fen=stored.reimbursed_fen
    )


def is_sound(seen: tuple[WithheldYear, WithheldYear]) -> bool:
    """Whether the incomes are those of the withdrawals month by month, and the tax is theirs less what was returned."""
    stored, summed = seen
    incomes = [{number: (each.taken_fen, each.paid_fen) for number, each in year.months.items()} for year in seen]
    taken_off = stored.given_back_fen
    return (
        {number: each for number, each in incomes[0].items() if any(each)}
        == {number: each for number, each in incomes[1].items() if any(each)}
        and stored.withheld_fen == summed.withheld_fen - taken_off
        and stored.paid_tax_fen == summed.paid_tax_fen - taken_off
    )


def describe(row: TaxYearRow, seen: tuple[WithheldYear, WithheldYear]) -> str:
    """What is wrong with a year, for finance."""
    stored, summed = seen
    return (
        f"tax of {row.companion_id} in {stored.year} is {stored.paid_tax_fen} of {stored.withheld_fen} fen, "
        f"the withdrawals say {summed.paid_tax_fen} of {summed.withheld_fen}, {stored.given_back_fen} given back"
    )
