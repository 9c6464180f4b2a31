"""Bodies and answers about withheld income tax. Amounts are integer fen, days are of China."""

from datetime import date, datetime

from functions.settlement.rules.withholding import StatementMonth, TaxDecision, WithheldYear, statement_months
from functions.settlement.schemas.refunds import Reason
from functions.settlement.table.tax import TaxPolicyRow
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class DecideTaxPolicy(Body, frozen=True):
    """From which day on tax is withheld (true), or no longer (false)."""

    effective_from: date
    is_withheld: bool
    reason: Reason


class TaxDecisionView(Reading, frozen=True):
    effective_from: date
    is_withheld: bool
    reason: str
    decided_by: str
    decided_at: datetime

    @classmethod
    def of(cls, decision: TaxDecision) -> "TaxDecisionView":
        return cls(
            effective_from=decision.effective_from,
            is_withheld=decision.is_withheld,
            reason=decision.reason,
            decided_by=decision.decided_by,
            decided_at=clock.china(decision.decided_at),
        )


class TaxPolicyView(Reading, frozen=True):
    """Every decision, the oldest first; before the first nothing is withheld."""

    decisions: list[TaxDecisionView]
    version: int

    @classmethod
    def of(cls, row: TaxPolicyRow) -> "TaxPolicyView":
        return cls(decisions=[TaxDecisionView.of(each) for each in row.decisions], version=int(row.version))


class TaxMonthView(Reading, frozen=True):
    """一个月的到账收入与代扣税款；`…_to_date_fen` 为年初至当月累计。税款＋实付＝收入。

    `reimbursed_fen` 是同月到账的代垫款，由用户报销，不计收入。
    """

    month: int
    income_fen: int
    reimbursed_fen: int
    tax_fen: int
    net_fen: int
    income_to_date_fen: int
    expense_to_date_fen: int
    deduction_to_date_fen: int
    taxable_to_date_fen: int
    rate_bp: int
    owed_to_date_fen: int
    tax_to_date_fen: int

    @classmethod
    def of(cls, month: StatementMonth) -> "TaxMonthView":
        return cls(**{name: getattr(month, name) for name in cls.__struct_fields__})


class TaxStatementView(Reading, frozen=True):
    """A calendar year: what arrived and was withheld of it, as the ledger has it, and what is still on its way."""

    year: int
    months: list[TaxMonthView]
    income_fen: int
    tax_fen: int
    net_fen: int
    given_back_fen: int
    """Tax that was returned because a withdrawal did not arrive after all; `tax_fen` is without it."""
    on_its_way_fen: int
    """Withdrawals in payment, before tax."""
    on_its_way_tax_fen: int

    @classmethod
    def of(cls, year: WithheldYear) -> "TaxStatementView":
        months = statement_months(year)
        return cls(
            year=year.year,
            months=[TaxMonthView.of(month) for month in months],
            income_fen=sum(month.income_fen for month in months),
            tax_fen=sum(month.tax_fen for month in months),
            net_fen=sum(month.net_fen for month in months),
            given_back_fen=year.given_back_fen,
            on_its_way_fen=year.on_its_way_fen,
            on_its_way_tax_fen=year.withheld_fen - year.paid_tax_fen,
        )
