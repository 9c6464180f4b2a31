"""Refunds: owed once, asked for under one number, pursued until they are through."""

from datetime import timedelta
from typing import Any

import pytest

from functions.booking.events import ClosedReason
from functions.settlement.rules.refunds import NothingToRefund
from infra.local.standins.pay.signing import Flaw
from tests.settlement.makers import TOTAL_FEN, Order, Till

OWED = {"provider_clearing": TOTAL_FEN, "refund_payable": TOTAL_FEN}


class TestLatePayment:
    def test_a_payment_for_a_closed_order_is_booked_and_goes_back_in_full_once(self, till: Till, order: Order) -> None:
        till.started(order)
        till.world.publish(order.closed(paid=False))
        assert till.desk.books.order(order.payment_id).state == "CLOSED"
        till.notify(
            order,
            trade_state="SUCCESS",
            transaction_id="4200",
            success_time="2026-03-02T09:05:00+08:00",
            amount={"total": TOTAL_FEN, "currency": "CNY"},
        )
        assert len(till.events("payment.succeeded", order)) == 1
        assert till.balances() == {"provider_clearing": TOTAL_FEN, "client_funds_held": TOTAL_FEN}

    def test_a_payment_found_when_the_order_closes_is_booked(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        till.world.publish(order.closed(paid=False))
        assert till.look_up(order).body["state"] == "succeeded"
        for _ in range(3):
            till.world.publish(order.paid_too_late())
        till.finishes_refund(order)
        assert [till.notify_refund(order).status for _ in range(3)] == [200] * 3
        (event,) = till.events("refund.succeeded", order)
        assert (event["refund_id"], event["amount_fen"]) == (order.refund_id, TOTAL_FEN)
        assert till.booked(order) == ["payment", "refund_requested", "refund_paid"]
        assert till.balances() == {}
        assert [refund.refund_fen for refund in till.desk.books.refunds()] == [TOTAL_FEN]

    def test_closing_an_order_that_nobody_began_to_pay_does_nothing(self, till: Till, order: Order) -> None:
        till.world.publish(order.closed(paid=False))
        assert till.desk.books.orders() == []

    def test_closing_while_the_provider_is_silent_is_tried_again(self, till: Till, order: Order) -> None:
        till.started(order)
        till.misbehaves(order, operation="query", fail_status=500)
        with pytest.raises(Exception, match="HTTP 500"):
            till.world.publish(order.closed(paid=False))
        assert till.look_up(order).body["state"] == "created"
        till.world.publish(order.closed(paid=False))
        assert till.look_up(order).body["state"] == "closed"


class TestFullRefund:
    def test_nobody_takes_the_order_and_all_of_it_goes_back(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True, reason=ClosedReason.NO_COMPANION))
        (view,) = till.refunds(order)
        assert (view["state"], view["amount_fen"], view["reason"]) == ("processing", TOTAL_FEN, "order_closed")
        assert till.balances() == OWED
        till.finishes_refund(order)
        till.notify_refund(order)
        (view,) = till.refunds(order)
        assert view["state"] == "succeeded"
        assert view["succeeded_at"].endswith("+08:00")
        assert till.findings() == []

    def test_an_unpaid_order_has_nothing_to_refund_and_the_event_comes_again(self, till: Till, order: Order) -> None:
        till.started(order)
        with pytest.raises(NothingToRefund):
            till.world.publish(order.closed(paid=True))
        till.pays(order)
        till.notify(order)
        till.world.publish(order.closed(paid=True))
        assert len(till.refunds(order)) == 1

    def test_a_divided_order_is_not_refunded_automatically(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.completed())
        with pytest.raises(NothingToRefund):
            till.world.publish(order.closed(paid=True))

    def test_a_lost_notification_is_found_by_the_timer(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.finishes_refund(order)
        till.world.advance(minutes=1)
        assert len(till.events("refund.succeeded", order)) == 1
        till.world.advance(days=2)
        assert till.booked(order) == ["payment", "refund_requested", "refund_paid"]
        assert till.world.timers == {}

    def test_the_timer_keeps_asking_while_it_is_processing(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.world.advance(hours=12)
        assert till.refunds(order)[0]["state"] == "processing"
        (timer,) = till.world.timers.values()
        assert timer.kind == "check_refund"


class TestUnknown:
    @pytest.mark.parametrize(
        "fault",
        [
            {"fail_status": 500},
            {"fail_status": 500, "after_commit": True},
            {"drop_answer_after_commit": True},
            {"answer_flaw": "forged"},
        ],
    )
    def test_an_unknown_outcome_is_asked_for_under_the_same_number(self, till: Till, order: Order, fault: Any) -> None:
        till.paid(order)
        till.misbehaves(order, operation="refund", **fault)
        till.world.publish(order.closed(paid=True))
        assert till.refunds(order)[0]["state"] == "requested"
        till.world.advance(minutes=1)
        assert till.refunds(order)[0]["state"] == "processing"
        till.finishes_refund(order)
        till.world.advance(minutes=5)
        assert till.refunds(order)[0]["state"] == "succeeded"
        assert len(till.desk.books.refunds()) == 1

    def test_too_little_money_at_the_provider_is_waited_for(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.misbehaves(order, operation="refund", fail_status=429)
        till.world.publish(order.closed(paid=True))
        till.world.advance(minutes=1)
        assert till.refunds(order)[0]["state"] == "processing"

    def test_a_final_refusal_is_left_to_staff_and_stays_owed(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.travel.shift(timedelta(days=366))
        till.world.publish(order.closed(paid=True))
        assert till.refunds(order)[0]["state"] == "abnormal"
        assert till.balances() == OWED

    @pytest.mark.parametrize("status", ["ABNORMAL", "CLOSED"])
    def test_an_abnormal_refund_is_left_to_staff_until_it_succeeds(self, till: Till, order: Order, status: str) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.finishes_refund(order, status)
        assert [till.notify_refund(order).status for _ in range(2)] == [200, 200]
        assert till.refunds(order)[0]["state"] == "abnormal"
        assert till.balances() == OWED
        till.notify_refund(order, refund_status="SUCCESS", success_time="2026-03-02T10:00:00+08:00")
        assert till.refunds(order)[0]["state"] == "succeeded"
        assert till.balances() == {}


class TestRefundNotification:
    @pytest.mark.parametrize(
        "amount", [{"total": TOTAL_FEN, "refund": 1}, {"total": 1, "refund": 1}, {"total": TOTAL_FEN, "refund": 99_999}]
    )
    def test_another_amount_is_never_booked(self, till: Till, order: Order, amount: dict[str, int]) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.finishes_refund(order)
        till.notify_refund(order, amount=amount)
        assert till.refunds(order)[0]["state"] == "abnormal"
        assert till.balances() == OWED

    @pytest.mark.parametrize("flaw", list(Flaw))
    def test_a_message_that_proves_nothing_is_refused(self, till: Till, order: Order, flaw: Flaw) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        till.finishes_refund(order)
        reply = till.notify_refund(order, flaw=flaw)
        assert (reply.status, reply.body["code"]) == (401, "FAIL")
        assert till.balances() == OWED

    def test_a_refund_that_we_never_asked_for_is_not_acknowledged(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        assert till.notify_refund(order, out_refund_no="rfd_other").status == 404
        assert till.notify_refund(order, out_trade_no="other").status == 404


class TestReading:
    def test_an_order_without_refunds_has_an_empty_list(self, till: Till, order: Order) -> None:
        assert till.refunds(order) == []

    def test_another_clients_refunds_are_404(self, till: Till, order: Order) -> None:
        stranger = till.world.person("client")
        assert till.world.get(f"/orders/{order.order_id}/refunds", as_=stranger).status == 404
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        assert till.world.get(f"/orders/{order.order_id}/refunds", as_=stranger).status == 404

    def test_staff_see_them(self, till: Till, order: Order) -> None:
        till.paid(order)
        till.world.publish(order.closed(paid=True))
        reply = till.world.get(f"/orders/{order.order_id}/refunds", as_=till.world.person("agent"))
        assert len(reply.body["items"]) == 1
