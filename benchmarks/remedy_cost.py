"""What a claim and a complaint cost, from the first word to the last: calls, workflow transitions, units, US$.

Each is played through the API in its rooms: a claim with a document, decided and paid by the insurer; a complaint that
an agent decides with a part refund, carried out and accepted. Notices and WeChat's content check are not counted.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

_KEPT_FOREVER_S = 1e9
LIMITS = {"claim": (40, 100, 0.00016), "complaint": (60, 175, 0.0007)}
"""Read units, write units and US$ at most; of a complaint three quarters are transitions of its workflow."""


def measure(*, quick: bool) -> dict[str, Any]:
    """Both, act by act; `quick` changes nothing, for it takes seconds."""
    return {"claim": _played(_claim), "complaint": _played(_complaint)}


def _played(begin: Callable[[ExitStack, Path], tuple[Any, Callable[[], None]]]) -> dict[str, Any]:
    from benchmarks.cost import Played, order_cost
    from benchmarks.meter import Meter
    from benchmarks.town import metered_handle
    from functions.shared import table
    from functions.shared.consumer import Subscriptions

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world, play = begin(stack, folder)
        meter = stack.enter_context(Meter().running())
        stack.enter_context(patch.object(table, "_KEEP_S", _KEPT_FOREVER_S))
        stack.enter_context(patch.object(Subscriptions, "handle", metered_handle(meter)))
        with _counted(world, meter):
            play()
        acts = list(meter.acts)
    walked = sum(len(each.walked) for each in world.workflows.executions.values())
    requests = sum(act.kind == "request" for act in acts)
    events = sum(act.kind == "event" for act in acts)
    cost = order_cost(
        Played(
            acts=acts,
            http_requests=requests,
            authorizer_calls=3,
            events=events,
            timers=2,
            socket_minutes=0,
            workflow_transitions=walked,
        ),
        [],
    )
    return {
        "requests": requests,
        "events": events,
        "transitions": walked,
        "calls": sum(len(act.store_calls) for act in acts),
        "rru": sum(act.units.read for act in acts),
        "wru": sum(act.units.write for act in acts),
        "usd": cost["usd"],
    }


def _claim(stack: ExitStack, folder: Path) -> tuple[Any, Callable[[], None]]:
    from tests.harness.world import open_world
    from tests.insurance.claim_makers import insured_case
    from tests.insurance.makers import open_desk

    desk = stack.enter_context(open_desk(stack.enter_context(open_world()), folder))
    host = urlsplit(desk.insurer.url).netloc
    stack.enter_context(patch.dict(os.environ, {"WEBHOOK_ALLOWED_HOSTS": host}))
    case = insured_case(desk)

    def play() -> None:
        case.draft()
        case.add_file()
        case.submit()
        case.says("acknowledgement")
        case.approve(9_000)
        assert case.says("payment", amount_fen=9_000, reference="PAY1").body["state"] == "paid"

    return desk.world, play


def _complaint(stack: ExitStack, folder: Path) -> tuple[Any, Callable[[], None]]:
    from infra.local.standins.keys import make_keys
    from tests.harness.world import open_world
    from tests.settlement.makers import open_till
    from tests.support.complaint_makers import completed_case, handed_to_agent

    keys, state = folder / "keys", folder / "state"
    state.mkdir()
    make_keys(keys)
    till = stack.enter_context(open_till(stack.enter_context(open_world()), keys, state))
    case = completed_case(till)

    def play() -> None:
        handed_to_agent(case)
        case.decide("refund", 3_000)
        case.accept()
        assert case.state() == "closed"

    return till.world, play


@contextmanager
def _counted(world: Any, meter: Any) -> Iterator[None]:
    """Each request is an act."""
    original = world.request

    def request(method: str, path: str, *arguments: Any, **options: Any) -> Any:
        with meter.act(f"{method} {path}", kind="request", room=_room_of(path)):
            return original(method, path, *arguments, **options)

    with patch.object(world, "request", request):
        yield
        world.deliver()


def _room_of(path: str) -> str:
    return "insurance" if "claim" in path else "support"


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """Exact."""
    checks = []
    for name, limits in LIMITS.items():
        values = (found[name]["rru"], found[name]["wru"], found[name]["usd"])
        for unit, limit, value in zip(("rru", "wru", "US$"), limits, values, strict=True):
            checks.append(Verdict(f"remedy_cost: {unit} of a {name}", limit, value, is_exact=True))
    return checks


def text(found: dict[str, Any]) -> str:
    """A row for each."""
    rows = [
        (
            name,
            each["requests"],
            each["events"],
            each["transitions"],
            each["calls"],
            f"{each['rru']:g}",
            f"{each['wru']:g}",
            each["usd"],
        )
        for name, each in found.items()
    ]
    header = ("", "requests", "events", "transitions", "store calls", "rru", "wru", "US$")
    return text_table("A claim and a complaint, from the first word to the last", header, rows)
