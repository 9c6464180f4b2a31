"""Overtime and expenses (B9): collected into one payment beside the order's, divided to the fen, given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.settlement.actions import put_policy
from functions.settlement.rules import supplements as rules
from functions.settlement.rules.policy import Policy
from functions.settlement.rules.refunds import order_id_of, refund_id_of
from functions.settlement.rules.supplements import Item, ItemKind, NothingDue
from functions.shared import clock, ids
from functions.shared.money import share
from functions.tracking.events import VisitExpenseApproved, VisitOvertimeApproved
from tests.harness.world import Person, Reply
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till, commit

pytestmark = pytest.mark.feature("B9")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ORDER_ID = "ord_01KJP0Y9M0E6VZHWXCXM2YQW5T"
OVERTIME_FEN, SHARE_FEN, EXPENSE_FEN = 5_000, 4_500, 12_345


def item(kind: ItemKind, amount_fen: int, share_bp: int = 9_000) -> Item:
    share_fen = amount_fen if kind is ItemKind.EXPENSE else share(amount_fen, share_bp)
    return Item(
        item_id=ids.new("itm", NOW),
        order_id=ORDER_ID,
        client_id="acc_c",
        companion_id="acc_p",
        kind=kind,
        amount_fen=amount_fen,
        share_fen=share_fen,
        commission_fen=amount_fen - share_fen,
        approved_at=NOW,
    )


ITEMS = st.lists(
    st.builds(item, st.sampled_from(ItemKind), st.integers(1, 500_000), st.integers(0, 10_000)), min_size=1, max_size=60
)


class TestRules:
    @settings(max_examples=50)
    @given(ITEMS)
    def test_a_payment_is_shared_to_the_fen_and_nothing_is_kept_of_expenses(self, items: list[Item]) -> None:
        covered = rules.payable(items)
        assert 0 < len(covered) <= rules.MAX_ITEMS and set(covered) <= set(items)
        sums = rules.sums_of(covered)
        assert sums.share_fen + sums.commission_fen == sums.amount_fen == sum(each.amount_fen for each in covered)
        overtime_fen = sum(each.amount_fen for each in covered if each.kind is ItemKind.OVERTIME)
        assert sums.expenses_fen == sums.amount_fen - overtime_fen <= sums.share_fen
        assert sums.commission_fen <= overtime_fen

    @pytest.mark.parametrize("number", [1, 9, 10, 99])
    def test_a_number_at_the_provider_leads_back_to_its_order(self, number: int) -> None:
        payment_id = rules.payment_id_of(ORDER_ID, number)
        assert len(payment_id) <= 32 and ids.derived("ord", payment_id) == ORDER_ID
        assert rules.number_of(payment_id) == number and rules.is_payment_id(payment_id)
        for refund in (1, 2, 50):
            assert order_id_of(refund_id_of(payment_id, refund)) == ORDER_ID
        own = {refund_id_of(ids.derived("pay", ORDER_ID), each) for each in (1, 2)}
        assert own.isdisjoint({refund_id_of(payment_id, each) for each in (1, 2)})

    @pytest.mark.parametrize(
        "text", ["", "pay", "sup1_X", "sup01_", ORDER_ID, "sup01_" + "x" * 26, f"sup01_{'A' * 27}"]
    )
    def test_what_is_no_payment_is_none(self, text: str) -> None:
        assert not rules.is_payment_id(text) and rules.number_of(text) == 0

    def test_nothing_due_is_not_paid(self) -> None:
        with pytest.raises(NothingDue):
            rules.payable([])

    @pytest.mark.parametrize(("share_fen", "commission_fen"), [(-1, 11), (5, 4), (6, 4), (9, 1)])
    def test_parts_that_are_not_the_amount_are_refused(self, share_fen: int, commission_fen: int) -> None:
        facts: dict[str, Any] = {"item_id": "i", "order_id": "o", "client_id": "c", "companion_id": "p"}
        facts |= {"amount_fen": 10, "share_fen": share_fen, "commission_fen": commission_fen, "approved_at": NOW}
        kind = ItemKind.EXPENSE if (share_fen, commission_fen) == (9, 1) else ItemKind.OVERTIME
        if (share_fen, commission_fen) == (6, 4):
            assert Item(kind=kind, **facts).share_fen == share_fen
        else:
            with pytest.raises(ValueError, match="item i"):
                Item(kind=kind, **facts)


@dataclass(frozen=True)
class Extra(Order):
    """The order's supplementary payment of this number, as the till's acts take it."""

    number: int = 1

    @property
    def payment_id(self) -> str:
        return rules.payment_id_of(self.order_id, self.number)

    @property
    def refund_id(self) -> str:
        return refund_id_of(self.payment_id, 1)


def extra(order: Order, number: int = 1) -> Extra:
    return Extra(order.order_id, order.client, order.companion_id, order.total_fen, number)


def overtime(till: Till, order: Order, amount_fen: int = OVERTIME_FEN, share_fen: int = SHARE_FEN) -> None:
    till.world.publish(
        VisitOvertimeApproved(
            visit_id=ids.derived("vis", order.order_id),
            order_id=order.order_id,
            client_id=order.client.subject,
            companion_id=order.companion_id,
            overtime_id=ids.new("ovt", clock.now()),
            minutes=60,
            amount_fen=amount_fen,
            share_fen=share_fen,
            commission_fen=amount_fen - share_fen,
            automatic=False,
            approved_at=clock.now(),
        )
    )


def expense(till: Till, order: Order, amount_fen: int = EXPENSE_FEN, *, id: str | None = None, times: int = 1) -> None:
    event = VisitExpenseApproved(
        visit_id=ids.derived("vis", order.order_id),
        order_id=order.order_id,
        client_id=order.client.subject,
        companion_id=order.companion_id,
        expense_id=id or ids.new("exp", clock.now()),
        expense_kind="medicine",
        amount_fen=amount_fen,
        approved_at=clock.now(),
    )
    for _ in range(times):
        till.world.publish(event)


def start(till: Till, order: Order, *, by: Person | None = None, **body: Any) -> Reply:
    as_ = by or till.world.renewed(order.client, "client")
    sent = {"method": "jsapi"} | body
    reply = till.world.post(f"/orders/{order.order_id}/supplement-payments", sent, as_=as_)
    till.world.deliver()
    return reply


def pay(till: Till, order: Order, number: int = 1) -> Extra:
    """Started, paid at the provider, notified."""
    assert start(till, order).status == 201
    paid = extra(order, number)
    till.pays(paid)
    assert till.notify(paid).status == 200
    till.world.deliver()
    return paid


def supplement(till: Till, order: Order) -> dict[str, Any]:
    as_ = till.world.renewed(order.client, "client")
    body: dict[str, Any] = till.world.get(f"/orders/{order.order_id}/supplement", as_=as_).body
    return body


def states(till: Till, order: Order) -> Sequence[str]:
    return [each["state"] for each in supplement(till, order)["items"]]


def earned(till: Till, order: Order) -> list[dict[str, Any]]:
    companion = till.world.person("companion", subject=order.companion_id)
    return list(till.world.get("/earnings/orders", as_=companion).body["items"])


@pytest.fixture
def served(till: Till, order: Order) -> Order:
    """A paid order whose visit goes on; overtime and an expense were approved."""
    till.paid(order)
    overtime(till, order)
    expense(till, order, times=2)
    return order


class TestPaying:
    def test_all_that_is_due_is_one_payment_and_divided_with_it(self, till: Till, served: Order) -> None:
        assert supplement(till, served)["due_fen"] == OVERTIME_FEN + EXPENSE_FEN
        started = start(till, served)
        assert started.body["amount_fen"] == OVERTIME_FEN + EXPENSE_FEN
        assert started.body["payment_id"] == extra(served).payment_id
        assert start(till, served).body["payment_id"] == started.body["payment_id"]
        paid = pay(till, served)
        for _ in range(2):
            till.notify(paid)
        assert till.balances() == {
            "provider_clearing": TOTAL_FEN + OVERTIME_FEN + EXPENSE_FEN,
            "client_funds_held": TOTAL_FEN,
            "companion_pending": SHARE_FEN + EXPENSE_FEN,
            "commission": OVERTIME_FEN - SHARE_FEN,
        }
        assert till.booked(served) == ["payment", "payment", "supplement"]
        assert states(till, served) == ["paid", "paid"] and supplement(till, served)["due_fen"] == 0
        (told,) = till.events("supplement.paid", served)
        assert (told["amount_fen"], told["share_fen"]) == (OVERTIME_FEN + EXPENSE_FEN, SHARE_FEN + EXPENSE_FEN)
        assert len(till.world.events("payment.succeeded")) == 1
        assert till.findings() == []

    def test_the_order_itself_is_divided_as_if_there_were_none(self, till: Till, served: Order) -> None:
        pay(till, served)
        till.world.publish(served.completed())
        assert till.balances()["companion_pending"] == SPLIT.share_fen + SHARE_FEN + EXPENSE_FEN
        assert "client_funds_held" not in till.balances()
        assert till.findings() == []

    def test_it_does_not_matter_which_comes_first(self, till: Till, served: Order) -> None:
        till.world.publish(served.completed())
        pay(till, served)
        assert "client_funds_held" not in till.balances()
        assert till.balances()["companion_pending"] == SPLIT.share_fen + SHARE_FEN + EXPENSE_FEN
        assert till.findings() == []

    def test_the_companion_sees_it_as_income_of_its_own_and_it_is_released(self, till: Till, served: Order) -> None:
        pay(till, served)
        (income,) = earned(till, served)
        assert (income["kind"], income["price_fen"]) == ("supplement", OVERTIME_FEN + EXPENSE_FEN)
        assert (income["share_fen"], income["expenses_fen"]) == (SHARE_FEN + EXPENSE_FEN, EXPENSE_FEN)
        assert (income["commission_fen"], income["supplement_id"]) == (500, extra(served).payment_id)
        till.world.publish(served.completed())
        till.world.advance(days=7, seconds=2)
        assert [each["state"] for each in earned(till, served)] == ["available", "available"]
        companion = till.world.person("companion", subject=served.companion_id)
        earnings = till.world.get("/earnings", as_=companion).body
        assert earnings["available_fen"] == SPLIT.share_fen + SHARE_FEN + EXPENSE_FEN
        made = till.world.post("/earnings/statements", {"period": "2026-03", "format": "csv"}, as_=companion)
        assert made.status == 201
        assert till.findings() == []

    def test_a_lost_notification_is_found_by_asking(self, till: Till, served: Order) -> None:
        start(till, served)
        till.pays(extra(served))
        till.world.advance(seconds=20)
        assert states(till, served) == ["paid", "paid"]
        assert till.look_up(extra(served)).body["state"] == "succeeded"

    def test_what_is_approved_meanwhile_waits_for_the_next_payment(self, till: Till, served: Order) -> None:
        first = start(till, served)
        expense(till, served, 777)
        assert start(till, served).body["amount_fen"] == first.body["amount_fen"]
        till.pays(extra(served))
        till.notify(extra(served))
        assert supplement(till, served)["due_fen"] == 777
        pay(till, served, number=2)
        assert supplement(till, served)["due_fen"] == 0
        assert [each["amount_fen"] for each in supplement(till, served)["payments"]] == [17_345, 777]
        assert till.findings() == []

    def test_a_payment_that_ran_out_is_closed_and_another_one_started(self, till: Till, served: Order) -> None:
        start(till, served)
        till.world.advance(hours=2, seconds=2)
        assert till.look_up(extra(served)).body["state"] == "closed"
        assert start(till, served).body["payment_id"] == extra(served, 2).payment_id
        pay(till, served, number=2)
        assert states(till, served) == ["paid", "paid"]

    def test_money_for_what_is_paid_already_goes_back(self, till: Till, served: Order) -> None:
        start(till, served)
        till.world.advance(hours=2, seconds=2)
        pay(till, served, number=2)
        late = extra(served)
        paid = till.desk.transaction(till.desk.books.order(extra(served, 2).payment_id))
        changed = paid | {"out_trade_no": late.payment_id, "transaction_id": "4200000000000000000000000009"}
        for _ in range(2):
            assert till.notify(late, **changed).status == 200
        booked = till.booked(served)
        counts = [booked.count(event) for event in ("payment", "supplement", "refund_requested")]
        assert counts == [3, 1, 1]
        assert till.balances()["refund_payable"] == OVERTIME_FEN + EXPENSE_FEN
        assert till.balances()["companion_pending"] == SHARE_FEN + EXPENSE_FEN
        assert till.findings() == []

    def test_a_contradicted_one_is_set_aside(self, till: Till, served: Order) -> None:
        start(till, served)
        till.pays(extra(served))
        assert till.notify(extra(served), amount={"total": 1, "currency": "CNY"}).status == 200
        assert states(till, served) == ["due", "due"]
        assert start(till, served).code == "order_not_payable"
        assert len(till.events("payment.mismatched", served)) == 1


class TestRefunds:
    def refund(self, till: Till, order: Order, kind: str, **more: Any) -> Reply:
        body = {"kind": kind, "reason": "延时没有发生", "supplement_id": extra(order).payment_id} | more
        reply = till.world.post(f"/orders/{order.order_id}/refunds", body, as_=till.world.person("finance"))
        till.world.deliver()
        return reply

    def test_one_goes_back_under_its_own_number_and_leaves_the_order_alone(self, till: Till, served: Order) -> None:
        paid = pay(till, served)
        till.world.publish(served.completed())
        reply = self.refund(till, served, "full")
        assert (reply.status, reply.body["amount_fen"]) == (201, OVERTIME_FEN + EXPENSE_FEN)
        assert (reply.body["from_companion_fen"], reply.body["from_platform_fen"]) == (SHARE_FEN + EXPENSE_FEN, 500)
        till.finishes_refund(paid)
        assert till.notify_refund(paid).status == 200
        assert till.balances() == {
            "provider_clearing": TOTAL_FEN,
            "companion_pending": SPLIT.share_fen,
            "commission": SPLIT.commission_fen,
            "premium_payable": SPLIT.premium_fen,
        }
        assert self.refund(till, served, "full").code == "nothing_to_refund"
        own = till.world.post(
            f"/orders/{served.order_id}/refunds",
            {"kind": "partial", "amount_fen": 100, "reason": "服务不周"},
            as_=till.world.person("finance"),
        )
        assert own.status == 201 and own.body["supplement_id"] is None
        assert till.findings() == []

    def test_it_counts_with_the_orders_own_towards_the_second_person(self, till: Till, served: Order) -> None:
        limit = Policy(refund_second_person_above_fen=2_000)
        commit("settlement", lambda tx: put_policy(tx, limit))
        pay(till, served)
        till.world.publish(served.completed())
        assert self.refund(till, served, "partial", amount_fen=1_500).body["state"] == "approved"
        own = {"kind": "goodwill", "amount_fen": 501, "reason": "服务不周"}
        path, as_ = f"/orders/{served.order_id}/refunds", till.world.person("finance")
        assert till.world.post(path, own, as_=as_).body["state"] == "awaiting_approval"
        assert till.world.post(path, own | {"amount_fen": 500}, as_=as_).body["state"] == "approved"

    def test_after_the_release_it_becomes_a_debt(self, till: Till, served: Order) -> None:
        pay(till, served)
        till.world.advance(days=8)
        assert self.refund(till, served, "partial", amount_fen=1_000).status == 201
        companion = till.world.person("companion", subject=served.companion_id)
        earnings = till.world.get("/earnings", as_=companion).body
        assert earnings["debt_fen"] == earned(till, served)[0]["clawed_fen"] > 0
        assert till.findings() == []

    @pytest.mark.parametrize("supplement_id", ["sup01_x", "pay_1", "sup02_{}", "sup99_{}", "sup01_" + "0" * 26])
    def test_of_one_that_is_none_nothing_goes_back(self, till: Till, served: Order, supplement_id: str) -> None:
        pay(till, served)
        wanted = supplement_id.format(served.order_id[4:])
        assert self.refund(till, served, "full", supplement_id=wanted).code == "nothing_to_refund"


class TestOverdue:
    def test_what_stays_unpaid_is_listed_for_finance_until_it_is_paid(self, till: Till, served: Order) -> None:
        till.world.advance(days=6, hours=23)
        assert states(till, served) == ["due", "due"]
        till.world.advance(hours=2)
        assert states(till, served) == ["overdue", "overdue"]
        (told,) = till.events("supplement.overdue", served)
        assert told["amount_fen"] == OVERTIME_FEN + EXPENSE_FEN
        finance = till.world.person("finance_reader")
        listed = till.world.get("/supplements/overdue?month=2026-03&limit=1", as_=finance).body
        more = till.world.get(f"/supplements/overdue?month=2026-03&cursor={listed['next_cursor']}", as_=finance).body
        assert {each["amount_fen"] for each in [*listed["items"], *more["items"]]} == {OVERTIME_FEN, EXPENSE_FEN}
        pay(till, served)
        after = till.world.get("/supplements/overdue", as_=finance).body["items"]
        assert [each["state"] for each in after] == ["paid", "paid"]
        assert till.world.get("/supplements/overdue?month=2026-02", as_=finance).body["items"] == []

    def test_what_was_paid_in_time_is_not(self, till: Till, served: Order) -> None:
        pay(till, served)
        till.world.advance(days=9)
        assert till.events("supplement.overdue", served) == []

    def test_how_long_is_data(self, till: Till, order: Order) -> None:
        commit("settlement", partial(put_policy, wanted=Policy(supplement_overdue_s=60)))
        expense(till, till.paid(order))
        till.world.advance(minutes=2)
        assert states(till, order) == ["overdue"]


class TestRefusals:
    def test_who_may_not(self, till: Till, served: Order) -> None:
        world, path = till.world, f"/orders/{served.order_id}/supplement"
        body = {"method": "jsapi"}
        assert world.post(f"{path}-payments", body).status == 401
        for role in ("companion", "finance", "admin", "guest"):
            other = world.person(role, subject=served.client.subject, order_id=served.order_id)
            assert world.post(f"{path}-payments", body, as_=other).status == 403
        stranger = world.person("client")
        assert world.post(f"{path}-payments", body, as_=stranger).code == "not_found"
        assert world.get(path, as_=stranger).status == world.get(path, as_=world.person("companion")).status == 404
        assert world.get(path, as_=world.person("companion", subject=served.companion_id)).status == 200
        assert world.get(path, as_=world.person("agent")).status == 200
        assert world.get("/supplements/overdue", as_=served.client).status == 403
        assert world.get("/supplements/overdue?month=2026-13", as_=world.person("finance")).status == 400

    def test_what_is_wrong_starts_nothing(self, till: Till, served: Order) -> None:
        for body in ({"method": "cash"}, {"method": None}, {"colour": "red"}, {"amount_fen": 1}):
            assert start(till, served, **body).status == 400
        assert supplement(till, served)["payments"] == []
        assert start(till, served).status == 201
        assert start(till, served, method="native").code == "payment_method_fixed"

    def test_an_order_without_any(self, till: Till, order: Order) -> None:
        till.paid(order)
        assert start(till, order).code == "not_found"
        till.world.get(f"/orders/{order.order_id}/supplement", as_=order.client)
        overtime(till, order)
        pay(till, order)
        assert start(till, order).code == "nothing_due"
