"""What deadlines, payments, visits and reports do to an order: once, in whatever order they come."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from functions.booking import table
from functions.booking.triggers import bus
from functions.care.events import ReportMissing, ReportSubmitted
from functions.shared import clock, ids
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.tracking.events import VisitProgressed
from tests.booking.makers import DEEP_FEN, HOSPITAL, MEDICINE_FEN, PREMIUM_FEN, Town, activated, put_policy
from tests.harness.world import Person

TOTAL_FEN = DEEP_FEN + MEDICINE_FEN


def progressed(order: Mapping[str, Any], *, first: bool = True, last: bool = False) -> VisitProgressed:
    return VisitProgressed(
        visit_id=ids.derived("vis", order["order_id"]),
        order_id=order["order_id"],
        client_id=order["client_id"],
        companion_id=order["companion_id"],
        code="departed",
        title="陪诊师已出发",
        sequence=1,
        state="departed" if first else "ended" if last else "arrived",
        first=first,
        last=last,
    )


def reported(order: Mapping[str, Any]) -> ReportSubmitted:
    return ReportSubmitted(
        report_id=ids.derived("rep", order["order_id"]),
        visit_id=ids.derived("vis", order["order_id"]),
        order_id=order["order_id"],
        client_id=order["client_id"],
        companion_id=order["companion_id"],
        late=False,
    )


def timer(town: Town, kind: str) -> Timer:
    """The latest scheduled timer of this kind, without firing it."""
    town.world.deliver()
    return max((each for each in town.world.timers.values() if each.kind == kind), key=lambda each: each.due_at)


def state_of(town: Town, order: Mapping[str, Any]) -> str:
    return str(town.state(order)["state"])


class TestPayment:
    @pytest.mark.feature("F19")
    def test_it_pays_the_order_and_asks_the_chosen_companion_once(self, town: Town) -> None:
        companion = town.companion()
        order = town.order(companion, quote_id=town.quote(insurance=True)["quote_id"])
        for _ in range(3):
            town.pay(order)
        assert state_of(town, order) == "dispatching"
        (paid,) = town.world.events("order.paid")
        assert paid == {
            "type": "order.paid",
            "order_id": order["order_id"],
            "client_id": town.client.subject,
            "patient_id": town.patient_id,
            "companion_id": companion.subject,
            "starts_at": "2026-03-04T01:00:00Z",
            "ends_at": "2026-03-04T05:00:00Z",
            "hospital_id": HOSPITAL,
            "department_id": "oncology",
            "insurance": True,
            "insurance_product_id": "anxin_visit",
            "premium_fen": PREMIUM_FEN,
            "total_fen": TOTAL_FEN + PREMIUM_FEN,
        }
        (made,) = town.world.events("offer.made")
        assert (made["order_id"], made["companion_id"]) == (order["order_id"], companion.subject)
        assert [offer["offer_id"] for offer in town.offers(companion)] == [made["offer_id"]]

    @pytest.mark.feature("B1")
    def test_an_order_that_was_paid_does_not_expire(self, town: Town) -> None:
        order = town.paid_order(town.companion())
        town.world.advance(minutes=6)
        assert state_of(town, order) == "dispatching" and town.world.events("order.closed") == []

    @pytest.mark.feature("B1")
    def test_too_late_is_said_once_and_changes_nothing_else(self, town: Town) -> None:
        companion = town.companion()
        order = town.order(companion)
        town.world.advance(minutes=5)
        for _ in range(2):
            town.pay(order)
        assert town.world.events("order.paid_too_late") == [
            {
                "type": "order.paid_too_late",
                "order_id": order["order_id"],
                "client_id": town.client.subject,
                "payment_id": ids.derived("pay", order["order_id"]),
                "amount_fen": TOTAL_FEN,
            }
        ]
        assert state_of(town, order) == "closed" and town.offers(companion) == []

    @pytest.mark.feature("B1")
    def test_an_order_past_its_hold_but_not_yet_closed_takes_the_money(self, town: Town) -> None:
        order = town.order(town.companion())
        late = timer(town, "hold_expires")
        town.world.travel.move_to(late.due_at, tick=False)
        town.pay(order)
        town.world.fire(late)
        assert state_of(town, order) == "dispatching"

    def test_news_of_an_order_that_we_do_not_have_yet_is_asked_for_again(self, town: Town) -> None:
        stranger = {"order_id": ids.new("ord"), "client_id": "acc_x", "price": {"total_fen": 1}}
        with pytest.raises(NotFound):
            town.pay(stranger)


class TestHold:
    @pytest.mark.feature("B1")
    def test_an_unpaid_order_closes_and_frees_its_slot(self, town: Town) -> None:
        companion = town.companion()
        order = town.order(companion)
        hold = timer(town, "hold_expires")
        assert hold.due_at == clock.now() + timedelta(minutes=5)
        town.world.advance(minutes=4, seconds=59)
        assert state_of(town, order) == "awaiting_payment"
        town.world.advance(seconds=1)
        town.world.fire(hold)
        assert town.state(order)["closed_reason"] == "hold_expired"
        assert town.world.events("order.closed") == [
            {
                "type": "order.closed",
                "order_id": order["order_id"],
                "client_id": town.client.subject,
                "companion_id": companion.subject,
                "reason": "hold_expired",
                "paid": False,
                "refund_fen": 0,
                "companion_fee_fen": 0,
                "platform_fee_fen": 0,
                "assigned": False,
            }
        ]
        town.client = town.world.renewed(town.client, "client")
        assert town.try_order(companion).status == 201

    @pytest.mark.feature("B1")
    def test_a_timer_that_comes_a_moment_early_still_closes(self, town: Town) -> None:
        order = town.order(town.companion())
        town.world.fire(timer(town, "hold_expires"))
        assert state_of(town, order) == "closed"


class TestOfferExpiry:
    @pytest.mark.feature("F19")
    def test_silence_passes_the_offer_on(self, town: Town) -> None:
        silent, second = town.companion(), town.companion(rating_hundredths=450)
        order = town.paid_order(silent)
        expiry = timer(town, "offer_expires")
        town.world.advance(minutes=15)
        town.world.fire(expiry)
        assert [offer["state"] for offer in town.offers(silent)] == ["expired"]
        assert town.bookings(silent) == [] and town.bookings(second) == [order["order_id"]]
        assert len(town.world.events("offer.made")) == 2
        assert town.accept(second).status == 200

    @pytest.mark.feature("F19")
    def test_the_timer_of_an_answered_offer_does_nothing(self, town: Town) -> None:
        first, second = town.companion(), town.companion()
        order = town.paid_order(first)
        expiry = timer(town, "offer_expires")
        town.decline(first)
        town.world.fire(expiry)
        assert len(town.world.events("offer.made")) == 2
        town.accept(second)
        town.world.advance(minutes=20)
        assert state_of(town, order) == "assigned"

    @pytest.mark.feature("B5")
    def test_once_the_visit_should_have_begun_nobody_else_is_asked(self, town: Town) -> None:
        put_policy(lead_time_s=0)
        silent, idle = town.companion(), town.companion(rating_hundredths=450)
        soon = clock.now().replace(minute=30)
        order = town.paid_order(silent, quote_id=town.quote(starts_at=soon.isoformat())["quote_id"])
        town.world.advance(minutes=10)
        town.decline(silent)
        town.world.advance(minutes=30)
        assert [offer["state"] for offer in town.offers(idle)] == ["expired"]
        assert state_of(town, order) == "no_companion"

    @pytest.mark.feature("B5")
    def test_a_share_follows_the_companion_who_takes_the_order(self, town: Town) -> None:
        senior, junior = town.companion(), town.companion(tier="junior", rating_hundredths=420)
        order = town.paid_order(senior)
        town.decline(senior)
        assert town.offers(junior)[0]["share_fen"] == TOTAL_FEN * 90 // 100
        town.accept(junior)
        town.world.publish(reported(order))
        (completed,) = town.world.events("order.completed")
        assert (completed["companion_id"], completed["split"]["share_fen"]) == (junior.subject, TOTAL_FEN * 90 // 100)


class TestAssignment:
    @pytest.mark.feature("F21")
    def test_it_says_everything_that_the_visit_needs(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        (assigned,) = town.world.events("order.assigned")
        template = assigned.pop("process_template")
        assert [step["code"] for step in template] == ["departed", "arrived", "registering", "ended"]
        assert assigned == {
            "type": "order.assigned",
            "order_id": order["order_id"],
            "client_id": town.client.subject,
            "companion_id": companion.subject,
            "patient_id": town.patient_id,
            "hospital_id": HOSPITAL,
            "campus_id": "east",
            "department_id": "oncology",
            "starts_at": "2026-03-04T01:00:00Z",
            "ends_at": "2026-03-04T05:00:00Z",
            "lat": 39.9124,
            "lng": 116.4159,
            "geofence_radius_m": 300,
            "revision": 3,
            "overtime_cap_fen": 0,
        }

    @pytest.mark.feature("F7")
    def test_a_reminder_goes_out_the_day_before(self, town: Town) -> None:
        town.assigned_order(town.companion())
        reminder = timer(town, "visit_reminder")
        assert reminder.due_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
        for _ in range(2):
            town.world.fire(reminder)
        (event,) = town.world.events("order.visit_reminder")
        assert (event["starts_at"], event["reminder"]) == ("2026-03-04T01:00:00Z", "day_before")


class TestVisit:
    def assigned(self, town: Town, companion: Person | None = None) -> dict[str, Any]:
        quote_id = town.quote(insurance=True)["quote_id"]
        return town.assigned_order(companion or town.companion(), quote_id=quote_id)

    def test_the_companion_sets_out_then_the_service_begins(self, town: Town) -> None:
        order = self.assigned(town)
        for _ in range(2):
            town.world.publish(progressed(order))
        assert (state_of(town, order), town.state(order)["departed_at"]) == ("assigned", "2026-03-02T09:00:00+08:00")
        for _ in range(2):
            town.world.publish(progressed(order, first=False))
        assert state_of(town, order) == "in_service"

    def test_a_departure_that_comes_after_the_arrival_changes_nothing(self, town: Town) -> None:
        order = self.assigned(town)
        town.world.publish(progressed(order, first=False))
        town.world.publish(progressed(order))
        assert state_of(town, order) == "in_service"

    @pytest.mark.feature("F25")
    @pytest.mark.parametrize("sequence", sorted(set(permutations(["first", "first", "report", "report"]))))
    def test_the_report_completes_the_order_once_in_any_order_of_news(
        self, town: Town, sequence: tuple[str, ...]
    ) -> None:
        companion = town.companion()
        order = self.assigned(town, companion)
        for news in sequence:
            town.world.publish(progressed(order) if news == "first" else reported(order))
        assert state_of(town, order) == "completed"
        share_fen = TOTAL_FEN * 92 // 100
        assert town.world.events("order.completed") == [
            {
                "type": "order.completed",
                "order_id": order["order_id"],
                "client_id": town.client.subject,
                "companion_id": companion.subject,
                "split": {
                    "share_fen": share_fen,
                    "commission_fen": TOTAL_FEN - share_fen,
                    "premium_fen": PREMIUM_FEN,
                    "subsidy_fen": 0,
                    "subsidies": {},
                    "coupon_fen": 0,
                },
                "total_fen": TOTAL_FEN + PREMIUM_FEN,
                "back_fen": 0,
                "decision_id": None,
            }
        ]

    @pytest.mark.feature("F14")
    def test_a_report_that_never_comes_completes_the_order_too_and_once(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        late = reported(order)
        missing = ReportMissing(
            visit_id=late.visit_id,
            order_id=order["order_id"],
            client_id=order["client_id"],
            companion_id=companion.subject,
        )
        for news in (progressed(order, first=False), missing, late, missing):
            town.world.publish(news)
        assert state_of(town, order) == "completed"
        assert len(town.world.events("order.completed")) == 1

    def test_news_of_a_visit_does_not_revive_an_order_that_ended(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        town.decline(companion)
        for event in (progressed(order), reported(order)):
            town.world.publish(event)
        assert state_of(town, order) == "no_companion" and town.world.events("order.completed") == []


@pytest.mark.feature("F1")
def test_a_profile_said_twice_is_one_candidate(town: Town) -> None:
    for _ in range(2):
        town.world.publish(activated("acc_1"))
    assert [each.companion_id for each in table.candidate_page(HOSPITAL, "oncology", limit=10)[0]] == ["acc_1"]


def test_the_room_listens_to_what_its_contract_names() -> None:
    assert bus.event_names == [
        "companion.activated",
        "companion.complained_of",
        "companion.suspended",
        "payment.succeeded",
        "report.missing",
        "report.submitted",
        "visit.no_show",
        "visit.progressed",
    ]
    assert bus.timer_kinds == [
        "companion_confirmation",
        "dispatch_round",
        "dispatch_sweep",
        "hall_closes",
        "hold_expires",
        "newcomer_turn",
        "offer_expires",
        "replace_companion",
        "series_payment_due",
        "visit_morning",
        "visit_reminder",
    ]
