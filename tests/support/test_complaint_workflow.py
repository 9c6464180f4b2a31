"""The complaint's walk under faults (F17): whatever fails, dies or is begun anew, nothing is paid twice or lost."""

from collections.abc import Callable

import pytest

from functions.support import actions
from functions.support.rules.policy import ComplaintPolicy, Policy
from infra.synth.project import read_workflows
from tests.settlement.conftest import till, till_keys
from tests.settlement.makers import Till, commit
from tests.support.complaint_makers import Case, completed_case

__all__ = ["till", "till_keys"]
pytest_plugins = ["tests.standins.fixtures"]
STATES = read_workflows()["complaint"]["States"]
WALKED = [
    *("FreezeIncome", "GatherFacts", "AskCompanion", "Judge", "AskAgent", "Look", "GiveBack", "NoteDone"),
    *("AskClient", "TakeForAccepted", "ReleaseIncome", "Finish"),
]
"""The states that call something when an agent gives a part back and the client accepts."""


@pytest.fixture
def case(till: Till) -> Case:
    """A visit to which the companion came in time."""
    return completed_case(till)


def play(case: Case) -> None:
    """A complaint that an agent decides with 30 yuan and the client accepts; who is told that they are early waits."""
    for act in (case.file, case.answer, case.take, lambda: case.decide("refund", 3_000), case.accept):
        until_done(case, act)


def until_done(case: Case, act: Callable[[], object]) -> None:
    for patience_h in (0.25, 0.25, 75, 0):
        if getattr(act(), "status", 0) in (200, 201):
            return
        case.world.advance(hours=patience_h)
    raise AssertionError("it never came to that")


def check_once(case: Case) -> None:
    """It ended, as it was decided, once."""
    assert (case.state(), case.refunds_fen()) == ("closed", [3_000])
    assert case.till.findings() == []
    assert len(case.world.events("complaint.closed")) == 1
    assert case.queue() == []
    case.world.advance(minutes=30)
    walks = case.world.workflows.executions
    assert [each.status for each in walks.values()].count("SUCCEEDED") >= 1
    case.world.advance(days=9)
    assert sum(each["amount_fen"] for each in case.world.events("income.released")) == 9_000 - 2_727


@pytest.mark.feature("F17")
def test_the_walk_is_the_one_that_is_drawn(case: Case) -> None:
    play(case)
    (walk,) = case.world.workflows.executions.values()
    assert walk.name == case.complaint_id
    assert [name for name in walk.walked if STATES[name]["Type"] == "Task"] == WALKED
    check_once(case)


@pytest.mark.feature("F17")
@pytest.mark.parametrize("state", WALKED)
def test_each_state_may_fail_once(case: Case, state: str) -> None:
    case.world.workflows.fail_next[state] = 1
    play(case)
    check_once(case)


@pytest.mark.feature("F17")
@pytest.mark.parametrize("state", WALKED)
def test_a_state_that_fails_for_good_is_redriven_or_begun_anew(case: Case, state: str) -> None:
    """So many failures end the walk; minutes later the room notices by itself. What is unknown is asked again."""
    case.world.workflows.fail_next[state] = 1 + STATES[state]["Retry"][-1]["MaxAttempts"]
    play(case)
    check_once(case)


@pytest.mark.feature("F17")
@pytest.mark.parametrize("kills", range(1, 5))
def test_a_walk_that_dies_while_it_waits_is_begun_anew_where_it_stood(case: Case, kills: int) -> None:
    acts: list[Callable[[], object]] = [
        case.file,
        case.answer,
        case.take,
        lambda: case.decide("refund", 3_000),
        case.accept,
    ]
    for number, act in enumerate(acts):
        until_done(case, act)
        if number < kills:
            for name, walk in list(case.world.workflows.executions.items()):
                if walk.status == "RUNNING":
                    case.world.workflows.kill(name)
    case.world.advance(hours=100)
    check_once(case)
    assert len(case.world.workflows.executions) > 1


@pytest.mark.feature("F17")
def test_who_redrives_a_failed_walk_pays_nothing_twice(case: Case) -> None:
    case.file()
    case.answer()
    case.take()
    case.world.workflows.fail_next["NoteDone"] = 7
    case.decide("refund", 3_000)
    assert case.world.workflows.executions[case.complaint_id].status == "FAILED"
    case.world.workflows.redrive(case.complaint_id)
    case.world.deliver()
    until_done(case, case.accept)
    check_once(case)


@pytest.mark.feature("F31")
def test_agents_on_duty_are_given_what_comes_in_evenly(till: Till) -> None:
    commit("support", lambda tx: actions.put_policy(tx, policy=Policy(complaints=ComplaintPolicy(agent_most=2))))
    cases = [completed_case(till) for _ in range(5)]
    world = cases[0].world
    for name in ("one", "two"):
        reply = world.post("/complaint-desk/duty", {"is_on_duty": True}, as_=cases[0].agent(name))
        assert (reply.status, reply.body["complaint_ids"]) == (200, [])
    for each in cases:
        each.file()
        each.answer()
    desk = {
        each["agent_id"]: len(each["complaint_ids"])
        for each in world.get("/complaint-desk", as_=cases[0].agent()).body["items"]
    }
    assert desk == {"stf_one": 2, "stf_two": 2}
    assert [line["taken_by"] for line in cases[0].queue()].count(None) == 1, "the fifth waits for who has time"
    world.post("/complaint-desk/duty", {"is_on_duty": False}, as_=cases[0].agent("one"))
    world.advance(hours=25)
    held = {each["agent_id"]: each for each in world.get("/complaint-desk", as_=cases[0].agent()).body["items"]}
    assert held["stf_one"]["complaint_ids"] == [], "who went home is not waited for"
    assert held["stf_two"]["is_on_duty"]
    assert {line["why"] for line in cases[0].queue()} == {"overdue"}
