"""Income tax withheld from companions' income, by a dated table (B12). Off unless the operator's policy turns it on.

Source: State Taxation Administration, Announcement 2025 No. 16 (in force from 1 October 2025): platforms withhold
cumulatively on remuneration for services. Taxable is the year's income so far less 20 % of it less 5,000 yuan for each
month so far; the annual rates of comprehensive income apply; what was withheld before in the year is deducted. A month
that would owe less than was withheld withholds nothing: the difference is settled in the person's annual declaration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from functions.shared.money import BP_WHOLE, fen

_YUAN = 100


@dataclass(frozen=True)
class Bracket:
    """The part of taxable income up to `up_to_fen` (None: all the rest) is taxed at `rate_bp`."""

    up_to_fen: int | None
    rate_bp: int


@dataclass(frozen=True)
class TaxRule:
    """What holds from `effective_from`, a China calendar day, until the next rule."""

    effective_from: date
    expense_bp: int
    """Part of income that counts as expense."""
    monthly_deduction_fen: int
    brackets: tuple[Bracket, ...]

    def __post_init__(self) -> None:
        limits = [bracket.up_to_fen for bracket in self.brackets]
        closed = [limit for limit in limits[:-1] if limit is not None]
        rates = [bracket.rate_bp for bracket in self.brackets]
        if not limits or limits[-1] is not None or len(closed) < len(limits) - 1 or closed != sorted(set(closed)):
            raise ValueError("brackets rise, and only the last is open")
        if rates != sorted(rates) or not all(0 <= rate <= BP_WHOLE for rate in (*rates, self.expense_bp)):
            raise ValueError("rates rise with income, from 0 to 10,000 basis points")
        if min([fen(self.monthly_deduction_fen), *closed]) < 0:
            raise ValueError("amounts are not negative")

    def relief_fen(self, income_fen: int, *, months: int) -> tuple[int, int]:
        """What is not taxed of a year's income so far: the part that counts as expense, and the months' deduction."""
        return income_fen * self.expense_bp // BP_WHOLE, months * self.monthly_deduction_fen


COMPREHENSIVE_INCOME = (
    Bracket(36_000 * _YUAN, 300),
    Bracket(144_000 * _YUAN, 1_000),
    Bracket(300_000 * _YUAN, 2_000),
    Bracket(420_000 * _YUAN, 2_500),
    Bracket(660_000 * _YUAN, 3_000),
    Bracket(960_000 * _YUAN, 3_500),
    Bracket(None, 4_500),
)
"""Annual rates of comprehensive income, which cumulative withholding uses."""
RULES = (
    TaxRule(
        effective_from=date(2025, 10, 1),
        expense_bp=2_000,
        monthly_deduction_fen=5_000 * _YUAN,
        brackets=COMPREHENSIVE_INCOME,
    ),
)
"""Oldest first."""


@dataclass(frozen=True)
class TaxYear:
    """What one person was paid, and what was withheld, in one calendar year so far."""

    year: int
    first_month: int
    """The month (1 to 12) of the year's first income on this platform: deductions count from it."""
    income_fen: int = 0
    withheld_fen: int = 0


def rule_on(day: date, rules: Sequence[TaxRule] = RULES) -> TaxRule | None:
    """The rule in force on that day, or None before the first."""
    return max(
        (rule for rule in rules if rule.effective_from <= day), key=lambda rule: rule.effective_from, default=None
    )


def tax_fen(taxable_fen: int, brackets: Sequence[Bracket]) -> int:
    """The tax on a year's taxable income, rounded down to the fen: never a fen more than the law asks."""
    owed_bp, floor_fen = 0, 0
    for bracket in brackets:
        ceiling_fen = taxable_fen if bracket.up_to_fen is None else min(taxable_fen, bracket.up_to_fen)
        owed_bp += max(0, ceiling_fen - floor_fen) * bracket.rate_bp
        floor_fen = max(floor_fen, ceiling_fen)
    return owed_bp // BP_WHOLE


def withhold(so_far: TaxYear | None, *, income_fen: int, on: date, rules: Sequence[TaxRule] = RULES) -> TaxYear:
    """The year after an income of `income_fen` (0 or more) on that day; `withheld_fen` grew by what is withheld now.

    `so_far` of another year counts as none. Raises ValueError for a negative income.
    """
    if fen(income_fen) < 0:
        raise ValueError("income is not negative")
    year = so_far if so_far and so_far.year == on.year else TaxYear(on.year, on.month)
    total_fen = year.income_fen + income_fen
    rule = rule_on(on, rules)
    owed_fen = _owed_fen(rule, total_fen, months=on.month - year.first_month + 1) if rule else 0
    # What a payment cannot carry is withheld from the next ones: nobody is paid less than nothing.
    withheld_fen = year.withheld_fen + min(income_fen, max(0, owed_fen - year.withheld_fen))
    return TaxYear(year.year, year.first_month, total_fen, withheld_fen)


def _owed_fen(rule: TaxRule, income_fen: int, *, months: int) -> int:
    return tax_fen(max(0, income_fen - sum(rule.relief_fen(income_fen, months=months))), rule.brackets)
