"""Withholding, with worked examples of the published rule."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.rules.tax import (
    COMPREHENSIVE_INCOME,
    RULES,
    Bracket,
    TaxRule,
    TaxYear,
    rule_on,
    tax_fen,
    withhold,
)

YUAN = 100


@pytest.mark.feature("B12")
@pytest.mark.parametrize(
    ("taxable_yuan", "tax_yuan"),
    [
        (0, 0),
        (36_000, 1_080),
        (144_000, 144_000 * 0.10 - 2_520),
        (300_000, 300_000 * 0.20 - 16_920),
        (420_000, 420_000 * 0.25 - 31_920),
        (660_000, 660_000 * 0.30 - 52_920),
        (960_000, 960_000 * 0.35 - 85_920),
        (1_000_000, 1_000_000 * 0.45 - 181_920),
    ],
)
def test_the_rates_agree_with_the_published_quick_deductions(taxable_yuan: int, tax_yuan: float) -> None:
    assert tax_fen(taxable_yuan * YUAN, COMPREHENSIVE_INCOME) == round(tax_yuan * YUAN)


@pytest.mark.feature("B12")
def test_up_to_6250_yuan_a_month_nothing_is_withheld() -> None:
    year = None
    for month in range(1, 13):
        year = withhold(year, income_fen=6_250 * YUAN, on=date(2026, month, 20))
    assert year == TaxYear(2026, 1, 75_000 * YUAN, 0)


@pytest.mark.feature("B12")
def test_ten_thousand_a_month_by_hand() -> None:
    """3,000 taxable a month: 3 % of it, 90 yuan each month of the first bracket."""
    first = withhold(None, income_fen=10_000 * YUAN, on=date(2026, 3, 31))
    assert first.withheld_fen == 90 * YUAN
    assert withhold(first, income_fen=10_000 * YUAN, on=date(2026, 4, 30)).withheld_fen == 180 * YUAN


@pytest.mark.feature("B12")
def test_a_rich_month_crosses_into_the_next_bracket() -> None:
    """60,000 in January: 43,000 taxable, 1,080 + 10 % of 7,000."""
    assert withhold(None, income_fen=60_000 * YUAN, on=date(2026, 1, 31)).withheld_fen == 1_780 * YUAN


@pytest.mark.feature("B12")
def test_a_month_that_owes_less_withholds_nothing_and_gives_nothing_back() -> None:
    rich = withhold(None, income_fen=60_000 * YUAN, on=date(2026, 1, 31))
    assert withhold(rich, income_fen=100 * YUAN, on=date(2026, 6, 30)).withheld_fen == rich.withheld_fen


@pytest.mark.feature("B12")
def test_a_year_begins_anew() -> None:
    december = withhold(None, income_fen=60_000 * YUAN, on=date(2026, 12, 31))
    assert withhold(december, income_fen=1_000 * YUAN, on=date(2027, 1, 1)) == TaxYear(2027, 1, 1_000 * YUAN, 0)


def test_before_the_rule_nothing_is_withheld() -> None:
    assert rule_on(date(2025, 9, 30)) is None
    assert rule_on(date(2025, 10, 1)) is RULES[0]
    assert withhold(None, income_fen=90_000 * YUAN, on=date(2025, 9, 30)).withheld_fen == 0


def test_the_latest_rule_in_force_counts() -> None:
    later = TaxRule(date(2027, 1, 1), 0, 0, (Bracket(None, 1_000),))
    assert withhold(None, income_fen=1_000, on=date(2027, 1, 1), rules=(*RULES, later)).withheld_fen == 100


@pytest.mark.parametrize(
    "brackets",
    [
        (),
        (Bracket(100, 300),),
        (Bracket(None, 300), Bracket(None, 400)),
        (Bracket(200, 300), Bracket(100, 400), Bracket(None, 500)),
        (Bracket(100, 400), Bracket(None, 300)),
        (Bracket(None, 10_001),),
    ],
    ids=["none", "closed", "two open", "falling limits", "falling rates", "more than everything"],
)
def test_a_contradictory_table_is_refused(brackets: tuple[Bracket, ...]) -> None:
    with pytest.raises(ValueError, match=r"bracket|rates"):
        TaxRule(date(2026, 1, 1), 2_000, 500_000, brackets)


@pytest.mark.feature("B12")
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 30_000_000)), max_size=24))
def test_withholding_never_exceeds_an_income_nor_the_years_tax(incomes: list[tuple[int, int]]) -> None:
    year: TaxYear | None = None
    highest_fen = 0
    for month, income_fen in sorted(incomes, key=lambda each: each[0]):
        before = year.withheld_fen if year else 0
        year = withhold(year, income_fen=income_fen, on=date(2026, month, 28))
        assert 0 <= year.withheld_fen - before <= income_fen
        months = month - year.first_month + 1
        taxable_fen = year.income_fen - year.income_fen * 2_000 // 10_000 - months * 500_000
        highest_fen = max(highest_fen, tax_fen(max(0, taxable_fen), COMPREHENSIVE_INCOME))
        assert year.withheld_fen <= highest_fen
    assert year is None or year.income_fen == sum(income_fen for _, income_fen in incomes)


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=12))
def test_the_same_month_in_parts_is_the_same_month_at_once(parts: list[int]) -> None:
    year: TaxYear | None = None
    for part in parts:
        year = withhold(year, income_fen=part, on=date(2026, 5, 9))
    assert year is not None
    assert year == withhold(None, income_fen=sum(parts), on=date(2026, 5, 9))
