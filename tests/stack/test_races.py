"""Many at once against the real transactions of the deployed stack."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from functions.shared.clock import CHINA, now
from infra.local import demo_order
from infra.local.demo_stage import Answer, Stage, Story
from tests.stack.running import Stack

CLIENTS = 50
AT_ONCE = 10
"""Real parallelism. Each parallel call of one function is a process of its own, so fifty would measure the machine."""
T = TypeVar("T")


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


def all_at_once(acts: Sequence[Callable[[], T]], *, threads: int = AT_ONCE) -> list[T]:
    """Run the acts in parallel, the first ones released together."""
    gate = threading.Barrier(min(threads, len(acts)))

    def run(numbered: tuple[int, Callable[[], T]]) -> T:
        number, act = numbered
        if number < gate.parties:
            gate.wait()
        return act()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, enumerate(acts)))


def quote(stage: Stage, starts_at: datetime) -> tuple[demo_order.Person, dict[str, Any]]:
    """A client of her own with a quote for that time."""
    client = demo_order.sign_in_client(stage, told=False)
    body = {
        "patient_id": demo_order.add_father(stage, client, told=False),
        "hospital_id": demo_order.HOSPITAL,
        "department_id": demo_order.DEPARTMENT,
        "package_id": "basic",
        "starts_at": starts_at.isoformat(),
        "special_requests": [],
        "insurance": False,
    }
    answer = stage.api.request("POST", "/quotes", body, token=client.token)
    assert answer.status == 201, answer.said
    return client, answer.body


def far_morning(days_ahead: int) -> datetime:
    """Eight o'clock in China on a day that the demo does not use."""
    return now().astimezone(CHINA).replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=days_ahead)


@pytest.mark.feature("B1")
def test_fifty_clients_grab_one_slot_and_exactly_one_gets_it(stage: Stage) -> None:
    quotes = all_at_once([lambda: quote(stage, far_morning(80))] * CLIENTS, threads=4)
    client, first = quotes[0]
    companion_id = demo_order.match(stage, client, first)[0]["companion_id"]

    def place(client: demo_order.Person, quote_id: str) -> Callable[[], Answer]:
        body = {"quote_id": quote_id, "companion_id": companion_id}
        return lambda: stage.api.request("POST", "/orders", body, token=client.token)

    answers = all_at_once([place(client, made["quote_id"]) for client, made in quotes])
    assert Counter(answer.status for answer in answers) == {201: 1, 409: CLIENTS - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"slot_taken"}


def test_one_submission_sent_ten_times_at_once_is_one_order(stage: Stage) -> None:
    client, made = quote(stage, far_morning(81))
    companion_id = demo_order.match(stage, client, made)[0]["companion_id"]
    body, key = {"quote_id": made["quote_id"], "companion_id": companion_id}, secrets.token_hex(16)
    send = [lambda: stage.api.request("POST", "/orders", body, token=client.token, key=key)] * 10
    answers = all_at_once(send)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["order_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
