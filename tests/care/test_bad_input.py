"""What is refused, and that nothing is stored: one ended visit serves all of these tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.care import table
from tests.care.makers import REPORT, submit
from tests.harness.world import open_world
from tests.tracking.makers import ALL, VisitScene, visit_scene


@pytest.fixture(scope="module")
def ended() -> Iterator[VisitScene]:
    """A visit that has just ended; it must still have no report when the module ends."""
    with open_world() as world:
        world.rooms = ("tracking", "care")
        visit = visit_scene(world)
        visit.walk(*ALL)
        world.deliver()
        yield visit
        assert table.find_report_row(visit.visit_id) is None


A_MEDICINE = REPORT["medicines"][0]
WRONG: list[dict[str, Any]] = [
    {"diagnosis": "高血压"},
    {"medical_advice": ""},
    {"medical_advice": None},
    {"medical_advice": 7},
    {"medical_advice": "长" * 4001},
    {"summary": "长" * 4001},
    {"summary": ["x"]},
    {"next_visit": ""},
    {"next_visit": "x" * 501},
    {"medicines": None},
    {"medicines": {}},
    {"medicines": [A_MEDICINE] * 31},
    {"medicines": [A_MEDICINE | {"name": ""}]},
    {"medicines": [A_MEDICINE | {"dosage": 0.5}]},
    {"medicines": [A_MEDICINE | {"price_fen": 1}]},
    {"medicines": [{"name": "阿莫西林"}]},
]


def test_without_a_token(ended: VisitScene) -> None:
    assert ended.world.post(f"{ended.path}/report", REPORT).status == 401


@pytest.mark.parametrize("role", ["client", "agent", "finance", "admin", "hospital", "insurer", "guest"])
def test_in_another_role(ended: VisitScene, role: str) -> None:
    other = ended.world.person(role, subject=ended.companion.subject, order_id=ended.order_id)
    assert ended.world.post(f"{ended.path}/report", REPORT, as_=other).status == 403


def test_by_another_companion(ended: VisitScene) -> None:
    other = ended.world.person("companion")
    assert ended.world.post(f"{ended.path}/report", REPORT, as_=other).status == 404


@pytest.mark.parametrize("visit_id", ["x", "vis_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_of_a_visit_that_is_none(ended: VisitScene, visit_id: str) -> None:
    assert ended.world.post(f"/visits/{visit_id}/report", REPORT, as_=ended.companion).status == 404


@pytest.mark.parametrize("change", WRONG)
def test_with_a_wrong_field_nothing_is_stored(ended: VisitScene, change: dict[str, Any]) -> None:
    reply = submit(ended, **change)
    assert reply.status == 400
    assert reply.body["errors"]
    assert table.find_report_row(ended.visit_id) is None


def test_a_body_above_the_limit_is_refused(ended: VisitScene) -> None:
    assert submit(ended, summary="长" * 100_000).status == 413


def test_without_an_idempotency_key(ended: VisitScene) -> None:
    assert ended.world.post(f"{ended.path}/report", REPORT, as_=ended.companion, key="").status == 400
