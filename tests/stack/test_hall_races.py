"""Two hundred companions grab one order, one companion grabs everything: against the real transactions of the stack."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from infra.local import demo_order
from infra.local.demo_order import Order
from infra.local.demo_stage import Answer, Stage, Story, expect
from tests.stack.running import Stack
from tests.stack.test_races import all_at_once
from tests.stack.test_reschedule_races import working_days

CITY, HOSPITAL, DEPARTMENT = "510100", "hos_wch", "oncology"
"""The seed's city whose orders go to the hall."""
RACERS = 200
AT_ONE_TIME = 3


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def racers(stack: Stack) -> dict[str, str]:
    """Tokens by companion id."""
    printed = stack.run("tests.stack.many_companions", HOSPITAL, DEPARTMENT, CITY, str(RACERS))
    tokens: dict[str, str] = json.loads(printed.splitlines()[-1])
    return tokens


def order_in_hall(stage: Stage, starts_at: datetime) -> Order:
    """A paid order of a client of her own."""
    client = demo_order.sign_in_client(stage, told=False)
    patient_id = demo_order.add_father(stage, client, told=False)
    body = {
        "patient_id": patient_id,
        "hospital_id": HOSPITAL,
        "department_id": DEPARTMENT,
        "package_id": "basic",
        "starts_at": starts_at.isoformat(),
        "special_requests": [],
        "insurance": False,
    }
    quote = expect(stage.api.request("POST", "/quotes", body, token=client.token), 201, "报价")
    chosen = demo_order.match(stage, client, quote, quiet=True)
    order = demo_order.place(stage, client, patient_id, quote, chosen, quiet=True)
    demo_order.start_payment(stage, order, quiet=True)
    demo_order.pay_at_provider(stage, order, quiet=True)
    stage.wait_for(lambda: demo_order.order_in(stage, order, {"dispatching"}), "付款后订单没有进入抢单大厅")
    return order


def grab(stage: Stage, order: Order, token: str) -> Callable[[], Answer]:
    return lambda: stage.api.request("POST", f"/grab-hall/{order.id}/grab", token=token)


def hall(stage: Stage, token: str) -> list[str]:
    page: dict[str, Any] = expect(stage.api.request("GET", "/grab-hall?limit=50", token=token), 200, "抢单大厅")
    return [item["order_id"] for item in page["items"]]


@pytest.mark.feature("F20")
def test_two_hundred_companions_grab_one_order_and_exactly_one_gets_it(stage: Stage, racers: dict[str, str]) -> None:
    order = order_in_hall(stage, working_days(1)[0].replace(hour=9))
    somebody = next(iter(racers.values()))
    assert order.id in hall(stage, somebody)
    answers = all_at_once([grab(stage, order, token) for token in racers.values()])
    assert Counter(answer.status for answer in answers) == {200: 1, 409: RACERS - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"order_taken"}
    (winner,) = [each for each, answer in zip(racers, answers, strict=True) if answer.status == 200]
    assigned = demo_order.order_in(stage, order, {"assigned"})
    assert assigned and assigned["companion_id"] == winner
    assert order.id not in hall(stage, somebody)
    few = {winner, *list(racers)[:5]}
    path = f"/orders/{order.id}/itinerary"
    assert {each for each in few if stage.api.request("GET", path, token=racers[each]).status == 200} == {winner}


@pytest.mark.feature("F20")
def test_one_companion_who_grabs_visits_of_one_time_at_once_gets_one(stage: Stage, racers: dict[str, str]) -> None:
    starts_at = working_days(2)[1].replace(hour=9)
    orders = [order_in_hall(stage, starts_at) for _ in range(AT_ONE_TIME)]
    token = next(reversed(racers.values()))
    answers = all_at_once([grab(stage, order, token) for order in orders])
    assert Counter(answer.status for answer in answers) == {200: 1, 409: AT_ONE_TIME - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"slot_taken"}
    left = {order.id for order, answer in zip(orders, answers, strict=True) if answer.status == 409}
    assert left <= set(hall(stage, next(iter(racers.values()))))
