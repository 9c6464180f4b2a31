"""The settlement benchmark measures what it says, at lengths that take a moment, and its judge notices growth."""

from typing import Any

import pytest

from benchmarks import fresh, order_money, payouts, reconciliation, settlement
from benchmarks.limits import Verdict
from functions.settlement.rules.payouts import withdrawal_of


@pytest.fixture(scope="module")
def order() -> dict[str, Any]:
    return order_money.measure()


def missed(verdicts: list[Verdict]) -> list[str]:
    return [verdict.name for verdict in verdicts if not verdict.holds]


def test_an_orders_money_stays_within_its_limits(order: dict[str, Any]) -> None:
    assert missed(order_money.verdicts(order)) == []


def test_an_orders_money_is_the_sum_of_its_acts(order: dict[str, Any]) -> None:
    assert order["round_trips"] == sum(act["reads"] + act["writes"] for act in order["acts"])
    assert order["wru"] == sum(act["wru"] for act in order["acts"])
    assert order["ledger_transactions"] == 3, "paid, divided, released"


def test_an_act_that_writes_twice_is_noticed(order: dict[str, Any]) -> None:
    acts = [{**order["acts"][0], "writes": 2}, *order["acts"][1:]]
    assert missed(order_money.verdicts({**order, "acts": acts})) == ["an order's money: transactions of one act"]


def test_the_withdrawals_are_due_and_all_different() -> None:
    assert payouts.plan_whole(30).count == 30
    assert len({each.withdrawal_id for each in payouts.withdrawals(30)}) == 30
    assert withdrawal_of(f"wdr{7:026d}001") == next(
        each.withdrawal_id for each in payouts.withdrawals(8) if each.withdrawal_id.endswith("7")
    )


def test_planning_is_timed_by_length() -> None:
    times, of_smallest = payouts.planning((10, 100), rounds=2)
    assert list(times) == ["10", "100"]
    assert all(each["us_per_item"] > 0 for each in times.values())
    assert of_smallest["low"] <= of_smallest["value"] <= of_smallest["high"]


def test_the_plans_file_is_as_long_as_its_lines() -> None:
    assert payouts.filed_in_memory(4_000)["file_mb"] == pytest.approx(4_000 * 275 / 1e6, rel=0.05)


def test_what_each_takes_is_what_comes_on_top_of_an_empty_run() -> None:
    empty = {"reads": 500, "transactions": 2, "wru": 40.0, "own_ms": 200.0, "waiting_ms": 2_520.0, "kms_calls": 0}
    run = {"reads": 508, "transactions": 6, "wru": 640.0, "own_ms": 250.0, "waiting_ms": 2_600.0, "kms_calls": 0}
    each = payouts.of_each(run, empty, 100)
    assert each["round_trips_per_item"] == 0.12
    assert each["wru_per_item"] == 6.0
    assert each["own_us_per_item"] == 500.0
    assert each["waiting_ms_per_item"] == 0.8


def test_a_process_of_its_own_does_not_count_its_parents_memory() -> None:
    held = bytearray(b"x") * 200_000_000
    assert fresh.measured("payouts", "planned_in_memory", count=1)["peak_mb"] < len(held) / 1e6


def test_a_bill_is_compared_line_by_line() -> None:
    found = reconciliation.reconciled(8_000)
    assert found["differences"] == 8_000 * reconciliation.DIFFERENT


def test_growth_is_noticed(order: dict[str, Any]) -> None:
    def planned(us: float, mb: float) -> dict[str, float]:
        return {"us_per_item": us, "plan_peak_mb": mb, "file_peak_mb": mb}

    of_payouts = {
        "planned": {"1000": planned(20.0, 50.0), "100000": planned(50.0, 80.0)},
        "time_per_item_of_smallest": {"value": 2.5},
        "runs": {"200": {"round_trips_per_item": 0.24}},
        "run_time_per_item_of_smallest": 1.0,
    }
    bills = [{"lines": 10, "peak_mb": 20.0}, {"lines": 100, "peak_mb": 31.0}]
    found = {"order": order, "payouts": of_payouts, "bills": bills}
    assert missed(settlement.verdicts(found)) == [
        "payout plan: time per item, largest of smallest",
        "payout plan: peak memory, largest of smallest",
        "bill of 100 lines: peak memory, of 10",
    ]
