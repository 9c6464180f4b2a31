"""What is refused, and that it changes nothing: one visit serves all of these tests."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from functions.shared import ids
from tests.harness.world import Person, open_world
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
    "milestones/departed/skip": {"reason": "not_needed", "note": "不去了"},
    "milestones/departed/corrections": {
        "recorded_at": "2026-03-02T09:00:00+08:00",
        "reason": "recorded_late",
        "note": "早到",
    },
    "check-ins/departed/override": {"reason": "现场电话核实"},
}
STAFF_TOO = {"milestones", "milestones/departed/skip", "milestones/departed/corrections"}
STAFF_ONLY = {"check-ins/departed/override"}
ROLES = ("client", "companion", "agent", "finance", "finance_reader", "admin", "hospital", "insurer", "guest")


def allowed(path: str) -> set[str]:
    """The roles that may ask at all."""
    staff = {"agent", "admin"} if path in STAFF_TOO | STAFF_ONLY else set()
    return staff | (set() if path in STAFF_ONLY else {"companion"})


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
    ("check-ins", {"sent_at": "2026-03-02T08:00:00+08:00"}),
    ("check-ins", {"sent_at": "0001-01-01T00:00:00+14:00"}),
    ("check-ins", {"sent_at": "9999-12-31T23:59:59-12:00"}),
    ("check-ins", {"sent_at": "2026-03-09T09:00:00+08:00"}),
    ("check-ins", {"sent_at": 1}),
    ("check-ins", {"mock": "no"}),
    ("milestones/departed/skip", {"reason": "lapsed"}),
    ("milestones/departed/skip", {"reason": "tired"}),
    ("milestones/departed/skip", {"reason": None}),
    ("milestones/departed/skip", {"note": ""}),
    ("milestones/departed/corrections", {"reason": "tired"}),
    ("milestones/departed/corrections", {"recorded_at": "2026-03-02T09:00:00"}),
    ("milestones/departed/corrections", {"recorded_at": 7}),
    ("check-ins/departed/override", {"reason": " "}),
    ("check-ins/departed/override", {"reason": "x" * 201}),
    ("check-ins/departed/override", {"reason": None}),
    ("milestones", {"sent_at": "2026-03-02T08:00:00+08:00"}),
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


def asker(visit: VisitScene, path: str) -> Person:
    """Somebody who may."""
    return visit.world.person("agent") if path in STAFF_ONLY else visit.companion


@pytest.mark.parametrize("path", BODIES)
def test_without_a_token(visit: VisitScene, path: str) -> None:
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path]).status == 401


@pytest.mark.parametrize(
    ("path", "role"), [(path, role) for path in BODIES for role in ROLES if role not in allowed(path)]
)
def test_in_another_role(visit: VisitScene, path: str, role: str) -> None:
    other = visit.world.person(role, subject=visit.companion.subject, order_id=visit.order_id)
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=other).status == 403


@pytest.mark.parametrize("path", [path for path in BODIES if path not in STAFF_ONLY])
def test_by_another_companion(visit: VisitScene, path: str) -> None:
    other = visit.world.person("companion")
    reply = visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=other)
    assert (reply.status, reply.code) == (404, "visit_not_found")


@pytest.mark.parametrize("path", sorted(STAFF_TOO))
def test_by_staff_who_do_not_say_why(visit: VisitScene, path: str) -> None:
    body = {name: value for name, value in BODIES[path].items() if name != "note"}
    for note in ({}, {"note": "   "}):
        reply = visit.world.post(f"{visit.path}/{path}", body | note, as_=visit.world.person("agent"))
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "note")


@pytest.mark.parametrize("path", BODIES)
def test_of_a_visit_that_is_none(visit: VisitScene, path: str) -> None:
    nowhere = ids.new("vis")
    assert visit.world.post(f"/visits/{nowhere}/{path}", BODIES[path], as_=asker(visit, path)).status == 404


@pytest.mark.parametrize(("path", "change"), WRONG)
def test_with_a_wrong_field_nothing_happens(visit: VisitScene, path: str, change: dict[str, Any]) -> None:
    before = visit.world.get(visit.path, as_=visit.client).body
    reply = visit.world.post(f"{visit.path}/{path}", BODIES[path] | change, as_=asker(visit, path))
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert visit.world.get(visit.path, as_=visit.client).body == before


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"])
def test_with_a_body_that_is_none(visit: VisitScene, path: str, raw: bytes) -> None:
    assert (
        visit.world.request(
            "POST", f"{visit.path}/{path}", raw=raw, as_=asker(visit, path), key=uuid.uuid4().hex
        ).status
        == 400
    )


@pytest.mark.parametrize("path", BODIES)
def test_without_an_idempotency_key(visit: VisitScene, path: str) -> None:
    assert visit.world.post(f"{visit.path}/{path}", BODIES[path], as_=asker(visit, path), key="").status == 400
