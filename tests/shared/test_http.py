"""Routes declared once: what every route promises without writing a line for it."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from chalice.app import Chalice
from chalice.test import Client
from pynamodb.attributes import UnicodeAttribute

from functions.shared import ids
from functions.shared.authorizer import bp as authorizer_bp
from functions.shared.caller import Role
from functions.shared.errors import Conflict, Invalid
from functions.shared.http import PUBLIC, Call, Page, PageQuery, Reading, Routes, decode_cursor, encode_cursor, problems
from functions.shared.http.schemas import Body
from functions.shared.table import Row, find
from tests.harness.world import Reply, World


class ThingRow(Row):
    class Meta:
        table_name = "booking"

    name = UnicodeAttribute()


class Thing(ThingRow, discriminator="thing"):
    pass


class NameTaken(Conflict):
    code = "name_taken"
    title = "名字已被使用"


class MakeThing(Body, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    price_fen: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    tags: Annotated[list[str], msgspec.Meta(max_length=2)] = []


class ThingView(Reading, frozen=True):
    thing_id: str
    name: str
    version: int


def declare() -> Routes:
    routes = Routes("booking")

    @routes.post(
        "/things", summary="新建", roles={Role.CLIENT}, body=MakeThing, reply=ThingView, status=201, effect=True
    )
    def make(call: Call[MakeThing]) -> ThingView:
        thing = Thing("THING", call.body.name, name=ids.new("thg"))
        call.tx.insert(thing, taken=NameTaken())
        return ThingView(thing_id=thing.name, name=call.body.name, version=1)

    @routes.get("/things/{name}", summary="查看", roles={Role.CLIENT}, reply=ThingView)
    def show(call: Call[Any], name: str) -> ThingView:
        return ThingView(thing_id="t", name=name, version=7)

    @routes.put("/things/{name}", summary="修改", roles={Role.CLIENT}, body=MakeThing, reply=ThingView, versioned=True)
    def change(call: Call[MakeThing], name: str) -> ThingView:
        call.check_version(7)
        return ThingView(thing_id="t", name=name, version=8)

    @routes.get("/open", summary="列表", roles=PUBLIC, query=PageQuery, reply=Page[ThingView])
    def listing(call: Call[Any]) -> Page[ThingView]:
        return Page(items=[], next_cursor=encode_cursor(decode_cursor(call.query.cursor) or "sk#1"))

    @routes.get("/broken", summary="坏的", roles=PUBLIC)
    def broken(call: Call[Any]) -> ThingView:
        raise RuntimeError("a secret in the message")

    return routes


@pytest.fixture
def api(world: World) -> Iterator[World]:
    app = Chalice(app_name="test")
    app.register_middleware(problems.middleware, "http")
    app.register_blueprint(authorizer_bp)
    app.register_blueprint(declare().blueprint)
    with Client(app) as client:
        world.http = client.http
        yield world


def made(api: World, body: dict[str, Any] | None = None, **options: Any) -> Reply:
    options.setdefault("as_", api.person("client"))
    return api.post("/things", body or {"name": "轮椅", "price_fen": 100}, **options)


class TestParsing:
    @pytest.mark.parametrize(
        ("body", "field", "message"),
        [
            ({"price_fen": 1}, "name", "缺少必填项"),
            ({"name": "a", "price_fen": 1, "colour": "red"}, "colour", "不认识的字段"),
            ({"name": "a", "price_fen": 1.5}, "price_fen", "应为整数"),
            ({"name": "a", "price_fen": "1"}, "price_fen", "类型不对：应为 int，收到 str"),
            ({"name": "a", "price_fen": -1}, "price_fen", "不能小于 0"),
            ({"name": "a", "price_fen": 10**9}, "price_fen", "不能大于 100000"),
            ({"name": "a", "price_fen": 10**30}, "price_fen", "不能大于 100000"),
            ({"name": "", "price_fen": 1}, "name", "至少 1 个字符"),
            ({"name": "a" * 11, "price_fen": 1}, "name", "最多 10 个字符"),
            ({"name": "a", "price_fen": 1, "tags": ["1", "2", "3"]}, "tags", "最多 2 项"),
            ({"name": "a", "price_fen": 1, "tags": [1]}, "tags[0]", "类型不对：应为 str，收到 int"),
        ],
    )
    def test_a_refused_field_is_named_in_chinese(self, api: World, body: Any, field: str, message: str) -> None:
        reply = made(api, body)
        assert (reply.status, reply.code) == (400, "invalid_request")
        assert reply.body["errors"] == [{"field": field, "message": message}]

    @pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
    def test_a_body_that_is_not_the_object_is_refused(self, api: World, raw: bytes) -> None:
        reply = api.post("/things", raw=raw, as_=api.person("client"))
        assert (reply.status, reply.code) == (400, "invalid_request")

    def test_a_body_above_the_limit_is_refused(self, api: World) -> None:
        reply = api.post("/things", raw=b'{"name":"' + b"a" * 300_000, as_=api.person("client"))
        assert (reply.status, reply.code) == (413, "body_too_large")

    def test_another_media_type_is_a_problem_too(self, api: World) -> None:
        reply = api.post("/things", raw=b"x=1", as_=api.person("client"), headers={"Content-Type": "text/plain"})
        assert (reply.status, reply.code) == (415, "unsupported_media_type")

    @pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=x", "colour=red", "cursor=%FF"])
    def test_a_bad_query_is_refused(self, api: World, query: str) -> None:
        assert api.get(f"/open?{query}").status == 400


class TestProblems:
    def test_every_problem_is_a_document_with_the_request_id(self, api: World) -> None:
        reply = api.get("/things/x", as_=api.person("hospital"))
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "request_id"} <= set(reply.body)
        assert reply.headers["X-Request-Id"] == reply.body["request_id"]

    def test_an_unforeseen_error_tells_nothing(self, api: World) -> None:
        reply = api.get("/broken")
        assert (reply.status, reply.code) == (500, "internal")
        assert "secret" not in json.dumps(reply.body)

    def test_a_role_that_the_route_does_not_name_is_forbidden(self, api: World) -> None:
        assert made(api, as_=api.person("companion")).status == 403


class TestIdempotency:
    def test_a_post_with_an_effect_needs_a_key(self, api: World) -> None:
        reply = made(api, key="")
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "Idempotency-Key")

    def test_a_repeated_post_is_answered_as_the_first_time(self, api: World) -> None:
        client = api.person("client")
        first, second = (made(api, as_=client, key="same-key-1") for _ in range(2))
        assert (second.status, second.body) == (201, first.body)
        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"

    def test_a_changed_body_under_the_same_key_is_refused(self, api: World) -> None:
        client = api.person("client")
        made(api, as_=client, key="same-key-1")
        reply = made(api, {"name": "药", "price_fen": 100}, as_=client, key="same-key-1")
        assert (reply.status, reply.code) == (422, "idempotency_key_reused")
        assert find(Thing, "THING", "药") is None

    def test_two_callers_may_use_the_same_key(self, api: World) -> None:
        made(api, key="same-key-1")
        assert made(api, {"name": "药", "price_fen": 1}, key="same-key-1").status == 201

    def test_an_act_that_fails_keeps_no_answer(self, api: World) -> None:
        made(api)
        client = api.person("client")
        assert made(api, as_=client, key="same-key-2").code == "name_taken"
        assert made(api, {"name": "药", "price_fen": 1}, as_=client, key="same-key-2").status == 201


class TestVersions:
    def test_an_answer_carries_its_version_as_etag_and_is_304_when_unchanged(self, api: World) -> None:
        client = api.person("client")
        reply = api.get("/things/x", as_=client)
        assert reply.headers["ETag"] == '"7"'
        assert api.get("/things/x", as_=client, headers={"If-None-Match": '"7"'}).status == 304

    def test_an_update_needs_the_version_that_was_seen(self, api: World) -> None:
        client = api.person("client")
        body = {"name": "a", "price_fen": 1}
        assert api.put("/things/x", body, as_=client).status == 428
        assert api.put("/things/x", body, version=6, as_=client).code == "version_mismatch"
        assert api.put("/things/x", body, version=7, as_=client).status == 200


def test_a_cursor_carries_a_place_and_nothing_else() -> None:
    assert decode_cursor(encode_cursor("2026#药") or "") == "2026#药"
    assert decode_cursor("") is None
    with pytest.raises(Invalid):
        decode_cursor("_w")
