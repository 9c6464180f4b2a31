"""When tax is withheld, and one companion's year of it: taken along by plans, then paid or given back (B12).

A withdrawal is income of the month of the plan that takes it, with the tax that the year so far asks for. What of it
does not arrive is taken out again with its tax, in whatever order transfers come out. Tax that others then turn out to
have borne too much of is given back as soon as nothing of the year is on its way; so what is kept is never more than
the rule asks of what was really paid. Less is possible for a while (a returned transfer's share is rounded, or the
year's first month goes with it): the next income makes up for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from functions.settlement.rules.tax import RULES, Bracket, TaxRule, TaxYear, rule_on, tax_fen, withhold
from functions.shared.errors import FieldError, Invalid


@dataclass(frozen=True, kw_only=True)
class TaxDecision:
    """From `effective_from` on, a China day, tax is withheld or not, until the next decision."""

    effective_from: date
    is_withheld: bool
    reason: str
    decided_by: str
    decided_at: datetime


def is_withheld_on(day: date, decisions: Iterable[TaxDecision]) -> bool:
    """What was decided last of that day; before the first decision nothing is withheld."""
    past = [decision for decision in decisions if decision.effective_from <= day]
    return bool(past) and max(past, key=lambda decision: decision.effective_from).is_withheld


def decided(decisions: Sequence[TaxDecision], new: TaxDecision, *, today: date) -> tuple[TaxDecision, ...]:
    """All decisions with `new`, the oldest first; it replaces what was to begin on its day or later.

    Raises Invalid unless it begins after today: what has begun is never rewritten.
    """
    if new.effective_from <= today:
        raise Invalid(errors=(FieldError("effective_from", "最早从明天起生效"),))
    return (*(each for each in decisions if each.effective_from < new.effective_from), new)


@dataclass(frozen=True, kw_only=True)
class WithheldMonth:
    """A month's withdrawals, before tax: what plans took of them, and what has arrived. The rest is on its way."""

    taken_fen: int = 0
    withheld_fen: int = 0
    paid_fen: int = 0
    paid_tax_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class WithheldYear:
    """One companion's calendar year."""

    year: int
    months: Mapping[int, WithheldMonth] = field(default_factory=dict)
    """By month, 1 to 12."""
    given_back_fen: int = 0
    """Tax of paid withdrawals that turned out not to be owed."""
    reimbursed_fen: int = 0
    """What clients paid back of expenses: it is in the withdrawals, and no income."""

    @property
    def on_its_way_fen(self) -> int:
        return sum(month.taken_fen - month.paid_fen for month in self.months.values())

    @property
    def withheld_fen(self) -> int:
        """Of everything that was taken and not returned."""
        return sum(month.withheld_fen for month in self.months.values())

    @property
    def paid_tax_fen(self) -> int:
        """Of what has arrived: what the ledger holds for the tax office, paid to it or not."""
        return sum(month.paid_tax_fen for month in self.months.values())

    @property
    def incomes(self) -> dict[int, int]:
        """What was taken and not returned, without what was reimbursed, by month."""
        taken = {number: month.taken_fen for number, month in self.months.items()}
        return {number: amount for number, amount in _without(taken, self.reimbursed_fen).items() if amount}


def _without(amounts: Mapping[int, int], less_fen: int) -> dict[int, int]:
    """The months' amounts in order, less so much of the earliest ones: the rule sums over the year."""
    left = dict[int, int]()
    for number, amount_fen in sorted(amounts.items()):
        left[number] = max(0, amount_fen - less_fen)
        less_fen -= amount_fen - left[number]
    return left


def take(
    year: WithheldYear, *, income_fen: int, month: int, most_fen: int, rules: Sequence[TaxRule] = RULES
) -> tuple[WithheldYear, int]:
    """The year with one more withdrawal on its way, and its tax: `most_fen` at most, the next ones bear the rest."""
    incomes = year.incomes
    latest = max([month, *incomes])
    so_far = TaxYear(year.year, min([month, *incomes]), sum(incomes.values()), year.withheld_fen)
    taxed_fen = sum(_changed(year, month, taken_fen=income_fen).incomes.values()) - so_far.income_fen
    after = withhold(so_far, income_fen=taxed_fen, on=date(year.year, latest, 1), rules=rules)
    tax = min(after.withheld_fen - so_far.withheld_fen, most_fen)
    return _changed(year, month, taken_fen=income_fen, withheld_fen=tax), tax


