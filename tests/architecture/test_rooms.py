"""Every room has its contract, its furniture, its policy; every route its roles; every event its schema."""

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from functions.shared.events import Event, name_of
from functions.shared.http import PUBLIC, Route, Routes
from functions.shared.http.json_schemas import Schemas
from infra.documents import ROOM_NAMES, all_routes, all_subscriptions, events_of

ROOT = Path(__file__).resolve().parents[2]
FURNITURE = frozenset("__init__ api triggers schemas actions rules table gateways events".split())
ALSO = {
    "accounts/clients": "gateways by configuration, made once per process",
    "accounts/minting": "issues the tokens that shared.tokens verifies",
    "operations/docs": "the packaged document and its page",
    "settlement/ledger_check": "the trial balance over all accounts",
    "settlement/provider": "the payment provider by configuration, made once per process",
    "settlement/spreadsheets": "statements as files that a spreadsheet opens",
    "tracking/cells": "the coarse grid over GCJ-02",
    "tracking/pushing": "a message to everybody who follows a visit and may hear it",
    "tracking/emergency_news": "what is heard of an emergency call: noted, and pushed to its followers",
    "tracking/live": "the WebSocket's own function",
    "tracking/conversing": "what is said in a conversation by the system, and pushed of it",
}
"""Files that only one room has, and why."""
PUBLIC_ROUTES = {
    "POST /sessions/wechat": "signs in",
    "POST /sessions/staff": "signs in",
    "POST /sessions/machine": "signs in",
    "POST /sessions/guest": "signs in",
    "POST /sessions/refresh": "the refresh token is the proof",
    "GET /.well-known/jwks.json": "public keys",
    "GET /cities": "the directory is open to browse",
    "GET /hospitals": "the directory is open to browse",
    "GET /hospitals/{hospital_id}": "the directory is open to browse",
    "GET /hospitals/{hospital_id}/guide-map": "the directory is open to browse",
    "GET /packages": "prices are open (F3)",
    "GET /special-requests": "prices are open (F4)",
    "GET /condition-types": "what a visit may be about is open (F1)",
    "GET /insurance-options": "prices are open (F36)",
    "GET /companions/{companion_id}/reviews": "what clients said of a companion is open (F16)",
    "GET /rectification-notices/{code}": "the code on the notice is the proof (F31)",
    "GET /webhooks/wechat/pushes": "WeChat's signature is the proof",
    "POST /webhooks/wechat/pushes": "WeChat's signature is the proof",
    "POST /webhooks/wechat-pay/payments": "the provider's signature is the proof",
    "POST /webhooks/wechat-pay/refunds": "the provider's signature is the proof",
    "POST /webhooks/wechat-pay/transfers": "the provider's signature is the proof",
    "GET /health": "says nothing about anybody",
    "GET /openapi.json": "documents are open",
    "GET /docs": "documents are open",
    "GET /docs/{asset}": "documents are open",
}
WITHOUT_KEY = {
    "POST /sessions/wechat": "the code works once",
    "POST /sessions/staff": "a second sign-in is another session",
    "POST /sessions/machine": "the assertion works once",
    "POST /sessions/guest": "a second sign-in is another session",
    "POST /sessions/refresh": "the refresh token works once and is replayed for ten seconds",
    "POST /notices/{notice_id}/read": "reading twice is reading once",
    "POST /visits/{visit_id}/uploads": "a second leave is another file",
    "POST /visits/{visit_id}/evidence-uploads": "a second leave is another file",
    "POST /visits/{visit_id}/trail-accesses": "a second look is another look; its answer must not be stored",
    "POST /companion-applications/{application_id}/uploads": "a second leave is another file",
    "POST /companions/me/uploads": "a second leave is another file",
    "POST /orders/{order_id}/complaint-uploads": "a second leave is another file",
    "POST /companions/{companion_id}/rectifications/{rectification_id}/uploads": "a second leave is another file",
    "POST /visits/{visit_id}/messages": "the message's own id is the key",
    "POST /visits/{visit_id}/message-uploads": "a second leave is another file",
    "POST /visits/{visit_id}/chat-accesses": "a second look is another look; its answer must not be stored",
    "POST /claims/{claim_id}/uploads": "a second leave is another file",
    "POST /insurer/endpoints": "a second one is another endpoint; its answer, a secret, must not be stored",
    "POST /insurer/endpoints/{endpoint_id}/secrets": "a second one is another secret, which must not be stored",
    "POST /insurer/claims/{claim_id}/acknowledgement": "the insurer's request_id is the key",
    "POST /insurer/claims/{claim_id}/evidence-requests": "the insurer's request_id is the key",
    "POST /insurer/claims/{claim_id}/decision": "the insurer's request_id is the key",
    "POST /insurer/claims/{claim_id}/payment": "the insurer's request_id is the key",
    "POST /webhooks/wechat/pushes": "the trace id is the key",
    "POST /webhooks/wechat-pay/payments": "the notification's own id is the key",
    "POST /webhooks/wechat-pay/refunds": "the notification's own id is the key",
    "POST /webhooks/wechat-pay/transfers": "the notification's own id is the key",
}
"""POST routes without an Idempotency-Key, and why repeating them is harmless."""
FORBIDDEN_FIELDS = re.compile(
    r"(^|_)(name|phone|mobile|id_number|birth_date|birthday|openid|address|lat|lng|latitude|longitude|diagnosis|"
    r"medicine|medicines|medical_advice|summary|note|report|password|token)$"
)
OPEN_FACTS = {
    "companion.activated": {"display_name"},  # the name that the companion chose to be shown by
    "order.assigned": {"lat", "lng"},  # the campus's own position, which is on every map
}


