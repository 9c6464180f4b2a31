"""A companion's year of withholding against the rule itself: whatever is taken, paid and returned, in any order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.rules import payouts
from functions.settlement.rules.withdrawals import Channel, PayoutPolicy, Withdrawal, WithdrawalState
from functions.settlement.rules.withholding import (
    TaxDecision,
    WithheldMonth,
    WithheldYear,
    asked_of,
    decided,
    excess_fen,
    is_withheld_on,
    reimburse,
    settle,
    statement_months,
    take,
    without_excess,
)
from functions.shared import ids
from functions.shared.errors import Invalid

YEAR = 2026
YUAN = 100
POLICY = PayoutPolicy(per_transfer_max_fen={Channel.WECHAT: 500_000, Channel.BANK: 4_990_000})
AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """One transfer of a withdrawal of this month."""

    month: int
    transfer: payouts.Transfer


def withdrawal(amount_fen: int) -> Withdrawal:
    return Withdrawal(
        withdrawal_id=ids.new("wdr"),
        companion_id="acc_1",
        payee_id="pye_1",
        channel=Channel.WECHAT,
        amount_fen=amount_fen,
        state=WithdrawalState.REQUESTED,
        requested_at=AT,
    )


def planned(year: WithheldYear, month: int, amount_fen: int) -> tuple[WithheldYear, list[Sent]]:
    """The withdrawal taken into a plan: the year after it, and its transfers."""
    most_fen = amount_fen - POLICY.per_transfer_min_fen
    year, tax_fen = take(year, income_fen=amount_fen, month=month, most_fen=most_fen)
    item = payouts.item_of(withdrawal(amount_fen), POLICY, tax_fen=tax_fen)
    assert sum(each.amount_fen + each.tax_fen for each in item.transfers) == amount_fen
    return year, [Sent(month, each) for each in item.transfers]


def came_out(year: WithheldYear, sent: Sent, *, is_paid: bool) -> WithheldYear:
    gross_fen, tax_fen = sent.transfer.amount_fen + sent.transfer.tax_fen, sent.transfer.tax_fen
    return settle(year, month=sent.month, income_fen=gross_fen, tax_fen=tax_fen, is_paid=is_paid)


def paid_year(*incomes: tuple[int, int]) -> WithheldYear:
    """A year in which everything arrived: (month, fen)."""
    year = WithheldYear(year=YEAR)
    for month, amount_fen in incomes:
        year, sent = planned(year, month, amount_fen)
        for each in sent:
            year = came_out(year, each, is_paid=True)
    return year


AMOUNTS = st.integers(100, 60_000).map(lambda yuan: yuan * YUAN + yuan % 97)
MONTHS = st.integers(1, 12)


@pytest.mark.feature("B12")
@given(st.lists(st.tuples(MONTHS, AMOUNTS), max_size=8), st.tuples(MONTHS, AMOUNTS), st.randoms(use_true_random=False))
def test_what_comes_back_whole_is_as_if_it_had_never_been(
    before: list[tuple[int, int]], last: tuple[int, int], random: "object"
) -> None:
    year = paid_year(*sorted(before))
    after, sent = planned(year, max([last[0], *(month for month, _ in before)]), last[1])
    random.shuffle(sent)  # type: ignore[attr-defined]
    for each in sent:
        after = came_out(after, each, is_paid=False)
    assert after == year


@pytest.mark.feature("B12")
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.lists(st.tuples(AMOUNTS, st.integers(0, 7)), min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
        unique_by=lambda month: month[0],
    ),
    st.randoms(use_true_random=False),
)
def test_what_is_kept_is_what_the_rule_asks_of_what_was_really_paid(
    story: list[tuple[int, list[tuple[int, int]]]], random: "object"
) -> None:
    """Within each month transfers come out in any order, beside each other; an unsettled one keeps the excess open."""
    year, paid, returned = WithheldYear(year=YEAR), dict[int, int](), 0
    for month, withdrawals in sorted(story):
        sent = list[tuple[Sent, bool]]()
        for amount_fen, fate in withdrawals:
            year, parts = planned(year, month, amount_fen)
            sent += [(part, bool(fate >> number % 3 & 1)) for number, part in enumerate(parts)]
        random.shuffle(sent)  # type: ignore[attr-defined]
        for each, is_paid in sent:
            assert without_excess(year) == year
            year = came_out(year, each, is_paid=is_paid)
            gross_fen = each.transfer.amount_fen + each.transfer.tax_fen
            paid[month] = paid.get(month, 0) + (gross_fen if is_paid else 0)
            returned += not is_paid
        year = without_excess(year)
        assert excess_fen(year) == 0
        short_fen = sum(asked_of(year.incomes, year=YEAR).values()) - year.paid_tax_fen
        assert 0 <= short_fen <= returned, "rounding of returned parts is made up for by the next income"
    assert year.incomes == {month: amount_fen for month, amount_fen in sorted(paid.items()) if amount_fen}
    assert year.on_its_way_fen == 0


@pytest.mark.feature("B12")
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10), AMOUNTS), min_size=1, max_size=20))
def test_over_months_that_overlap_never_too_much_is_kept_and_the_next_income_makes_up_for_too_little(
    story: list[tuple[bool, int, int]],
) -> None:
    """Withdrawals are taken while earlier ones, of other months too, are still on their way; excess returns at once."""
    year, month, on_their_way, kept_fen = WithheldYear(year=YEAR), 1, list[Sent](), 0
    for is_taken, number, amount_fen in story:
        if is_taken or not on_their_way:
            month = min(12, month + number % 3)
            year, parts = planned(year, month, amount_fen)
            on_their_way += parts
        else:
            sent = on_their_way.pop(number % len(on_their_way))
            year = came_out(year, sent, is_paid=amount_fen % 3 > 0)
            kept_fen += sent.transfer.tax_fen if amount_fen % 3 else 0
        year = without_excess(year)
    for sent in on_their_way:
        year = came_out(year, sent, is_paid=True)
        kept_fen += sent.transfer.tax_fen
    year = without_excess(year)
    assert year.paid_tax_fen == year.withheld_fen == kept_fen - year.given_back_fen
    assert year.withheld_fen <= sum(asked_of(year.incomes, year=YEAR).values())
    year, _ = take(year, income_fen=500_000 * YUAN, month=month, most_fen=500_000 * YUAN)
    assert year.withheld_fen == sum(asked_of(year.incomes, year=YEAR).values())


@pytest.mark.feature("B12")
@given(st.lists(st.tuples(MONTHS, AMOUNTS), min_size=1, max_size=12))
def test_without_returns_a_year_is_the_rules_own(incomes: list[tuple[int, int]]) -> None:
    year = paid_year(*sorted(incomes))
    assert {number: month.paid_tax_fen for number, month in year.months.items()} == asked_of(year.incomes, year=YEAR)
    months = statement_months(year)
    assert sum(month.net_fen + month.tax_fen for month in months) == sum(amount for _, amount in incomes)
    assert months[-1].tax_to_date_fen == year.paid_tax_fen
    assert all(month.tax_to_date_fen >= month.owed_to_date_fen for month in months)


@pytest.mark.feature("B12")
@given(st.lists(st.tuples(st.sampled_from("tprb"), st.integers(0, 10), AMOUNTS), min_size=1, max_size=20))
def test_what_was_reimbursed_is_never_taxed_whenever_it_comes(story: list[tuple[str, int, int]]) -> None:
    """Withdrawals are taken, paid and returned; expenses are paid back before, between and after them."""
    year, month, on_their_way = WithheldYear(year=YEAR), 1, list[Sent]()
    for what, number, amount_fen in story:
        if what == "b":
            year = reimburse(year, amount_fen)
        elif what == "t" or not on_their_way:
            month = min(12, month + number % 3)
            year, parts = planned(year, month, amount_fen)
            on_their_way += parts
        else:
            year = came_out(year, on_their_way.pop(number % len(on_their_way)), is_paid=what == "p")
        year = without_excess(year)
    for sent in on_their_way:
        year = came_out(year, sent, is_paid=True)
    year = without_excess(year)
    paid_fen = sum(each.paid_fen for each in year.months.values())
    assert sum(year.incomes.values()) == max(0, paid_fen - year.reimbursed_fen)
    assert year.withheld_fen <= sum(asked_of(year.incomes, year=YEAR).values())
    months = statement_months(year)
    assert sum(each.income_fen + each.reimbursed_fen for each in months) == paid_fen
    assert sum(each.tax_fen for each in months) == year.paid_tax_fen
    year, _ = take(year, income_fen=500_000 * YUAN, month=month, most_fen=500_000 * YUAN)
    assert year.withheld_fen == sum(asked_of(year.incomes, year=YEAR).values())


@pytest.mark.feature("B12")
def test_tax_that_another_bore_for_it_comes_back_when_nothing_is_on_its_way() -> None:
    """6,250 of a first withdrawal use up the month's deduction, the second bears 3 %; then the first comes back."""
    year, first = planned(WithheldYear(year=YEAR), 3, 6_250 * YUAN)
    year, second = planned(year, 3, 1_000 * YUAN)
    assert sum(each.transfer.tax_fen for each in first) == 0
    assert sum(each.transfer.tax_fen for each in second) == 24 * YUAN
    year = came_out(year, second[0], is_paid=True)
    assert excess_fen(year) == 0
    for each in first:
        year = came_out(year, each, is_paid=False)
    assert excess_fen(year) == 24 * YUAN
    given = without_excess(year)
    assert (given.paid_tax_fen, given.given_back_fen) == (0, 24 * YUAN)
    assert without_excess(given) == given


