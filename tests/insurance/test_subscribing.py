"""Insurers look after their own endpoints: secrets that change without a gap, a log, what is sent again (B13)."""

import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from functions.insurance.rules.deliveries import judge, numbered
from functions.insurance.rules.thresholds import Thresholds
from functions.shared import clock
from functions.shared.endpoints import Attempt
from functions.shared.webhooks import _seconds
from tests.harness.world import Person, Reply
from tests.insurance.makers import INSURER, Desk
from tests.insurance.test_webhooks import issued

pytestmark = pytest.mark.feature("B13")
ALL = ["policy.issued", "policy.surrendered"]


def insurer(desk: Desk, subject: str = INSURER) -> Person:
    return desk.world.person("insurer", subject=subject)


def register(desk: Desk, **changed: Any) -> Reply:
    body = {"url": f"{desk.insurer.url}/webhooks", "event_types": ALL} | changed
    return desk.world.post("/insurer/endpoints", body, as_=insurer(desk), key="")


def registered(desk: Desk, **changed: Any) -> tuple[str, str]:
    """An endpoint whose server takes everything; its secret is not the stand-in's."""
    desk.insurer.answers = desk.insurer.answers or [200] * 100
    reply = register(desk, **changed)
    assert reply.status == 201, reply.body
    return reply.body["endpoint"]["endpoint_id"], reply.body["secret"]


def log(desk: Desk, endpoint_id: str, query: str = "") -> dict[str, Any]:
    since, until = clock.now() - timedelta(days=30), clock.now() + timedelta(seconds=1)
    times = "&".join(f"{name}={at:%Y-%m-%dT%H:%M:%SZ}" for name, at in (("since", since), ("until", until)))
    reply = desk.world.get(f"/insurer/deliveries?endpoint_id={endpoint_id}&{times}{query}", as_=insurer(desk))
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


def verifies(secret: str, seen: tuple[dict[str, str], bytes]) -> bool:
    headers, body = seen
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


