"""A companion of whom clients complain too often: later visits go to others, near ones are kept (F31)."""

from datetime import timedelta
from typing import Any

import pytest

from functions.companions.events import ComplaintsTooOften
from tests.booking.makers import STARTS_AT, Town
from tests.harness.world import Person

pytestmark = pytest.mark.feature("F31")


def complained_of(companion: Person) -> ComplaintsTooOften:
    return ComplaintsTooOften(
        companion_id=companion.subject, upheld=2, rejected=0, visits=10, window_days=90, rate_bp=1_000
    )


def unassigned(town: Town) -> list[tuple[str, str]]:
    return [(each["order_id"], each["reason"]) for each in town.world.events("order.unassigned")]


def order_at(town: Town, companion: Person, starts_at: Any) -> dict[str, Any]:
    """Taken by the companion, for this time."""
    quote_id = town.quote(starts_at=starts_at.isoformat())["quote_id"]
    return town.assigned_order(companion, quote_id=quote_id)


def test_visits_after_a_day_go_to_somebody_else_and_nearer_ones_stay(town: Town) -> None:
    companion = town.companion()
    near = order_at(town, companion, STARTS_AT - timedelta(days=1, hours=20))
    later = [order_at(town, companion, STARTS_AT + timedelta(days=days)) for days in (0, 3)]
    other = town.companion(rating_hundredths=450)
    town.world.publish(complained_of(companion))
    for _ in range(2):
        town.world.advance(minutes=1)
    assert sorted(unassigned(town)) == sorted((each["order_id"], "companion_suspended") for each in later)
    assert [each["state"] for each in town.offers(other)] == ["open", "open"]
    assert town.state(near)["companion_id"] == companion.subject
    assert town.bookings(companion) == []


def test_what_ended_or_went_elsewhere_meanwhile_is_left_alone(town: Town) -> None:
    companion = town.companion()
    order = town.assigned_order(companion)
    cancelled = order_at(town, companion, STARTS_AT + timedelta(days=4))
    as_ = town.world.renewed(town.client, "client")
    path = f"/orders/{cancelled['order_id']}"
    quote_id = town.world.get(f"{path}/cancellation-quote", as_=as_).body["quote_id"]
    assert town.world.post(f"{path}/cancel", {"quote_id": quote_id}, as_=as_).status == 200
    town.world.deliver()
    town.companion(rating_hundredths=450)
    town.world.publish(complained_of(companion))
    town.world.publish(complained_of(companion))
    town.world.advance(minutes=1)
    assert unassigned(town) == [(order["order_id"], "companion_suspended")]
