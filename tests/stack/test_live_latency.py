"""How soon a change is seen, and a revoked pass shut out, on real sockets of the stack (F10, F11)."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from typing import Any

import pytest

from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Live, Stage, Story, expect
from infra.local.demo_visit import check_in, photograph, record, visit_path
from tests.stack.running import Stack

SEEN_WITHIN_S = 2.0
SHUT_OUT_WITHIN_S = 1.0
_GIVE_UP_S = 10.0


def follow(stage: Stage, order: Order, token: str) -> Live:
    """A socket that follows the order's visit."""
    live = Live(stage.live_url, token)
    live.send({"action": "subscribe", "visit_id": visit_path(order).rpartition("/")[2], "after_sequence": 0})
    stage.wait_for(lambda: live.of("visit.subscribed") or None, "实时通道没有确认订阅")
    return live


def seconds_until_each(conditions: Sequence[Callable[[], Any]], *, since: float) -> list[float]:
    """When each came true, from `since`; looked at every few milliseconds."""
    took: dict[int, float] = {}
    while len(took) < len(conditions) and time.monotonic() - since < _GIVE_UP_S:
        for number, condition in enumerate(conditions):
            if number not in took and condition():
                took[number] = time.monotonic() - since
        time.sleep(0.003)
    assert len(took) == len(conditions), f"after {_GIVE_UP_S} s only {len(took)} of {len(conditions)}"
    return list(took.values())


def has_heard(live: Live, sequence: int) -> Callable[[], bool]:
    return lambda: sequence in [message["sequence"] for message in live.of("visit.progressed")]


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def order(stage: Stage) -> Order:
    """Taken by a companion; its visit is there to be followed."""
    client = demo_order.sign_in_client(stage, told=False)
    placed = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.start_payment(stage, placed, quiet=True)
    demo_order.pay_at_provider(stage, placed, quiet=True)
    return placed


@pytest.fixture(scope="module")
def companion(stage: Stage, order: Order) -> Person:
    taken_by = demo_order.accept(stage, order)

    def has_visit() -> bool | None:
        return stage.api.request("GET", visit_path(order), token=taken_by.token, quiet=True).status == 200 or None

    stage.wait_for(has_visit, "接单后没有生成陪诊")
    return taken_by


def guest_of(stage: Stage, order: Order) -> tuple[str, Person]:
    """A pass for progress and position, and who opened it."""
    body = {"order_id": order.id, "scopes": ["progress", "position"], "expires_in_h": 24, "label": "妹妹"}
    access = expect(stage.api.request("POST", "/guest-accesses", body, token=order.client.token), 201, "分享订单")
    session = expect(stage.api.request("POST", "/sessions/guest", {"token": access["token"]}), 201, "家属打开链接")
    return access["guest_access_id"], Person(session["account_id"], session["access_token"])


def steps_of(stage: Stage, order: Order, companion: Person) -> list[dict[str, Any]]:
    seen = expect(stage.api.request("GET", visit_path(order), token=companion.token), 200, "查看进度")
    return list(seen["milestones"])


@pytest.fixture(scope="module")
def campus(stage: Stage, order: Order) -> Mapping[str, Any]:
    campuses = demo_order.browse(stage)["campuses"]
    found: Mapping[str, Any] = next(each for each in campuses if each["campus_id"] == order.placed["campus_id"])
    return found


@pytest.mark.feature("F10")
@pytest.mark.feature("F11")
def test_changes_are_seen_and_a_revoked_pass_is_shut_out_in_time(
    stage: Stage, order: Order, companion: Person, campus: Mapping[str, Any]
) -> None:
    """Every step of a visit from the companion's request to each watcher's socket; halfway one pass is revoked."""
    (access_id, guest), (_, other) = guest_of(stage, order), guest_of(stage, order)
    watchers = [follow(stage, order, token) for token in (order.client.token, other.token, companion.token)]
    revoked = follow(stage, order, guest.token)
    took: list[float] = []
    steps = steps_of(stage, order, companion)
    for sequence, step in enumerate(steps, start=1):
        if step["check_in"] == "geofence":
            check_in(stage, order, companion, step["code"], campus)
        photo = photograph(stage, order, companion, step["code"]) if step["check_in"] == "photo" else None
        if sequence == len(steps) // 2:
            begun = time.monotonic()
            answer = stage.api.request("DELETE", f"/guest-accesses/{access_id}", token=order.client.token)
            assert answer.status == 200
            (shut_out_s,) = seconds_until_each([lambda: revoked.of("visit.access_ended")], since=begun)
            heard_before = len(revoked.messages)
        begun = time.monotonic()
        record(stage, order, companion, step["code"], photo=photo)
        took += seconds_until_each([has_heard(each, sequence) for each in watchers], since=begun)
    p95_s = quantiles(took, n=20)[-1]
    print(f"seen: p95 {p95_s:.3f} s of {len(took)}; shut out after {shut_out_s:.3f} s")  # noqa: T201 the measurement
    assert p95_s < SEEN_WITHIN_S
    assert shut_out_s < SHUT_OUT_WITHIN_S
    later = {message["type"] for message in revoked.messages[heard_before:]}
    assert later <= {"visit.access_ended"}, "nothing of the visit is pushed to a revoked pass"
    refused = stage.api.request("GET", visit_path(order), token=guest.token)
    assert (refused.status, refused.code) == (403, "guest_access_ended")
    for each in (*watchers, revoked):
        each.close()
