"""Everything that a POST of booking may be sent and must refuse, changing nothing."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.shared import aws
from functions.shared.config import config
from tests.booking.makers import STARTS_AT, Town
from tests.harness.world import Person, Reply

QUOTE_FIELDS: tuple[tuple[str, Any, int, str], ...] = (
    ("patient_id", None, 400, "invalid_request"),
    ("patient_id", 7, 400, "invalid_request"),
    ("patient_id", "pat_00000000000000000000000000", 404, "not_found"),
    ("patient_id", "x" * 65, 400, "invalid_request"),
    ("hospital_id", "hos_none", 404, "not_found"),
    ("department_id", "none", 404, "not_found"),
    ("condition_type", "flu", 400, "invalid_request"),
    ("condition_type", "", 400, "invalid_request"),
    ("condition_type", 5, 400, "invalid_request"),
    ("condition_type", ["prenatal"], 400, "invalid_request"),
    ("package_id", "none", 400, "invalid_request"),
    ("package_id", "", 400, "invalid_request"),
    ("starts_at", "2026-03-04", 400, "invalid_request"),
    ("starts_at", "2026-03-04T09:00:00", 400, "invalid_request"),
    ("starts_at", "2026-03-04T09:10:00+08:00", 400, "invalid_request"),
    ("starts_at", "2020-03-04T09:00:00+08:00", 400, "invalid_request"),
    ("starts_at", "2026-03-02T10:00:00+08:00", 400, "invalid_request"),
    ("starts_at", "2026-07-04T09:00:00+08:00", 400, "invalid_request"),
    ("starts_at", "9999-12-31T23:30:00-08:00", 400, "invalid_request"),
    ("starts_at", "0001-01-01T00:00:00+08:00", 400, "invalid_request"),
    ("starts_at", -1, 400, "invalid_request"),
    ("starts_at", 10**30, 400, "invalid_request"),
    ("special_requests", "wheelchair", 400, "invalid_request"),
    ("special_requests", ["unknown"], 400, "invalid_request"),
    ("special_requests", ["wheelchair", "wheelchair"], 400, "invalid_request"),
    ("special_requests", [f"r{n}" for n in range(21)], 400, "invalid_request"),
    ("insurance", "yes", 400, "invalid_request"),
    ("insurance", 1, 400, "invalid_request"),
    ("note", "", 400, "invalid_request"),
    ("note", "x" * 501, 400, "invalid_request"),
    ("total_fen", 1, 400, "invalid_request"),
    ("total_fen", 1.5, 400, "invalid_request"),
)
ORDER_FIELDS: tuple[tuple[str, Any, int, str], ...] = (
    ("quote_id", None, 400, "invalid_request"),
    ("quote_id", "quo_00000000000000000000000000", 404, "not_found"),
    ("quote_id", "quo_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", 404, "not_found"),
    ("quote_id", "x" * 65, 400, "invalid_request"),
    ("companion_id", 1, 400, "invalid_request"),
    ("companion_id", "acc_nobody", 404, "not_found"),
    ("wanted", {"gender": "other"}, 400, "invalid_request"),
    ("wanted", {"gender": "male"}, 409, "companion_unavailable"),
    ("wanted", {"age": 3}, 400, "invalid_request"),
    ("total_fen", 0.01, 400, "invalid_request"),
)
DECLINE_FIELDS: tuple[tuple[str, Any, int, str], ...] = (
    ("reason", None, 400, "invalid_request"),
    ("reason", "", 400, "invalid_request"),
    ("reason", "   ", 400, "invalid_request"),
    ("reason", "busy", 400, "invalid_request"),
    ("reason", "other", 400, "invalid_request"),
    ("note", "x" * 201, 400, "invalid_request"),
    ("note", None, 400, "invalid_request"),
    ("reason", 5, 400, "invalid_request"),
    ("until", "x", 400, "invalid_request"),
)


def stored() -> list[Any]:
    """Everything in booking's table and the outbox."""
    client = aws.client("dynamodb")
    items = [client.scan(TableName=config().table_name(name))["Items"] for name in ("booking", "outbox")]
    return sorted(str(item) for found in items for item in found)


def refused(send: Callable[[], Reply], status: int, code: str) -> None:
    """The right problem document, and nothing changed."""
    before = stored()
    reply = send()
    assert (reply.status, reply.code) == (status, code), reply.body
    assert "problem+json" in reply.headers["Content-Type"] and reply.body["title"]
    assert stored() == before


class Post:
    """One POST of booking with everything that it needs, ready to be spoiled."""

    def __init__(self, town: Town, name: str) -> None:
        self.town = town
        self.companion = town.companion()
        self.by: Person = town.client
        self.other_role: Person = self.companion
        self.body: dict[str, Any] | None = None
        if name == "quote":
            self.path, self.body = "/quotes", town.quote_body()
        elif name == "order":
            quote_id = town.quote()["quote_id"]
            self.path, self.body = "/orders", {"quote_id": quote_id, "companion_id": self.companion.subject}
        else:
            town.paid_order(self.companion)
            self.path = f"/offers/{town.open_offer(self.companion)}/{name}"
            self.by, self.other_role = self.companion, town.client
            self.body = {"reason": "time_conflict"} if name == "decline" else None

    def send(self, body: Any = ..., **options: Any) -> Reply:
        return self.town.world.post(self.path, self.body if body is ... else body, **{"as_": self.by} | options)


