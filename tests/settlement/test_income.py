"""Dividing a completed order, and what its companion earns (F25, F32)."""

from datetime import timedelta

import pytest

from functions.booking.events import Split
from functions.insurance.events import PolicyIssued
from functions.settlement import table
from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import SplitMismatch
from functions.shared import clock, ids
from functions.shared.table import find
from tests.harness.world import Reply
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till, commit

DIVIDED = {
    "provider_clearing": TOTAL_FEN,
    "companion_pending": SPLIT.share_fen,
    "commission": SPLIT.commission_fen,
    "premium_payable": SPLIT.premium_fen,
}

EMPTY = {
    "pending_fen": 0,
    "releases": [],
    "available_fen": 0,
    "withdrawing_fen": 0,
    "paid_fen": 0,
    "tax_this_year_fen": 0,
    "debt_fen": 0,
}


def completed(till: Till, order: Order) -> Order:
    till.paid(order)
    till.world.publish(order.completed())
    return order


def as_companion(till: Till, order: Order, path: str) -> Reply:
    return till.world.get(path, as_=till.world.person("companion", subject=order.companion_id))


def issued(order: Order) -> PolicyIssued:
    return PolicyIssued(
        policy_id=ids.derived("pol", order.order_id),
        order_id=order.order_id,
        client_id=order.client.subject,
        product_id="anxin_visit",
        insurer_id="ins_demo",
        premium_fen=SPLIT.premium_fen,
    )


def owed_to(insurer_id: str, order: Order) -> int:
    account = ledger.premium_payable(insurer_id)
    row = find(
        table.BalanceRow, *table.balance_key(account, ledger.shard_of(order.order_id), ledger.month_of(clock.now()))
    )
    return -row.balance_fen if row else 0


