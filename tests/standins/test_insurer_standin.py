"""What the insurer stand-in promises to a sender of Standard Webhooks."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook
from urllib3 import PoolManager

from tests.standins.servers import Standin

pytest_plugins = ["tests.standins.fixtures"]


def deliver(
    standin: Standin,
    *,
    body: str = '{"type":"claim.notice.opened","data":{"claim_id":"clm_1"}}',
    webhook_id: str = "evt_1",
    at: datetime | None = None,
    secret: str | None = None,
) -> tuple[int, dict[str, Any]]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret or standin.keys.webhook_secret).sign(webhook_id, at, body)
    headers = {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": signature,
        "Content-Type": "application/json",
    }
    answer = PoolManager(retries=False).request("POST", f"{standin.url}/webhooks", body=body, headers=headers)
    content: dict[str, Any] = answer.json()
    return answer.status, content


def events(standin: Standin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = standin.read("/_control/events")["events"]
    return found


def test_a_signed_event_is_kept(insurer_standin: Standin) -> None:
    assert deliver(insurer_standin) == (200, {"received": True, "duplicate": False})
    [event] = events(insurer_standin)
    assert (event["id"], event["type"], event["data"]) == ("evt_1", "claim.notice.opened", {"claim_id": "clm_1"})


def test_the_same_event_again_is_accepted_and_counted_once(insurer_standin: Standin) -> None:
    deliver(insurer_standin)
    assert deliver(insurer_standin) == (200, {"received": True, "duplicate": True})
    assert [event["deliveries"] for event in events(insurer_standin)] == [2]


def test_an_event_signed_with_another_secret_is_refused(insurer_standin: Standin) -> None:
    assert deliver(insurer_standin, secret="whsec_c2VjcmV0")[0] == 401
    assert events(insurer_standin) == []


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_event_signed_more_than_five_minutes_away_is_refused(insurer_standin: Standin, minutes: int) -> None:
    assert deliver(insurer_standin, at=datetime.now(UTC) + timedelta(minutes=minutes))[0] == 401


@pytest.mark.parametrize("body", ["not json", "[]"])
def test_signed_content_that_is_no_event_is_refused(insurer_standin: Standin, body: str) -> None:
    assert deliver(insurer_standin, body=body)[0] == 400


@pytest.mark.parametrize("headers", [{}, {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1"}])
def test_strange_headers_are_refused(insurer_standin: Standin, headers: dict[str, str]) -> None:
    answer = PoolManager().request("POST", f"{insurer_standin.url}/webhooks", body=b"\xff", headers=headers)
    assert answer.status == 401


@pytest.mark.parametrize("status", [500, 410])
def test_it_fails_as_often_as_it_was_told(insurer_standin: Standin, status: int) -> None:
    insurer_standin.control("misbehave", status=status, times=2)
    assert [deliver(insurer_standin)[0] for _ in range(3)] == [status, status, 200]


def test_the_page_shows_kept_events_and_refused_deliveries(insurer_standin: Standin) -> None:
    deliver(insurer_standin)
    deliver(insurer_standin, webhook_id="evt_2", secret="whsec_c2VjcmV0")
    page = PoolManager().request("GET", f"{insurer_standin.url}/").data.decode()
    assert "claim.notice.opened" in page
    assert "签名或时间不正确" in page


def test_the_log_is_json(insurer_standin: Standin) -> None:
    deliver(insurer_standin)
    assert json.dumps(insurer_standin.read("/_log")["entries"][0]["id"]) == '"evt_1"'
