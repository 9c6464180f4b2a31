"""What telling a thousand watchers of one visit costs: the writer's act, and the push that follows it.

The sockets are a server on loopback in the same process, so the milliseconds are of this machine; calls, units and
posts are exact and the same in every run.
"""

import os
import time
from contextlib import ExitStack
from datetime import timedelta
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

WATCHERS = {"quick": 250, "full": 1000}
STEPS = ("departed", "arrived", "registering", "examining")
_PER_QUERY = 200
READ_UNITS_PER_WATCHER = 0.2
WRITER_WRITE_UNITS = 12
_ROWS_PER_COMMIT = 90
_UNHURRIED_S = 300.0


def measure(*, quick: bool) -> dict[str, Any]:
    """Milestones of a visit that many follow; the same of a visit that nobody follows, for the writer."""
    from benchmarks.meter import Meter
    from benchmarks.town import metered_handle
    from functions.shared.consumer import Subscriptions
    from functions.tracking.gateways import sockets as gateway
    from tests.harness.world import open_world
    from tests.tracking.makers import visit_scene
    from tests.tracking.sockets_server import serve_sockets

    watchers = WATCHERS["quick" if quick else "full"]
    with ExitStack() as stack:
        sockets = stack.enter_context(serve_sockets())
        stack.enter_context(patch.dict(os.environ, {"LIVE_ENDPOINT": sockets.url}))
        # On a slow machine the deadlines would leave some watchers out, and the counts would not be exact.
        for deadline in ("BUDGET_S", "READ_TIMEOUT_S"):
            stack.enter_context(patch.object(gateway, deadline, _UNHURRIED_S))
        world = stack.enter_context(open_world())
        world.rooms = ("tracking",)
        meter = stack.enter_context(Meter().running())
        stack.enter_context(patch.object(Subscriptions, "handle", metered_handle(meter)))
        alone, followed = visit_scene(world), visit_scene(world)
        _fill(followed.visit_id, watchers)
        alone_acts, _ = _walk(alone, meter)
        acts, ms = _walk(followed, meter)
    posts = len(sockets.received) / len(STEPS)
    writer, push = ([act for act in acts if act.name == name][-1] for name in (_WRITER, _PUSH))
    unwatched = [act for act in alone_acts if act.name == _WRITER][-1]
    return {
        "watchers": watchers,
        "posts": posts,
        "reads": push.reads,
        "writes": push.writes,
        "rru": push.units.read,
        "wru": push.units.write,
        "ms": round(median(ms), 1),
        "writer": {"reads": writer.reads, "writes": writer.writes, "rru": writer.units.read, "wru": writer.units.write},
        "writer_unwatched_wru": unwatched.units.write,
    }


_WRITER = "POST /visits/{visit_id}/milestones"
_PUSH = "tracking ← visit.progressed"


def _fill(visit_id: str, number: int) -> None:
    from functions.shared import clock, ids
    from functions.shared.caller import Caller, Role
    from functions.shared.tx import Tx
    from functions.tracking import table
    from functions.tracking.rules.access import Standing

    def row(connection: int) -> table.Watcher:
        caller = Caller(ids.new("stf"), frozenset({Role.AGENT}))
        key = table.watcher_key(visit_id, f"L0SM9cOF{connection:05d}vHc=")
        watcher = table.Watcher(*key, caller=caller, standing=Standing.STAFF)
        watcher.expires_at = watcher.ttl = clock.now() + timedelta(hours=2)
        return watcher

    for first in range(0, number, _ROWS_PER_COMMIT):
        tx = Tx("tracking", now=clock.now(), correlation_id="bench")
        for connection in range(first, min(number, first + _ROWS_PER_COMMIT)):
            tx.insert(row(connection))
        tx.commit()


def _walk(visit: Any, meter: Any) -> tuple[list[Any], list[float]]:
    """The acts of the steps, and how many milliseconds each push took."""
    meter.acts.clear()
    took = []
    for code in STEPS:
        if code == "arrived":
            assert visit.check_in(code).body["result"] == "accepted"
            visit.world.deliver()
        with meter.act(_WRITER, kind="request", room="tracking"):
            reply = visit.record(code)
        assert reply.status == 201, reply.body
        begun = time.perf_counter()
        visit.world.deliver()
        took.append((time.perf_counter() - begun) * 1000)
    return list(meter.acts), took


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """All exact: everybody is told once, by a query for every 200, and the writer pays nothing for any of them."""
    most_reads = found["watchers"] // _PER_QUERY + 4
    return [
        Verdict("live: posts of one change per watcher", 1, found["posts"] / found["watchers"], is_exact=True),
        Verdict("live: reads of one push", most_reads, found["reads"], is_exact=True),
        Verdict("live: transactions of one push", 1, found["writes"], is_exact=True),
        Verdict("live: rru of one push per watcher", READ_UNITS_PER_WATCHER, found["rru"] / found["watchers"], True),
        Verdict("live: wru of the writer", WRITER_WRITE_UNITS, found["writer"]["wru"], is_exact=True),
        Verdict("live: wru of the writer beyond an unwatched visit's", 0, _beyond(found), is_exact=True),
    ]


def _beyond(found: dict[str, Any]) -> float:
    return float(found["writer"]["wru"] - found["writer_unwatched_wru"])


def text(found: dict[str, Any]) -> str:
    """The writer's act and the push, side by side."""
    writer = found["writer"]
    rows = [
        (_WRITER, writer["reads"], writer["writes"], f"{writer['rru']:g}", f"{writer['wru']:g}", "", ""),
        (_PUSH, found["reads"], found["writes"], f"{found['rru']:g}", f"{found['wru']:g}", found["posts"], found["ms"]),
    ]
    title = f"One change of a visit that {found['watchers']} sockets follow"
    return text_table(title, ("act", "reads", "writes", "rru", "wru", "posts", "ms here"), rows)
