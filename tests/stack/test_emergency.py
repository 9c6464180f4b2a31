"""An emergency call and a video call on the deployed stack: real sockets, signed messages, timers, roles (F34, F13)."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import urllib3
from joserfc import jwt
from joserfc.jwk import ECKey

from infra.local import demo_order, demo_visit
from infra.local.demo_order import HOSPITAL, Order, Person
from infra.local.demo_stage import Live, Stage, Story, expect
from infra.local.seeding import institution_keys
from tests.hospitals.desk_makers import Receiver, receiver
from tests.stack.running import Stack

SILENCE_S = 3
"""In place of a minute; the emulator's timers fire up to ten seconds late."""


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def visit(stage: Stage) -> tuple[Order, Person]:
    """An assigned order and its companion, with an emergency card of the patient."""
    client = demo_order.sign_in_client(stage, told=False)
    patient_id = demo_order.add_father(stage, client, told=False)
    order = demo_order.order_companion(stage, client, patient_id)
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    path = demo_visit.visit_path(order)
    stage.wait_for(lambda: scheduled(stage, path, companion), "the visit is not there")
    return order, companion


@pytest.fixture(scope="module")
def desk() -> Iterator[Receiver]:
    with receiver() as taken:
        yield taken


def scheduled(stage: Stage, path: str, companion: Person) -> bool | None:
    return stage.api.request("GET", path, token=companion.token, quiet=True).status == 200 or None


def hospital_token(stage: Stage, stack: Stack) -> str:
    """The hospital signs in with its own key."""
    key = ECKey.import_key(institution_keys(stack.layout.folder)[HOSPITAL])
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": HOSPITAL,
        "sub": HOSPITAL,
        "aud": "zhenban",
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    }
    assertion = jwt.encode({"alg": "ES256"}, claims, key)
    answer = stage.api.request("POST", "/sessions/machine", {"client_assertion": assertion})
    return str(expect(answer, 201, "the hospital's sign-in")["access_token"])


def following(stage: Stage, token: str, message: dict[str, Any], confirmed: str) -> Live:
    live = Live(stage.live_url, token)
    live.send(message)
    stage.wait_for(lambda: live.of(confirmed) or None, f"no {confirmed}")
    return live


def put_card(stack: Stack, order: Order, card: dict[str, str]) -> None:
    """The patient's emergency card, with the consent to show it."""
    url = f"{stack.api_url}/patients/{order.patient_id}/emergency-card"
    headers = {"Authorization": f"Bearer {order.client.token}", "If-Match": '"0"'}
    assert urllib3.request("PUT", url, json=card, headers=headers).status == 200


def reached_state(seen: Callable[[], dict[str, Any]], state: str) -> bool | None:
    return seen()["state"] == state or None


def outcome_of(call: dict[str, Any], recipient: str) -> str:
    return str(next(each["outcome"] for each in call["reached"] if each["recipient"] == recipient))


@pytest.mark.feature("F34")
def test_a_call_reaches_everybody_and_goes_on_until_a_person_takes_it(
    stage: Stage, stack: Stack, visit: tuple[Order, Person], desk: Receiver
) -> None:
    order, companion = visit
    stack.run("tests.stack.emergency_desk", HOSPITAL, str(SILENCE_S), "http://127.0.0.1:9/desk", desk.url, desk.url)
    card = {"summary": "青霉素过敏", "consent_version": "2026-03"}
    put_card(stack, order, card)
    token, visit_id = hospital_token(stage, stack), demo_visit.visit_path(order).rpartition("/")[2]
    at_desk = following(stage, token, {"action": "subscribe_desk"}, "emergency_desk.subscribed")
    subscribe = {"action": "subscribe", "visit_id": visit_id, "after_sequence": 0}
    family = following(stage, order.client.token, subscribe, "visit.subscribed")
    path = f"/visits/{visit_id}/emergency-calls"
    begun = time.monotonic()
    body = {"kind": "fall", "position": {"lat": 39.9126, "lng": 116.4161, "accuracy_m": 12}}
    called = expect(stage.api.request("POST", path, body, token=companion.token), 201, "the call")
    assert (called["hotline"], outcome_of(called, "hospital_desk")) == ("120", "pending")

    def seen() -> dict[str, Any]:
        answer = stage.api.request("GET", f"{path}/{called['call_id']}", token=companion.token, quiet=True)
        found: dict[str, Any] = expect(answer, 200, "the call")
        return found

    stage.wait_for(lambda: at_desk.of("emergency.called") or None, "the desk's socket heard nothing")
    stage.wait_for(lambda: family.of("emergency.changed") or None, "the family's socket heard nothing")
    sockets_s = time.monotonic() - begun
    stage.wait_for(lambda: desk.messages or None, "no signed message reached the desk")
    message_s = time.monotonic() - begun
    logging.getLogger(__name__).info("sockets after %.2f s, the second contact after %.2f s", sockets_s, message_s)
    stage.wait_for(lambda: seen()["unanswered_at"], "nobody was alarmed", patience_s=90)
    told = seen()
    assert [message["data"]["contact_number"] for message in desk.messages] == [1, 2]
    assert (outcome_of(told, "hospital_desk"), outcome_of(told, "family")) == ("notified", "notified")
    desk_path = f"/emergency-desks/{HOSPITAL}/calls/{called['call_id']}"
    shown = expect(stage.api.request("GET", desk_path, token=token), 200, "the desk's details")
    assert shown["positions"][0]["lat"] == 39.9126
    assert "青霉素过敏" in shown["condition"]
    for step, state in (("acknowledgement", "acknowledged"), ("departure", "en_route"), ("resolution", "resolved")):
        expect(stage.api.request("POST", f"{desk_path}/{step}", token=token), 201, step)
        stage.wait_for(partial(reached_state, seen, state), f"not {state}")
    stage.wait_for(
        lambda: any(message["state"] == "resolved" for message in family.of("emergency.changed")) or None,
        "the family's socket did not hear the end",
    )
    agent = demo_order.sign_in_staff(stage, "agent")
    codes = [
        notice["code"]
        for notice in expect(stage.api.request("GET", "/notices", token=agent), 200, "the agent's inbox")["items"]
    ]
    assert {"emergency_called_staff", "emergency_unanswered_staff"} <= set(codes)


@pytest.mark.feature("F13")
def test_a_video_call_rings_on_the_other_side(stage: Stage, visit: tuple[Order, Person]) -> None:
    order, companion = visit
    demo_visit.record(stage, order, companion, "departed")
    path, visit_id = f"{demo_visit.visit_path(order)}/calls", demo_visit.visit_path(order).rpartition("/")[2]
    subscribe = {"action": "subscribe", "visit_id": visit_id, "after_sequence": 0}
    family = following(stage, order.client.token, subscribe, "visit.subscribed")
    rung = expect(stage.api.request("POST", path, {}, token=companion.token), 201, "ringing")
    (ringing,) = stage.wait_for(lambda: family.of("call.ringing") or None, "it does not ring")
    assert ringing["call"]["call_id"] == rung["call"]["call_id"]
    call = f"{path}/{rung['call']['call_id']}"
    joined = expect(stage.api.request("POST", f"{call}/join", {}, token=order.client.token), 201, "joining")
    assert joined["trtc"]["user_id"] == order.client.account_id
    left = expect(stage.api.request("POST", f"{call}/leave", {}, token=companion.token), 201, "leaving")
    assert left["state"] == "ended"
