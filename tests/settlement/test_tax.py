"""Income tax kept back from payouts, once the operator decides so: planned, paid, given back, shown (B12)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from functions.settlement.actions import payouts
from functions.settlement.rules import withholding
from functions.settlement.rules.payouts import PlanState
from functions.settlement.rules.withdrawals import WithdrawalState
from functions.settlement.table import tax as table
from functions.shared import audit, files, ids
from tests.harness.world import World
from tests.settlement.makers import Order, Till, commit
from tests.settlement.tax_makers import (
    MONTH_FEN,
    REASON,
    TODAY,
    TOMORROW,
    YUAN,
    admin,
    answered_by_bank,
    decide,
    finance,
    fund,
    go_to,
    paid_before,
    set_policy,
    statement,
    tax_of,
    waiting_in_one_part,
    withdrawn,
    withhold_from,
)
from tests.settlement.test_payouts import (
    CALLS_OF_A_RUN,
    ask,
    earn,
    firing_again,
    money,
    payee,
    run,
    run_again,
    run_until_killed,
    stands,
    transfers,
)
from tests.settlement.test_supplements import expense, pay


@pytest.fixture
def companion_id(till: Till, order: Order) -> str:
    """A companion with 200,288 yuan to take out, on 10 March 2026."""
    earn(till, order)
    fund(order.companion_id)
    set_policy()
    return order.companion_id


@pytest.fixture
def withheld(till: Till, companion_id: str) -> Iterator[str]:
    """The same, and tax is withheld from tomorrow on."""
    withhold_from()
    yield companion_id
    assert till.findings() == []


@pytest.mark.feature("B12")
class TestWithholding:
    def test_nothing_is_withheld_until_the_operator_decides_so(self, till: Till, companion_id: str) -> None:
        [row] = withdrawn(till, companion_id, MONTH_FEN)
        assert tax_of(row) == 0
        assert row.taxed_on is None
        assert statement(till, companion_id)["on_its_way_fen"] == 0

    def test_what_was_paid_before_the_decision_does_not_count(self, till: Till, companion_id: str) -> None:
        assert decide(till, effective_from="2026-03-12").status == 200
        [before] = withdrawn(till, companion_id, MONTH_FEN)
        [after] = withdrawn(till, companion_id, MONTH_FEN)
        assert before.taxed_on is None
        assert after.taxed_on == "2026-03-12"
        assert (tax_of(before), tax_of(after)) == (0, 90 * YUAN)

    def test_net_goes_out_and_the_tax_is_kept_for_the_office(self, till: Till, withheld: str) -> None:
        [row] = withdrawn(till, withheld, MONTH_FEN)
        plan = payouts.find_plan(TOMORROW)
        assert (plan.amount_fen, plan.tax_fen) == (MONTH_FEN, 90 * YUAN)
        assert b'"tax_fen":9000' in files.read(f"settlement/payouts/{TOMORROW}.jsonl")
        assert ",9910.00," in files.read(f"settlement/payouts/{TOMORROW}-bank.csv").decode("utf-8-sig")
        before = till.balances()
        assert "tax_withheld" not in before
        answered_by_bank(row)
        after = till.balances()
        assert after["tax_withheld"] == 90 * YUAN
        assert before["bank_clearing"] - after["bank_clearing"] == MONTH_FEN - 90 * YUAN
        paid = stands(row)
        assert (paid.state, paid.paid_fen, paid.returned_fen) == (WithdrawalState.PAID, MONTH_FEN, 0)

    def test_up_to_6250_in_the_month_nothing_and_what_goes_beyond_it_bears(self, till: Till, withheld: str) -> None:
        below, above = withdrawn(till, withheld, 6_250 * YUAN, 1_000 * YUAN)
        assert tax_of(below) + tax_of(above) == 24 * YUAN

    def test_a_year_of_withdrawals_and_a_return_by_its_statement(self, till: Till, withheld: str) -> None:
        """By hand: March 3 % of 3,000; April, of 20,000, 3 % of 6,000 less 90; the transfer that fails bears none."""
        answered_by_bank(withdrawn(till, withheld, MONTH_FEN)[0])
        go_to(till, "2026-04-13")
        first, second = withdrawn(till, withheld, MONTH_FEN, MONTH_FEN)
        assert tax_of(first) + tax_of(second) == 330 * YUAN
        answered_by_bank(first, "失败")
        assert statement(till, withheld)["on_its_way_tax_fen"] == tax_of(second)
        answered_by_bank(second)
        till.world.advance(seconds=1)
        found = statement(till, withheld)
        assert [(each["month"], each["income_fen"], each["tax_fen"]) for each in found["months"]] == [
            (3, MONTH_FEN, 90 * YUAN),
            (4, MONTH_FEN, 90 * YUAN),
        ]
        april = found["months"][1]
        assert (april["income_to_date_fen"], april["expense_to_date_fen"]) == (2 * MONTH_FEN, 400_000)
        assert (april["deduction_to_date_fen"], april["taxable_to_date_fen"], april["rate_bp"]) == (10**6, 600_000, 300)
        assert found["tax_fen"] == till.balances()["tax_withheld"] == april["owed_to_date_fen"] == 180 * YUAN
        assert (found["net_fen"], found["on_its_way_fen"]) == (2 * MONTH_FEN - 180 * YUAN, 0)
        assert sum(map(tax_of, (first, second))) - found["given_back_fen"] - tax_of(first) == 90 * YUAN

    def test_expenses_that_the_client_paid_back_are_no_income(self, till: Till, withheld: str, order: Order) -> None:
        """By hand: of 7,000, less 1,400 and 5,000, three per cent; with the rest paid back later, nothing is owed."""
        go_to(till, TOMORROW)
        expense(till, order, 3_000 * YUAN)
        pay(till, order)
        [row] = withdrawn(till, withheld, MONTH_FEN)
        assert tax_of(row) == 18 * YUAN
        answered_by_bank(row)
        (march,) = statement(till, withheld)["months"]
        assert (march["income_fen"], march["reimbursed_fen"], march["tax_fen"]) == (7_000 * YUAN, 3_000 * YUAN, 1_800)
        expense(till, order, 2_000 * YUAN)
        pay(till, order, 2)
        till.world.advance(seconds=1)
        assert statement(till, withheld)["tax_fen"] == 0
        assert till.balances().get("tax_withheld", 0) == 0

    def test_a_year_begins_anew(self, till: Till, withheld: str) -> None:
        answered_by_bank(withdrawn(till, withheld, MONTH_FEN)[0])
        go_to(till, "2027-01-11")
        [row] = withdrawn(till, withheld, MONTH_FEN)
        answered_by_bank(row)
        assert tax_of(row) == 90 * YUAN
        assert [statement(till, withheld, year)["tax_fen"] for year in (2026, 2027)] == [90 * YUAN] * 2
        assert till.balances()["tax_withheld"] == 180 * YUAN

    def test_a_rejected_plan_is_no_income_and_is_taxed_anew_by_the_next(self, till: Till, withheld: str) -> None:
        set_policy(second_person_above_fen=10_000, look_back_days=1)
        [row] = withdrawn(till, withheld, MONTH_FEN)
        assert statement(till, withheld)["on_its_way_tax_fen"] == 90 * YUAN
        commit(
            "settlement", lambda tx: payouts.reject_plan(tx, day=TOMORROW, staff_id="stf_2", reason="金额与通知不符")
        )
        till.world.advance(seconds=1)
        assert stands(row).taxed_on is None
        assert (stands(row).state, tax_of(row)) == (WithdrawalState.REQUESTED, 0)
        assert statement(till, withheld)["on_its_way_fen"] == 0
        run(till)
        assert (stands(row).taxed_on, tax_of(row)) == ("2026-03-12", 90 * YUAN)

    def test_the_same_plan_made_again_has_the_same_bytes(self, till: Till, withheld: str) -> None:
        withdrawn(till, withheld, MONTH_FEN, 7_000 * YUAN)
        made = payouts.find_plan(TOMORROW).sha256
        totals, _ = payouts._write_files(date.fromisoformat(TOMORROW))
        assert totals.sha256 == made


@pytest.mark.feature("B12")
@pytest.mark.parametrize("kill_at", range(6, CALLS_OF_A_RUN + 3))
def test_killed_at_any_call_and_begun_again_it_withholds_once(
    till: Till, withheld: str, kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On top of 8,000 yuan this month (42 of tax), 150 are in the 3 % bracket: 3.60 more."""
    paid_before(withheld, 8_000 * YUAN)
    row = ask(withheld, payee(withheld))
    available_fen, _ = money(withheld)
    monkeypatch.setattr(World, "fire", firing_again(World.fire))
    run_until_killed(till, kill_at, monkeypatch)
    timers = dict(till.world.timers)
    run_again(till)
    till.world.timers |= timers
    till.world.advance(minutes=30)
    [bill] = transfers(till)
    assert bill.amount_fen == 15_000 - 360
    till.desk.transfers.confirm(bill.out_bill_no)
    till.world.advance(hours=7)
    assert stands(row).state == WithdrawalState.PAID
    assert money(withheld) == (available_fen, 0)
    assert statement(till, withheld)["tax_fen"] == till.balances()["tax_withheld"] == 42_00 + 3_60


