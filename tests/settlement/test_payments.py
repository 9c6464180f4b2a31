"""Payments through the API and the webhook, against the real stand-in."""

from datetime import timedelta
from typing import Any

import pytest

from functions.booking.rules.orders import OrderState
from functions.settlement.actions import put_policy
from functions.settlement.rules.policy import Policy
from functions.shared import clock
from infra.local.standins.pay.signing import Flaw
from tests.settlement.makers import TOTAL_FEN, Order, Till, commit


class TestStarting:
    def test_the_client_gets_parameters_that_the_provider_accepts(self, till: Till, order: Order) -> None:
        reply = till.start(order)
        assert reply.status == 201
        assert (reply.body["payment_id"], reply.body["amount_fen"]) == (order.payment_id, TOTAL_FEN)
        parameters = reply.body["jsapi"]
        assert till.desk.signer.proves_client_parameters(
            parameters["appId"],
            parameters["timeStamp"],
            parameters["nonceStr"],
            parameters["package"],
            parameters["paySign"],
        )
        placed = till.desk.books.order(order.payment_id)
        assert (placed.amount_fen, placed.placed["payer"]["openid"]) == (TOTAL_FEN, f"o{order.client.subject[-20:]}")

    def test_asking_again_gives_fresh_parameters_for_the_same_payment(self, till: Till, order: Order) -> None:
        first, second = till.start(order), till.start(order)
        assert second.status == 201
        assert first.body["payment_id"] == second.body["payment_id"]
        assert first.body["jsapi"]["paySign"] != second.body["jsapi"]["paySign"]
        assert len(till.desk.books.orders()) == 1

    def test_a_repeated_key_gives_the_first_answer(self, till: Till, order: Order) -> None:
        first, second = till.start(order, key="a-key-12345"), till.start(order, key="a-key-12345")
        assert second.body == first.body
        assert second.headers["Idempotency-Replayed"] == "true"

    def test_a_silent_provider_is_told_as_unknown_and_the_repetition_succeeds(self, till: Till, order: Order) -> None:
        till.misbehaves(order, operation="prepay", drop_answer_after_commit=True)
        reply = till.start(order, key="a-key-12345")
        assert (reply.status, reply.code) == (503, "payment_provider_unavailable")
        assert reply.headers["Retry-After"]
        assert till.start(order, key="a-key-12345").status == 201
        assert len(till.desk.books.orders()) == 1

    def test_the_providers_refusal_is_passed_on(self, till: Till, order: Order) -> None:
        till.desk.books.prepay(_placed_otherwise(till, order), "JSAPI")
        reply = till.start(order)
        assert (reply.status, reply.code) == (409, "payment_refused")

    def test_a_paid_order_cannot_be_paid_again(self, till: Till, order: Order) -> None:
        till.paid(order)
        assert (till.start(order).status, till.start(order).code) == (409, "order_not_payable")

    def test_an_order_that_was_paid_unnoticed_cannot_be_paid_again(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        assert till.start(order).code == "order_not_payable"

    def test_an_order_whose_hold_is_over_cannot_be_paid(self, till: Till, order: Order) -> None:
        till.world.travel.shift(timedelta(minutes=5))
        assert till.start(order).code == "order_not_payable"

    @pytest.mark.parametrize("state", [state for state in OrderState if state != OrderState.AWAITING_PAYMENT])
    def test_no_other_state_can_be_paid(self, till: Till, state: OrderState) -> None:
        assert till.start(till.order(state=state)).code == "order_not_payable"

    def test_an_order_of_nothing_cannot_be_paid(self, till: Till) -> None:
        assert till.start(till.order(total_fen=0)).code == "order_not_payable"


def _placed_otherwise(till: Till, order: Order) -> dict[str, Any]:
    """The same number was used at the provider for something else."""
    return {
        "appid": till.keys.pay.app_id,
        "mchid": till.keys.pay.merchant_id,
        "out_trade_no": order.payment_id,
        "description": "something else",
        "notify_url": "http://api.test/other",
        "amount": {"total": 1, "currency": "CNY"},
        "payer": {"openid": "oOther"},
    }


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({}, 400),
            ({"method": "cash"}, 400),
            ({"method": 1}, 400),
            ({"method": "jsapi", "amount_fen": 1}, 400),
            ({"method": "jsapi", "amount_fen": -1}, 400),
            ({"method": "jsapi", "amount_fen": 1.5}, 400),
            ({"method": "jsapi", "amount_fen": 10**20}, 400),
            ([], 400),
        ],
    )
    def test_a_body_that_is_not_ours_is_refused(self, till: Till, order: Order, body: Any, status: int) -> None:
        assert till.start(order, body=body).status == status
        assert till.desk.books.orders() == []

    def test_without_a_token_it_is_401(self, till: Till, order: Order) -> None:
        assert till.world.post(f"/orders/{order.order_id}/payments", {"method": "jsapi"}).status == 401

    @pytest.mark.parametrize("role", ["companion", "agent", "finance", "admin", "hospital", "insurer", "guest"])
    def test_another_role_is_403(self, till: Till, order: Order, role: str) -> None:
        assert till.start(order, as_=till.world.person(role)).status == 403

    def test_another_clients_order_is_404(self, till: Till, order: Order) -> None:
        assert till.start(order, as_=till.world.person("client")).status == 404

    @pytest.mark.parametrize("order_id", ["ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G", "x", "ord_"])
    def test_an_unknown_order_is_404(self, till: Till, order_id: str) -> None:
        client = till.world.person("client")
        assert till.world.post(f"/orders/{order_id}/payments", {"method": "jsapi"}, as_=client).status == 404

    def test_a_key_is_needed(self, till: Till, order: Order) -> None:
        assert till.start(order, key="").status == 400

    def test_a_used_key_with_another_order_is_422(self, till: Till, order: Order) -> None:
        assert till.start(order, key="a-key-12345").status == 201
        other = till.order()
        # Another client's key is another key; the same client's key for another target is refused.
        path = f"/orders/{other.order_id}/payments"
        reply = till.world.post(path, {"method": "jsapi"}, as_=order.client, key="a-key-12345")
        assert reply.status in (404, 422)
        assert len(till.desk.books.orders()) == 1


