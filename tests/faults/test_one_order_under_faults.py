"""The order of the tour, with the network and the bus at their worst: the same story, the same money."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from functions.settlement import ledger_check
from infra.local import demo
from infra.local.demo_stage import Stage
from tests.harness.world import World


def test_every_commit_whose_answer_is_lost_and_which_is_sent_again_counts_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK repeats a transaction that it heard nothing of. (moto does not know DynamoDB's own request token.)"""
    original = Connection._make_api_call
    repeated: list[str] = []

    def commits_unheard(self: Connection, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "TransactWriteItems" and _has_marker(arguments):
            repeated.append(operation)
            original(self, operation, arguments)
        return original(self, operation, arguments)

    monkeypatch.setattr(Connection, "_make_api_call", commits_unheard)
    order = demo.play_order(stage)
    assert order.total_fen == 32_500
    assert len(repeated) > 30
    assert ledger_check.main() == 0


def test_every_event_and_every_timer_that_comes_twice_counts_once(
    stage: Stage, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver, fire = world.hand_over, world.fire

    def twice(act: Any) -> Any:
        return lambda subject: (act(subject), act(subject))

    monkeypatch.setattr(world, "hand_over", twice(deliver))
    monkeypatch.setattr(world, "fire", twice(fire))
    order = demo.play_order(stage)
    assert order.total_fen == 32_500
    assert ledger_check.main() == 0


def _has_marker(arguments: dict[str, Any]) -> bool:
    first = arguments["TransactItems"][0].get("Put", {})
    return str(first.get("Item", {}).get("pk", {}).get("S", "")).startswith("ONCE#")
