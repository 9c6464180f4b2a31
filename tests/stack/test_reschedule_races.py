"""Twenty clients move their visits onto one hour of one companion, against the real transactions of the stack."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.shared.clock import CHINA, now
from functions.shared.workdays import is_working_day
from infra.local import demo_order
from infra.local.demo_order import Order
from infra.local.demo_stage import Answer, Stage, Story
from tests.stack.running import Stack
from tests.stack.test_races import all_at_once, quote

CLIENTS = 20
_HOURS = (8, 14)
"""Two visits of one companion on one day, clear of each other."""


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


def working_days(count: int) -> list[datetime]:
    """Midnights of the next working days beyond those that the demo and the other races use."""
    midnight = now().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight + timedelta(days=ahead) for ahead in range(62, 90))
    return [day for day in days if is_working_day(day.date())][:count]


def assigned_order(stage: Stage, starts_at: datetime, companion_id: str) -> Order:
    """A paid order that this companion took."""
    client, made = quote(stage, starts_at)
    wanted = {"companion_id": companion_id, "name": "她"}
    order = demo_order.place(stage, client, made["patient_id"], made, [wanted], quiet=True)
    demo_order.start_payment(stage, order, quiet=True)
    demo_order.pay_at_provider(stage, order, quiet=True)
    states = {"dispatching", "assigned"}
    stage.wait_for(lambda: demo_order.order_in(stage, order, states), "付款后订单没有进入派单")
    demo_order.accept(stage, order)
    return order


@pytest.mark.feature("B3")
def test_twenty_clients_move_onto_one_slot_and_exactly_one_gets_it(stage: Stage) -> None:
    target, *days = working_days(CLIENTS // len(_HOURS) + 1)
    target = target.replace(hour=9)
    starts = [day.replace(hour=hour) for day in days for hour in _HOURS]
    client, first = quote(stage, target)
    companion_id = demo_order.match(stage, client, first, quiet=True)[0]["companion_id"]
    orders = [assigned_order(stage, starts_at, companion_id) for starts_at in starts[:CLIENTS]]

    def move(order: Order) -> Callable[[], Answer]:
        path, body = f"/orders/{order.id}/reschedule", {"starts_at": target.isoformat()}
        return lambda: stage.api.request("POST", path, body, token=order.client.token)

    answers = all_at_once([move(order) for order in orders])
    assert Counter(answer.status for answer in answers) == {200: 1, 409: CLIENTS - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"companion_busy"}
    assert [moved_to(stage, order) for order in orders].count(target) == 1
    for order, answer, starts_at in zip(orders, answers, starts, strict=True):
        assert moved_to(stage, order) == (target if answer.status == 200 else starts_at)


def moved_to(stage: Stage, order: Order) -> datetime:
    """When the visit now is, by the order itself."""
    answer = stage.api.request("GET", f"/orders/{order.id}", token=order.client.token)
    body: dict[str, Any] = answer.body
    return datetime.fromisoformat(body["starts_at"])