def test_all_ten_rooms_state_their_contract() -> None:
    for room in ROOM_NAMES:
        contract = importlib.import_module(f"functions.{room}").__doc__ or ""
        for promised in ("Promise", "Table", "Events"):
            assert promised in contract, f"{room} does not say its {promised}"


def test_rooms_hold_nothing_but_their_furniture() -> None:
    found = {
        f"{room}/{path.stem}"
        for room in ROOM_NAMES
        for path in (ROOT / "functions" / room).iterdir()
        if path.name != "__pycache__" and path.stem not in FURNITURE
    }
    assert found == ALSO.keys()


def test_every_function_has_a_policy_that_names_its_actions() -> None:
    from app import MODULES

    for name in MODULES:
        policy = json.loads((ROOT / ".chalice/policies" / f"{name}.json").read_text(encoding="utf-8"))
        assert list(_wildcard_actions(policy)) == [], name


def test_a_wildcard_action_is_found() -> None:
    statements = [{"Action": "dynamodb:*"}, {"Action": ["kms:Decrypt", "*"]}, {"Action": "kms:Decrypt"}]
    assert list(_wildcard_actions({"Statement": statements})) == ["dynamodb:*", "*"]


def test_a_route_without_roles_cannot_be_declared() -> None:
    assert inspect.signature(Routes._route).parameters["roles"].default is inspect.Parameter.empty
    with pytest.raises(TypeError, match="roles"):
        Routes("booking").get("/orders", summary="订单")


def test_the_public_routes_are_the_ones_we_mean() -> None:
    assert {_name(route) for route in all_routes() if route.roles == PUBLIC} == PUBLIC_ROUTES.keys()


def test_every_post_takes_effect_once() -> None:
    posts = {_name(route): route for route in all_routes() if route.method == "POST"}
    assert {name for name, route in posts.items() if not route.effect} == WITHOUT_KEY.keys()


WITHOUT_VERSION = {
    "PUT /availability/exceptions/{service_date}": "one day by its date, said whole: the last word holds",
    "PUT /favourites/{companion_id}": "being on the list has no other version",
    "PUT /blocks/{companion_id}": "being on the list has no other version",
    "PUT /visits/{visit_id}/read-mark": "reading goes on and never back",
    "PUT /orders/{order_id}/client-block": "being on the list has no other version",
}
"""What a PUT may say without If-Match, and why nothing of anybody's is lost by it."""


def test_every_put_names_the_version_that_it_changes() -> None:
    unversioned = {_name(route) for route in all_routes() if route.method == "PUT" and not route.versioned}
    assert unversioned == WITHOUT_VERSION.keys()


LAX = {"PushQuery": "WeChat names its parameters and may add some"}
"""What may hold fields that we do not know, and why."""


def test_requests_refuse_unknown_fields() -> None:
    asked = {type_ for route in all_routes() for type_ in (route.body, route.query) if type_ is not None}
    lax = [type_.__name__ for type_ in asked if not type_.__struct_config__.forbid_unknown_fields]
    assert lax == [*LAX]


def test_problem_codes_mean_one_thing() -> None:
    from functions.shared.http.openapi import problems_of

    titles: dict[str, set[tuple[int, str]]] = {}
    for route in all_routes():
        for problem in problems_of(route):
            titles.setdefault(problem.code, set()).add((problem.status, problem.title))
    assert {code: said for code, said in titles.items() if len(said) > 1} == {}


@pytest.mark.parametrize("room", ROOM_NAMES)
def test_events_are_documented_and_carry_nothing_personal(room: str) -> None:
    for event in events_of(room):
        assert event.__doc__, name_of(event)
        assert set(_personal_fields(event)) == OPEN_FACTS.get(name_of(event), set()), name_of(event)


def test_a_personal_field_is_found_however_deep_it_is() -> None:
    class Person(msgspec.Struct, frozen=True):
        patient_name: str

    class Told(Event, frozen=True, kw_only=True, tag="test.told"):
        order_id: str
        phone: str
        people: list[Person]

    assert sorted(_personal_fields(Told)) == ["patient_name", "phone"]


def test_event_names_are_unique_and_every_consumed_event_is_emitted_by_a_room() -> None:
    names = [name_of(event) for room in ROOM_NAMES for event in events_of(room)]
    assert len(names) == len(set(names))
    assert {name for bus in all_subscriptions() for name in bus.event_names} <= set(names)


def test_every_timer_says_what_it_does() -> None:
    silent = [
        f"{bus.room}.{kind}" for bus in all_subscriptions() for kind in bus.timer_kinds if not bus.timer_meaning(kind)
    ]
    assert silent == []


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _wildcard_actions(policy: dict[str, Any]) -> Iterator[str]:
    for statement in policy["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            if action.endswith("*"):
                yield action


def _personal_fields(event: type[Event]) -> Iterator[str]:
    for schema in Schemas(asked=[event]).components().values():
        for field in schema.get("properties", {}):
            if FORBIDDEN_FIELDS.search(field):
                yield field
