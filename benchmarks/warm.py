"""One validated POST in a warm process against a bare JSON handler, through Chalice's own entry point, store stubbed.

The POST has everything that the house gives one: nested body with patterns and ranges, roles, idempotency marker, one
batch read, one row, one event, one transaction, ETag, logger and metrics as middleware. The bare handler is the
smallest Chalice application: it decodes the same JSON, adds up, and answers JSON. So the ratio is what the house costs.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from unittest.mock import patch

import msgspec
from chalice.app import Chalice
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection

from benchmarks.stats import Ratio, ratio
from functions.shared import observe
from functions.shared.caller import Role
from functions.shared.events import Event
from functions.shared.http import Call, Reading, Routes, problems
from functions.shared.http.schemas import Body
from functions.shared.table import Row, find_all

CALLS_PER_ROUND = 150
_PATH = "/orders"


class Line(Body, frozen=True, kw_only=True):
    """A priced line."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    amount_fen: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class Order(Body, frozen=True, kw_only=True):
    """A body as the product has them."""

    quote_id: Annotated[str, msgspec.Meta(pattern="^quo_[0-9A-Z]{26}$")]
    companion_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    lines: Annotated[list[Line], msgspec.Meta(min_length=1, max_length=20)]
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Placed(Reading, frozen=True, kw_only=True):
    """An answer as the product has them."""

    order_id: str
    total_fen: int
    version: int


class OrderPlaced(Event, frozen=True, kw_only=True, tag="bench.order_placed"):
    """What is emitted."""

    order_id: str
    total_fen: int


class BenchRow(Row):
    """A room's rows."""

    class Meta:
        table_name = "booking"

    note = UnicodeAttribute(null=True)


class OrderRow(BenchRow, discriminator="bench_order"):
    """The row that is inserted."""


@dataclass(frozen=True)
class Warm:
    """Ratios to the bare handler, whose own time is given for orientation."""

    ratio: Ratio
    """Of the POST with everything."""
    validated: Ratio
    """Of a POST that is parsed, authorised and answered but has no effect."""
    bare_us: float


def measure(rounds: int) -> Warm:
    """All three in turn, so often."""
    bare, ours = _bare(), _ours()
    posts: dict[str, Callable[[], Any]] = {
        "bare": lambda: bare(_event(_PATH), _Context()),
        "effect": lambda: ours(_event(_PATH), _Context()),
        "validated": lambda: ours(_event("/estimates"), _Context()),
    }
    with patch.object(Connection, "_make_api_call", _answered):
        times = _timed(posts, rounds)
    return Warm(
        ratio=ratio(times["effect"], times["bare"]),
        validated=ratio(times["validated"], times["bare"]),
        bare_us=min(times["bare"]) * 1e6,
    )


def _timed(posts: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Processor seconds per call, measured in turn."""
    times: dict[str, list[float]] = {name: [] for name in posts}
    for name, post in posts.items():
        status = post()["statusCode"]
        assert status in (200, 201), f"{name}: {status}"
    for _ in range(rounds):
        for name, post in posts.items():
            begun = time.process_time()
            for _ in range(CALLS_PER_ROUND):
                post()
            times[name].append((time.process_time() - begun) / CALLS_PER_ROUND)
    return times


def _bare() -> Chalice:
    app = Chalice(app_name="bare")

    @app.route(_PATH, methods=["POST"])
    def place() -> dict[str, Any]:
        assert app.current_request is not None
        body = app.current_request.json_body
        return {"order_id": "ord_1", "total_fen": sum(line["amount_fen"] for line in body["lines"])}

    return app


def _ours() -> Chalice:
    app = Chalice(app_name="ours")
    app.register_middleware(observe.middleware, "all")
    app.register_middleware(problems.middleware, "http")
    routes = Routes("booking")

    @routes.post(_PATH, summary="bench", roles={Role.CLIENT}, body=Order, reply=Placed, status=201, effect=True)
    def place(call: Call[Order]) -> Placed:
        find_all(BenchRow, [("ORDER#1", "order"), ("DAY#1", "2026-03-05")])
        total_fen = sum(line.amount_fen for line in call.body.lines)
        call.tx.insert(OrderRow("ORDER#1", "order", note=call.body.note))
        call.tx.emit(OrderPlaced(order_id="ord_1", total_fen=total_fen))
        return Placed(order_id="ord_1", total_fen=total_fen, version=1)

    @routes.post("/estimates", summary="bench", roles={Role.CLIENT}, body=Order, reply=Placed)
    def estimate(call: Call[Order]) -> Placed:
        return Placed(order_id="", total_fen=sum(line.amount_fen for line in call.body.lines), version=1)

    app.register_blueprint(routes.blueprint)
    return app


def _answered(_: Connection, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """An empty store that takes everything."""
    if operation == "BatchGetItem":
        return {"Responses": {name: [] for name in arguments["RequestItems"]}, "UnprocessedKeys": {}}
    return {}


class _Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"


_BODY = json.dumps(
    {
        "quote_id": "quo_01JD0000000000000000000000",
        "companion_id": "acc_01JD0000000000000000000000",
        "lines": [{"code": "deep", "amount_fen": 32_000}, {"code": "insurance", "amount_fen": 500}],
        "note": "请带轮椅",
    }
)


def _event(path: str) -> dict[str, Any]:
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": {
            "Content-Type": "application/json",
            "Authorization": "Bearer …",
            "Idempotency-Key": "0123456789abcdef",
            "User-Agent": "bench",
        },
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": _BODY,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "POST",
            "path": path,
            "requestId": "00000000-0000-4000-8000-000000000001",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"sub": "acc_1", "roles": "client", "sid": "s", "order_id": "", "scopes": ""},
        },
    }
