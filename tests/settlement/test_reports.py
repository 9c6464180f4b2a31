"""Finance's reports: every figure a sum of postings, by day, city, package and hospital (F32)."""

from dataclasses import fields
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.hospitals.actions import put_city, put_hospital
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Division, Transaction
from functions.settlement.rules.reports import Dimension, Figures, Place, figures_of, summed
from functions.shared import clock
from tests.harness.seeds import seeded, seeded_one
from tests.harness.world import Person
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till, commit

NOW = clock.now()
FEN = st.integers(min_value=0, max_value=100_000)
ORDERS = st.sampled_from(["ord_a", "ord_b"])


@st.composite
def order_events(draw: st.DrawFn) -> Transaction:
    """Anything that is booked about an order."""
    order_id, paid = draw(ORDERS), draw(st.integers(min_value=1, max_value=100_000))
    subsidy, coupon, share, premium = draw(FEN), draw(FEN), draw(FEN), draw(FEN)
    division = Division(
        companion_id="acc_1",
        insurer_id="ins_1",
        share_fen=share,
        commission_fen=subsidy + coupon + 1,
        premium_fen=premium,
        subsidies={"prg_1": subsidy},
        coupon_fen=coupon,
    )
    fees = {"companion_fee_fen": paid, "platform_fee_fen": share}
    bearers = {ledger.companion_debt("acc_1"): paid, ledger.COMMISSION: share, ledger.GOODWILL: premium}
    return draw(
        st.sampled_from(
            [
                ledger.payment_received(payment_id="p", order_id=order_id, amount_fen=paid, at=NOW),
                ledger.refund_requested(refund_id="r", order_id=order_id, amount_fen=paid, at=NOW),
                ledger.refund_borne(refund_id="r", order_id=order_id, bearers=bearers, at=NOW),
                ledger.refund_paid(refund_id="r", order_id=order_id, amount_fen=paid, at=NOW),
                ledger.order_split(order_id=order_id, held_fen=division.held_fen, division=division, at=NOW),
                ledger.cancellation_fees(order_id=order_id, companion_id="acc_1", **fees, at=NOW),
                ledger.income_released(
                    order_id=order_id, companion_id="acc_1", amount_fen=paid + 5, repaid_fen=3, at=NOW
                ),
                ledger.premium_assigned(order_id=order_id, insurer_id="ins_1", amount_fen=paid, at=NOW),
            ]
        )
    )


class TestFigures:
    @given(st.lists(order_events(), max_size=12))
    def test_what_came_in_is_what_went_where(self, booked: list[Transaction]) -> None:
        assert figures_of(booked).is_balanced

    @given(st.lists(order_events(), max_size=12))
    def test_figures_of_parts_add_up_to_those_of_the_whole(self, booked: list[Transaction]) -> None:
        parts = [figures_of([each]) for each in booked]
        assert sum(parts, Figures()) == figures_of(booked)

    def test_paying_a_companion_out_is_nobodys_income(self) -> None:
        asked = ledger.withdrawal_requested(withdrawal_id="w", companion_id="acc_1", amount_fen=900, at=NOW)
        paid = ledger.withdrawal_paid(
            withdrawal_id="w",
            number="n",
            companion_id="acc_1",
            amount_fen=900,
            tax_fen=30,
            from_account=ledger.PROVIDER_CLEARING,
            at=NOW,
        )
        assert figures_of([asked, paid]) == Figures(tax_fen=30)

    @given(st.lists(st.tuples(st.sampled_from(["110000", "310000", ""]), FEN), max_size=8))
    def test_the_values_of_each_dimension_are_the_total(self, paid: list[tuple[str, int]]) -> None:
        sums = summed([(Place(city, "deep", "hos"), Figures(gross_fen=fen)) for city, fen in paid], onto={})
        for dimension in Dimension:
            assert sum(each.gross_fen for (by, _), each in sums.items() if by is dimension) == sum(
                fen for _, fen in paid
            )


def finance(till: Till, role: str = "finance_reader") -> Person:
    return till.world.person(role, subject="stf_finance")


def report(till: Till, day: date, **asked: Any) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in ({"from": day, "to": day} | asked).items())
    return list(till.world.get(f"/finance-reports?{query}", as_=finance(till)).body["lines"])


def night(till: Till) -> date:
    """The day that was; the report of it is made."""
    today = clock.service_date(clock.now())
    till.world.travel.shift(timedelta(days=1))
    till.world.run("settlement", "finance_report")
    return today


