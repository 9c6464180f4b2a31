"""A patient's emergency card: agreed to separately, shown in an emergency alone, taken back at any time (F34)."""

from typing import Any

import pytest

from functions.accounts.actions import find_emergency_summary
from functions.accounts.table import patients as table
from functions.shared import ids
from tests.accounts.makers import add_patient
from tests.harness.world import Person, World

pytestmark = pytest.mark.feature("F34")
CARD = {"summary": "青霉素过敏，长期服用华法林", "consent_version": "2026-03"}


@pytest.fixture
def client(world: World) -> Person:
    return world.person("client")


@pytest.fixture
def path(world: World, client: Person) -> str:
    return f"/patients/{add_patient(world, client).body['patient_id']}/emergency-card"


def patient_of(path: str) -> str:
    return path.split("/")[2]


def test_what_was_written_is_shown_to_its_client_with_the_consent(world: World, client: Person, path: str) -> None:
    assert world.get(path, as_=client).status == 404
    written = world.put(path, CARD, version=0, as_=client)
    assert (written.status, written.body["summary"]) == (200, CARD["summary"])
    assert world.get(path, as_=client).body == written.body
    consents = world.get(f"/patients/{patient_of(path)}/consents", as_=client).body["items"]
    assert [each["purpose"] for each in consents].count("emergency_sharing") == 1


def test_only_while_it_is_there_is_anything_found_for_an_emergency(world: World, client: Person, path: str) -> None:
    patient_id = patient_of(path)
    assert find_emergency_summary(patient_id, client.subject) is None
    world.put(path, CARD, version=0, as_=client)
    assert find_emergency_summary(patient_id, client.subject) == f"男，67 岁。{CARD['summary']}"
    assert find_emergency_summary(patient_id, "acc_other") is None
    for _ in range(2):
        assert world.delete(path, as_=client).status == 200
    assert find_emergency_summary(patient_id, client.subject) is None
    assert find_emergency_summary("pat_x", client.subject) is None


def test_it_is_stored_sealed(world: World, client: Person, path: str) -> None:
    world.put(path, CARD, version=0, as_=client)
    _, row = table.find_emergency_card(client.subject, patient_of(path))
    assert row is not None
    assert "青霉素" not in row.summary_sealed


def test_it_is_changed_by_its_version(world: World, client: Person, path: str) -> None:
    version = world.put(path, CARD, version=0, as_=client).body["version"]
    assert world.put(path, CARD, version=0, as_=client).status == 412
    changed = world.put(path, CARD | {"summary": "无过敏"}, version=version, as_=client)
    assert (changed.body["summary"], changed.body["version"]) == ("无过敏", version + 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"summary": ""},
        {"summary": "x" * 501},
        {"summary": 7},
        {"consent_version": "?"},
        {"consent_version": None},
        {"a": 1},
    ],
)
def test_what_cannot_be_meant_is_refused(world: World, client: Person, path: str, wrong: dict[str, Any]) -> None:
    assert world.put(path, CARD | wrong, version=0, as_=client).status == 400


def test_who_may_not(world: World, client: Person, path: str) -> None:
    assert world.put(path, CARD, version=0).status == 401
    assert world.put(path, CARD, as_=client).status == 428
    for role in ("companion", "guest", "agent", "hospital"):
        assert world.put(path, CARD, version=0, as_=world.person(role)).status == 403
        assert world.get(path, as_=world.person(role)).status == 403
    other = world.person("client")
    assert world.put(path, CARD, version=0, as_=other).status == 404
    assert world.get(path, as_=other).status == world.delete(path, as_=other).status == 404
    assert world.put(f"/patients/{ids.new('pat')}/emergency-card", CARD, version=0, as_=client).status == 404
