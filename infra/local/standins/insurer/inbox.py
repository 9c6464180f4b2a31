"""The insurer's letter box: signed events, each kept once however often it comes."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.standins.journal import Journal, Record


class Inbox:
    """The insurer's received events, one per webhook id."""

    def __init__(self, journal: Journal, secret: str, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._webhook = Webhook(secret)
        self._clock = clock
        self._lock = threading.Lock()
        self._faults: list[dict[str, Any]] = []

    def misbehave(self, *, status: int, delay_s: float, times: int) -> None:
        """Answer the next `times` deliveries wrongly."""
        with self._lock:
            self._faults += [{"status": status, "delay_s": delay_s}] * times

    def behave(self) -> None:
        with self._lock:
            self._faults.clear()

    def receive(self, headers: dict[str, str], body: bytes) -> tuple[int, Record]:
        """One delivery: the status and content of its answer."""
        with self._lock:
            fault = self._faults.pop(0) if self._faults else {"status": 0, "delay_s": 0}
        time.sleep(fault["delay_s"])
        webhook_id = headers.get("webhook-id", "")
        if fault["status"]:
            self._journal.note("webhook", id=webhook_id, status=fault["status"], reason="有意出错")
            return fault["status"], {"message": "有意出错"}
        try:
            content = self._webhook.verify(body, headers)
        except json.JSONDecodeError:
            return self._refused(webhook_id, 400, "内容不是 JSON")
        except (WebhookVerificationError, ValueError):
            return self._refused(webhook_id, 401, "签名或时间不正确")
        if not isinstance(content, dict):
            return self._refused(webhook_id, 400, "内容不是 JSON 对象")
        return 200, {"received": True, "duplicate": self._store(webhook_id, content)}

    def find(self, webhook_id: str) -> Record | None:
        """A verified event by its id."""
        return self._journal.get("event", webhook_id)

    def events(self) -> list[Record]:
        """Verified events, newest first."""
        return self._journal.all("event")[::-1]

    def _store(self, webhook_id: str, content: Record) -> bool:
        """Keep the event; whether it had come before."""
        with self._lock:
            known = self._journal.get("event", webhook_id)
            event = known or {
                "id": webhook_id,
                "type": content.get("type", ""),
                "data": content.get("data", content),
                "received_at": self._clock().isoformat(timespec="milliseconds"),
                "deliveries": 0,
            }
            event["deliveries"] += 1
            self._journal.put("event", webhook_id, event)
        self._journal.note("webhook", id=webhook_id, status=200, duplicate=known is not None)
        return known is not None

    def _refused(self, webhook_id: str, status: int, reason: str) -> tuple[int, Record]:
        self._journal.note("webhook", id=webhook_id, status=status, reason=reason)
        return status, {"message": reason}
