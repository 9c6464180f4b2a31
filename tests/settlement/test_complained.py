"""What a complaint about a visit that was ahead leaves for the money to do once the visit is done (F17)."""

import pytest

from functions.booking.events import Split
from functions.settlement.actions import put_policy
from functions.settlement.rules.policy import Policy
from functions.shared import ids
from tests.settlement.makers import Order, Till, commit

pytestmark = pytest.mark.feature("F17")
SPLIT = Split(share_fen=9_000, commission_fen=900, premium_fen=100)


def done_at_a_cheaper_time(till: Till, back_fen: int, decision_id: str = "") -> Order:
    """Paid with 100 yuan; a complaint moved the visit, which was then done."""
    order = till.order(total_fen=10_000)
    till.paid(order)
    completed = order.completed(SPLIT, back_fen=back_fen, decision_id=decision_id or ids.new("dec"))
    for _ in range(2):
        till.world.publish(completed)
    return order


def test_the_difference_goes_back_once_and_the_platform_bears_it(till: Till) -> None:
    order = done_at_a_cheaper_time(till, 3_000)
    assert [int(each["amount_fen"]) for each in till.refunds(order)] == [3_000]
    assert (till.balances()["goodwill"], till.balances()["companion_pending"]) == (3_000, 9_000)
    assert till.findings() == []


def test_without_a_difference_nothing_goes_back(till: Till) -> None:
    assert till.refunds(done_at_a_cheaper_time(till, 0)) == []


def test_above_the_limit_finance_is_asked_first(till: Till) -> None:
    commit("settlement", lambda tx: put_policy(tx, Policy(refund_second_person_above_fen=2_999)))
    decision_id = ids.new("dec")
    order = done_at_a_cheaper_time(till, 3_000, decision_id)
    assert till.refunds(order) == []
    path, finance = f"/refund-orders/{ids.derived('rfo', decision_id)}", till.world.person("finance")
    assert till.world.get(path, as_=finance).body["state"] == "awaiting_approval"
    assert till.world.post(f"{path}/approve", as_=finance).status == 200
    assert [int(each["amount_fen"]) for each in till.refunds(order)] == [3_000]