class TestEndpoints:
    def test_one_is_registered_and_told_what_it_asked_for_in_order(self, desk: Desk) -> None:
        endpoint_id, secret = registered(desk)
        issued(desk)
        issued(desk)
        assert [verifies(secret, seen) for seen in desk.insurer.seen] == [True, True]
        items = log(desk, endpoint_id)["items"]
        assert ['"sequence":1' in each["body"] for each in items] == [True, False]
        assert '"sequence":2' in items[1]["body"]
        (listed,) = desk.world.get("/insurer/endpoints", as_=insurer(desk)).body["items"]
        assert (listed["sequence"], "secret" in listed) == (2, False)

    def test_a_new_secret_signs_beside_the_old_one_for_a_day(self, desk: Desk) -> None:
        endpoint_id, old = registered(desk)
        path = f"/insurer/endpoints/{endpoint_id}/secrets"
        new = desk.world.post(path, as_=insurer(desk), key="").body["secret"]
        issued(desk)
        assert (verifies(old, desk.insurer.seen[0]), verifies(new, desk.insurer.seen[0])) == (True, True)
        desk.world.advance(days=1, seconds=1)
        issued(desk)
        assert (verifies(old, desk.insurer.seen[-1]), verifies(new, desk.insurer.seen[-1])) == (False, True)

    def test_a_test_message_says_nothing(self, desk: Desk) -> None:
        endpoint_id, secret = registered(desk)
        sent = desk.world.post(f"/insurer/endpoints/{endpoint_id}/test-events", as_=insurer(desk))
        desk.world.deliver()
        assert (sent.status, verifies(secret, desk.insurer.seen[0])) == (201, True)
        (item,) = log(desk, endpoint_id)["items"]
        assert (item["event_type"], item["delivery_id"]) == ("endpoint.test", sent.body["delivery_id"])

    def test_one_that_took_nothing_for_five_days_is_disabled_until_it_is_changed(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        desk.insurer.answers = [500] * 100
        for _ in range(6):
            issued(desk)
            desk.world.advance(days=1)
        (disabled,) = desk.world.events("webhook.endpoint_disabled")
        assert disabled["endpoint_id"] == endpoint_id
        (listed,) = desk.world.get("/insurer/endpoints", as_=insurer(desk)).body["items"]
        assert listed["disabled_at"] is not None
        desk.insurer.answers = [200]
        body = {"url": listed["url"], "event_types": ALL}
        path = f"/insurer/endpoints/{endpoint_id}"
        changed = desk.world.put(path, body, as_=insurer(desk), version=listed["version"])
        assert (changed.status, changed.body["disabled_at"], changed.body["failing_since"]) == (200, None, None)
        seen = len(desk.insurer.seen)
        issued(desk)
        assert len(desk.insurer.seen) == seen + 1

    def test_what_still_listens_hears_of_one_that_was_disabled(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        listening, _ = registered(desk, event_types=["endpoint.disabled"])
        desk.insurer.answers = [410, 200]
        issued(desk)
        (item,) = log(desk, listening)["items"]
        said = json.loads(item["body"])
        assert (item["event_type"], said["data"]) == ("endpoint.disabled", {"endpoint_id": endpoint_id})
        assert item["state"] == "delivered"
        assert log(desk, endpoint_id)["items"][-1]["event_type"] == "policy.issued", "it is not told of itself"

    def test_one_that_is_removed_is_told_nothing(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        assert desk.world.delete(f"/insurer/endpoints/{endpoint_id}", as_=insurer(desk)).status == 200
        issued(desk)
        assert desk.insurer.seen == []

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/hook",
            "https://user:pass@example.com/hook",
            "https://example.com/hook#part",
            "ftp://example.com/hook",
            "https:///hook",
            "https://exa mple.com/hook",
            "https://example.com/" + "x" * 500,
        ],
    )
    def test_an_address_that_we_would_not_call_is_refused(self, desk: Desk, url: str) -> None:
        assert register(desk, url=url).status == 400

    def test_so_many_and_no_more_and_only_known_messages(self, desk: Desk) -> None:
        assert register(desk, event_types=["order.paid"]).code == "invalid_request"
        assert register(desk, event_types=[]).code == "invalid_request"
        for _ in range(Thresholds().endpoints_per_insurer):
            registered(desk)
        assert register(desk).code == "too_many_endpoints"
        types = desk.world.get("/insurer/event-types", as_=insurer(desk)).body["items"]
        assert "claim.moved" in [each["event_type"] for each in types]

    def test_another_insurers_are_not_there(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        issued(desk)
        (delivery,) = desk.deliveries()
        other, world = insurer(desk, "ins_other"), desk.world
        body = {"url": "https://example.com/", "event_types": ALL}
        assert world.put(f"/insurer/endpoints/{endpoint_id}", body, as_=other, version=1).status == 404
        assert world.delete(f"/insurer/endpoints/{endpoint_id}", as_=other).status == 404
        assert world.post(f"/insurer/endpoints/{endpoint_id}/secrets", as_=other, key="").status == 404
        assert world.post(f"/insurer/endpoints/{endpoint_id}/test-events", as_=other).status == 404
        assert world.get(f"/insurer/deliveries/{delivery.delivery_id}", as_=other).status == 404
        assert world.post(f"/insurer/deliveries/{delivery.delivery_id}/replay", as_=other).status == 404
        assert world.get("/insurer/endpoints", as_=other).body["items"] == []
        assert world.get("/insurer/endpoints", as_=world.person("client")).status == 403
        assert world.get("/insurer/endpoints").status == 401


class TestAgain:
    def test_a_message_is_sent_again_with_the_same_id_and_bytes(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        desk.insurer.answers = [500] * 8 + [200]
        issued(desk)
        desk.world.advance(days=2)
        (item,) = log(desk, endpoint_id)["items"]
        assert (item["state"], len(item["attempts"])) == ("failed", 8)
        again = desk.world.post(f"/insurer/deliveries/{item['delivery_id']}/replay", as_=insurer(desk))
        assert again.body["state"] == "pending"
        desk.world.deliver()
        (item,) = log(desk, endpoint_id)["items"]
        assert (item["state"], len(item["attempts"])) == ("delivered", 9)
        assert len({body for _, body in desk.insurer.seen}) == 1

    def test_everything_of_a_time_is_sent_again_page_by_page(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        for _ in range(23):
            issued(desk)
        until = clock.now() + timedelta(seconds=1)
        desk.world.advance(minutes=5)
        issued(desk)
        seen = len(desk.insurer.seen)
        body = {"since": (until - timedelta(days=1)).isoformat(), "until": until.isoformat()}
        path = f"/insurer/endpoints/{endpoint_id}/replays"
        assert desk.world.post(path, body, as_=insurer(desk)).status == 200
        desk.world.deliver()
        assert len(desk.insurer.seen) == seen + 23
        assert len({headers["webhook-id"] for headers, _ in desk.insurer.seen}) == 24
        wrong = {"since": body["until"], "until": body["since"]}
        assert desk.world.post(path, wrong, as_=insurer(desk)).code == "invalid_request"

    def test_the_log_is_read_in_pages(self, desk: Desk) -> None:
        endpoint_id, _ = registered(desk)
        for _ in range(3):
            issued(desk)
        first = log(desk, endpoint_id, "&limit=2")
        rest = log(desk, endpoint_id, f"&limit=2&cursor={first['next_cursor']}")
        ids = [each["delivery_id"] for each in (*first["items"], *rest["items"])]
        assert (len(set(ids)), rest["next_cursor"]) == (3, None)


class TestRules:
    @pytest.mark.parametrize(
        ("status", "asked_s", "delay_s"), [(503, 600, 600), (429, 10**9, 86_400), (500, 600, 5), (503, 1, 5)]
    )
    def test_an_insurers_own_time_is_waited_for_within_bounds(self, status: int, asked_s: int, delay_s: int) -> None:
        thresholds = Thresholds(retry_jitter_bp=0)
        attempt = Attempt(clock.now(), status, retry_after_s=asked_s)
        verdict = judge("whd_1", (attempt,), thresholds)
        assert verdict.retry_at == attempt.at + timedelta(seconds=delay_s)

    def test_retry_after_is_a_number_or_a_date(self) -> None:
        now = clock.now().replace(microsecond=0)
        assert _seconds("120", now) == 120
        assert _seconds(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
        assert [_seconds(text, now) for text in (None, "", "soon", "-5", "1.5")] == [None] * 5

    def test_a_number_changes_nothing_else_of_a_message(self) -> None:
        assert numbered('{"type":"a","data":{"n":1}}', 7) == '{"type":"a","data":{"n":1},"sequence":7}'
