"""Orders that were refused are collected for a moment and given out together (F19)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.booking import actions, table
from functions.booking.rules.dispatch import Mode, ModeRule
from functions.booking.table import dispatch as rows
from functions.booking.triggers import bus
from functions.shared.events import Timer
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, put_dispatch_policy
from tests.harness.world import Person

CITY = "110000"


@pytest.fixture(autouse=True)
def half_minutes(town: Town) -> None:
    put_dispatch_policy(ModeRule(Mode.OFFER, round_s=30))


def waiting() -> list[str]:
    return rows.waiting_orders(CITY, limit=50)


def states(town: Town, *orders: Mapping[str, Any]) -> list[str]:
    return [str(town.state(order)["state"]) for order in orders]


def order_of_another_client(town: Town, companion: Person) -> dict[str, Any]:
    return town.paid_order(companion, quote_id=town.quote()["quote_id"])


def timers(town: Town, kind: str) -> list[Timer]:
    return [each for each in town.world.timers.values() if each.kind == kind]


@pytest.mark.feature("F19")
def test_a_single_order_goes_to_the_next_best_when_the_window_ends(town: Town) -> None:
    first, best = town.companion(), town.companion(rating_hundredths=480)
    town.companion(rating_hundredths=410, tier="junior")
    order = town.paid_order(first)
    town.world.travel.shift(timedelta(seconds=10))
    town.decline(first)
    assert waiting() == [order["order_id"]] and town.bookings(first) == [] and town.offers(best) == []
    town.world.advance(seconds=19)
    assert town.offers(best) == []
    town.world.advance(seconds=1)
    assert waiting() == [] and len(town.offers(best)) == 1 and town.bookings(best) == [order["order_id"]]
    assert town.accept(best).status == 200


@pytest.mark.feature("F19")
def test_orders_of_one_window_are_solved_together(town: Town) -> None:
    """Ann could take both, Bea only the one that asks nothing: each gets one, though Ann is best for both."""
    one, other = town.companion(), town.companion()
    needs_cantonese = {"language": "cantonese"}
    chosen = town.companion(languages=("mandarin", "cantonese"))
    free = town.paid_order(one)
    asking = town.paid_order(chosen, quote_id=town.quote()["quote_id"], wanted=needs_cantonese)
    ann = town.companion(languages=("mandarin", "cantonese"), rating_hundredths=500)
    bea = town.companion(rating_hundredths=400, tier="junior", completed_visits=30)
    other_order = town.paid_order(other)
    assert town.accept(other).status == 200  # out of the way
    town.decline(one)
    town.decline(chosen)
    assert waiting() == sorted([free["order_id"], asking["order_id"]])
    assert len(timers(town, "dispatch_round")) == 1 and len(timers(town, "dispatch_sweep")) == 2
    steps = {step.order_id: step.companion_id for step in actions.plan_round(CITY)}
    assert steps[asking["order_id"]] in (ann.subject, chosen.subject)
    town.world.advance(seconds=30)
    asked = {order["order_id"]: town.state(order)["companion_id"] for order in (free, asking)}
    assert asked[asking["order_id"]] == ann.subject and asked[free["order_id"]] in (bea.subject, chosen.subject)
    assert len(set(asked.values())) == 2 and states(town, other_order) == ["assigned"]


@pytest.mark.feature("F19")
def test_one_that_others_were_preferred_to_waits_for_another_round(town: Town) -> None:
    one, other = town.companion(), town.companion()
    first, second = town.paid_order(one), town.paid_order(other)
    for companion in (one, other):  # both leave, so that nobody but the newcomer can take either order
        town.decline(companion)
        leave(town, companion)
    newcomer = town.companion()
    town.world.advance(seconds=30)
    assert sorted(states(town, first, second)) == ["dispatching"] * 2
    assert len(town.offers(newcomer)) == 1 and len(waiting()) == 1
    late = town.companion()
    town.world.advance(seconds=30)
    assert len(town.offers(late)) == 1 and waiting() == []


@pytest.mark.feature("B5")
def test_one_that_nobody_can_take_ends_with_its_round(town: Town) -> None:
    only = town.companion()
    order = town.paid_order(only)
    town.decline(only)
    assert states(town, order) == ["dispatching"]
    town.world.advance(seconds=30)
    assert states(town, order) == ["no_companion"] and waiting() == []
    (closed,) = town.world.events("order.closed")
    assert closed["refund_fen"] == order["price"]["total_fen"]


@pytest.mark.feature("F19")
def test_a_round_that_never_comes_is_made_up_for(town: Town) -> None:
    first, second = town.companion(), town.companion()
    order = town.paid_order(first)
    town.decline(first)
    (lost,) = timers(town, "dispatch_round")
    del town.world.timers[lost.id]
    town.world.advance(seconds=149)
    assert waiting() == [order["order_id"]]
    town.world.advance(seconds=1)
    assert waiting() == [] and len(town.offers(second)) == 1


@pytest.mark.feature("F19")
def test_a_round_and_its_repetition_make_one_offer(town: Town) -> None:
    first, second = town.companion(), town.companion()
    town.paid_order(first)
    town.decline(first)
    (timer,) = timers(town, "dispatch_round")
    plan = actions.plan_round(CITY)
    town.world.advance(seconds=30)
    from functions.shared import clock
    from functions.shared.tx import Tx

    bus.handle({"room": "booking", "kind": timer.kind, "subject": CITY, "due_at": timer.due_at.isoformat()})
    for step in plan:
        act = Tx("booking", now=clock.now(), correlation_id="test")
        actions.take_step(act, step)
        act.commit()
    assert len(town.offers(second)) == 1


@pytest.mark.feature("F19")
def test_a_cancelled_order_waits_no_more(town: Town) -> None:
    first, second = town.companion(), town.companion()
    order = town.paid_order(first)
    town.decline(first)
    path = f"/orders/{order['order_id']}"
    quote = town.world.get(f"{path}/cancellation-quote", as_=town.client).body
    done = town.world.post(f"{path}/cancel", {"quote_id": quote["quote_id"]}, as_=town.client)
    assert done.status == 200 and waiting() == []
    town.world.advance(minutes=3)
    assert town.offers(second) == [] and states(town, order) == ["cancelled"]


@pytest.mark.feature("F19")
def test_a_rescheduled_order_is_given_out_with_its_round_at_its_new_time(town: Town) -> None:
    first, second = town.companion(), town.companion()
    order = town.paid_order(first)
    town.decline(first)
    starts_at = STARTS_AT + timedelta(days=1)
    body = {"starts_at": starts_at.isoformat()}
    moved = town.world.post(f"/orders/{order['order_id']}/reschedule", body, as_=town.client)
    assert moved.status == 200, moved.body
    assert waiting() == [order["order_id"]]
    town.world.advance(seconds=30)
    assert waiting() == [] and len(town.offers(second)) == 1
    assert town.bookings(second) == [] and town.bookings(second, starts_at) == [order["order_id"]]


def leave(town: Town, companion: Person) -> None:
    """Serve another department only."""
    from functions.companions.events import Serves
    from tests.booking.makers import activated

    moved = (Serves(hospital_id=HOSPITAL, department_ids=("dermatology",)),)
    town.world.publish(activated(companion.subject, serves=moved))
    assert table.find_companion(companion.subject)
