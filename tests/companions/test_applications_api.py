"""From the first draft to the first working day, through the API (F27)."""

from typing import Any

import pytest

from functions.booking.rules.conditions import ConditionType
from functions.shared import audit
from tests.accounts.makers import id_number, put_templates
from tests.companions.makers import ID_NUMBER, PHONE, Office, application, credential, profile_of
from tests.harness.world import World

pytestmark = pytest.mark.feature("F27")


def acts(room_subject: str) -> list[str]:
    """What was recorded, the earliest first."""
    return [entry.act for entry in reversed(audit.entries_of("companions", room_subject)[0])]


class TestApplying:
    def test_a_draft_shows_masks_and_never_the_numbers(self, office: Office) -> None:
        application_id = office.apply()
        shown = office.read(application_id, as_=office.applicant)
        assert (shown["state"], shown["id_number_masked"], shown["phone_masked"]) == (
            "draft",
            f"110{'*' * 11}{ID_NUMBER[-4:]}",
            "138****1234",
        )
        mine = office.world.get("/companion-applications/mine", as_=office.applicant)
        assert mine.body == shown
        assert ID_NUMBER not in str(mine.body)
        assert PHONE not in str(mine.body)

    def test_a_draft_is_corrected_with_its_version(self, office: Office) -> None:
        application_id = office.apply()
        path = f"/companion-applications/{application_id}"
        changed = application(name="周敏敏", id_number=..., phone=...)
        reply = office.world.put(path, changed, version=1, as_=office.applicant)
        assert (reply.status, reply.body["name"], reply.body["phone_masked"]) == (200, "周敏敏", "138****1234")
        assert office.world.put(path, changed, version=1, as_=office.applicant).status == 412
        assert office.world.put(path, changed, as_=office.applicant).status == 428

    def test_one_application_at_a_time(self, office: Office) -> None:
        office.apply()
        again = office.world.post("/companion-applications", application(), as_=office.applicant)
        assert (again.status, again.code) == (409, "application_exists")

    def test_it_is_complete_before_it_is_submitted(self, office: Office) -> None:
        application_id = office.apply()
        office.attach(application_id, "id_card")
        reply = office.submit(application_id)
        assert (reply.status, reply.code) == (409, "application_incomplete")
        assert [error["field"] for error in reply.body["errors"]] == [
            "credentials.companion_training",
            "credentials.health_certificate",
        ]

    def test_the_identity_card_must_be_the_applicants(self, office: Office) -> None:
        application_id = office.apply()
        for kind in ("health_certificate", "companion_training"):
            office.attach(application_id, kind)
        office.attach(application_id, "id_card", number=id_number("1990-06-01", sequence="246"))
        assert office.submit(application_id).code == "application_incomplete"
        office.attach(application_id, "id_card")
        assert office.submit(application_id).status == 200

    def test_the_same_certificate_again_replaces_the_first(self, office: Office) -> None:
        application_id = office.apply()
        first = office.attach(application_id, "health_certificate").body
        second = office.attach(application_id, "health_certificate", number="JK202600002").body
        held = office.read(application_id)["credentials"]
        assert [each["credential_id"] for each in held] == [second["credential_id"]]
        assert first["number_masked"] == "JK*******01"

    def test_another_accounts_file_is_flagged_to_staff_only(self, office: Office) -> None:
        other = Office(office.world, office.world.person("client"), office.agent, office.admin)
        office.attach(office.apply(), "health_certificate", content=b"the same picture")
        application_id = other.apply()
        reply = other.attach(application_id, "health_certificate", content=b"the same picture")
        assert reply.body["used_by"] is None
        assert other.read(application_id)["credentials"][0]["used_by"] == office.applicant.subject
        assert other.read(application_id, as_=other.applicant)["credentials"][0]["used_by"] is None

    def test_a_submitted_application_is_out_of_the_applicants_hands(self, office: Office) -> None:
        application_id = office.submitted()
        version = office.read(application_id)["version"]
        path = f"/companion-applications/{application_id}"
        assert office.world.put(path, application(), version=version, as_=office.applicant).code == "application_state"
        assert office.submit(application_id).code == "application_state"
        upload = office.world.post(f"{path}/uploads", {"content_type": "image/jpeg"}, as_=office.applicant, key="")
        assert upload.code == "application_state"


