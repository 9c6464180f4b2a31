"""Patients over HTTP: encrypted at rest, masked in answers, with the consents that allow them (B15)."""

from typing import Any

import pytest

from functions.accounts import actions
from functions.shared import aws
from functions.shared.config import config
from functions.shared.errors import NotFound
from tests.accounts.makers import CONSENTS, GUARDIAN_CONSENT, add_patient, child, id_number, patient
from tests.harness.world import Person, Reply, World


@pytest.fixture
def client(world: World) -> Person:
    return world.person("client")


def fields(reply: Reply) -> set[str]:
    return {error["field"] for error in reply.body.get("errors", [])}


def stored() -> str:
    return str(aws.client("dynamodb").scan(TableName=config().table_name("accounts"))["Items"])


def rows() -> int:
    return int(aws.client("dynamodb").scan(TableName=config().table_name("accounts"))["Count"])


class TestAdding:
    def test_the_answer_is_masked(self, world: World, client: Person) -> None:
        reply = add_patient(world, client)
        shown = {
            name: reply.body[name] for name in ("name_masked", "id_number_masked", "phone_masked", "age", "version")
        }
        assert shown == {
            "name_masked": "王*明",
            "id_number_masked": f"110***********{id_number()[-4:]}",
            "phone_masked": "138****1234",
            "age": 67,
            "version": 1,
        }
        assert reply.headers["ETag"] == '"1"'

    def test_nothing_that_identifies_is_stored_in_clear(self, world: World, client: Person) -> None:
        add_patient(world, client, **{name: value for name, value in child().items() if name != "phone"})
        text = stored()
        assert not [secret for secret in ("王朵朵", "李梅", "13812341234", "13900001111") if secret in text]
        assert id_number("2020-01-10", sequence="124") not in text

    def test_optional_facts_may_be_absent(self, world: World, client: Person) -> None:
        reply = world.post("/patients", patient(id_number=..., phone=...), as_=client)
        assert (reply.status, reply.body["id_number_masked"], reply.body["phone_masked"]) == (201, None, None)

    def test_the_consents_are_recorded_with_version_and_time(self, world: World, client: Person) -> None:
        patient_id = add_patient(world, client).body["patient_id"]
        given = world.get(f"/patients/{patient_id}/consents", as_=client).body["items"]
        assert [consent["purpose"] for consent in given] == [consent["purpose"] for consent in CONSENTS]
        assert given[0] == {
            "purpose": "service_agreement",
            "document_version": "2026-03",
            "granted_at": "2026-03-02T09:00:00+08:00",
            "by": client.subject,
            "guardian_name_masked": None,
        }

    @pytest.mark.parametrize("missing", [0, 1, 2])
    def test_without_a_required_consent_there_is_no_patient(self, world: World, client: Person, missing: int) -> None:
        body = patient(consents=[consent for index, consent in enumerate(CONSENTS) if index != missing])
        reply = world.post("/patients", body, as_=client)
        assert (reply.status, reply.code, fields(reply)) == (400, "consent_missing", {"consents"})
        assert rows() == 0

    def test_a_child_needs_a_guardian_and_the_guardians_consent(self, world: World, client: Person) -> None:
        reply = world.post("/patients", child(consents=CONSENTS, guardian=None), as_=client)
        assert (reply.code, fields(reply)) == ("consent_missing", {"consents", "guardian"})
        accepted = world.post("/patients", child(), as_=client)
        assert (accepted.status, accepted.body["guardian_name_masked"], accepted.body["age"]) == (201, "李*", 6)
        given = world.get(f"/patients/{accepted.body['patient_id']}/consents", as_=client).body["items"]
        assert given[-1]["guardian_name_masked"] == "李*"

    def test_the_same_request_again_is_the_same_patient(self, world: World, client: Person) -> None:
        first = world.post("/patients", patient(), as_=client, key="patient-key-1")
        again = world.post("/patients", patient(), as_=client, key="patient-key-1")
        assert again.body == first.body
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(world.get("/patients", as_=client).body["items"]) == 1

    def test_the_same_key_with_another_body_is_refused(self, world: World, client: Person) -> None:
        world.post("/patients", patient(), as_=client, key="patient-key-1")
        changed = world.post("/patients", patient(name="王大明"), as_=client, key="patient-key-1")
        assert (changed.status, changed.code) == (422, "idempotency_key_reused")

    def test_twenty_patients_are_the_most(self, world: World, client: Person) -> None:
        for _ in range(20):
            add_patient(world, client)
        reply = world.post("/patients", patient(), as_=client)
        assert (reply.status, reply.code) == (409, "too_many_patients")
        assert len(world.get("/patients", as_=client).body["items"]) == 20
        assert add_patient(world, world.person("client")).status == 201

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"surname": "王"}, "surname"),
            ({"name": 5}, "name"),
            ({"name": ""}, "name"),
            ({"name": "王明!"}, "name"),
            ({"name": "王" * 41}, "name"),
            ({"name": ...}, "name"),
            ({"birth_date": "2026-03-03", "id_number": None}, "birth_date"),
            ({"birth_date": "1900-01-01", "id_number": None}, "birth_date"),
            ({"birth_date": "1958-02-30"}, "birth_date"),
            ({"birth_date": "1958-03-06"}, "id_number"),
            ({"gender": "female"}, "id_number"),
            ({"gender": "unknown"}, "gender"),
            ({"id_number": "110101195803051230"}, "id_number"),
            ({"id_number": 110101195803051230}, "id_number"),
            ({"phone": "12812341234"}, "phone"),
            ({"phone": "1381234123"}, "phone"),
            ({"phone": 13812341234}, "phone"),
            ({"relation": "boss"}, "relation"),
            ({"consents": []}, "consents"),
            ({"consents": [*CONSENTS, CONSENTS[0]]}, "consents"),
            (
                {"consents": [{"purpose": "service_agreement", "document_version": "<x>"}]},
                "consents[0].document_version",
            ),
            ({"guardian": {"name": "李梅", "relation": "self"}}, "guardian.relation"),
        ],
    )
    def test_a_wrong_value_is_named_and_nothing_is_kept(
        self, world: World, client: Person, changed: dict[str, Any], field: str
    ) -> None:
        reply = world.post("/patients", patient(**changed), as_=client)
        assert (reply.status, fields(reply)) == (400, {field})
        assert rows() == 0

    def test_only_a_client_may_add(self, world: World) -> None:
        assert world.post("/patients", patient()).status == 401
        for role in ("companion", "agent", "guest", "insurer"):
            assert world.post("/patients", patient(), as_=world.person(role)).code == "forbidden"
        assert world.post("/patients", patient(), as_=world.person("client"), key="").code == "invalid_request"
        assert rows() == 0


