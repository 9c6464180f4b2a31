"""What one order costs: everything that was metered while it was played, priced by the table in `prices`.

Waiting is assumed (prices.ASSUMED_MS), our own processor time is measured and stretched to the share of a processor
that a function's memory buys. Cold starts are left out: their share depends on traffic.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.meter import Act
from benchmarks.prices import AS_OF, ASSUMED_MS, FULL_VCPU_MB, LOG_BYTES_PER_INVOCATION, PRICES, REGION

_CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"
STAGE = "prod"


@dataclass(frozen=True)
class Played:
    """One order and what surrounded it."""

    acts: Sequence[Act]
    http_requests: int
    authorizer_calls: int
    events: int
    timers: int
    socket_minutes: float
    workflow_transitions: int = 0


def order_cost(played: Played, warmer: Sequence[Sequence[Act]]) -> dict[str, Any]:
    """Amounts and US$ of `played`; durations are medians over it and `warmer` plays of the same order."""
    own_ms = _own_ms([played.acts, *warmer])
    relays = sum(act.outbox_commits for act in played.acts)
    calls = [(act.room, _duration_ms(act, own_ms)) for act in played.acts]
    calls += [("authorizer", ASSUMED_MS["authorizer"])] * played.authorizer_calls
    calls += [("relay", ASSUMED_MS["relay"])] * relays
    units = [act.units for act in played.acts]
    aws_calls = sum((act.aws_calls for act in played.acts), Counter[str]())
    pushes = aws_calls["apigatewaymanagementapi.PostToConnection"]
    amounts = {
        "lambda_gb_s": sum(ms / 1000 * memory_mb(room) / 1024 for room, ms in calls),
        "lambda_requests": len(calls),
        "api_requests": played.http_requests,
        "websocket_messages": sum(act.kind == "socket" for act in played.acts) + pushes,
        "websocket_minutes": played.socket_minutes,
        "read_units": sum(each.read for each in units),
        "write_units": sum(each.write for each in units),
        "bus_events": played.events,
        "timers": played.timers,
        "log_bytes": len(calls) * LOG_BYTES_PER_INVOCATION,
        "kms_calls": sum(number for name, number in aws_calls.items() if name.startswith("kms.")),
        "workflow_transitions": played.workflow_transitions,
    }
    usd = {name: PRICES[name].of(amount) for name, amount in amounts.items()}
    return {
        "usd": round(sum(usd.values()), 6),
        "usd_by": {name: round(value, 8) for name, value in usd.items()},
        "amounts": {name: round(amount, 3) for name, amount in amounts.items()},
        "lambda_ms": round(sum(ms for _, ms in calls)),
        "outside_calls": sum(act.outside_calls for act in played.acts),
        "prices": {"as_of": AS_OF, "region": REGION},
    }


def memory_mb(function: str) -> int:
    """What `.chalice/config.json` gives the function in production."""
    settings = json.loads(_CONFIG.read_text(encoding="utf-8"))
    of_stage = settings["stages"].get(STAGE, {})
    own = [words.get("lambda_functions", {}).get(function, {}) for words in (of_stage, settings)]
    return next(int(word["lambda_memory_size"]) for word in (*own, of_stage, settings) if "lambda_memory_size" in word)


def _own_ms(plays: Sequence[Sequence[Act]]) -> dict[str, float]:
    by_name: dict[str, list[float]] = {}
    for acts in plays:
        for act in acts:
            by_name.setdefault(act.name, []).append(act.own_ms)
    return {name: median(values) for name, values in by_name.items()}


def _duration_ms(act: Act, own_ms: dict[str, float]) -> float:
    stretch = max(1.0, FULL_VCPU_MB / memory_mb(act.room))
    return (
        own_ms[act.name] * stretch
        + act.reads * ASSUMED_MS["store_read"]
        + act.writes * ASSUMED_MS["store_write"]
        + sum(act.aws_calls.values()) * ASSUMED_MS["aws_call"]
        + act.outside_calls * ASSUMED_MS["outside_call"]
    )