@pytest.fixture
def day(till: Till, order: Order) -> date:
    """One order was completed, another paid and given back in full."""
    city = next(row for row in seeded("cities") if row["code"] == "110000")
    hospital = seeded_one("hospitals", "hos_pumch")
    commit("hospitals", partial(put_city, **city))
    commit("hospitals", partial(put_hospital, **(hospital | {"id": "hos_first"})))
    till.paid(order)
    till.world.publish(order.completed())
    other = till.paid(till.order())
    till.world.publish(other.closed(paid=True))
    return night(till)


@pytest.mark.feature("F32")
class TestReport:
    def test_the_days_figures_are_the_ledgers(self, till: Till, day: date) -> None:
        (line,) = report(till, day)
        figures = line["figures"]
        assert (line["title"], figures["paid_orders"]) == ("合计", 2)
        assert (figures["gross_fen"], figures["refund_fen"]) == (2 * TOTAL_FEN, TOTAL_FEN)
        assert (figures["share_fen"], figures["commission_fen"]) == (SPLIT.share_fen, SPLIT.commission_fen)
        assert (figures["premium_fen"], figures["held_fen"]) == (SPLIT.premium_fen, 0)

    @pytest.mark.parametrize(("by", "value", "title"), [("city", "110000", "北京"), ("hospital", "hos_first", "")])
    def test_each_dimension_says_where(self, till: Till, day: date, by: str, value: str, title: str) -> None:
        (line,) = report(till, day, by=by)
        assert line["value"] == value
        assert title in line["title"]
        assert line["figures"] == report(till, day)[0]["figures"]

    def test_the_orders_behind_the_figures_are_listed_and_add_up(self, till: Till, day: date) -> None:
        items = till.world.get(f"/finance-reports/{day}/orders", as_=finance(till)).body["items"]
        assert len(items) == 2
        assert {item["package_id"] for item in items} == {"deep"}
        (total,) = report(till, day)
        for name in (field.name for field in fields(Figures)):
            assert sum(item["figures"][name] for item in items) == total["figures"][name], name
        events = till.world.get(f"/orders/{items[0]['subject']}/ledger", as_=finance(till)).body["transactions"]
        assert events

    def test_days_are_summed_unless_asked_for_one_by_one(self, till: Till, day: date) -> None:
        till.paid(till.order())
        night(till)
        (line,) = report(till, day, to=day + timedelta(days=1))
        assert (line["day"], line["figures"]["gross_fen"]) == (None, 3 * TOTAL_FEN)
        daily = report(till, day, to=day + timedelta(days=1), daily="true")
        assert [(each["day"], each["figures"]["paid_orders"]) for each in daily] == [
            (str(day), 2),
            (str(day + timedelta(days=1)), 1),
        ]

    def test_making_it_again_changes_nothing(self, till: Till, day: date) -> None:
        before = report(till, day)
        till.world.run("settlement", "finance_report")
        till.world.travel.shift(timedelta(days=1))
        till.world.run("settlement", "finance_report")
        assert report(till, day) == before
        assert till.findings() == []


class TestRoutes:
    @pytest.mark.parametrize(
        "path", ["/finance-reports?from=2026-03-01&to=2026-03-01", "/finance-reports/2026-03-01/orders"]
    )
    def test_only_finance_reads_them(self, till: Till, path: str) -> None:
        assert till.world.get(path).status == 401
        for role in ("client", "companion", "agent", "hospital", "insurer"):
            assert till.world.get(path, as_=till.world.person(role)).status == 403
        for role in ("finance_reader", "finance", "admin"):
            assert till.world.get(path, as_=finance(till, role)).status in (200, 404)

    @pytest.mark.parametrize(
        "query", ["", "from=2026-03-02&to=2026-03-01", "from=2026-01-01&to=2026-06-01", "from=x&to=y", "by=colour"]
    )
    def test_what_cannot_be_asked_is_refused(self, till: Till, query: str) -> None:
        asked = query if "from" in query else f"from=2026-03-01&to=2026-03-01&{query}" if query else ""
        assert till.world.get(f"/finance-reports?{asked}", as_=finance(till)).status == 400

    @pytest.mark.parametrize("day", ["yesterday", "2026-03-01"])
    def test_a_day_without_a_report_is_not_found(self, till: Till, day: str) -> None:
        assert till.world.get(f"/finance-reports/{day}/orders", as_=finance(till)).status == 404
