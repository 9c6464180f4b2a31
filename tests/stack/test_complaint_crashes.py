"""Real Step Functions, an accident after each state of a complaint's walk: begun anew, nothing is paid twice (F17)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from infra.local import demo_complaint as play
from infra.local import demo_order, demo_scenes
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, Story
from infra.synth.project import read_workflows
from tests.stack.running import Stack
from tests.stack.walks import begin_anew, redefined, status_of

pytestmark = pytest.mark.feature("F17")
Acts = Mapping[str, Callable[[], None]]
"""What people have to do until a walk gets to a state."""
REFUNDED = [
    *("FreezeIncome", "GatherFacts", "AskCompanion", "Judge", "AskAgent", "GiveBack"),
    *("TakeForAccepted", "Look", "NoteDone", "ReleaseIncome", "Finish"),
]
CANCELLED = ["AskCompanionSoon", "AskAgentSoon", "CancelOrder"]
REASSIGNED = ["ReassignOrder", "AwaitRemedy", "AskClient"]
REFUSED = ["NoteRefused"]


@pytest.fixture
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


class Walk:
    """A complaint whose walk dies again and again, and is begun anew each time."""

    def __init__(self, stack: Stack, stage: Stage, order: Order, companion: Person) -> None:
        self.stack, self.stage, self.order, self.companion = stack, stage, order, companion
        self.path, self.run = "", 0

    def file(self, remedy: str) -> None:
        self.path = play.file(self.stage, self.order, "service", remedy)

    def contest(self) -> None:
        play.contest(self.stage, self.path, self.companion)

    def decide(self, outcome: str, agent: str = "agent", **more: Any) -> None:
        play.decide(self.stage, self.path, demo_order.sign_in_staff(self.stage, agent), outcome, **more)

    def say(self, what: str, body: dict[str, Any] | None = None) -> None:
        """The client, once this walk asks them: then there is a time by which they should."""
        token = self.order.client.token

        def asked() -> bool | None:
            return play.await_state(self.stage, self.path, "awaiting_client", token)["due_at"] is not None or None

        self.stage.wait_for(asked, "the client is not asked")
        play.post(self.stage, f"{self.path}/{what}", body, token)

    def dies(self, after: Sequence[str], acts: Acts) -> None:
        """An accident after each of these states in turn; the first act files the complaint."""
        for state in after:
            with redefined(self.stack, partial(_die_after, state)):
                if self.path:
                    begin_anew(self.stack, self.path)
                if state in acts:
                    acts[state]()
                self.run += 1
                self._await_status("FAILED", f"the walk did not die after {state}")

    def ends(self) -> list[str]:
        """Begun anew once more, nothing happens to it: the complaint ends; every line of its history."""
        begin_anew(self.stack, self.path)
        closed = play.await_state(self.stage, self.path, "closed", self.order.client.token)
        return [each["step"] for each in closed["history"]]

    def _await_status(self, status: str, missing: str) -> None:
        self.stage.wait_for(lambda: status_of(self.stack, self.path, run=self.run) == status or None, missing)


def _die_after(state: str, states: dict[str, Any]) -> None:
    states[state]["Next"] = "Accident"
    states["Accident"] = {"Type": "Fail", "Error": "Accident"}


def test_every_state_that_calls_something_is_among_the_accidents() -> None:
    calling = {name for name, state in read_workflows()["complaint"]["States"].items() if state["Type"] == "Task"}
    assert calling == {*REFUNDED, *CANCELLED, *REASSIGNED, *REFUSED}


def test_two_refunds_with_an_appeal_between_them_are_each_paid_once(stack: Stack, stage: Stage) -> None:
    walk = Walk(stack, stage, *demo_scenes.completed_order(stage))
    acts: Acts = {
        "FreezeIncome": lambda: walk.file("refund"),
        "AskCompanion": walk.contest,
        "AskAgent": lambda: walk.decide("refund", refund_fen=700),
        "TakeForAccepted": lambda: walk.say("appeal", {"text": "退得太少，请再核实一次。"}),
        "Look": lambda: walk.decide("refund", "agent2", refund_fen=300),
    }
    walk.dies(REFUNDED, acts)
    steps = walk.ends()
    assert (steps.count("executed"), steps.count("asked"), steps[-1]) == (2, 1, "finished")
    assert play.refunds_fen(stage, walk.order) == [300, 700]
    events = [each["event"] for each in demo_order.balanced_ledger(stage, walk.order)]
    assert events.count("refund_requested") == 2


def test_an_order_is_cancelled_once(stack: Stack, stage: Stage) -> None:
    walk = Walk(stack, stage, *demo_scenes.assigned_order(stage))

    def contested() -> None:
        walk.file("cancel")
        walk.contest()

    walk.dies(CANCELLED, {"AskCompanionSoon": contested, "AskAgentSoon": lambda: walk.decide("cancel")})
    begin_anew(stack, walk.path)
    walk.say("accept")
    assert walk.ends().count("executed") == 1
    assert play.refunds_fen(stage, walk.order) == [walk.order.total_fen]


def test_somebody_else_is_asked_once(stack: Stack, stage: Stage) -> None:
    walk = Walk(stack, stage, *demo_scenes.assigned_order(stage))

    def decided() -> None:
        walk.file("reassign")
        walk.contest()
        walk.decide("reassign")

    def taken() -> None:
        play.next_takes(stage, walk.order)

    walk.dies(REASSIGNED, {"ReassignOrder": decided, "AwaitRemedy": taken, "AskClient": lambda: walk.say("accept")})
    assert walk.ends().count("executed") == 1
    assert play.refunds_fen(stage, walk.order) == []


def test_what_cannot_be_done_is_decided_again(stack: Stack, stage: Stage) -> None:
    """The client cancelled the order themselves meanwhile: nothing goes back a second time."""
    walk = Walk(stack, stage, *demo_scenes.assigned_order(stage))

    def cancel_twice() -> None:
        walk.file("cancel")
        walk.contest()
        play.cancel(stage, walk.order)
        walk.decide("cancel")

    walk.dies(REFUSED, {"NoteRefused": cancel_twice})
    begin_anew(stack, walk.path)
    walk.decide("reject", "agent2")
    walk.say("accept")
    assert walk.ends().count("refused") == 1
    assert len(play.refunds_fen(stage, walk.order)) == 1