class TestReviewing:
    def test_the_queue_holds_who_waits_in_order_and_by_cursor(self, office: Office) -> None:
        waiting = []
        for _ in range(5):
            each = Office(office.world, office.world.person("client"), office.agent, office.admin)
            waiting.append(each.submitted())
            office.world.travel.shift(60)
        office.act(waiting[1], "reject", {"reason": "not_needed", "note": "所选科室人手已足"})
        seen, cursor = [], ""
        while True:
            page = office.world.get(f"/companion-applications?limit=2&cursor={cursor}", as_=office.agent).body
            seen += [line["subject_id"] for line in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = page["next_cursor"]
        assert seen == [waiting[0], *waiting[2:]]
        assert page["items"][0]["title"] == "周*"

    def test_an_approved_applicant_may_work_at_once(self, office: Office) -> None:
        companion_id = office.admitted("id_card", "health_certificate", "companion_training", "first_aid")
        office.world.deliver()
        (event,) = office.world.events("companion.activated")
        told = {name: event[name] for name in ("companion_id", "sequence", "tier", "first_aid_certified", "serves")}
        assert told == {
            "companion_id": companion_id,
            "sequence": 1,
            "tier": "junior",
            "first_aid_certified": True,
            "serves": [{"hospital_id": "hos_pumch", "department_ids": ["oncology"]}],
        }
        assert [event["decision"] for event in office.world.events("application.decided")] == ["approved"]
        profile = office.world.get(f"/companions/{companion_id}", as_=office.world.person("client")).body
        assert (profile["name"], profile["completed_visits"], len(profile["credentials"])) == ("周敏", 0, 4)

    def test_nobody_is_approved_without_a_call(self, office: Office) -> None:
        application_id = office.submitted()
        office.verify_all(application_id)
        assert office.act(application_id, "approve").code == "phone_check_missing"
        office.call(application_id, "unreachable")
        assert office.act(application_id, "approve").code == "phone_check_missing"
        office.call(application_id)
        assert office.act(application_id, "approve").status == 200
        calls = office.read(application_id)["phone_checks"]
        assert [(each["by"], each["outcome"]) for each in calls] == [
            ("stf_agent", "unreachable"),
            ("stf_agent", "confirmed"),
        ]
        assert office.read(application_id, as_=office.applicant)["phone_checks"] == []

    def test_nobody_is_approved_with_an_unverified_certificate(self, office: Office) -> None:
        application_id = office.submitted()
        office.call(application_id)
        reply = office.act(application_id, "approve")
        assert (reply.status, reply.code, len(reply.body["errors"])) == (409, "credentials_missing", 3)

    def test_asked_for_more_the_applicant_completes_and_waits_again(self, office: Office) -> None:
        application_id = office.submitted()
        held = {each["kind"]: each["credential_id"] for each in office.read(application_id)["credentials"]}
        office.act(application_id, f"credentials/{held['health_certificate']}/refuse", {"reason": "照片看不清发证日期"})
        missing = [{"subject": "health_certificate", "note": "请重新拍摄健康证"}]
        assert office.act(application_id, "request-more", {"missing": missing}).body["state"] == "more_needed"
        shown = office.read(application_id, as_=office.applicant)
        assert shown["missing"] == missing
        assert office.submit(application_id).code == "application_incomplete"
        office.world.travel.shift(60)
        assert office.attach(application_id, "health_certificate").status == 201
        assert office.submit(application_id).body["state"] == "submitted"
        (line,) = office.world.get("/companion-applications", as_=office.agent).body["items"]
        assert (line["subject_id"], line["repeated"]) == (application_id, True)

    def test_a_call_before_the_second_submission_does_not_count(self, office: Office) -> None:
        application_id = office.submitted()
        office.call(application_id)
        office.act(application_id, "request-more", {"missing": [{"subject": "intro", "note": "请补充工作经历"}]})
        office.world.travel.shift(60)
        office.submit(application_id)
        office.verify_all(application_id)
        assert office.act(application_id, "approve").code == "phone_check_missing"

    def test_after_a_rejection_the_cool_down_then_a_new_application(self, office: Office) -> None:
        application_id = office.submitted()
        reply = office.act(application_id, "reject", {"reason": "phone_check", "note": "与本人核实的经历不一致"})
        assert reply.body["state"] == "rejected"
        shown = office.read(application_id, as_=office.applicant)
        assert (shown["refusal_title"], shown["refusal_note"]) == ("电话核实未通过", "与本人核实的经历不一致")
        again = office.world.post("/companion-applications", application(), as_=office.applicant)
        assert (again.code, again.body["reapply_from"][:10]) == ("reapply_too_soon", "2026-04-01")
        office.world.advance(days=31)
        office = office.fresh()
        assert office.submit(office.apply()).status == 200, "the certificates of the first application still count"

    def test_a_companion_does_not_apply_again(self, office: Office) -> None:
        office.admitted()
        again = office.world.post("/companion-applications", application(), as_=office.applicant)
        assert (again.status, again.code) == (409, "already_companion")

    def test_every_decision_and_every_look_is_recorded(self, office: Office) -> None:
        application_id = office.submitted()
        (card, *_) = office.read(application_id)["credentials"]
        path = f"/companions/{office.applicant.subject}/credentials/{card['credential_id']}/file"
        opened = office.world.get(path, as_=office.agent)
        assert f"companions/{office.applicant.subject}/" in opened.body["url"]
        identity = office.world.get(f"/companion-applications/{application_id}/identity", as_=office.agent)
        assert identity.body == {"id_number": ID_NUMBER, "phone": PHONE}
        office.verify_all(application_id)
        office.call(application_id)
        office.act(application_id, "approve")
        assert acts(application_id) == [
            "application.identity_viewed",
            *["credential.verified"] * 3,
            "application.called",
            "application.approved",
        ]
        assert acts(office.applicant.subject) == ["credential.viewed"]
        listed = office.world.get(f"/companion-applications/{application_id}/audit", as_=office.agent).body["items"]
        assert (listed[0]["act"], listed[0]["actor"]) == ("application.approved", "stf_agent")

    def test_the_applicant_is_told_and_gets_the_role(self, office: Office) -> None:
        put_templates()
        office.world.rooms = ("companions", "accounts")
        office.admitted()
        office.world.deliver()
        notices = office.world.get("/notices", as_=office.applicant).body["items"]
        assert [notice["title"] for notice in notices] == ["欢迎成为诊伴陪诊师"]

    def test_a_decision_is_made_once(self, office: Office) -> None:
        application_id = office.submitted()
        office.verify_all(application_id)
        office.call(application_id)
        first = office.world.post(
            f"/companion-applications/{application_id}/approve", as_=office.agent, key="approve-once"
        )
        again = office.world.post(
            f"/companion-applications/{application_id}/approve", as_=office.agent, key="approve-once"
        )
        assert (again.status, again.body) == (200, first.body)
        assert office.act(application_id, "approve").code == "application_state"
        assert office.act(application_id, "reject", {"reason": "not_needed", "note": "人手已足够了"}).status == 409
        assert profile_of(office.applicant.subject).is_active


_LONG = "长" * 301


class TestBadInput:
    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"name": ...}, "name"),
            ({"name": 5}, "name"),
            ({"gender": "other"}, "gender"),
            ({"birth_year": 1990.5}, "birth_year"),
            ({"birth_year": -1}, "birth_year"),
            ({"birth_year": 10**12}, "birth_year"),
            ({"birth_year": 2015}, "birth_year"),
            ({"city": "北京"}, "city"),
            ({"city": "310000"}, "serves.hos_pumch"),
            ({"languages": []}, "languages"),
            ({"specialties": ["flu"]}, "specialties[0]"),
            ({"specialties": "dialysis"}, "specialties"),
            ({"specialties": ["dialysis", "dialysis"]}, "specialties"),
            ({"specialties": list(ConditionType)}, "specialties"),
            ({"serves": []}, "serves"),
            ({"serves": [{"hospital_id": "hos_none", "department_ids": ["x"]}]}, "serves.hos_none"),
            ({"serves": [{"hospital_id": "hos_pumch", "department_ids": ["x"]}]}, "serves.hos_pumch.x"),
            ({"intro": _LONG}, "intro"),
            ({"id_number": "110101199006011241"}, "id_number"),
            ({"phone": "12345678901"}, "phone"),
            ({"tier": "senior"}, "tier"),
        ],
        ids=str,
    )
    def test_an_application_names_what_is_wrong(self, office: Office, changed: dict[str, Any], field: str) -> None:
        reply = office.world.post("/companion-applications", application(**changed), as_=office.applicant)
        assert (reply.status, [error["field"] for error in reply.body["errors"]][:1]) == (400, [field])

    @pytest.mark.parametrize(
        ("changed", "status", "field"),
        [
            ({"kind": "driving_licence"}, 400, "kind"),
            ({"number": "<script>"}, 400, "number"),
            ({"expires_on": "2026-03-10"}, 400, "expires_on"),
            ({"expires_on": "tomorrow"}, 400, "expires_on"),
            ({"file_id": "fil_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, 409, "file_id"),
            ({"verified": True}, 400, "verified"),
        ],
        ids=str,
    )
    def test_a_certificate_names_what_is_wrong(
        self, office: Office, changed: dict[str, Any], status: int, field: str
    ) -> None:
        application_id = office.apply()
        reply = office.attach(application_id, **{"kind": "health_certificate", **changed})
        assert (reply.status, reply.body["errors"][0]["field"]) == (status, field)

    def test_a_file_must_be_what_it_says_and_the_applicants_own(self, office: Office) -> None:
        application_id = office.apply()
        path = f"/companion-applications/{application_id}"
        refused = office.world.post(f"{path}/uploads", {"content_type": "text/html"}, as_=office.applicant, key="")
        assert (refused.status, refused.body["errors"][0]["field"]) == (400, "content_type")
        leave = office.world.post(f"{path}/uploads", {"content_type": "image/png"}, as_=office.applicant, key="").body
        office.world.upload(leave, b"<html>")
        body = credential("health_certificate", leave["file_id"])
        assert office.world.post(f"{path}/credentials", body, as_=office.applicant).code == "upload_refused"
        other = Office(office.world, office.world.person("client"), office.agent, office.admin)
        foreign = other.upload(f"/companion-applications/{other.apply()}/uploads")
        body = credential("health_certificate", foreign)
        assert office.world.post(f"{path}/credentials", body, as_=office.applicant).code == "upload_missing"

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("PUT", "", application()),
            ("POST", "/uploads", {"content_type": "image/jpeg"}),
            ("POST", "/credentials", credential("first_aid", "fil_none")),
            ("POST", "/submit", None),
        ],
    )
    def test_anothers_application_is_not_found(self, office: Office, method: str, path: str, body: Any) -> None:
        application_id = office.apply()
        stranger = office.world.person("client")
        for id_ in (application_id, "app_01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense"):
            reply = office.world.request(
                method, f"/companion-applications/{id_}{path}", body, as_=stranger, headers={"If-Match": '"1"'}
            )
            assert (reply.status, reply.code) == (404, "not_found")

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("phone-checks", {"outcome": "confirmed"}),
            ("approve", None),
            ("reject", {"reason": "not_needed", "note": "人手已足够了"}),
            ("request-more", {"missing": [{"subject": "intro", "note": "请补充"}]}),
            ("credentials/crd_none/verify", None),
            ("credentials/crd_none/refuse", {"reason": "看不清"}),
        ],
    )
    def test_staffs_acts_are_staffs_and_take_a_submitted_application(
        self, office: Office, path: str, body: Any
    ) -> None:
        application_id = office.apply()
        target = f"/companion-applications/{application_id}/{path}"
        assert office.world.post(target, body).status == 401
        for role in ("client", "companion", "finance", "hospital"):
            assert office.world.post(target, body, as_=office.world.person(role)).status == 403
        assert office.world.post(target, body, as_=office.agent, key="").status == 400
        assert office.world.post(target, body, as_=office.agent).code == "application_state"
        if body is not None:
            assert office.world.post(target, {**body, "extra": 1}, as_=office.agent).status == 400
        missing = target.replace(application_id, "app_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert office.world.post(missing, body, as_=office.agent).status == 404

    def test_a_key_is_not_used_for_another_body(self, office: Office) -> None:
        first = office.world.post("/companion-applications", application(), as_=office.applicant, key="apply-once")
        again = office.world.post("/companion-applications", application(), as_=office.applicant, key="apply-once")
        assert (first.status, again.status, again.body) == (201, 201, first.body)
        changed = application(name="周敏敏")
        assert (
            office.world.post("/companion-applications", changed, as_=office.applicant, key="apply-once").status == 422
        )

    def test_without_an_application_there_is_none(self, world: World) -> None:
        assert world.get("/companion-applications/mine", as_=world.person("client")).status == 404
