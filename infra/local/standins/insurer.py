"""A stand-in for an insurer that takes our webhooks (https://www.standardwebhooks.com/).

POST /webhooks            200 {"received": true, "duplicate": bool} | 401 if the signature or its time does not
                          hold | 400 if the content is not a JSON object
POST /_control/misbehave  {"status"?, "delay_s"?, "times"?}: the next `times` (1) deliveries are answered so,
                          without being looked at
POST /_control/behave     {} forgets that
GET  /_control/events     {"events": [{"id", "type", "data", "received_at", "deliveries"}]}, newest first
"""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import Flask, Response, jsonify, request
from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.standins.journal import Journal, Record
from infra.local.standins.page import Card, Section, local_time, render
from infra.local.standins.serving import control_body, count_of, seconds_of, with_common_routes

SHOWN: Final = 50


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


def create_app(journal: Journal, secret: str, clock: Callable[[], datetime]) -> Flask:
    """The stand-in as a Flask application; `secret` is the `whsec_…` that it shares with us."""
    app = Flask(__name__)
    inbox = Inbox(journal, secret, clock)
    with_common_routes(app, journal)

    @app.post("/webhooks")
    def receive() -> tuple[Response, int]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, content = inbox.receive(headers, request.get_data())
        return jsonify(content), status

    @app.post("/_control/misbehave")
    def misbehave() -> Response:
        body = control_body(("status", "delay_s", "times"))
        inbox.misbehave(
            status=count_of(body, "status", 0), delay_s=seconds_of(body, "delay_s"), times=count_of(body, "times", 1)
        )
        return jsonify({})

    @app.post("/_control/behave")
    def behave() -> Response:
        control_body(())
        inbox.behave()
        return jsonify({})

    @app.get("/_control/events")
    def events() -> Response:
        return jsonify({"events": inbox.events()})

    @app.get("/")
    def page() -> str:
        return render("保险公司（替身）", "接收理赔协作事件，仅供本机测试", _sections(inbox, journal))

    return app


def _sections(inbox: Inbox, journal: Journal) -> list[Section]:
    events = [
        Card(
            title=event["type"] or "未注明类型",
            badge="已验签" if event["deliveries"] == 1 else f"已验签，收到 {event['deliveries']} 次",
            tone="good",
            lines=[
                ("编号", event["id"]),
                ("时间", local_time(event["received_at"])),
                ("内容", json.dumps(event["data"], ensure_ascii=False)),
            ],
        )
        for event in inbox.events()[:SHOWN]
    ]
    failed = [
        Card(
            title=entry["reason"],
            badge=str(entry["status"]),
            tone="bad",
            lines=[("编号", entry["id"] or "没有编号"), ("时间", local_time(entry["at"]))],
        )
        for entry in journal.log()
        if entry["status"] != 200
    ]
    return [
        Section("事件", "还没有收到事件", events),
        Section("未通过的投递", "没有未通过的投递", failed[:SHOWN]),
    ]