NAMES = ("quote", "order", "accept", "decline")


class TestEveryPost:
    @pytest.mark.parametrize("name", NAMES)
    def test_without_a_token_or_with_another_role(self, town: Town, name: str) -> None:
        post = Post(town, name)
        before = stored()
        assert post.send(as_=None).status == 401 and stored() == before  # the gateway's own words
        refused(lambda: post.send(as_=post.other_role), 403, "forbidden")
        for role in ("hospital", "insurer", "guest", "agent", "finance"):
            refused(lambda role=role: post.send(as_=town.world.person(role)), 403, "forbidden")  # type: ignore[misc]

    @pytest.mark.parametrize("name", NAMES)
    def test_without_a_key_or_with_a_bad_one(self, town: Town, name: str) -> None:
        post = Post(town, name)
        for key in ("", "short", "x" * 129, "white space"):
            refused(lambda key=key: post.send(key=key), 400, "invalid_request")  # type: ignore[misc]

    @pytest.mark.parametrize("name", NAMES)
    def test_a_repeated_key_replays_the_first_answer(self, town: Town, name: str) -> None:
        post, key = Post(town, name), uuid.uuid4().hex
        first = post.send(key=key)
        assert first.status < 300
        before = stored()
        again = post.send(key=key)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotency-Replayed"] == "true" and stored() == before

    @pytest.mark.parametrize(
        ("name", "field", "value"),
        [("quote", "insurance", True), ("order", "wanted", {"first_aid": True}), ("decline", "reason", "too_far")],
    )
    def test_a_repeated_key_with_another_body(self, town: Town, name: str, field: str, value: Any) -> None:
        post, key = Post(town, name), uuid.uuid4().hex
        assert post.send(key=key).status < 300
        changed = {**(post.body or {}), field: value}
        refused(lambda: post.send(changed, key=key), 422, "idempotency_key_reused")

    @pytest.mark.parametrize("name", ["quote", "order", "decline"])
    def test_a_body_that_is_no_object(self, town: Town, name: str) -> None:
        post = Post(town, name)
        for raw in (b"", b"[]", b"null", b"{", b"\xff", b'"x"'):
            refused(lambda raw=raw: post.send(None, raw=raw), 400, "invalid_request")  # type: ignore[misc]
        large = b'{"note":"' + b"x" * 300_000 + b'"}'
        refused(lambda: post.send(None, raw=large), 413, "body_too_large")


@pytest.mark.parametrize(
    ("name", "fields"), [("quote", QUOTE_FIELDS), ("order", ORDER_FIELDS), ("decline", DECLINE_FIELDS)]
)
def test_every_field_is_checked(town: Town, name: str, fields: tuple[tuple[str, Any, int, str], ...]) -> None:
    post = Post(town, name)
    for field, value, status, code in fields:
        refused(lambda field=field, value=value: post.send({**(post.body or {}), field: value}), status, code)  # type: ignore[misc]


def test_the_field_is_named(town: Town) -> None:
    body = town.quote_body(starts_at="2026-03-04T09:10:00+08:00")
    reply = town.world.post("/quotes", body, as_=town.client)
    assert reply.body["errors"] == [{"field": "starts_at", "message": "开始时间应为每 30 分钟一档，例如 08:00、08:30"}]
    reply = town.world.post("/quotes", town.quote_body(special_requests=["magic"]), as_=town.client)
    assert reply.body["errors"] == [{"field": "special_requests", "message": "没有这个项目：magic"}]


class TestIllegalStates:
    def test_a_slot_or_a_quote_that_is_gone(self, town: Town) -> None:
        post = Post(town, "order")
        assert post.send().status == 201
        refused(post.send, 409, "quote_used")
        body = {**(post.body or {}), "quote_id": town.quote()["quote_id"]}
        refused(lambda: post.send(body), 409, "slot_taken")

    @pytest.mark.parametrize("name", ["accept", "decline"])
    def test_an_offer_that_is_over(self, town: Town, name: str) -> None:
        post = Post(town, name)
        town.world.travel.shift(timedelta(minutes=15))
        town.world.deliver()
        for timer in [each for each in town.world.timers.values() if each.kind == "offer_expires"]:
            town.world.fire(timer)
        post.by = town.world.renewed(post.by, "companion")
        refused(post.send, 409, "offer_closed")

    def test_a_visit_that_has_begun_meanwhile(self, town: Town) -> None:
        soon = (STARTS_AT - timedelta(days=2) + timedelta(hours=2)).isoformat()
        quote_id, companion = town.quote(starts_at=soon)["quote_id"], town.companion()
        town.world.travel.shift(timedelta(hours=2))
        town.client = town.world.renewed(town.client, "client")
        body = {"quote_id": quote_id, "companion_id": companion.subject}
        refused(lambda: town.world.post("/orders", body, as_=town.client), 409, "quote_expired")
