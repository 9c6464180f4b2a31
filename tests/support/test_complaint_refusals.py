"""What nobody can do to a complaint: wrong words, wrong people, the wrong stage, wrong amounts (F17)."""

from typing import Any

import pytest

from functions.shared import ids
from tests.harness.world import World
from tests.settlement.conftest import till, till_keys
from tests.settlement.makers import Till
from tests.support.complaint_makers import WORDS, Case, completed_case, handed_to_agent

__all__ = ["till", "till_keys"]
pytest_plugins = ["tests.standins.fixtures"]


@pytest.fixture
def case(till: Till) -> Case:
    """A completed visit."""
    return completed_case(till)


@pytest.mark.parametrize(
    "changed",
    [
        {"category": "weather"},
        {"remedy": "cancel"},
        {"remedy": "reassign"},
        {"text": "短"},
        {"text": "        "},
        {"text": 5},
        {"evidence_ids": ["x"]},
        {"other_times": ["2026-03-09T09:00:00+08:00"]},
        {"remedy": "reassign", "other_times": ["2026-03-09T09:00:00"]},
        {"remedy": "reassign", "other_times": ["2026-03-09T09:00:00+08:00"] * 4},
        {"evidence_ids": [f"fil_{'0' * 26}"] * 10},
        {"surprise": 1},
    ],
)
def test_a_wrong_complaint_is_refused(case: Case, changed: dict[str, Any]) -> None:
    assert case.file(**changed).status == 400
    assert case.world.events("complaint.filed") == []


@pytest.mark.parametrize(
    ("what", "body", "role"),
    [
        ("answer", {"text": WORDS, "contests": True}, "companion"),
        ("take", None, "agent"),
        ("decision", {"outcome": "reject", "reason": "核实过了"}, "agent"),
        ("accept", None, "client"),
        ("appeal", {"text": WORDS}, "client"),
    ],
)
def test_strangers_and_wrong_stages(case: Case, what: str, body: Any, role: str) -> None:
    case.file()
    world: World = case.world
    assert world.post(f"{case.path}/{what}", body).status == 401
    assert case.act(what, body, as_=world.person("finance")).status == 403
    assert world.post(f"/complaints/{ids.new('cpl')}/{what}", body, as_=world.person(role)).status == 404
    assert world.post(f"/complaints/nonsense/{what}", body, as_=world.person(role)).status == 404
    if role != "agent":
        assert case.act(what, body, as_=world.person(role)).status == 404
    if body is not None:
        assert case.act(what, body | {"surprise": 1}, as_=world.person(role)).status == 400
    own = {"client": case.client(), "companion": case.companion, "agent": case.agent()}[role]
    if what == "answer":
        assert case.act(what, body, as_=own).status == 200
        own = world.renewed(case.companion, "companion")
    elif role == "agent":
        case.answer()
        if what == "take":
            return
    expected = "complaint_not_taken" if what == "decision" else "complaint_stage"
    assert case.act(what, body, as_=own).code == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"refund_fen": 0},
        {"refund_fen": -1},
        {"refund_fen": 10**12},
        {"refund_fen": 10_001},
        {"refund_fen": 1.5},
        {"refund_fen": "100"},
        {"outcome": "reassign"},
        {"moved_to": "2026-03-09T09:00:00+08:00"},
        {"outcome": "reject", "refund_fen": 100},
        {"reason": ""},
    ],
)
def test_a_wrong_decision_is_refused(case: Case, wrong: dict[str, Any]) -> None:
    handed_to_agent(case)
    body = {"outcome": "refund", "refund_fen": 100, "reason": "核实过了"} | wrong
    assert case.act("decision", body, as_=case.agent()).status == 400
    assert case.refunds_fen() == []


def test_another_client_neither_files_nor_reads(case: Case) -> None:
    case.file()
    other = case.world.person("client")
    assert case.world.get(case.path, as_=other).status == 404
    assert case.world.get(case.path, as_=case.world.person("companion")).status == 404
    assert case.world.get(f"/orders/{case.order.order_id}/complaints", as_=other).body["items"] == []
    body = {"category": "other", "remedy": "refund", "text": WORDS}
    for order_id in (case.order.order_id, ids.new("ord"), "nonsense"):
        reply = case.world.post(f"/orders/{order_id}/complaints", body, as_=other)
        assert (reply.status, reply.code) == (404, "order_not_found")
