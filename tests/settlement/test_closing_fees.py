"""An order cancelled late: what its companion and the platform keep, and what goes back (F25, F32)."""

import pytest

from functions.insurance.events import PolicySurrendered
from functions.settlement.rules.ledger import SplitMismatch
from functions.shared import ids
from tests.settlement.makers import TOTAL_FEN, Order, Till

COMPANION_FEN, PLATFORM_FEN = 4_000, 1_000
BACK_FEN = TOTAL_FEN - COMPANION_FEN - PLATFORM_FEN


@pytest.mark.feature("F25")
@pytest.mark.feature("F32")
class TestFees:
    def test_the_companions_fee_is_income_of_its_own_kind(self, till: Till, order: Order) -> None:
        till.paid(order)
        for _ in range(2):
            till.world.publish(order.closed(paid=True, companion_fee_fen=COMPANION_FEN, platform_fee_fen=PLATFORM_FEN))
        assert till.balances() == {
            "provider_clearing": TOTAL_FEN,
            "refund_payable": BACK_FEN,
            "companion_pending": COMPANION_FEN,
            "commission": PLATFORM_FEN,
        }
        companion = till.world.person("companion", subject=order.companion_id)
        (income,) = till.world.get("/earnings/orders", as_=companion).body["items"]
        assert (income["kind"], income["state"]) == ("cancellation_fee", "pending")
        assert (income["price_fen"], income["commission_fen"]) == (COMPANION_FEN + PLATFORM_FEN, PLATFORM_FEN)
        assert (income["share_fen"], income["net_fen"]) == (COMPANION_FEN, COMPANION_FEN)
        (refund,) = till.refunds(order)
        assert (refund["amount_fen"], refund["reason"]) == (BACK_FEN, "fee_kept")
        till.finishes_refund(order)
        till.notify_refund(order)
        assert till.booked(order) == ["payment", "fees", "refund_requested", "refund_paid"]
        assert till.findings() == []

    def test_it_is_released_like_any_other(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True, companion_fee_fen=COMPANION_FEN))
        till.finishes_refund(order)
        till.notify_refund(order)
        till.world.advance(days=7, seconds=2)
        companion = till.world.person("companion", subject=order.companion_id)
        earnings = till.world.get("/earnings", as_=companion).body
        assert (earnings["pending_fen"], earnings["available_fen"]) == (0, COMPANION_FEN)
        assert till.findings() == []

    def test_a_fee_of_the_platform_alone_is_nobodys_income(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True, platform_fee_fen=PLATFORM_FEN))
        companion = till.world.person("companion", subject=order.companion_id)
        assert till.world.get("/earnings/orders", as_=companion).body["items"] == []
        assert till.balances()["commission"] == PLATFORM_FEN
        assert till.findings() == []

    def test_fees_of_all_that_was_paid_give_nothing_back(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True, companion_fee_fen=TOTAL_FEN - 1, platform_fee_fen=1))
        assert till.refunds(order) == []
        assert till.balances()["companion_pending"] == TOTAL_FEN - 1
        assert till.findings() == []

    @pytest.mark.parametrize(("companion_fee_fen", "platform_fee_fen"), [(TOTAL_FEN + 1, 0), (-1, 0), (0, -1)])
    def test_fees_that_cannot_be_are_refused(
        self, till: Till, order: Order, companion_fee_fen: int, platform_fee_fen: int
    ) -> None:
        till.paid(order)
        with pytest.raises(SplitMismatch):
            till.world.publish(
                order.closed(paid=True, companion_fee_fen=companion_fee_fen, platform_fee_fen=platform_fee_fen)
            )
        assert till.booked(order) == ["payment"]


@pytest.mark.feature("B14")
@pytest.mark.parametrize(
    ("kept_fen", "booked"),
    [(0, ["payment", "refund_requested"]), (500, ["payment", "refund_requested", "premium_kept"])],
)
def test_a_premium_that_the_insurer_keeps_is_borne_by_the_platform(
    till: Till, order: Order, kept_fen: int, booked: list[str]
) -> None:
    till.paid(order)
    till.world.publish(order.closed(paid=True))
    surrendered = PolicySurrendered(
        policy_id=ids.derived("pol", order.order_id),
        order_id=order.order_id,
        insurer_id="ins_demo",
        premium_kept_fen=kept_fen,
    )
    for _ in range(2):
        till.world.publish(surrendered)
    balances = till.balances()
    assert (balances.get("goodwill", 0), balances.get("premium_payable", 0)) == (kept_fen, kept_fen)
    assert sorted(till.booked(order)) == sorted(booked)
    assert till.findings() == []