@pytest.mark.feature("B12")
def test_nobody_is_paid_less_than_the_smallest_transfer() -> None:
    short = WithheldYear(year=YEAR, months={1: WithheldMonth(taken_fen=90_000_00, paid_fen=90_000_00)})
    year, tax_fen = take(short, income_fen=10_000, month=1, most_fen=9_990)
    assert tax_fen == 9_990
    assert year.withheld_fen == 9_990


@pytest.mark.parametrize(("income_fen", "tax_fen"), [(10_001, 0), (10_000, 1), (-1, 0), (1, -1)])
def test_more_than_is_on_its_way_cannot_come_out(income_fen: int, tax_fen: int) -> None:
    year, _ = take(WithheldYear(year=YEAR), income_fen=10_000, month=5, most_fen=9_990)
    with pytest.raises(ValueError, match="not on their way"):
        settle(year, month=5, income_fen=income_fen, tax_fen=tax_fen, is_paid=True)


@pytest.mark.feature("B12")
def test_ten_thousand_a_month_as_a_statement() -> None:
    march, april = statement_months(paid_year((3, 10_000 * YUAN), (4, 10_000 * YUAN)))
    assert (march.taxable_to_date_fen, march.rate_bp, march.tax_fen, march.net_fen) == (300_000, 300, 9_000, 991_000)
    assert (april.deduction_to_date_fen, april.expense_to_date_fen) == (1_000_000, 400_000)
    assert (april.tax_fen, april.tax_to_date_fen, april.owed_to_date_fen) == (9_000, 18_000, 18_000)


class TestDecisions:
    ON = TaxDecision(effective_from=date(2026, 4, 1), is_withheld=True, reason="上线", decided_by="stf", decided_at=AT)
    OFF = replace(ON, effective_from=date(2026, 6, 1), is_withheld=False)

    @pytest.mark.feature("B12")
    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            (date(2026, 3, 31), False),
            (date(2026, 4, 1), True),
            (date(2026, 5, 31), True),
            (date(2026, 6, 1), False),
        ],
    )
    def test_the_last_decision_of_a_day_holds(self, day: date, expected: bool) -> None:
        assert is_withheld_on(day, (self.OFF, self.ON)) is expected
        assert is_withheld_on(day, ()) is False

    def test_what_has_begun_is_not_rewritten_and_what_was_to_come_is_replaced(self) -> None:
        today = date(2026, 4, 2)
        both: Sequence[TaxDecision] = (self.ON, self.OFF)
        with pytest.raises(Invalid):
            decided(both, replace(self.OFF, effective_from=today), today=today)
        sooner = replace(self.OFF, effective_from=date(2026, 5, 1))
        assert decided(both, sooner, today=today) == (self.ON, sooner)
