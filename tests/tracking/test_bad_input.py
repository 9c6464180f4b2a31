"""What is refused, and that it changes nothing: one visit serves all of these tests."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from functions.shared import ids
from tests.harness.world import open_world
from tests.tracking.makers import ON_CAMPUS, STARTS_AT, VisitScene, point, visit_scene


@pytest.fixture(scope="module")
def visit() -> Iterator[VisitScene]:
    """Scheduled, in two hours; it must still be when the module ends."""
    with open_world() as world:
        world.rooms = ("tracking",)
        scene = visit_scene(world)
        before = world.get(scene.path, as_=scene.client).body
        yield scene
        assert world.get(scene.path, as_=scene.client).body == before
        assert world.deliver() == []


BODIES: dict[str, dict[str, Any]] = {
    "check-ins": {"node": "departed", "captured_at": "2026-03-02T09:00:00+08:00", **ON_CAMPUS},
    "milestones": {"code": "departed", "recorded_at": "2026-03-02T09:00:00+08:00", "note": "出发"},
    "positions": {"points": [point(at=STARTS_AT)], "coordinates": "gcj02"},
}
A_POINT = BODIES["positions"]["points"][0]
WRONG: list[tuple[str, dict[str, Any]]] = [
    *((path, {"colour": "red"}) for path in BODIES),
    ("check-ins", {"node": 7}),
    ("check-ins", {"node": ""}),
    ("check-ins", {"node": "x" * 41}),
    ("check-ins", {"node": "surgery"}),
    ("check-ins", {"lat": "39.9"}),
    ("check-ins", {"lat": 90.5}),
    ("check-ins", {"lat": 1e400}),
    ("check-ins", {"lng": -181}),
    ("check-ins", {"accuracy_m": -1}),
    ("check-ins", {"accuracy_m": 1e9}),
    ("check-ins", {"coordinates": "bd09"}),
    ("check-ins", {"captured_at": "2026-03-02T09:00:00"}),
    ("check-ins", {"captured_at": "yesterday"}),
    ("milestones", {"code": None}),
    ("milestones", {"code": "surgery"}),
    ("milestones", {"recorded_at": "2026-03-02T10:00:00+08:00"}),
    ("milestones", {"recorded_at": "1990-01-01T00:00:00Z"}),
    ("milestones", {"recorded_at": "0001-01-01T00:00:00+14:00"}),
    ("milestones", {"note": "x" * 201}),
    ("positions", {"points": []}),
    ("positions", {"points": [A_POINT] * 101}),
    ("positions", {"points": [A_POINT | {"lat": -91}]}),
    ("positions", {"points": [A_POINT | {"mock": "no"}]}),
    ("positions", {"points": [A_POINT | {"speed": 3}]}),
    ("positions", {"points": {}}),
    ("positions", {"coordinates": None}),
]


@pytest.mark.parametrize("path", BODIES)
def test_without_a_token(visit: VisitScene, path: str) -> None:
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path]).status == 401


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("role", ["client", "agent", "finance", "admin", "hospital", "insurer", "guest"])
def test_in_another_role(visit: VisitScene, path: str, role: str) -> None:
    other = visit.world.person(role, subject=visit.companion.subject, order_id=visit.order_id)
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=other).status == 403


@pytest.mark.parametrize("path", BODIES)
def test_by_another_companion(visit: VisitScene, path: str) -> None:
    other = visit.world.person("companion")
    reply = visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=other)
    assert (reply.status, reply.code) == (404, "visit_not_found")


@pytest.mark.parametrize("path", BODIES)
def test_of_a_visit_that_is_none(visit: VisitScene, path: str) -> None:
    nowhere = ids.new("vis")
    assert visit.world.post(f"/visits/{nowhere}/{path}", BODIES[path], as_=visit.companion).status == 404


@pytest.mark.parametrize(("path", "change"), WRONG)
def test_with_a_wrong_field_nothing_happens(visit: VisitScene, path: str, change: dict[str, Any]) -> None:
    before = visit.world.get(visit.path, as_=visit.client).body
    reply = visit.world.post(f"{visit.path}/{path}", BODIES[path] | change, as_=visit.companion)
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert visit.world.get(visit.path, as_=visit.client).body == before


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"])
def test_with_a_body_that_is_none(visit: VisitScene, path: str, raw: bytes) -> None:
    assert (
        visit.world.request("POST", f"{visit.path}/{path}", raw=raw, as_=visit.companion, key=uuid.uuid4().hex).status
        == 400
    )


@pytest.mark.parametrize("path", BODIES)
def test_without_an_idempotency_key(visit: VisitScene, path: str) -> None:
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=visit.companion, key="").status == 400
