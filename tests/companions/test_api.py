"""Companions as clients see them, filled from the seed itself."""

from functools import partial
from typing import Any

import pytest

from functions.companions import table as companions_table
from functions.companions.actions import find_profile, put_companion
from functions.companions.rules import CompanionState, CredentialsMissing, ProfileInvalid
from functions.shared import table
from tests.accounts.makers import COMPANION, commit
from tests.harness.seeds import seeded, seeded_one
from tests.harness.world import World

pytestmark = pytest.mark.feature("F23")


def put(**changed: Any) -> None:
    row = seeded_one("companions", COMPANION) | changed
    commit("companions", partial(put_companion, **row))


def without(kind: str) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = seeded_one("companions", COMPANION)["credentials"]
    return [credential for credential in held if credential["kind"] != kind]


@pytest.fixture
def companions(world: World) -> World:
    world.rooms = ()
    put()
    return world


class TestProfile:
    def test_a_client_sees_who_will_come(self, companions: World) -> None:
        reply = companions.get(f"/companions/{COMPANION}", as_=companions.person("client"))
        shown = {name: reply.body[name] for name in ("name", "tier", "rating_hundredths", "first_aid_certified")}
        assert shown == {"name": "林玉兰", "tier": "senior", "rating_hundredths": 491, "first_aid_certified": True}
        assert reply.body["credentials"][0] == {
            "kind": "id_card",
            "issued_by": "北京市公安局朝阳分局",
            "expires_on": "2031-01-01",
        }

    def test_no_document_number_and_no_birth_year_leave_the_room(self, companions: World) -> None:
        body = str(companions.get(f"/companions/{COMPANION}", as_=companions.person("client")).body)
        assert "***" not in body
        assert "1969" not in body

    def test_an_expired_credential_disappears(self, companions: World) -> None:
        companions.travel.shift(3 * 365 * 86_400 + 100 * 86_400)
        body = companions.get(f"/companions/{COMPANION}", as_=companions.person("client")).body
        assert [item["kind"] for item in body["credentials"]] == ["id_card", "nurse_license"]
        assert body["first_aid_certified"] is False

    def test_a_suspended_companion_is_not_found(self, companions: World) -> None:
        row = companions_table.find_profile_row(COMPANION)
        assert row is not None
        row.state = CompanionState.SUSPENDED
        commit("companions", lambda tx: tx.save(row))
        assert companions.get(f"/companions/{COMPANION}", as_=companions.person("client")).status == 404
        assert find_profile(COMPANION).state is CompanionState.SUSPENDED

    @pytest.mark.parametrize("id_", ["cmp_nobody", "x", "acc_" + "1" * 3000])
    def test_nobody_is_not_found(self, companions: World, id_: str) -> None:
        assert companions.get(f"/companions/{id_}", as_=companions.person("client")).status == 404

    def test_only_who_is_signed_in_may_look(self, companions: World) -> None:
        assert companions.get(f"/companions/{COMPANION}").status == 401
        for role, status in (("agent", 200), ("companion", 200), ("guest", 403), ("insurer", 403)):
            assert companions.get(f"/companions/{COMPANION}", as_=companions.person(role)).status == status


class TestAdmitting:
    def test_everybody_in_the_seed_can_be_admitted(self, world: World) -> None:
        world.rooms = ()
        for row in seeded("companions"):
            commit("companions", partial(put_companion, **row))
        world.deliver()
        assert len(world.events("companion.activated")) == len(seeded("companions"))

    def test_the_others_are_told_the_profile(self, companions: World) -> None:
        companions.deliver()
        (event,) = companions.events("companion.activated")
        assert (event["companion_id"], event["first_aid_certified"], event["tier"]) == (COMPANION, True, "senior")
        assert event["serves"][0] == {"hospital_id": "hos_pumch", "department_ids": ["oncology", "rheumatology"]}

    def test_nothing_is_said_when_nothing_changed(self, companions: World) -> None:
        put()
        companions.deliver()
        assert len(companions.events("companion.activated")) == 1
        put(completed_visits=900)
        companions.deliver()
        assert [event["completed_visits"] for event in companions.events("companion.activated")] == [862, 900]

    def test_without_a_required_credential_nobody_is_admitted(self, world: World) -> None:
        with pytest.raises(CredentialsMissing):
            put(credentials=without("health_certificate"))
        table.forget_kept()
        assert companions_table.find_profile_row(COMPANION) is None

    def test_first_aid_is_not_believed_without_its_credential(self, world: World) -> None:
        with pytest.raises(ProfileInvalid):
            put(credentials=without("first_aid"))
        put(credentials=without("first_aid"), first_aid_certified=False)
        assert find_profile(COMPANION).is_active
