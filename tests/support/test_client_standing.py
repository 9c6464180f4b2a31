"""Clients whose complaints are rejected again and again: flagged for staff, reversibly (F28)."""

from functools import partial
from typing import Any

import pytest

from functions.support.actions import client_standing
from tests.harness.world import Person, Reply, World
from tests.settlement.conftest import till, till_keys
from tests.settlement.makers import Till, commit
from tests.support.complaint_makers import Case, completed_case, handed_to_agent

__all__ = ["till", "till_keys"]
pytest_plugins = ["tests.standins.fixtures"]
pytestmark = pytest.mark.feature("F28")
CLIENT = "acc_01K00000000000000000000000"


def reject(times: int, client_id: str = CLIENT) -> None:
    """So many complaints of the client were not upheld."""
    for _ in range(times):
        commit("support", partial(client_standing.count_rejected, client_id=client_id))


def standing(world: World, client_id: str = CLIENT, *, as_: Person | None = None) -> dict[str, Any]:
    reply = world.get(f"/clients/{client_id}/complaint-standing", as_=as_ or world.person("agent", subject="stf_one"))
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


def post(world: World, what: str, reason: str = "与客户电话核实过") -> Reply:
    return world.post(f"/clients/{CLIENT}/{what}", {"reason": reason}, as_=world.person("agent", subject="stf_one"))


def test_three_rejected_complaints_flag_the_client_with_the_reason(world: World) -> None:
    reject(2)
    assert standing(world)["flag"] is None
    reject(1)
    shown = standing(world)
    assert shown["flag"]["by"] == "rule"
    assert shown["flag"]["reason"] == "近 180 天有 3 件申诉经核实不成立"
    assert [each["act"] for each in shown["entries"]] == ["client.flagged"]


def test_staff_take_a_flag_back_and_begin_to_count_anew(world: World) -> None:
    reject(3)
    lifted = post(world, "complaint-flag/lift").body
    assert (lifted["flag"], lifted["rejections"]) == (None, [])
    assert post(world, "complaint-flag/lift").code == "client_not_flagged"
    reject(2)
    assert standing(world)["flag"] is None
    acts = [(each["act"], each["actor"]) for each in standing(world)["entries"]]
    assert acts == [("client.flag_lifted", "stf_one"), ("client.flagged", "system")]


def test_staff_flag_a_client_with_a_reason(world: World) -> None:
    flagged = post(world, "complaint-flag").body["flag"]
    assert (flagged["by"], flagged["reason"]) == ("stf_one", "与客户电话核实过")
    assert post(world, "complaint-flag").code == "client_flagged"


def test_nobody_but_staff_sees_it(world: World) -> None:
    path = f"/clients/{CLIENT}/complaint-standing"
    for role in ("client", "companion"):
        assert world.get(path, as_=world.person(role, subject=CLIENT)).status == 403


def test_a_rejected_complaint_counts_and_an_upheld_one_does_not(till: Till) -> None:
    case = handed_to_agent(completed_case(till))
    case.decide("reject")
    assert case.accept().status == 200
    assert len(standing(case.world, case.order.client.subject)["rejections"]) == 1
    upheld = handed_to_agent(completed_case(till))
    upheld.decide("refund", 1_000)
    upheld.accept()
    assert standing(case.world, upheld.order.client.subject)["rejections"] == []


def test_the_agent_sees_the_flag_with_the_complaint_and_the_client_does_not(till: Till) -> None:
    case: Case = completed_case(till)
    reject(3, case.order.client.subject)
    handed_to_agent(case)
    assert case.read(case.agent())["client_flag"]["by"] == "rule"
    assert case.read()["client_flag"] is None
    assert case.read()["client_id"] is None
