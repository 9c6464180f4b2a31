"""The companion's word a day ahead: asked, reminded, and the visit given to somebody else without it."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking.rules.confirmation import Step
from functions.shared import clock, ids
from functions.shared.events import Timer
from tests.booking.makers import STARTS_AT, Town
from tests.booking.test_bad_input import refused
from tests.booking.test_triggers import progressed
from tests.harness.world import Person, Reply

pytestmark = pytest.mark.feature("B6")
SOON = STARTS_AT - timedelta(days=1, hours=20)
"""Four hours from the start of the test."""


def confirm(town: Town, order: Mapping[str, Any], companion: Person, **options: Any) -> Reply:
    sent = {"as_": town.world.renewed(companion, "companion"), **options}
    return town.world.post(f"/orders/{order['order_id']}/confirm", **sent)


def asked(town: Town) -> list[tuple[str, bool]]:
    """Who was asked to confirm, and whether it was the reminder."""
    events = town.world.events("order.confirmation_asked")
    return [(event["companion_id"], event["again"]) for event in events]


def test_a_companion_is_asked_a_day_ahead_and_confirms(town: Town) -> None:
    companion = town.companion()
    order = town.assigned_order(companion)
    refused(lambda: confirm(town, order, companion), 409, "confirmation_not_yet_asked")
    town.world.advance(hours=23, minutes=59)
    assert asked(town) == []
    town.world.advance(minutes=1)
    assert asked(town) == [(companion.subject, False)]
    assert town.state(order)["confirm_by"] == "2026-03-03T13:00:00+08:00"
    first = confirm(town, order, companion).body
    assert (first["confirmed_at"], first["confirm_by"]) == ("2026-03-03T09:00:00+08:00", None)
    town.world.advance(hours=1)
    assert confirm(town, order, companion).body["confirmed_at"] == first["confirmed_at"]
    town.world.advance(hours=22)
    assert len(asked(town)) == 1 and town.world.events("order.unassigned") == []


def test_silence_is_reminded_of_and_then_the_visit_goes_to_somebody_else(town: Town) -> None:
    silent, second = town.companion(), town.companion(rating_hundredths=450)
    order = town.assigned_order(silent)
    town.world.advance(hours=26)
    assert asked(town) == [(silent.subject, False), (silent.subject, True)]
    town.world.advance(hours=1, minutes=59)
    assert town.state(order)["state"] == "assigned"
    town.world.advance(minutes=1)
    (event,) = town.world.events("order.unassigned")
    assert (event["companion_id"], event["reason"]) == (silent.subject, "not_confirmed")
    refused(lambda: confirm(town, order, silent), 404, "not_found")
    assert town.accept(second).status == 200
    town.world.deliver()
    assert town.state(order)["confirmed_at"] == clock.china(clock.now()).isoformat()
    town.world.advance(hours=19)
    assert len(asked(town)) == 2 and town.state(order)["companion_id"] == second.subject


@pytest.mark.feature("B5")
def test_with_nobody_left_the_order_is_refunded(town: Town) -> None:
    order = town.assigned_order(town.companion())
    town.world.advance(hours=28)
    assert town.state(order)["state"] == "no_companion"
    assert town.world.events("order.closed")[0]["refund_fen"] == 34_000


def test_taking_a_visit_within_a_day_confirms_it(town: Town) -> None:
    companion = town.companion()
    order = town.assigned_order(companion, quote_id=town.quote(starts_at=SOON.isoformat())["quote_id"])
    assert town.state(order)["confirmed_at"] == "2026-03-02T09:00:00+08:00"
    town.world.advance(hours=4)
    assert asked(town) == [] and town.world.events("order.unassigned") == []


def test_a_companion_on_the_way_is_not_asked(town: Town) -> None:
    order = town.assigned_order(town.companion())
    town.world.publish(progressed(order))
    town.world.advance(hours=30)
    assert asked(town) == [] and town.state(order)["state"] == "assigned"


def test_a_timer_that_fires_twice_or_out_of_turn_changes_nothing(town: Town) -> None:
    order = town.assigned_order(town.companion())
    town.world.advance(hours=24)
    due = STARTS_AT - timedelta(hours=24)
    for due_at in (due, due + timedelta(hours=4)):
        timer = Timer(room="booking", kind="companion_confirmation", subject=order["order_id"], due_at=due_at)
        town.world.fire(timer)
    assert len(asked(town)) == 1 and town.state(order)["state"] == "assigned"
    assert list(Step) == [Step.ASK, Step.REMIND, Step.GIVE_UP]


def test_bad_input_changes_nothing(town: Town) -> None:
    companion = town.companion()
    order = town.assigned_order(companion, quote_id=town.quote(starts_at=SOON.isoformat())["quote_id"])
    assert confirm(town, order, companion, as_=None).status == 401
    for role in ("client", "agent", "admin"):
        refused(partial(confirm, town, order, companion, as_=town.world.person(role)), 403, "forbidden")
    refused(lambda: confirm(town, order, town.world.person("companion")), 404, "not_found")
    for order_id in ("x", ids.new("ord"), "ord_" + "Z" * 26):
        refused(partial(confirm, town, {"order_id": order_id}, companion), 404, "not_found")
    refused(lambda: confirm(town, order, companion, key=""), 400, "invalid_request")
    key = uuid.uuid4().hex
    assert confirm(town, order, companion, key=key).body == confirm(town, order, companion, key=key).body
    for first in (True, False):
        town.world.publish(progressed(order, first=first))
    refused(lambda: confirm(town, order, companion), 409, "illegal_state")
