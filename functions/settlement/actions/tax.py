"""Income tax kept back from withdrawals: decided on, taken along by plans, settled with each transfer, shown (B12)."""

from collections.abc import Iterable
from datetime import date

from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger, withholding
from functions.settlement.rules.withdrawals import TransferPart, Withdrawal
from functions.settlement.rules.withholding import TaxDecision, WithheldYear
from functions.settlement.table import payouts
from functions.settlement.table import tax as table
from functions.settlement.table.payouts import WithdrawalRow
from functions.settlement.table.tax import TaxPolicyRow
from functions.shared import audit, clock, observe
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.events import Timer
from functions.shared.tx import Tx

_ROOM = "settlement"
_FIRST_YEAR = 2025
POLICY_SUBJECT = "tax-policy"
"""Under which the policy's changes stand in the audit."""


def read_policy() -> TaxPolicyRow:
    """Every decision that was made, of version 0 before the first."""
    return table.find_policy()


def decide_policy(
    tx: Tx, *, effective_from: date, is_withheld: bool, reason: str, staff_id: str, version: int
) -> TaxPolicyRow:
    """Withhold from that day on, or no longer. Raises PreconditionFailed, Invalid for a day that is not to come."""
    row = table.find_policy()
    if int(row.version) != version:
        raise PreconditionFailed()
    new = TaxDecision(
        effective_from=effective_from, is_withheld=is_withheld, reason=reason, decided_by=staff_id, decided_at=tx.now
    )
    row.decisions = withholding.decided(row.decisions, new, today=clock.service_date(tx.now))
    tx.save(row)
    said = f"{effective_from} {'withheld' if is_withheld else 'not withheld'}"
    audit.record(tx, actor=staff_id, act="tax_policy.decided", subject=POLICY_SUBJECT, reason=reason, after=said)
    return row


class TaxPage:
    """The years of the companions of one page of a plan, so that each of them is written once for all of it."""

    def __init__(self, day: date | str, companion_ids: Iterable[str]) -> None:
        self.day = date.fromisoformat(str(day))
        self._years = table.load_years(dict.fromkeys(companion_ids), self.day.year)
        self._before = {companion_id: row.year for companion_id, row in self._years.items()}

    def withhold(self, withdrawal: Withdrawal) -> int:
        """What is kept back of a withdrawal that the plan takes, which from now on counts as income."""
        row = self._years[withdrawal.companion_id]
        most_fen = withdrawal.amount_fen - payouts.payout_policy().per_transfer_min_fen
        row.year, tax_fen = withholding.take(
            row.year, income_fen=withdrawal.amount_fen, month=self.day.month, most_fen=most_fen
        )
        return tax_fen

    def give_back(self, row: WithdrawalRow) -> None:
        """The plan is not paid: the withdrawal is no income yet."""
        year = self._years[row.companion_id]
        for part in row.transfers:
            year.year = _settled(year.year, row, part, is_paid=False)

    def save(self, tx: Tx) -> None:
        """Write the years that changed; what one of them has too much of is given back soon."""
        for companion_id, row in self._years.items():
            if row.year != self._before[companion_id]:
                _save(tx, row)


def page_of_plan(day: date, companion_ids: Iterable[str]) -> TaxPage | None:
    """The years of those whose withdrawals a plan of that day takes; None if no tax is withheld then."""
    return TaxPage(day, companion_ids) if withholding.is_withheld_on(day, table.decisions()) else None


def reimburse(tx: Tx, companion_id: str, amount_fen: int) -> None:
    """A client paid expenses back: they will be withdrawn like income, and are none. Nothing is noted without tax."""
    today = clock.service_date(tx.now)
    if not amount_fen or not withholding.is_withheld_on(today, table.decisions()):
        return
    row = table.load_years([companion_id], today.year)[companion_id]
    row.year = withholding.reimburse(row.year, amount_fen)
    _save(tx, row)


def settle(tx: Tx, row: WithdrawalRow, part: TransferPart, *, is_paid: bool) -> None:
    """A transfer of the withdrawal has arrived, or has come back and its tax with it."""
    if row.taxed_on is None:
        return
    year = table.find_year(row.companion_id, _day_of(row).year)
    assert year is not None, "what a plan took stands in its year"
    year.year = _settled(year.year, row, part, is_paid=is_paid)
    _save(tx, year)


def _settled(year: WithheldYear, row: WithdrawalRow, part: TransferPart, *, is_paid: bool) -> WithheldYear:
    month = _day_of(row).month
    return withholding.settle(year, month=month, income_fen=part.gross_fen, tax_fen=part.tax_fen, is_paid=is_paid)


def _day_of(row: WithdrawalRow) -> date:
    return date.fromisoformat(row.taxed_on or "")


def _save(tx: Tx, row: table.TaxYearRow) -> None:
    tx.save(row)
    if withholding.excess_fen(row.year):
        subject = f"{row.companion_id}.{row.year.year}"
        tx.schedule(Timer(room=_ROOM, kind="return_tax", subject=subject, due_at=tx.now))


def return_excess(tx: Tx, subject: str) -> None:
    """Tax that is not owed of what was really paid is available to its companion (`<companion>.<year>`).

    Nothing happens while something is on its way again: its outcome comes back here.
    """
    companion_id, _, year = subject.partition(".")
    row = table.find_year(companion_id, int(year))
    amount_fen = withholding.excess_fen(row.year) if row else 0
    if row is None or not amount_fen:
        return
    number = f"{companion_id}-{year}-{row.version}"
    row.year = withholding.without_excess(row.year)
    tx.save(row)
    observe.count("TaxReturned")
    post(tx, ledger.tax_returned(number=number, companion_id=companion_id, amount_fen=amount_fen, at=tx.now))


def statement_of(companion_id: str, year: str, *, today: date) -> WithheldYear:
    """The companion's calendar year, empty if nothing was withheld in it; NotFound for one that is not yet."""
    found = table.find_year(companion_id, _year_of(year, today))
    return found.year if found else WithheldYear(year=int(year))


def look_at_statement(tx: Tx, *, companion_id: str, year: str, staff_id: str) -> WithheldYear:
    """The same for staff, who leave their name. NotFound if there is nothing."""
    found = table.find_year(companion_id, _year_of(year, clock.service_date(tx.now)))
    if found is None:
        raise NotFound()
    audit.record(tx, actor=staff_id, act="tax_statement.opened", subject=companion_id, after=year)
    return found.year


def _year_of(text: str, today: date) -> int:
    year = int(text) if text.isascii() and text.isdigit() and len(text) == len(str(_FIRST_YEAR)) else 0
    if not _FIRST_YEAR <= year <= today.year:
        raise NotFound()
    return year