class TestDivision:
    @pytest.mark.feature("F32")
    def test_the_price_becomes_share_commission_and_premium(self, till: Till, order: Order) -> None:
        completed(till, order)
        assert till.balances() == DIVIDED
        assert till.booked(order) == ["payment", "split"]
        assert till.findings() == []

    def test_it_is_divided_once(self, till: Till, order: Order) -> None:
        completed(till, order)
        till.world.publish(order.completed())
        assert till.balances() == DIVIDED

    @pytest.mark.parametrize(
        "split",
        [
            Split(share_fen=28_801, commission_fen=3_200, premium_fen=500),
            Split(share_fen=28_799, commission_fen=3_200, premium_fen=500),
            Split(share_fen=40_000, commission_fen=-8_000, premium_fen=500),
            Split(share_fen=28_801, commission_fen=3_200, premium_fen=500, subsidy_fen=2, subsidies={"prg_1": 2}),
        ],
    )
    def test_a_split_that_is_not_what_is_held_is_refused(self, till: Till, order: Order, split: Split) -> None:
        till.paid(order)
        with pytest.raises(SplitMismatch):
            till.world.publish(order.completed(split))
        assert till.booked(order) == ["payment"]

    def test_an_order_without_money_is_not_divided(self, till: Till, order: Order) -> None:
        with pytest.raises(SplitMismatch):
            till.world.publish(order.completed())

    def test_a_subsidy_is_paid_by_its_own_account(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(
            order.completed(
                Split(
                    share_fen=30_000,
                    commission_fen=4_100,
                    premium_fen=500,
                    subsidy_fen=2_000,
                    subsidies={"prg_1": 1_500, "prg_2": 500},
                    coupon_fen=100,
                )
            )
        )
        assert (till.balances()["subsidy"], till.balances()["coupon_cost"]) == (2_000, 100)
        assert till.findings() == []


class TestPremium:
    def test_it_is_owed_to_the_insurer_of_the_policy(self, till: Till, order: Order) -> None:
        till.world.publish(issued(order))
        completed(till, order)
        assert (owed_to("ins_demo", order), owed_to(ledger.UNASSIGNED, order)) == (500, 0)

    def test_a_policy_that_is_heard_of_later_moves_it(self, till: Till, order: Order) -> None:
        completed(till, order)
        assert owed_to(ledger.UNASSIGNED, order) == 500
        for _ in range(2):
            till.world.publish(issued(order))
        assert (owed_to("ins_demo", order), owed_to(ledger.UNASSIGNED, order)) == (500, 0)
        assert till.balances() == DIVIDED
        assert till.findings() == []


class TestRelease:
    @pytest.mark.feature("F25")
    def test_income_is_pending_for_seven_days_then_available(self, till: Till, order: Order) -> None:
        completed(till, order)
        release_at = clock.china(clock.now() + timedelta(days=7, seconds=1)).isoformat()
        pending = EMPTY | {
            "pending_fen": SPLIT.share_fen,
            "releases": [{"amount_fen": SPLIT.share_fen, "release_at": release_at}],
        }
        assert as_companion(till, order, "/earnings").body == pending
        till.world.advance(days=6, hours=23)
        assert as_companion(till, order, "/earnings").body == pending
        till.world.advance(hours=1, seconds=1)
        assert as_companion(till, order, "/earnings").body == EMPTY | {"available_fen": SPLIT.share_fen}
        assert till.events("income.released", order) == [
            {
                "type": "income.released",
                "order_id": order.order_id,
                "companion_id": order.companion_id,
                "amount_fen": SPLIT.share_fen,
            }
        ]
        assert till.findings() == []

    def test_a_timer_that_fires_twice_releases_once(self, till: Till, order: Order) -> None:
        completed(till, order)
        (timer,) = (timer for timer in till.world.timers.values() if timer.kind == "release_income")
        till.world.fire(timer)
        till.world.fire(timer)
        assert till.booked(order) == ["payment", "split", "release"]

    @pytest.mark.feature("F25")
    def test_every_line_shows_price_commission_and_share(self, till: Till, order: Order) -> None:
        completed(till, order)
        line = as_companion(till, order, f"/earnings/orders/{order.order_id}").body
        assert (line["price_fen"], line["commission_fen"], line["premium_fen"], line["share_fen"]) == (
            TOTAL_FEN,
            SPLIT.commission_fen,
            SPLIT.premium_fen,
            SPLIT.share_fen,
        )
        assert (line["state"], line["version"]) == ("pending", 1)
        release_at = clock.china(clock.now() + timedelta(days=7, seconds=1)).isoformat()
        assert line["release_at"] == release_at
        assert as_companion(till, order, "/earnings/orders").body["items"] == [line]

    def test_lines_come_in_pages_latest_first(self, till: Till) -> None:
        first = till.order()
        orders = [first, *(Order(till.order().order_id, first.client, first.companion_id) for _ in range(2))]
        for number, order in enumerate(orders):
            _divide_directly(till, order, number)
        page = as_companion(till, first, "/earnings/orders?limit=2").body
        rest = as_companion(till, first, f"/earnings/orders?limit=2&cursor={page['next_cursor']}").body
        seen = [line["order_id"] for line in (*page["items"], *rest["items"])]
        assert seen == sorted((order.order_id for order in orders), reverse=True)
        assert rest["next_cursor"] is None

    def test_another_companions_line_is_404(self, till: Till, order: Order) -> None:
        completed(till, order)
        stranger = till.world.person("companion")
        assert till.world.get(f"/earnings/orders/{order.order_id}", as_=stranger).status == 404

    @pytest.mark.parametrize("path", ["/earnings", "/earnings/orders", "/earnings/orders/x"])
    def test_only_companions_have_earnings(self, till: Till, path: str) -> None:
        assert till.world.get(path).status == 401
        for role in ("client", "finance", "guest"):
            assert till.world.get(path, as_=till.world.person(role)).status == 403

    def test_a_new_companion_has_earned_nothing(self, till: Till) -> None:
        reply = till.world.get("/earnings", as_=till.world.person("companion"))
        assert reply.body == EMPTY


def _divide_directly(till: Till, order: Order, number: int) -> None:
    paid = ledger.payment_received(
        payment_id=f"pay_{number}", order_id=order.order_id, amount_fen=TOTAL_FEN, at=clock.now()
    )
    commit("settlement", lambda tx: post(tx, paid))
    till.world.publish(order.completed())