def settle(year: WithheldYear, *, month: int, income_fen: int, tax_fen: int, is_paid: bool) -> WithheldYear:
    """The year when part of what `take` took has arrived, or is as if it had never been taken.

    Raises ValueError if so much is not on its way.
    """
    of_month = year.months.get(month, WithheldMonth())
    left_fen, left_tax_fen = of_month.taken_fen - of_month.paid_fen, of_month.withheld_fen - of_month.paid_tax_fen
    if not (0 <= income_fen <= left_fen and 0 <= tax_fen <= left_tax_fen):
        raise ValueError(f"{income_fen} fen with {tax_fen} of tax are not on their way in {year.year}-{month:02d}")
    if is_paid:
        return _changed(year, month, paid_fen=income_fen, paid_tax_fen=tax_fen)
    return _changed(year, month, taken_fen=-income_fen, withheld_fen=-tax_fen)


def reimburse(year: WithheldYear, amount_fen: int) -> WithheldYear:
    """The year with so much more in its withdrawals, past or to come, that is no income."""
    return replace(year, reimbursed_fen=year.reimbursed_fen + amount_fen)


def _changed(year: WithheldYear, month: int, **by: int) -> WithheldYear:
    was = year.months.get(month, WithheldMonth())
    now = replace(was, **{name: getattr(was, name) + amount for name, amount in by.items()})
    months = {**year.months, month: now}
    return replace(year, months={number: each for number, each in months.items() if each != WithheldMonth()})


def asked_of(incomes: Mapping[int, int], *, year: int, rules: Sequence[TaxRule] = RULES) -> dict[int, int]:
    """What the rule asks to withhold in each month of a year with these incomes (fen by month)."""
    so_far, asked = None, dict[int, int]()
    for month, income_fen in sorted(incomes.items()):
        after = withhold(so_far, income_fen=income_fen, on=date(year, month, 1), rules=rules)
        asked[month] = after.withheld_fen - (so_far.withheld_fen if so_far else 0)
        so_far = after
    return asked


def excess_fen(year: WithheldYear, *, rules: Sequence[TaxRule] = RULES) -> int:
    """Tax that is to be given back: 0 as long as something is on its way, for that may change it."""
    if year.on_its_way_fen:
        return 0
    return max(0, year.withheld_fen - sum(asked_of(year.incomes, year=year.year, rules=rules).values()))


def without_excess(year: WithheldYear, *, rules: Sequence[TaxRule] = RULES) -> WithheldYear:
    """The year when its excess was given back: in each month just what the rule asks."""
    given_fen = excess_fen(year, rules=rules)
    if not given_fen:
        return year
    asked = asked_of(year.incomes, year=year.year, rules=rules)
    months = {
        number: replace(month, withheld_fen=asked.get(number, 0), paid_tax_fen=asked.get(number, 0))
        for number, month in year.months.items()
    }
    return replace(year, months=months, given_back_fen=year.given_back_fen + given_fen)


@dataclass(frozen=True, kw_only=True)
class StatementMonth:
    """A month of a tax statement; `…_to_date_fen` are of the year up to its end. Tax and net sum to the income.

    What arrived is the income and what of it was reimbursed for expenses.
    """

    month: int
    income_fen: int
    reimbursed_fen: int
    tax_fen: int
    income_to_date_fen: int
    expense_to_date_fen: int
    deduction_to_date_fen: int
    taxable_to_date_fen: int
    rate_bp: int
    """Of the bracket that the year's taxable income has reached."""
    owed_to_date_fen: int
    tax_to_date_fen: int

    @property
    def net_fen(self) -> int:
        return self.income_fen - self.tax_fen


def statement_months(year: WithheldYear, *, rules: Sequence[TaxRule] = RULES) -> tuple[StatementMonth, ...]:
    """Each month in which something arrived, in order, as the rule computes it."""
    paid = {number: month for number, month in sorted(year.months.items()) if month.paid_fen}
    incomes = _without({number: month.paid_fen for number, month in paid.items()}, year.reimbursed_fen)
    first, income, tax = min((number for number in incomes if incomes[number]), default=1), 0, 0
    found = list[StatementMonth]()
    for number, month in paid.items():
        income, tax = income + incomes[number], tax + month.paid_tax_fen
        rule = rule_on(date(year.year, number, 1), rules)
        expense, deduction = rule.relief_fen(income, months=max(1, number - first + 1)) if rule else (0, 0)
        taxable = max(0, income - expense - deduction) if rule else 0
        found.append(
            StatementMonth(
                month=number,
                income_fen=incomes[number],
                reimbursed_fen=month.paid_fen - incomes[number],
                tax_fen=month.paid_tax_fen,
                income_to_date_fen=income,
                expense_to_date_fen=expense,
                deduction_to_date_fen=deduction,
                taxable_to_date_fen=taxable,
                rate_bp=_bracket_of(taxable, rule.brackets).rate_bp if rule else 0,
                owed_to_date_fen=tax_fen(taxable, rule.brackets) if rule else 0,
                tax_to_date_fen=tax,
            )
        )
    return tuple(found)


def _bracket_of(taxable_fen: int, brackets: Sequence[Bracket]) -> Bracket:
    return next(each for each in brackets if each.up_to_fen is None or taxable_fen <= each.up_to_fen)
