"""What a visit of two hours costs: three watchers on open sockets, 240 positions in batches of four, its milestones.

Tracking by itself, with 60 messages between client and companion: what other rooms do about a milestone (a notice) is
counted by `order_cost`, and what WeChat's content check takes is WeChat's. Calls and units are exact and the same in
every run; prices are those of `prices`.
"""

import os
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

MINUTES, PER_UPLOAD, UPLOAD_MIN, PING_MIN, RENEW_MIN = 120, 4, 2, 8, 10
POINTS = MINUTES // UPLOAD_MIN * PER_UPLOAD
MESSAGES = MINUTES // UPLOAD_MIN
STEPS = {0: ("departed",), 30: ("arrived", "registering"), 60: ("examining",), 118: ("ended",)}
_KEPT_FOREVER_S = 1e9
READ_UNITS, WRITE_UNITS, USD = 1700, 2200, 0.0035
"""Of the whole visit, at most."""


def measure(*, quick: bool) -> dict[str, Any]:
    """The whole visit, act by act; `quick` changes nothing, for it takes seconds."""
    from benchmarks.cost import Played, order_cost
    from benchmarks.meter import Meter
    from benchmarks.prices import AUTHORIZER_CACHE_S
    from benchmarks.town import metered_handle
    from functions.shared import table
    from functions.shared.consumer import Subscriptions
    from tests.harness.world import open_world
    from tests.tracking.makers import visit_scene
    from tests.tracking.sockets_server import serve_sockets

    with ExitStack() as stack:
        sockets = stack.enter_context(serve_sockets())
        stack.enter_context(patch.dict(os.environ, {"LIVE_ENDPOINT": sockets.url}))
        world = stack.enter_context(open_world())
        world.rooms = ("tracking",)
        meter = stack.enter_context(Meter().running())
        stack.enter_context(patch.object(table, "_KEEP_S", _KEPT_FOREVER_S))
        stack.enter_context(patch.object(Subscriptions, "handle", metered_handle(meter)))
        visit = visit_scene(world)
        meter.acts.clear()
        events = len(world.delivered)
        played = _Visit(visit, meter)
        played.play()
        acts = list(meter.acts)
        told = len(world.delivered) - events
    requests = sum(act.kind == "request" for act in acts)
    cost = order_cost(
        Played(
            acts=acts,
            http_requests=requests,
            authorizer_calls=MINUTES * 60 // AUTHORIZER_CACHE_S,
            events=told,
            timers=played.said,
            socket_minutes=3 * MINUTES,
        ),
        [],
    )
    assert played.accepted == POINTS, f"{played.accepted} of {POINTS} positions were kept"
    return {
        "points": played.accepted,
        "messages": played.said,
        "watchers": len(played.watchers),
        "requests": requests,
        "calls": sum(len(act.store_calls) for act in acts),
        "rru": sum(act.units.read for act in acts),
        "wru": sum(act.units.write for act in acts),
        "pushes": sum(act.aws_calls["apigatewaymanagementapi.PostToConnection"] for act in acts),
        "usd": cost["usd"],
        "usd_by": cost["usd_by"],
        "acts": _by_name(acts),
    }


