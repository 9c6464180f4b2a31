"""Cancelling over HTTP: quoted first, done as quoted; and what happens when the companion cancels."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import actions
from functions.booking.rules.cancellation import DEFAULT_TERMS, EVERYWHERE, LateFee
from functions.shared import audit, clock, ids, table
from tests.booking.makers import DEEP_FEN, MEDICINE_FEN, PREMIUM_FEN, STARTS_AT, Town, commit
from tests.booking.test_bad_input import refused
from tests.booking.test_triggers import progressed
from tests.harness.world import Person, Reply

PRICE_FEN = DEEP_FEN + MEDICINE_FEN
PAID_FEN = PRICE_FEN + PREMIUM_FEN


def as_client(town: Town) -> Person:
    return town.world.renewed(town.client, "client")


def quote_of(town: Town, order: Mapping[str, Any]) -> Reply:
    return town.world.get(f"/orders/{order['order_id']}/cancellation-quote", as_=as_client(town))


def cancel(town: Town, order: Mapping[str, Any], quote_id: str | None = None, **options: Any) -> Reply:
    quote_id = quote_id or quote_of(town, order).body["quote_id"]
    sent = {"as_": as_client(town), **options}
    reply = town.world.post(f"/orders/{order['order_id']}/cancel", {"quote_id": quote_id}, **sent)
    town.world.deliver()
    return reply


def give_back(town: Town, order: Mapping[str, Any], companion: Person, **options: Any) -> Reply:
    sent = {"as_": town.world.renewed(companion, "companion"), **options}
    path = f"/orders/{order['order_id']}/companion-cancellation"
    reply = town.world.post(path, {"reason": "孩子发烧了"}, **sent)
    town.world.deliver()
    return reply


def insured(town: Town, companion: Person) -> dict[str, Any]:
    """An assigned order two days ahead, with a premium in its price."""
    return town.assigned_order(companion, quote_id=town.quote(insurance=True)["quote_id"])


@pytest.mark.feature("B3")
class TestQuote:
    def test_before_the_payment_it_is_free(self, town: Town) -> None:
        companion = town.companion()
        order = town.order(companion)
        quote = quote_of(town, order).body
        assert (quote["reason"], quote["refund_fen"], quote["valid_until"]) == ("unpaid", 0, order["hold_expires_at"])
        cancelled = cancel(town, order).body
        assert (cancelled["state"], cancelled["closed_reason"]) == ("cancelled", "cancelled")
        assert town.bookings(companion) == [] and town.world.events("order.closed")[0]["paid"] is False

    def test_until_somebody_takes_the_order_everything_comes_back_and_the_offer_is_withdrawn(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        assert quote_of(town, order).body["reason"] == "nobody_assigned"
        assert cancel(town, order).status == 200
        (closed,) = town.world.events("order.closed")
        assert (closed["refund_fen"], closed["assigned"]) == (PRICE_FEN, False)
        (offer,) = town.offers(companion)
        assert offer["state"] == "withdrawn" and town.bookings(companion) == []
        path = f"/offers/{offer['offer_id']}/accept"
        assert town.world.post(path, as_=companion).code == "offer_closed"
        town.world.advance(hours=1)
        assert len(town.world.events("order.closed")) == len(town.world.events("offer.made")) == 1

    @pytest.mark.parametrize(
        ("hours_before", "reason", "fee_fen"),
        [(24, "in_time", 0), (23, "late", PRICE_FEN * 20 // 100), (3, "late", PRICE_FEN * 50 // 100)],
    )
    def test_an_assigned_order_costs_what_the_terms_say(
        self, town: Town, hours_before: int, reason: str, fee_fen: int
    ) -> None:
        companion = town.companion()
        order = insured(town, companion)
        assert town.world.timers  # the confirmation is a matter of its own
        town.world.travel.move_to(STARTS_AT - timedelta(hours=hours_before), tick=False)
        quote = quote_of(town, order).body
        assert (quote["reason"], quote["paid_fen"]) == (reason, PAID_FEN)
        assert quote["companion_fee_fen"] == fee_fen * 80 // 100
        assert quote["companion_fee_fen"] + quote["platform_fee_fen"] == fee_fen
        assert quote["refund_fen"] == PAID_FEN - fee_fen >= PREMIUM_FEN
        assert cancel(town, order, quote["quote_id"]).body["state"] == "cancelled"
        (closed,) = town.world.events("order.closed")
        for name in ("refund_fen", "companion_fee_fen", "platform_fee_fen"):
            assert closed[name] == quote[name]
        assert closed["assigned"] and town.bookings(companion) == []

    def test_once_the_companion_is_on_the_way_it_costs_more_and_in_service_it_is_too_late(self, town: Town) -> None:
        order = insured(town, town.companion())
        town.world.publish(progressed(order))
        quote = quote_of(town, order).body
        assert (quote["reason"], quote["fee_bp"], quote["valid_until"]) == ("departed", 8_000, None)
        assert quote["refund_fen"] == PAID_FEN - PRICE_FEN * 80 // 100
        town.world.publish(progressed(order, first=False))
        assert quote_of(town, order).code == "too_late_to_cancel"
        assert cancel(town, order, quote["quote_id"]).code == "too_late_to_cancel"
        assert town.state(order)["state"] == "in_service"

    def test_a_quote_that_no_longer_holds_is_answered_with_the_new_one(self, town: Town) -> None:
        order = insured(town, town.companion())
        old = quote_of(town, order).body
        assert old["valid_until"] == "2026-03-03T09:00:00+08:00"
        town.world.travel.move_to(STARTS_AT - timedelta(hours=24), tick=False)
        assert quote_of(town, order).body == old
        town.world.travel.shift(timedelta(seconds=1))
        reply = cancel(town, order, old["quote_id"])
        assert (reply.status, reply.code) == (409, "cancellation_quote_outdated")
        assert reply.body["quote"] == quote_of(town, order).body
        assert town.state(order)["state"] == "assigned"
        assert cancel(town, order, reply.body["quote"]["quote_id"]).status == 200

    def test_a_payment_that_comes_between_quote_and_cancellation_is_not_lost(self, town: Town) -> None:
        order = town.order(town.companion())
        old = quote_of(town, order).body["quote_id"]
        town.pay(order)
        reply = cancel(town, order, old)
        assert reply.code == "cancellation_quote_outdated" and reply.body["quote"]["refund_fen"] == PRICE_FEN

    def test_the_order_says_without_asking_how_it_can_be_changed(self, town: Town) -> None:
        companion = town.companion()
        changes = town.state(town.order(companion))["changes"]
        assert (changes["may_cancel"], changes["may_reschedule"], changes["free_cancel_until"]) == (True, False, None)
        other = town.companion()
        order = town.assigned_order(other)
        assert town.state(order)["changes"] == {
            "may_cancel": True,
            "free_cancel_until": "2026-03-03T09:00:00+08:00",
            "may_reschedule": True,
            "reschedule_until": "2026-03-03T21:00:00+08:00",
            "reschedules_left": 2,
            "terms_version": "2026.1",
        }
        cancel(town, order)
        assert town.state(order)["changes"]["may_cancel"] is False


@pytest.mark.feature("B3")
class TestTerms:
    BODY = {
        "city": "110000",
        "terms_version": "2026.2",
        "effective_from": "2026-03-02T10:00:00+08:00",
        "late_fees": [{"within_s": 172_801, "fee_bp": 1_000}],
        "after_departure_bp": 9_000,
        "companion_part_bp": 10_000,
        "reschedule_before_s": 3_600,
        "max_reschedules": 0,
        "reason": "北京试行",
    }

    def publish(self, town: Town, **changed: Any) -> Reply:
        return town.world.post("/cancellation-policies", self.BODY | changed, as_=town.world.person("admin"))

    def test_a_city_has_its_own_and_an_order_keeps_those_it_was_quoted(self, town: Town) -> None:
        before = town.assigned_order(town.companion())
        assert self.publish(town).status == 201
        listed = town.world.get("/cancellation-policies?city=110000", as_=town.client).body["items"]
        assert [each["terms_version"] for each in listed] == ["2026.2"]
        assert quote_of(town, before).body["terms_version"] == "2026.1"
        town.world.travel.shift(timedelta(hours=1))
        table.forget_kept()
        town.client = as_client(town)
        after = town.assigned_order(town.companion(), quote_id=town.quote()["quote_id"])
        quote = quote_of(town, after).body
        assert (quote["terms_version"], quote["platform_fee_fen"]) == ("2026.2", 0)
        assert quote["companion_fee_fen"] == PRICE_FEN * 10 // 100
        assert town.state(after)["changes"]["may_reschedule"] is False
        (entry,), _ = audit.entries_of("booking", "terms-110000")
        assert (entry.act, entry.after, entry.reason) == ("cancellation_terms.published", "2026.2", "北京试行")

    def test_the_country_speaks_where_a_city_does_not(self, town: Town) -> None:
        everywhere = replace(DEFAULT_TERMS, version="cn-1", late_fees=(LateFee(7 * 86_400, 3_000),))
        commit("booking", partial(actions.put_cancellation_terms, city=EVERYWHERE, versions=[asdict(everywhere)]))
        order = town.assigned_order(town.companion())
        assert quote_of(town, order).body["terms_version"] == "cn-1"

    @pytest.mark.parametrize(
        ("changed", "status", "code"),
        [
            ({"effective_from": "2026-03-02T08:00:00+08:00"}, 400, "invalid_request"),
            ({"effective_from": "2026-03-02T10:00:00"}, 400, "invalid_request"),
            ({"city": "beijing"}, 400, "invalid_request"),
            ({"late_fees": [{"within_s": 1, "fee_bp": 9_500}]}, 400, "invalid_request"),
            ({"late_fees": [{"within_s": 1, "fee_bp": 1}, {"within_s": 2, "fee_bp": 2}]}, 400, "invalid_request"),
            ({"late_fees": [{"within_s": 1, "fee_bp": 1.5}]}, 400, "invalid_request"),
            ({"after_departure_bp": 10_001}, 400, "invalid_request"),
            ({"companion_part_bp": -1}, 400, "invalid_request"),
            ({"max_reschedules": 10**20}, 400, "invalid_request"),
            ({"reason": " "}, 400, "invalid_request"),
            ({"author": "x"}, 400, "invalid_request"),
        ],
    )
    def test_a_wrong_version_is_refused(self, town: Town, changed: dict[str, Any], status: int, code: str) -> None:
        refused(lambda: self.publish(town, **changed), status, code)

    def test_a_published_version_is_never_changed_and_only_admins_publish(self, town: Town) -> None:
        assert self.publish(town).status == 201
        refused(lambda: self.publish(town, effective_from="2026-03-03T10:00:00+08:00"), 409, "terms_version_exists")
        refused(lambda: self.publish(town, terms_version="2026.3"), 400, "invalid_request")
        for role in ("client", "companion", "agent", "finance"):
            reply = town.world.post("/cancellation-policies", self.BODY, as_=town.world.person(role))
            assert reply.status == 403


@pytest.mark.feature("B5")
class TestCompanionCancels:
    def test_the_next_one_is_asked_and_the_first_is_free_again(self, town: Town) -> None:
        first, second = town.companion(), town.companion(rating_hundredths=450)
        order = town.assigned_order(first)
        assert give_back(town, order, first).body == {"ok": True}
        (event,) = town.world.events("order.unassigned")
        assert (event["companion_id"], event["reason"]) == (first.subject, "companion_cancelled")
        assert town.bookings(first) == [] and town.bookings(second) == [order["order_id"]]
        assert town.state(order)["state"] == "dispatching"
        path = f"/orders/{order['order_id']}"
        assert town.world.get(path, as_=first).status == 404
        assert town.accept(second).status == 200
        town.world.deliver()
        shown = town.world.get(f"{path}/itinerary", as_=second)
        assert shown.status == 200
        revisions = [event["revision"] for event in town.world.events("order.assigned")]
        assert len(revisions) == 2 and revisions[0] < event["revision"] < revisions[1]

    def test_with_nobody_left_the_order_ends_with_a_full_refund(self, town: Town) -> None:
        only = town.companion()
        order = insured(town, only)
        town.world.travel.move_to(STARTS_AT - timedelta(hours=2), tick=False)
        give_back(town, order, only)
        (closed,) = town.world.events("order.closed")
        assert (closed["reason"], closed["refund_fen"], closed["companion_fee_fen"]) == ("no_companion", PAID_FEN, 0)
        assert town.state(order)["state"] == "no_companion" and town.bookings(only) == []

    def test_the_reason_is_for_staff_and_on_the_way_it_is_too_late(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        town.world.publish(progressed(order))
        refused(lambda: give_back(town, order, companion), 409, "illegal_state")
        other = town.companion()
        second = town.assigned_order(other)
        give_back(town, second, other)
        (entry,), _ = audit.entries_of("booking", second["order_id"])
        assert (entry.actor, entry.act) == (other.subject, "order.companion_cancelled")
        assert entry.reason == "孩子发烧了"

    def test_a_former_companions_milestone_is_nothing(self, town: Town) -> None:
        first, second = town.companion(), town.companion(rating_hundredths=450)
        order = town.assigned_order(first)
        give_back(town, order, first)
        town.accept(second)
        town.world.publish(progressed(order))
        assert town.state(order)["departed_at"] is None


POSTS = ("cancel", "companion-cancellation")
FIELDS: dict[str, tuple[tuple[str, Any], ...]] = {
    "cancel": (("quote_id", None), ("quote_id", ""), ("quote_id", 1), ("quote_id", "x" * 65), ("refund_fen", -1)),
    "companion-cancellation": (("reason", None), ("reason", " "), ("reason", "x" * 201), ("fee_fen", 0.5)),
}


@pytest.mark.parametrize("name", POSTS)
def test_bad_input_changes_nothing(town: Town, name: str) -> None:
    companion = town.companion()
    order = town.assigned_order(companion)
    mine, other = (town.client, companion) if name == "cancel" else (companion, town.client)
    quote_id = quote_of(town, order).body["quote_id"]
    body: dict[str, Any] = {"quote_id": quote_id} if name == "cancel" else {"reason": "有事"}
    path = f"/orders/{order['order_id']}/{name}"
    role = "client" if name == "cancel" else "companion"

    def send(body: Any = body, path: str = path, as_: Person | None = mine, **options: Any) -> Reply:
        return town.world.post(path, body, as_=as_, **options)

    assert send(as_=None).status == 401
    refused(lambda: send(as_=other), 403, "forbidden")
    refused(lambda: send(as_=town.world.person(role)), 404, "not_found")
    for order_id in ("x", ids.new("ord"), "ord_" + "Z" * 26):
        refused(partial(send, path=f"/orders/{order_id}/{name}"), 404, "not_found")
    refused(lambda: send(key=""), 400, "invalid_request")
    for field, value in FIELDS[name]:
        refused(partial(send, {**body, field: value}), 400, "invalid_request")
    key = uuid.uuid4().hex
    first = send(key=key)
    assert first.status == 200
    again = send(key=key)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    refused(lambda: send({**body, next(iter(body)): "别的"}, key=key), 422, "idempotency_key_reused")
    code, status = ("too_late_to_cancel", 409) if name == "cancel" else ("not_found", 404)
    refused(send, status, code)
    assert clock.now() < STARTS_AT


def test_somebody_elses_quote_is_not_found(town: Town) -> None:
    order = town.order(town.companion())
    path = f"/orders/{order['order_id']}/cancellation-quote"
    assert town.world.get(path, as_=town.world.person("client")).status == 404
    assert town.world.get(path, as_=town.world.person("companion")).status == 403