class TestNotification:
    @pytest.mark.feature("F32")
    def test_a_paid_order_is_booked_and_told(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        reply = till.notify(order)
        assert (reply.status, reply.body["code"]) == (200, "SUCCESS")
        (event,) = till.events("payment.succeeded", order)
        assert (event["payment_id"], event["amount_fen"]) == (order.payment_id, TOTAL_FEN)
        assert event["client_id"] == order.client.subject
        assert till.booked(order) == ["payment"]
        assert till.balances() == {"provider_clearing": TOTAL_FEN, "client_funds_held": TOTAL_FEN}
        assert till.findings() == []

    @pytest.mark.feature("F32")
    def test_three_deliveries_are_one_payment(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        assert [till.notify(order, id="the-same").status for _ in range(3)] == [200] * 3
        assert [till.notify(order).status for _ in range(3)] == [200] * 3
        assert len(till.events("payment.succeeded", order)) == 1
        assert till.booked(order) == ["payment"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"amount": {"total": TOTAL_FEN - 1, "currency": "CNY"}},
            {"amount": {"total": TOTAL_FEN, "currency": "USD"}},
            {"mchid": "1900000000"},
            {"appid": "wx0000000000000000"},
            {"amount": None},
        ],
    )
    @pytest.mark.feature("F32")
    def test_a_contradiction_is_set_aside_and_never_applied(self, till: Till, order: Order, changed: Any) -> None:
        till.pays(till.started(order))
        assert till.notify(order, id="wrong", **changed).status == 200
        assert till.notify(order, id="wrong", **changed).status == 200
        assert till.events("payment.mismatched", order) == [
            {"type": "payment.mismatched", "payment_id": order.payment_id, "order_id": order.order_id}
        ]
        assert till.events("payment.succeeded", order) == []
        assert till.booked(order) == []
        view = till.look_up(order).body
        assert (view["state"], view["is_under_review"]) == ("created", True)

    def test_after_a_contradiction_nothing_confirms_the_order(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        till.notify(order, amount={"total": 1, "currency": "CNY"})
        till.notify(order)
        till.world.advance(minutes=4)
        assert till.events("payment.succeeded", order) == []

    def test_money_set_aside_goes_back_once_the_order_is_closed(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        till.notify(order, amount={"total": 1, "currency": "CNY"})
        till.world.publish(order.closed(paid=False))
        assert len(till.events("payment.succeeded", order)) == 1
        till.world.publish(order.paid_too_late())
        till.finishes_refund(order)
        assert till.notify_refund(order).status == 200
        assert till.balances() == {}

    def test_a_contradiction_about_a_booked_payment_changes_nothing(self, till: Till, order: Order) -> None:
        till.paid(order)
        assert till.notify(order, amount={"total": 1, "currency": "CNY"}).status == 200
        assert len(till.events("payment.mismatched", order)) == 1
        assert till.booked(order) == ["payment"]
        assert till.look_up(order).body["is_under_review"] is False

    @pytest.mark.parametrize("flaw", list(Flaw))
    def test_a_message_that_proves_nothing_is_refused(self, till: Till, order: Order, flaw: Flaw) -> None:
        till.pays(till.started(order))
        reply = till.notify(order, flaw=flaw)
        assert (reply.status, reply.body["code"]) == (401, "FAIL")
        assert till.events("payment.succeeded", order) == []

    @pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"[]"])
    def test_a_message_without_signature_is_refused(self, till: Till, raw: bytes) -> None:
        reply = till.world.post("/webhooks/wechat-pay/payments", raw=raw, key="")
        assert (reply.status, reply.body["code"]) == (401, "FAIL")

    def test_a_payment_that_we_never_placed_is_not_acknowledged(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        stranger = till.order()
        assert till.notify(order, out_trade_no=stranger.payment_id).status == 404
        assert till.notify(order, out_trade_no="something-else").status == 404

    def test_a_payment_that_is_not_paid_is_not_booked(self, till: Till, order: Order) -> None:
        till.started(order)
        assert till.notify(order).status == 200
        assert till.look_up(order).body["state"] == "created"

    def test_a_notification_of_another_kind_is_acknowledged(self, till: Till, order: Order) -> None:
        till.started(order)
        content = till.desk.transaction(till.desk.books.order(order.payment_id))
        assert till._post("payments", "PAYSCORE.USER_PAID", "payscore", content, "", None).status == 200


class TestLostNotification:
    def test_looking_it_up_asks_the_provider(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        view = till.look_up(order).body
        assert (view["state"], view["version"]) == ("succeeded", 2)
        assert len(till.events("payment.succeeded", order)) == 1

    def test_a_provider_that_does_not_answer_leaves_the_stored_state(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        till.misbehaves(order, operation="query", fail_status=500)
        assert till.look_up(order).body["state"] == "created"
        till.world.travel.shift(timedelta(seconds=Policy().payment_query_gap_s))
        assert till.look_up(order).body["state"] == "succeeded"

    def test_a_client_who_keeps_looking_asks_the_provider_once_in_a_while(self, till: Till, order: Order) -> None:
        till.started(order)
        assert till.look_up(order).body["state"] == "created"
        till.pays(order)
        assert till.look_up(order).body["state"] == "created"
        till.world.travel.shift(timedelta(seconds=Policy().payment_query_gap_s))
        assert till.look_up(order).body["state"] == "succeeded"

    def test_the_timer_asks_the_provider_within_a_minute(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        till.world.advance(minutes=1)
        assert len(till.events("payment.succeeded", order)) == 1
        till.world.advance(minutes=30)
        assert till.booked(order) == ["payment"]
        assert till.world.timers == {}

    def test_the_timer_closes_a_payment_whose_time_is_over(self, till: Till, order: Order) -> None:
        till.started(order)
        till.world.advance(minutes=20)
        assert till.look_up(order).body["state"] == "closed"
        assert till.desk.books.order(order.payment_id).state == "CLOSED"
        assert till.world.timers == {}

    def test_the_checks_follow_the_policy(self, till: Till, order: Order) -> None:
        commit("settlement", lambda tx: put_policy(tx, Policy(payment_check_delays_s=(10, 20))))
        till.started(order)
        assert [timer.due_at for timer in till.world.timers.values()] == [clock.now() + timedelta(seconds=10)]
        till.world.advance(seconds=10)
        assert [timer.due_at for timer in till.world.timers.values()] == [clock.now() + timedelta(seconds=20)]
        till.world.advance(seconds=20)
        assert [timer.due_at for timer in till.world.timers.values()] == [clock.now() + timedelta(seconds=20)]


class TestReading:
    def test_another_clients_payment_is_404(self, till: Till, order: Order) -> None:
        till.started(order)
        assert till.world.get(f"/payments/{order.payment_id}", as_=till.world.person("client")).status == 404

    def test_staff_see_it_as_stored(self, till: Till, order: Order) -> None:
        till.pays(till.started(order))
        view = till.world.get(f"/payments/{order.payment_id}", as_=till.world.person("finance")).body
        assert view["state"] == "created"

    @pytest.mark.parametrize("payment_id", ["pay_01JD8Z2M6Q4T7W9Y3B5C7D9F1G", "x"])
    def test_an_unknown_payment_is_404(self, till: Till, payment_id: str) -> None:
        assert till.world.get(f"/payments/{payment_id}", as_=till.world.person("client")).status == 404

    def test_without_a_token_it_is_401(self, till: Till, order: Order) -> None:
        assert till.world.get(f"/payments/{order.payment_id}").status == 401
