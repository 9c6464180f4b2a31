"""The complaint's workflow says what the room can do: every act a state, every call a step, every wait an end (F17)."""

from importlib import import_module
from typing import Any

import pytest

from functions.support.rules.complaints import Act
from infra.synth.project import read_workflows

COMPLAINT: dict[str, Any] = read_workflows()["complaint"]
STATES: dict[str, dict[str, Any]] = COMPLAINT["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
WAITS = {name: state for name, state in TASKS.items() if state["Resource"].endswith(".waitForTaskToken")}


def leads_to(state: dict[str, Any]) -> set[str]:
    """Where a state may go."""
    following = {state[key] for key in ("Next", "Default") if key in state}
    following |= {each["Next"] for key in ("Choices", "Catch") for each in state.get(key, ())}
    return following


def test_every_state_is_reached_and_reaches_an_end() -> None:
    def reached(first: str) -> set[str]:
        found, fresh = {first}, [first]
        while fresh:
            for name in leads_to(STATES[fresh.pop()]) - found:
                found.add(name)
                fresh.append(name)
        return found

    assert reached(COMPLAINT["StartAt"]) == set(STATES)
    ends = {name for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")}
    for name in STATES.keys() - ends:
        assert "Closed" in reached(name)


def test_every_act_of_a_complaint_has_a_state() -> None:
    choices = {each["StringEquals"]: each["Next"] for each in STATES["GoOn"]["Choices"]}
    assert set(choices) == {act.value for act in Act}


@pytest.mark.parametrize("name", TASKS)
def test_every_call_is_a_step_of_its_room_in_limited_time_and_tried_again(name: str) -> None:
    parameters = TASKS[name]["Parameters"]
    room = parameters["FunctionName"].removeprefix("${").removesuffix("Events.Arn}").lower()
    assert parameters["Payload"]["step"] in import_module(f"functions.{room}.triggers").bus.step_names
    assert TASKS[name]["TimeoutSeconds"] > 0
    assert TASKS[name]["Retry"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_ends_when_the_complaint_says_it_does_and_goes_on_the_same_way(name: str) -> None:
    state = WAITS[name]
    assert state["Parameters"]["Payload"]["due_in_s"] == state["TimeoutSeconds"]
    (caught,) = state["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.Timeout"], state["Next"])
    assert state["Retry"][0] == {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}


def test_the_sides_have_the_time_that_they_are_told() -> None:
    hours = {name: state["TimeoutSeconds"] / 3600 for name, state in WAITS.items()}
    assert hours == {
        "AskCompanion": 48,
        "AskCompanionSoon": 1,
        "AskAgent": 24,
        "AskAgentSoon": 2,
        "AwaitRemedy": 72,
        "AskClient": 72,
    }