@pytest.mark.feature("B12")
def test_what_nobody_confirms_comes_back_with_its_tax(till: Till, withheld: str) -> None:
    paid_before(withheld, 8_000 * YUAN)
    before = statement(till, withheld)
    available_fen, _ = money(withheld)
    row = ask(withheld, payee(withheld), 40_000)
    run(till)
    assert [bill.amount_fen for bill in sorted(transfers(till), key=lambda bill: bill.out_bill_no)] == [20_000, 19_040]
    till.world.advance(days=2)
    assert (stands(row).state, stands(row).returned_fen) == (WithdrawalState.RETURNED, 40_000)
    assert money(withheld) == (available_fen, 0)
    assert statement(till, withheld) == before


@pytest.mark.feature("B12")
def test_a_full_page_of_a_plan_fits_one_transaction_each_way(till: Till, withheld: str) -> None:
    """Many companions' withdrawals in one page, then several of the same two in the next; all of it given back."""
    set_policy(second_person_above_fen=10_000)
    waiting = [waiting_in_one_part(f"{withheld[:-2]}{number:02d}") for number in range(payouts._PAGE)]
    doubled = [waiting_in_one_part(row.companion_id) for row in waiting[:2] for _ in range(2)]
    run(till)
    plan = payouts.find_plan(TOMORROW)
    assert (plan.plan_state, plan.items) == (PlanState.AWAITING_APPROVAL, len(waiting) + len(doubled))
    assert plan.tax_fen == 24 * 90 * YUAN + 4 * 240 * YUAN
    commit("settlement", lambda tx: payouts.reject_plan(tx, day=TOMORROW, staff_id="stf_2", reason="重新核对金额"))
    till.world.advance(seconds=1)
    years = table.load_years([row.companion_id for row in waiting], 2026)
    assert {row.year for row in years.values() if row.year.months} == set()


