"""Moving a visit: same companion, same price, everything that was prepared moves along; never two visits at once."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote as quoted

import pytest

from functions.booking import actions
from functions.booking.rules.dispatch import Mode, ModeRule
from functions.shared import clock, ids
from functions.shared.tx import StaleRead, Tx
from tests.booking.makers import PACKAGES, STARTS_AT, Town, commit, put_dispatch_policy, put_policy
from tests.booking.test_bad_input import refused
from tests.booking.test_triggers import progressed
from tests.harness.world import Person, Reply

pytestmark = pytest.mark.feature("B3")
LATER = STARTS_AT + timedelta(hours=3)
NEXT_DAY = STARTS_AT + timedelta(days=1)


def as_client(town: Town) -> Person:
    return town.world.renewed(town.client, "client")


def move(town: Town, order: Mapping[str, Any], to: datetime = NEXT_DAY, **options: Any) -> Reply:
    body = {"starts_at": to.isoformat()}
    reply = town.world.post(f"/orders/{order['order_id']}/reschedule", body, **{"as_": as_client(town), **options})
    town.world.deliver()
    return reply


def ask(town: Town, order: Mapping[str, Any], to: datetime = NEXT_DAY) -> Reply:
    at = quoted(to.isoformat())
    return town.world.get(f"/orders/{order['order_id']}/reschedule-quote?starts_at={at}", as_=as_client(town))


class TestMoving:
    @pytest.mark.parametrize("to", [LATER, NEXT_DAY, STARTS_AT + timedelta(hours=13)])
    def test_an_assigned_visit_moves_with_its_companion_price_and_timetable(self, town: Town, to: datetime) -> None:
        put_policy(default_from_min=0, default_until_min=24 * 60)
        companion = town.companion()
        order = town.assigned_order(companion)
        told = ask(town, order, to).body
        assert (told["price_fen"], told["extra_fen"], told["moves_left"]) == (34_000, 0, 1)
        moved = move(town, order, to).body
        assert (moved["state"], moved["companion_id"]) == ("assigned", companion.subject)
        assert moved["starts_at"] == told["starts_at"] == clock.china(to).isoformat()
        assert (moved["ends_at"], moved["price"]) == (told["ends_at"], order["price"])
        assert town.bookings(companion, to) == [order["order_id"]]
        if clock.service_date(to) != clock.service_date(STARTS_AT):
            assert town.bookings(companion) == []
        shown = town.world.get(f"/orders/{order['order_id']}/itinerary", as_=as_client(town)).body
        assert shown["entries"][0]["starts_at"] == clock.china(to - timedelta(hours=1)).isoformat()
        (event,) = town.world.events("order.rescheduled")
        assert (event["from_starts_at"], event["starts_at"]) == ("2026-03-04T01:00:00Z", f"{to:%Y-%m-%dT%H:%M:%SZ}")
        assert event["assigned"] and event["companion_id"] == companion.subject

    def test_the_old_time_is_free_for_others_at_once(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        move(town, order, NEXT_DAY)
        town.client = as_client(town)
        assert town.try_order(companion).status == 201

    def test_reminder_and_confirmation_follow_the_new_time_and_the_old_ones_are_silent(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        move(town, order, NEXT_DAY)
        town.world.advance(hours=47)
        assert town.world.events("order.visit_reminder") == town.world.events("order.confirmation_asked") == []
        town.world.advance(hours=1)
        (asked,) = town.world.events("order.confirmation_asked")
        confirmed = town.world.post(
            f"/orders/{order['order_id']}/confirm", as_=town.world.renewed(companion, "companion")
        )
        assert confirmed.status == 200
        town.world.advance(hours=9)
        (reminder,) = town.world.events("order.visit_reminder")
        assert reminder["starts_at"] == asked["starts_at"] == "2026-03-05T01:00:00Z"

    def test_whoever_is_being_asked_is_asked_anew(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        old = town.open_offer(companion)
        assert move(town, order).body["state"] == "dispatching"
        states = {offer["offer_id"]: offer["state"] for offer in town.offers(companion)}
        assert states.pop(old) == "withdrawn" and list(states.values()) == ["open"]
        (event,) = town.world.events("order.rescheduled")
        assert event["assigned"] is False
        assert town.accept(companion).status == 200
        assert town.state(order)["starts_at"] == clock.china(NEXT_DAY).isoformat()

    def test_a_visit_is_moved_twice_and_no_more(self, town: Town) -> None:
        order = town.assigned_order(town.companion())
        for day in (1, 2):
            assert move(town, order, STARTS_AT + timedelta(days=day)).status == 200
        reply = move(town, order, STARTS_AT + timedelta(days=3))
        assert (reply.status, reply.code) == (409, "reschedule_refused") and "次数" in reply.body["detail"]
        assert town.state(order)["changes"]["may_reschedule"] is False


class TestTheHall:
    @pytest.fixture
    def order(self, town: Town) -> dict[str, Any]:
        put_dispatch_policy(ModeRule(Mode.HALL))
        return town.paid_order(town.companion())

    def hall(self, town: Town, companion: Person) -> list[str]:
        items = town.world.get("/grab-hall", as_=town.world.renewed(companion, "companion")).body["items"]
        return [str(item["starts_at"]) for item in items]

    def test_an_order_in_the_hall_moves_there_whoever_was_chosen(self, town: Town, order: dict[str, Any]) -> None:
        someone = town.companion()
        assert self.hall(town, someone) == [order["starts_at"]]
        assert move(town, order).body["state"] == "dispatching"
        assert self.hall(town, someone) == [clock.china(NEXT_DAY).isoformat()]
        path = f"/grab-hall/{order['order_id']}/grab"
        assert town.world.post(path, as_=town.world.renewed(someone, "companion")).status == 200
        assert town.bookings(someone) == [] and town.bookings(someone, NEXT_DAY) == [order["order_id"]]

    def test_a_cancelled_order_leaves_the_hall(self, town: Town, order: dict[str, Any]) -> None:
        someone = town.companion()
        path = f"/orders/{order['order_id']}"
        quote = town.world.get(f"{path}/cancellation-quote", as_=as_client(town)).body
        assert quote["reason"] == "nobody_assigned"
        cancelled = town.world.post(f"{path}/cancel", {"quote_id": quote["quote_id"]}, as_=as_client(town))
        assert cancelled.body["state"] == "cancelled" and self.hall(town, someone) == []

    def test_between_two_rounds_it_goes_on_waiting(self, town: Town) -> None:
        first, second = town.companion(), town.companion(rating_hundredths=450)
        put_dispatch_policy(ModeRule(Mode.OFFER, round_s=300))
        order = town.paid_order(first)
        town.decline(first)
        assert move(town, order).body["state"] == "dispatching"
        town.world.advance(minutes=6)
        assert town.accept(second).status == 200
        assert town.bookings(second, NEXT_DAY) == [order["order_id"]] and town.bookings(second) == []


class TestRefusals:
    def test_a_companion_who_is_not_free_then_is_named_other_times(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        town.client = as_client(town)
        taken = town.quote(starts_at=NEXT_DAY.isoformat())["quote_id"]
        town.order(companion, quote_id=taken)
        for reply in (ask(town, order), move(town, order)):
            assert (reply.status, reply.code) == (409, "companion_busy")
            alternatives = reply.body["alternatives"]
            assert 1 <= len(alternatives) <= 6 and alternatives == sorted(alternatives)
        assert town.state(order)["starts_at"] == order["starts_at"]
        best = datetime.fromisoformat(alternatives[-1])
        assert move(town, order, best).status == 200

    def test_a_dearer_time_is_refused_and_a_cheaper_one_keeps_the_price(self, town: Town) -> None:
        order = town.assigned_order(town.companion())
        raised = {tier: fen + 1_000 for tier, fen in PACKAGES[1]["price_fen"].items()}
        commit("booking", partial(actions.put_package, **PACKAGES[1] | {"price_fen": raised}))
        reply = move(town, order)
        assert reply.code == "reschedule_refused" and "价格更高" in reply.body["detail"]
        lowered = {tier: fen - 1_000 for tier, fen in PACKAGES[1]["price_fen"].items()}
        commit("booking", partial(actions.put_package, **PACKAGES[1] | {"price_fen": lowered}))
        assert move(town, order).body["price"] == order["price"]

    def test_too_near_the_visit_or_on_the_way_it_stays(self, town: Town) -> None:
        order = town.assigned_order(town.companion())
        town.world.travel.move_to(STARTS_AT - timedelta(hours=12) + timedelta(seconds=1), tick=False)
        refused(lambda: move(town, order), 409, "reschedule_refused")
        town.world.travel.move_to(STARTS_AT - timedelta(hours=13), tick=False)
        town.world.publish(progressed(order))
        refused(lambda: move(town, order), 409, "reschedule_refused")

    def test_bad_input_changes_nothing(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        path, body = f"/orders/{order['order_id']}/reschedule", {"starts_at": NEXT_DAY.isoformat()}

        def send(body: Any = body, path: str = path, as_: Person | None = town.client, **options: Any) -> Reply:
            return town.world.post(path, body, as_=as_, **options)

        assert send(as_=None).status == 401
        refused(lambda: send(as_=companion), 403, "forbidden")
        refused(lambda: send(as_=town.world.person("client")), 404, "not_found")
        for order_id in ("x", ids.new("ord"), "ord_" + "Z" * 26):
            refused(partial(send, path=f"/orders/{order_id}/reschedule"), 404, "not_found")
        refused(lambda: send(key=""), 400, "invalid_request")
        for starts_at in (
            *(None, 1, "", "2026-03-05", "2026-03-05T09:00:00", "2026-03-05T09:10:00+08:00"),
            *("2026-03-01T09:00:00+08:00", "2026-09-05T09:00:00+08:00", "9999-12-31T23:30:00-08:00"),
            *("0001-01-01T00:00:00+08:00", 10**30),
        ):
            refused(partial(send, {"starts_at": starts_at}), 400, "invalid_request")
        refused(lambda: send({**body, "price_fen": 1}), 400, "invalid_request")
        refused(lambda: send({"starts_at": order["starts_at"]}), 409, "reschedule_refused")
        key = uuid.uuid4().hex
        first = send(key=key)
        assert first.status == 200
        again = send(key=key)
        assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
        refused(lambda: send({"starts_at": LATER.isoformat()}, key=key), 422, "idempotency_key_reused")

    def test_an_unpaid_order_is_not_moved_and_a_stranger_sees_no_quote(self, town: Town) -> None:
        order = town.order(town.companion())
        refused(lambda: move(town, order), 409, "reschedule_refused")
        at = quoted(NEXT_DAY.isoformat())
        path = f"/orders/{order['order_id']}/reschedule-quote?starts_at={at}"
        assert town.world.get(path, as_=town.world.person("client")).status == 404


class TestRaces:
    def test_of_two_who_move_onto_one_slot_at_once_one_succeeds(self, town: Town) -> None:
        put_policy(daily_cap=3)
        companion = town.companion()
        one = town.assigned_order(companion)
        town.client = as_client(town)
        two = town.assigned_order(
            companion, quote_id=town.quote(starts_at=(STARTS_AT + timedelta(hours=5)).isoformat())["quote_id"]
        )
        acts = []
        for order in (one, two):
            tx = Tx("booking", now=clock.now(), correlation_id="test")
            actions.reschedule_order(tx, order_id=order["order_id"], client_id=town.client.subject, to=NEXT_DAY)
            acts.append(tx)
        acts[0].commit()
        with pytest.raises(StaleRead):
            acts[1].commit()
        assert town.bookings(companion, NEXT_DAY) == [one["order_id"]]
        assert town.bookings(companion) == [two["order_id"]]
        assert move(town, two).code == "companion_busy"

    def test_an_offer_that_is_taken_while_the_visit_moves_is_not_lost(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        tx = Tx("booking", now=clock.now(), correlation_id="test")
        actions.reschedule_order(tx, order_id=order["order_id"], client_id=town.client.subject, to=NEXT_DAY)
        town.accept(companion)
        with pytest.raises(StaleRead):
            tx.commit()
        assert move(town, order).body["state"] == "assigned"