class _Visit:
    """The visit while it is played: a client and two family members follow it."""

    def __init__(self, visit: Any, meter: Any) -> None:
        self._visit, self._meter = visit, meter
        self.accepted = self.said = 0
        self._checked = 0
        family = [visit.guest("progress", "position", "chat") for _ in range(2)]
        self.watchers = {f"L0SM9cOF{number}vHcCIhw=": person for number, person in enumerate([visit.client, *family])}

    def play(self) -> None:
        for connection_id, person in self.watchers.items():
            self._socket("$connect", connection_id, queryStringParameters={"token": person.token})
            self._say(connection_id, action="subscribe", visit_id=self._visit.visit_id)
        for minute in range(0, MINUTES, UPLOAD_MIN):
            self._keep_alive(minute)
            if minute == 0:
                self._steps(minute)
            self._upload(minute)
            if minute:
                self._steps(minute)
            self._talk(minute)
            self._visit.world.deliver()
            self._visit.world.advance(minutes=UPLOAD_MIN)

    def _talk(self, minute: int) -> None:
        """A message, from client and companion in turn, and the content check's word for it."""
        from functions.accounts.events import ContentChecked

        sender = self._visit.companion if self.said % 2 else self._visit.client
        body = {"message_id": f"message-{self.said:04d}", "kind": "text", "text": f"第 {minute} 分钟，一切都好。"}
        with self._meter.act("POST /visits/{visit_id}/messages", kind="request", room="tracking"):
            reply = self._visit.world.post(f"{self._visit.path}/messages", body, as_=sender, key="")
        assert reply.status == 201, reply.body
        self.said += 1
        self._visit.world.deliver()
        for event in self._visit.world.events("visit.message_written")[self._checked :]:
            self._checked += 1
            checked = ContentChecked(subject=event["subject"], part="message", revision=1, verdict="pass")
            self._visit.world.publish(checked)

    def _keep_alive(self, minute: int) -> None:
        if minute and minute % RENEW_MIN == 0:
            self._visit.renew()
            for connection_id, person in self.watchers.items():
                self._say(connection_id, action="renew", token=self._newer(person).token)
        if minute and minute % PING_MIN == 0:
            for connection_id in self.watchers:
                self._say(connection_id, action="ping")

    def _newer(self, person: Any) -> Any:
        if person.subject == self._visit.client.subject:
            return self._visit.client
        scopes = ["progress", "position", "chat"]
        return self._visit.world.person("guest", subject=person.subject, order_id=self._visit.order_id, scopes=scopes)

    def _steps(self, minute: int) -> None:
        for code in STEPS.get(minute, ()):
            if code in ("arrived", "ended"):
                with self._meter.act("POST /visits/{visit_id}/check-ins", kind="request", room="tracking"):
                    assert self._visit.check_in(code).body["result"] == "accepted"
            with self._meter.act("POST /visits/{visit_id}/milestones", kind="request", room="tracking"):
                reply = self._visit.record(code)
            assert reply.status == 201, reply.body

    def _upload(self, minute: int) -> None:
        """Readings of the last two minutes: half an hour's way of nine kilometres, then within the hospital."""
        from functions.shared import clock
        from tests.tracking.makers import CAMPUS, point

        apart = UPLOAD_MIN * 60 // PER_UPLOAD
        points = []
        for number in range(PER_UPLOAD):
            at = clock.now() - timedelta(seconds=apart * number)
            left_min = max(0.0, 30 - (minute - apart * number / 60))
            points.append(point(lat=CAMPUS.lat + left_min * 300 / 111_195, at=at))
        with self._meter.act("POST /visits/{visit_id}/positions", kind="request", room="tracking"):
            reply = self._visit.send_positions(points)
        assert reply.status == 201, reply.body
        self.accepted += reply.body["accepted"]

    def _say(self, connection_id: str, **message: Any) -> None:
        import json

        self._socket("$default", connection_id, name=f"live {message['action']}", body=json.dumps(message))

    def _socket(self, route: str, connection_id: str, *, name: str = "", **more: Any) -> None:
        from functions.tracking.live import live

        context = {"routeKey": route, "connectionId": connection_id, "requestId": "bench"}
        with self._meter.act(name or f"live {route}", kind="socket", room="live"):
            status = live({"requestContext": context, **more}, None)["statusCode"]
        assert status == 200, (route, more, status)


def _by_name(acts: list[Any]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(act.name for act in acts)
    found: dict[str, dict[str, float]] = {}
    for name in names:
        same = [act for act in acts if act.name == name]
        found[name] = {
            "times": len(same),
            "calls": sum(len(act.store_calls) for act in same),
            "rru": sum(act.units.read for act in same),
            "wru": sum(act.units.write for act in same),
        }
    return found


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """Exact."""
    return [
        Verdict("visit_cost: rru", READ_UNITS, found["rru"], is_exact=True),
        Verdict("visit_cost: wru", WRITE_UNITS, found["wru"], is_exact=True),
        Verdict("visit_cost: US$", USD, found["usd"], is_exact=True),
    ]


def text(found: dict[str, Any]) -> str:
    """A row for each kind of act."""
    rows = [
        (name, act["times"], act["calls"], f"{act['rru']:g}", f"{act['wru']:g}") for name, act in found["acts"].items()
    ]
    rows.append(("together", "", found["calls"], f"{found['rru']:g}", f"{found['wru']:g}"))
    played = f"{found['watchers']} watchers, {found['points']} positions, {found['messages']} messages"
    title = f"A visit of two hours, {played}: US$ {found['usd']:.5f}, {found['pushes']} pushes"
    return text_table(title, ("act", "times", "store calls", "rru", "wru"), rows)