@pytest.mark.feature("B12")
class TestBooks:
    def test_finance_passes_it_on_with_two_people_and_the_books_still_hold(self, till: Till, withheld: str) -> None:
        answered_by_bank(withdrawn(till, withheld, MONTH_FEN)[0])
        lines = [{"account": "tax_withheld", "amount_fen": 9_000}, {"account": "bank_clearing", "amount_fen": -9_000}]
        proposed = till.world.post(
            "/manual-bookings", {"reason": "三月个税申报缴款", "lines": lines}, as_=finance(till)
        )
        path = f"/manual-bookings/{proposed.body['booking_id']}/approve"
        assert till.world.post(path, as_=finance(till)).code == "same_person"
        assert till.world.post(path, as_=finance(till, "stf_other")).status == 200
        assert "tax_withheld" not in till.balances()
        go_to(till, "2026-03-12")
        till.world.run("settlement", "finance_report")
        report = till.world.get(f"/finance-reports?from={TOMORROW}&to={TOMORROW}", as_=finance(till))
        assert report.body["lines"][0]["figures"]["tax_fen"] == 9_000
        assert statement(till, withheld)["tax_fen"] == 9_000

    def test_earnings_and_the_months_file_show_it(self, till: Till, withheld: str) -> None:
        answered_by_bank(withdrawn(till, withheld, MONTH_FEN)[0])
        companion = till.world.person("companion", subject=withheld)
        earnings = till.world.get("/earnings", as_=companion).body
        assert (earnings["paid_fen"], earnings["tax_this_year_fen"]) == (MONTH_FEN, 90 * YUAN)
        body = {"period": "2026-03", "format": "csv"}
        made = till.world.post("/earnings/statements", body, as_=companion)
        key = "settlement/" + made.body["url"].partition("/settlement/")[2].partition("?")[0]
        header, *lines = (line.split(",") for line in files.read(key).decode("utf-8-sig").splitlines())
        column = header.index("代扣个税")
        assert [(line[1], line[column]) for line in lines if line[column]] == [("提现到账", "90.00")]

    def test_a_year_that_was_tampered_with_is_found(self, till: Till, companion_id: str) -> None:
        withhold_from()
        answered_by_bank(withdrawn(till, companion_id, MONTH_FEN)[0])
        row = table.find_year(companion_id, 2026)
        assert row is not None
        row.year = withholding.settle(
            withholding.take(row.year, income_fen=MONTH_FEN, month=3, most_fen=MONTH_FEN)[0],
            month=3,
            income_fen=MONTH_FEN,
            tax_fen=90 * YUAN,
            is_paid=True,
        )
        commit("settlement", lambda tx: tx.save(row))
        of_year, of_account = till.findings()
        assert of_year == (
            f"tax of {companion_id} in 2026 is 18000 of 33000 fen, the withdrawals say 9000 of 9000, 0 given back"
        )
        assert of_account == "tax withheld is 9000 fen by the ledger, 18000 by the companions' years"