class TestReading:
    def test_another_clients_patient_is_not_found(self, world: World, client: Person) -> None:
        patient_id, other = add_patient(world, client).body["patient_id"], world.person("client")
        paths = (f"/patients/{patient_id}", f"/patients/{patient_id}/consents", "/patients/pat_nobody")
        assert [world.get(path, as_=other).status for path in paths] == [404, 404, 404]
        assert world.get("/patients", as_=other).body == {"items": []}

    def test_an_unchanged_patient_is_304(self, world: World, client: Person) -> None:
        path = f"/patients/{add_patient(world, client).body['patient_id']}"
        etag = world.get(path, as_=client).headers["ETag"]
        assert world.get(path, as_=client, headers={"If-None-Match": etag}).status == 304

    def test_other_rooms_read_a_card_without_secrets(self, world: World, client: Person) -> None:
        patient_id = add_patient(world, client).body["patient_id"]
        card = actions.find_patient_card(patient_id, client.subject)
        assert (card.name_masked, card.age, card.gender) == ("王*明", 67, "male")
        with pytest.raises(NotFound):
            actions.find_patient_card(patient_id, "acc_other")


class TestChanging:
    @pytest.fixture
    def path(self, world: World, client: Person) -> str:
        return f"/patients/{add_patient(world, client).body['patient_id']}"

    def test_what_is_not_given_stays(self, world: World, client: Person, path: str) -> None:
        reply = world.put(path, {"phone": "13700009999"}, version=1, as_=client)
        assert (reply.status, reply.body["phone_masked"], reply.body["version"]) == (200, "137****9999", 2)
        assert (reply.body["name_masked"], reply.body["id_number_masked"][:3]) == ("王*明", "110")
        assert world.get(path, as_=client).body == reply.body

    def test_null_removes(self, world: World, client: Person, path: str) -> None:
        reply = world.put(path, {"phone": None, "id_number": None}, version=1, as_=client)
        assert (reply.body["phone_masked"], reply.body["id_number_masked"]) == (None, None)

    def test_the_kept_identity_number_is_checked_against_the_new_birth_date(
        self, world: World, client: Person, path: str
    ) -> None:
        reply = world.put(path, {"birth_date": "1958-03-06"}, version=1, as_=client)
        assert (reply.status, reply.code, fields(reply)) == (400, "patient_invalid", {"id_number"})

    def test_an_old_version_is_refused(self, world: World, client: Person, path: str) -> None:
        world.put(path, {"phone": "13700009999"}, version=1, as_=client)
        late = world.put(path, {"phone": "13700008888"}, version=1, as_=client)
        assert (late.status, late.code) == (412, "version_mismatch")
        assert world.put(path, {"phone": "13700008888"}, as_=client).status == 428

    def test_a_correction_to_a_childs_birth_date_needs_the_guardian(
        self, world: World, client: Person, path: str
    ) -> None:
        body: dict[str, Any] = {"birth_date": "2020-01-10", "id_number": None}
        assert world.put(path, body, version=1, as_=client).code == "consent_missing"
        body |= {"guardian": {"name": "李梅", "relation": "parent"}, "consents": [GUARDIAN_CONSENT]}
        assert world.put(path, body, version=1, as_=client).status == 200
        given = world.get(f"{path}/consents", as_=client).body["items"]
        assert [consent["purpose"] for consent in given][-1] == "guardian_consent"
        assert len(given) == 4

    def test_another_client_cannot(self, world: World, path: str) -> None:
        assert world.put(path, {"phone": None}, version=1, as_=world.person("client")).status == 404

    @pytest.mark.parametrize("body", [{"name": None}, {"nickname": "x"}, {"phone": "1"}, {"birth_date": 5}])
    def test_a_wrong_value_changes_nothing(self, world: World, client: Person, path: str, body: dict[str, Any]) -> None:
        assert world.put(path, body, version=1, as_=client).status == 400
        assert world.get(path, as_=client).body["version"] == 1
