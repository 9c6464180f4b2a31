"""Refunds of ended orders that a person ordered: who bears them, and when a second person has to agree (B10, B11)."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from functions.booking.events import Split
from functions.settlement import table
from functions.settlement.actions import put_policy
from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger
from functions.settlement.rules.policy import Policy
from functions.settlement.rules.refunds import MAX_PARTS
from functions.shared import audit, clock, ids
from functions.shared.events import Timer
from functions.shared.money import MAX_FEN
from functions.shared.tx import Tx
from tests.harness.world import Person, Reply
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till, commit

LIMIT_FEN = Policy().refund_second_person_above_fen
REASON = "提前结束陪诊"
ONE, OTHER = "stf_one", "stf_other"
SMALL = Split(share_fen=9_000, commission_fen=900, premium_fen=100)
"""Of an order whose full refund needs nobody else."""


@pytest.fixture
def small(till: Till) -> Order:
    """A completed order of 100 yuan."""
    return done(till, till.order(total_fen=10_000), SMALL)


def done(till: Till, order: Order, split: Split = SPLIT) -> Order:
    """Paid and completed."""
    till.paid(order)
    till.world.publish(order.completed(split))
    return order


def finance(till: Till, subject: str = ONE) -> Person:
    return till.world.person("finance", subject=subject)


def refund(
    till: Till, order: Order, kind: str = "partial", amount_fen: int | None = None, *, key: str | None = None
) -> Reply:
    """Somebody of finance orders a refund."""
    body = {"kind": kind, "reason": REASON} | ({} if amount_fen is None else {"amount_fen": amount_fen})
    reply = till.world.post(f"/orders/{order.order_id}/refunds", body, as_=finance(till), key=key)
    till.world.deliver()
    return reply


def decide(till: Till, asked: Reply, verdict: str, subject: str = OTHER) -> Reply:
    body = {"reason": "与客户重新协商"} if verdict == "reject" else None
    path = f"/refund-orders/{asked.body['refund_order_id']}/{verdict}"
    reply = till.world.post(path, body, as_=finance(till, subject))
    till.world.deliver()
    return reply


def borne(reply: Reply) -> tuple[int, int, int]:
    """What companion, platform and goodwill bear."""
    return (reply.body["from_companion_fen"], reply.body["from_platform_fen"], reply.body["from_goodwill_fen"])


def release(till: Till, order: Order) -> None:
    """The complaint window of the order is over."""
    till.world.fire(Timer(room="settlement", kind="release_income", subject=order.order_id, due_at=clock.now()))


def of_companion(till: Till, order: Order, path: str = "/earnings") -> Any:
    return till.world.get(path, as_=till.world.person("companion", subject=order.companion_id)).body


@pytest.mark.feature("F32")
@pytest.mark.feature("B10")
class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "amount_fen", "parts", "left"),
        [
            ("partial", 1_100, (1_000, 100, 0), {"companion_pending": 8_000, "commission": 800}),
            ("goodwill", 1_100, (0, 0, 1_100), {"companion_pending": 9_000, "commission": 900, "goodwill": 1_100}),
            ("fee_kept", None, (9_000, 0, 0), {"commission": 900}),
            ("full", None, (9_000, 900, 100), {"goodwill": 100}),
        ],
    )
    def test_each_kind_says_who_bears_it(
        self,
        till: Till,
        small: Order,
        kind: str,
        amount_fen: int | None,
        parts: tuple[int, int, int],
        left: dict[str, int],
    ) -> None:
        ordered = refund(till, small, kind, amount_fen)
        assert (ordered.status, ordered.body["state"]) == (201, "approved")
        assert (borne(ordered), ordered.body["amount_fen"]) == (parts, sum(parts))
        asked = {"provider_clearing": 10_000, "premium_payable": 100, "refund_payable": sum(parts)}
        assert till.balances() == asked | left
        (view,) = till.refunds(small)
        assert (view["refund_id"], view["reason"]) == (ordered.body["refund_id"], "after_sales")
        till.finishes_refund(small)
        till.notify_refund(small)
        clearing = {"provider_clearing": 10_000 - sum(parts), "premium_payable": 100}
        assert till.balances() == {code: fen for code, fen in (clearing | left).items() if fen}
        assert till.findings() == []

    def test_parts_add_up_until_nothing_is_left(self, till: Till, small: Order) -> None:
        assert borne(refund(till, small, "partial", 3_333)) == (3_030, 303, 0)
        assert refund(till, small, "partial", 6_668).code == "refund_too_large"
        assert borne(refund(till, small, "full")) == (5_970, 597, 100)
        assert refund(till, small, "full").code == "nothing_to_refund"
        assert refund(till, small, "goodwill", 1).code == "refund_too_large"
        assert till.balances()["refund_payable"] == 10_000
        assert till.findings() == []

    def test_the_provider_is_asked_for_one_after_the_other_a_minute_apart(self, till: Till, small: Order) -> None:
        for _ in range(2):
            refund(till, small, "goodwill", 100)
        assert [asked.refund_fen for asked in till.desk.books.refunds()] == [100]
        till.world.advance(minutes=2)
        assert [asked.refund_fen for asked in till.desk.books.refunds()] == [100, 100]
        first, second = sorted(view["refund_id"] for view in till.refunds(small))
        assert (first, second) == (small.refund_id, f"{small.refund_id}-2")

    def test_a_subsidised_share_bears_no_more_than_the_client_paid(self, till: Till) -> None:
        split = Split(
            share_fen=11_000, commission_fen=900, premium_fen=100, subsidy_fen=2_000, subsidies={"prg_1": 2_000}
        )
        order = done(till, till.order(total_fen=10_000), split)
        assert borne(refund(till, order, "full")) == (9_244, 756, 0)
        assert of_companion(till, order)["pending_fen"] == 11_000 - 9_244
        assert till.findings() == []

    def test_it_leaves_who_and_why(self, till: Till, small: Order) -> None:
        ordered = refund(till, small, "goodwill", 100).body
        (entry,), _ = audit.entries_of("settlement", ordered["refund_order_id"])
        assert (entry.actor, entry.act, entry.reason) == (ONE, "refund.ordered", REASON)
        path = f"/refund-orders/{ordered['refund_order_id']}"
        assert till.world.get(path, as_=till.world.person("finance_reader")).body == ordered

    def test_the_provider_takes_so_many_and_no_more(self, till: Till, small: Order) -> None:
        def many(tx: Tx) -> None:
            money = table.find_money(small.order_id)
            assert money is not None
            money.refunds = MAX_PARTS
            tx.save(money)

        commit("settlement", many)
        assert refund(till, small, "goodwill", 1).code == "too_many_refunds"

    def test_a_cancelled_orders_fees_can_be_given_back(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True, companion_fee_fen=4_000, platform_fee_fen=1_000))
        assert refund(till, order, "partial", 5_001).code == "refund_too_large"
        assert borne(refund(till, order, "full")) == (4_000, 1_000, 0)
        assert of_companion(till, order)["pending_fen"] == 0
        assert till.findings() == []


@pytest.mark.feature("F25")
@pytest.mark.feature("B11")
class TestClawback:
    def test_before_release_it_comes_out_of_what_is_pending(self, till: Till, small: Order) -> None:
        refund(till, small, "partial", 1_100)
        earnings = of_companion(till, small)
        assert (earnings["pending_fen"], earnings["debt_fen"]) == (8_000, 0)
        assert [each["amount_fen"] for each in earnings["releases"]] == [8_000]
        line = of_companion(till, small, f"/earnings/orders/{small.order_id}")
        assert (line["share_fen"], line["clawed_fen"], line["net_fen"]) == (9_000, 1_000, 8_000)
        release(till, small)
        assert of_companion(till, small)["available_fen"] == 8_000
        assert till.events("income.released", small)[0]["amount_fen"] == 8_000
        assert till.findings() == []

    def test_an_income_that_was_taken_back_whole_releases_nothing(self, till: Till, small: Order) -> None:
        refund(till, small, "fee_kept")
        release(till, small)
        earnings = of_companion(till, small)
        assert (earnings["pending_fen"], earnings["available_fen"], earnings["debt_fen"]) == (0, 0, 0)
        assert till.booked(small).count("release") == 0

    def test_after_release_it_is_a_debt_that_the_next_releases_repay(self, till: Till, small: Order) -> None:
        release(till, small)
        refund(till, small, "fee_kept")
        earnings = of_companion(till, small)
        assert (earnings["available_fen"], earnings["debt_fen"]) == (9_000, 9_000)
        split = Split(share_fen=6_000, commission_fen=900, premium_fen=100)
        for share_left, debt_left in ((0, 3_000), (3_000, 0)):
            following = replace(small, order_id=ids.new("ord"), total_fen=7_000)
            paid = ledger.payment_received(
                payment_id=following.payment_id, order_id=following.order_id, amount_fen=7_000, at=clock.now()
            )
            commit("settlement", partial(post, transaction=paid))
            till.world.publish(following.completed(split))
            release(till, following)
            line = of_companion(till, small, f"/earnings/orders/{following.order_id}")
            assert (line["state"], line["share_fen"] - line["repaid_fen"]) == ("available", share_left)
            assert of_companion(till, small)["debt_fen"] == debt_left
            assert till.events("income.released", following)[0]["amount_fen"] == share_left
        assert of_companion(till, small)["available_fen"] == 12_000
        assert till.findings() == []


@pytest.mark.feature("B11")
class TestSecondPerson:
    def test_above_the_limit_it_waits_and_nothing_is_booked(self, till: Till, order: Order) -> None:
        done(till, order)
        before = till.balances()
        asked = refund(till, order, "partial", LIMIT_FEN + 1)
        assert (asked.status, asked.body["state"], asked.body["refund_id"]) == (201, "awaiting_approval", None)
        assert (till.balances(), till.refunds(order)) == (before, [])

    def test_the_limit_itself_is_free(self, till: Till, order: Order) -> None:
        assert refund(till, done(till, order), "goodwill", LIMIT_FEN).body["state"] == "approved"

    def test_slices_count_together(self, till: Till, order: Order) -> None:
        done(till, order)
        assert refund(till, order, "partial", LIMIT_FEN - 5_000).body["state"] == "approved"
        assert refund(till, order, "goodwill", 5_001).body["state"] == "awaiting_approval"
        assert refund(till, order, "goodwill", 5_000).body["state"] == "approved"
        assert refund(till, order, "goodwill", 1).body["state"] == "awaiting_approval"

    def test_another_person_approves_and_it_is_carried_out_once(self, till: Till, order: Order) -> None:
        asked = refund(till, done(till, order), "full")
        assert decide(till, asked, "approve", ONE).code == "same_person"
        assert decide(till, asked, "reject", ONE).status == 403
        approved = decide(till, asked, "approve")
        assert (approved.status, approved.body["state"], approved.body["decided_by"]) == (200, "approved", OTHER)
        assert borne(approved) == (SPLIT.share_fen, SPLIT.commission_fen, SPLIT.premium_fen)
        (view,) = till.refunds(order)
        assert (view["refund_id"], view["amount_fen"]) == (approved.body["refund_id"], TOTAL_FEN)
        for verdict in ("approve", "reject"):
            assert decide(till, asked, verdict).code == "already_decided"
        entries, _ = audit.entries_of("settlement", asked.body["refund_order_id"])
        assert {(entry.act, entry.actor) for entry in entries} == {
            ("refund.proposed", ONE),
            ("refund.approved", OTHER),
        }
        assert till.findings() == []

    def test_rejected_it_changes_nothing(self, till: Till, order: Order) -> None:
        asked = refund(till, done(till, order), "full")
        assert decide(till, asked, "reject").body["state"] == "rejected"
        assert decide(till, asked, "approve").code == "already_decided"
        assert till.booked(order) == ["payment", "split"]

    def test_what_happened_since_is_looked_at_again(self, till: Till, order: Order) -> None:
        first = refund(till, done(till, order), "partial", LIMIT_FEN + 1)
        second = refund(till, order, "full")
        assert decide(till, first, "approve").status == 200
        assert decide(till, second, "approve").code == "refund_too_large"
        path = f"/refund-orders/{second.body['refund_order_id']}"
        assert till.world.get(path, as_=finance(till)).body["state"] == "awaiting_approval"
        assert till.balances()["refund_payable"] == LIMIT_FEN + 1

    def test_after_the_release_the_approved_part_is_a_debt(self, till: Till, order: Order) -> None:
        asked = refund(till, done(till, order), "full")
        release(till, order)
        assert decide(till, asked, "approve").status == 200
        earnings = of_companion(till, order)
        assert (earnings["available_fen"], earnings["debt_fen"]) == (SPLIT.share_fen, SPLIT.share_fen)
        assert till.findings() == []

    def test_the_limit_is_the_operators(self, till: Till, small: Order) -> None:
        commit("settlement", partial(put_policy, wanted=replace(Policy(), refund_second_person_above_fen=99)))
        assert refund(till, small, "goodwill", 100).body["state"] == "awaiting_approval"


class TestAsking:
    def test_an_order_that_goes_on_or_was_not_paid_is_refused(self, till: Till, order: Order) -> None:
        assert refund(till, order, "goodwill", 1).code == "nothing_to_refund"
        assert refund(till, till.paid(order), "goodwill", 1).code == "order_not_settled"
        assert till.world.post("/orders/x/refunds", {"kind": "full", "reason": REASON}, as_=finance(till)).status == 404

    def test_a_repeated_request_is_one_refund(self, till: Till, small: Order) -> None:
        first = refund(till, small, "goodwill", 100, key="refund-once-00000001")
        again = refund(till, small, "goodwill", 100, key="refund-once-00000001")
        assert (first.status, again.body) == (201, first.body)
        assert refund(till, small, "goodwill", 200, key="refund-once-00000001").code == "idempotency_key_reused"
        assert till.balances()["goodwill"] == 100

    def test_an_unknown_refund_order_is_404(self, till: Till) -> None:
        for refund_order_id in ("x", "rfo_01JNAAAAAAAAAAAAAAAAAAAAAA", "mbk_01JNAAAAAAAAAAAAAAAAAAAAAA"):
            path = f"/refund-orders/{refund_order_id}"
            assert till.world.get(path, as_=finance(till)).status == 404
            assert till.world.post(f"{path}/approve", as_=finance(till)).status == 404
            assert till.world.post(f"{path}/reject", {"reason": REASON}, as_=finance(till)).status == 404

    def test_bad_input_is_refused(self, till: Till, small: Order) -> None:
        before, path = till.balances(), f"/orders/{small.order_id}/refunds"
        good: dict[str, Any] = {"kind": "partial", "reason": REASON, "amount_fen": 100}
        changes: list[dict[str, Any]] = [
            {"kind": "ordered"},
            {"kind": "everything"},
            {"kind": None},
            {"kind": "full"},
            {"kind": "fee_kept"},
            {"reason": "短"},
            {"reason": "长" * 501},
            {"reason": None},
            {"amount_fen": None},
            {"amount_fen": 0},
            {"amount_fen": -100},
            {"amount_fen": 1.5},
            {"amount_fen": "100"},
            {"amount_fen": True},
            {"amount_fen": MAX_FEN + 1},
            {"from_companion_fen": 100},
        ]
        for change in changes:
            assert till.world.post(path, good | change, as_=finance(till)).status == 400, change
        assert till.world.post(path, {}, as_=finance(till)).status == 400
        assert till.world.post(path, good, as_=finance(till), key="").status == 400
        assert till.world.post(path, good).status == 401
        assert till.world.post(path, good, as_=till.world.renewed(small.client, "client")).status == 403
        assert till.balances() == before

    def test_a_rejection_says_why(self, till: Till, order: Order) -> None:
        asked = refund(till, done(till, order), "full")
        path = f"/refund-orders/{asked.body['refund_order_id']}/reject"
        for body in ({}, {"reason": "不"}, {"reason": 7}, {"reason": REASON, "by": OTHER}):
            assert till.world.post(path, body, as_=finance(till, OTHER)).status == 400, body