@pytest.mark.feature("B12")
class TestOverHttp:
    def test_the_decision_has_a_day_a_reason_and_a_history(self, till: Till, companion_id: str) -> None:
        assert till.world.get("/tax-policy", as_=finance(till)).body == {"decisions": [], "version": 0}
        decided = decide(till)
        assert (decided.status, decided.body["version"]) == (200, 1)
        assert decide(till, effective_from="2026-06-01").status == 412
        ended = decide(till, 1, effective_from="2026-06-01", is_withheld=False)
        days = [(each["effective_from"], each["is_withheld"]) for each in ended.body["decisions"]]
        assert days == [(TOMORROW, True), ("2026-06-01", False)]
        sooner = decide(till, 2, effective_from="2026-05-01", is_withheld=False)
        assert [each["effective_from"] for each in sooner.body["decisions"]] == [TOMORROW, "2026-05-01"]
        entries, _ = audit.entries_of("settlement", "tax-policy")
        assert [(entry.actor, entry.reason) for entry in entries] == [("stf_admin", REASON)] * 3

    @pytest.mark.parametrize(
        "wrong",
        [
            {"effective_from": TODAY},
            {"effective_from": "2025-10-01"},
            {"effective_from": "tomorrow"},
            {"effective_from": 20260401},
            {"is_withheld": "yes"},
            {"is_withheld": None},
            {"reason": "要"},
            {"reason": "长" * 501},
            {"rate_bp": 300},
        ],
    )
    def test_what_is_wrong_is_refused(self, till: Till, companion_id: str, wrong: dict[str, Any]) -> None:
        assert decide(till, **wrong).status == 400
        assert table.find_policy().version == 0

    def test_no_version_is_no_change(self, till: Till) -> None:
        body = {"effective_from": TOMORROW, "is_withheld": True, "reason": REASON}
        assert till.world.request("PUT", "/tax-policy", body, as_=admin(till)).status == 428

    @pytest.mark.parametrize(
        ("method", "path", "roles"),
        [
            ("GET", "/tax-policy", {"finance_reader", "finance", "admin"}),
            ("PUT", "/tax-policy", {"admin"}),
            ("GET", "/tax-statements/2026", {"companion"}),
            ("GET", "/companions/acc_1/tax-statements/2026", {"finance_reader", "finance", "admin"}),
        ],
    )
    def test_each_route_knows_its_callers(self, till: Till, method: str, path: str, roles: set[str]) -> None:
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert till.world.request(method, path, body).status == 401
        for role in ("client", "companion", "agent", "finance_reader", "finance", "admin", "insurer"):
            answered = till.world.request(method, path, body, as_=till.world.person(role)).status
            assert (answered != 403) == (role in roles), role

    def test_finance_sees_what_the_companion_sees_and_leaves_its_name(self, till: Till, withheld: str) -> None:
        answered_by_bank(withdrawn(till, withheld, MONTH_FEN)[0])
        path = f"/companions/{withheld}/tax-statements/2026"
        reader = till.world.person("finance_reader", subject="stf_reader")
        assert till.world.get(path, as_=reader).body == statement(till, withheld)
        entries, _ = audit.entries_of("settlement", withheld)
        assert [(entry.actor, entry.act, entry.after) for entry in entries] == [
            ("stf_reader", "tax_statement.opened", "2026")
        ]

    @pytest.mark.parametrize("year", ["2024", "2027", "26", "二〇二六", "-2026", "20260"])
    def test_a_year_that_is_none_is_not_found(self, till: Till, year: str) -> None:
        assert till.world.get(f"/tax-statements/{year}", as_=till.world.person("companion")).status == 404

    def test_of_somebody_without_any_there_is_nothing(self, till: Till) -> None:
        for who in ("acc_1", ids.new("acc"), "x" * 90):
            assert till.world.get(f"/companions/{who}/tax-statements/2026", as_=finance(till)).status == 404
            assert table.find_year(who, 2026) is None
        months = statement(till, ids.new("acc"))["months"]
        assert months == []
