"""Certificates run out: warnings, suspension, renewal (F23, F27); what the public sees of a record."""

from typing import Any

import pytest

from functions.companions.actions import profiles
from functions.companions.rules.policy import Policy
from functions.shared import audit
from tests.accounts.makers import COMPANION, commit, put_templates
from tests.companions.makers import Office, credentials_until, profile_of, put
from tests.harness.world import Person

pytestmark = pytest.mark.feature("F23")

SOON = "2026-04-15"
"""44 days after the tests begin."""


def companion(office: Office) -> Person:
    return office.world.person("companion", subject=COMPANION)


def events(office: Office, name: str) -> list[dict[str, Any]]:
    return office.world.events(f"companion.{name}")


def until(office: Office, day: int, hour: int, *, month: int = 4) -> None:
    """Let time pass until that hour in China."""
    from datetime import datetime

    from functions.shared import clock

    at = datetime(2026, month, day, hour, 30, tzinfo=clock.CHINA)
    office.world.advance(seconds=(at - clock.now()).total_seconds())


class TestWarnings:
    def test_thirty_seven_and_one_days_ahead_at_nine(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 15, 23)
        told = [(each["kind"], each["days"]) for each in events(office, "credential_expiring")]
        assert told == [("health_certificate", 30), ("health_certificate", 7), ("health_certificate", 1)]

    def test_delivered_twice_it_warns_once(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        office.world.deliver()
        (timer,) = office.world.timers.values()
        office.world.travel.move_to(timer.due_at, tick=False)
        for _ in range(2):
            office.world.fire(timer)
        assert len(events(office, "credential_expiring")) == 1

    def test_not_while_a_renewal_waits_for_staff(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 1, 12)
        assert office.renew(companion(office), "health_certificate").status == 201
        until(office, 15, 12)
        assert [each["days"] for each in events(office, "credential_expiring")] == [30]

    def test_the_companion_reads_of_it(self, office: Office) -> None:
        put_templates()
        office.world.rooms = ("companions", "accounts")
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 20, 12, month=3)
        (notice,) = office.world.get("/notices", as_=companion(office)).body["items"]
        assert notice["body"].startswith("您的健康证30 天后（2026-04-15）到期")


class TestExpiry:
    def test_a_required_one_suspends_when_its_last_day_is_over(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 15, 23)
        assert profile_of(COMPANION).is_active
        until(office, 16, 0)
        assert events(office, "suspended") == [
            {"type": "companion.suspended", "companion_id": COMPANION, "sequence": 2, "reason": "credential_expired"}
        ]
        assert not profile_of(COMPANION).is_active
        assert office.world.get(f"/companions/{COMPANION}", as_=office.world.person("client")).status == 404

    def test_an_optional_one_is_only_taken_off_the_profile(self, office: Office) -> None:
        put(credentials=credentials_until(first_aid=SOON))
        until(office, 16, 0)
        assert events(office, "suspended") == []
        told = [(each["sequence"], each["first_aid_certified"]) for each in events(office, "activated")]
        assert told == [(1, True), (2, False)]
        shown = office.world.get(f"/companions/{COMPANION}", as_=office.world.person("client")).body
        assert "first_aid" not in [each["kind"] for each in shown["credentials"]]

    def test_the_companion_still_sees_all_of_it(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 16, 1)
        own = office.world.get("/companions/me", as_=companion(office)).body
        assert (own["state"], own["suspended_for"]) == ("suspended", ["credential_expired"])
        verified = {each["kind"]: each["verified"] for each in own["credentials"]}
        assert (verified["health_certificate"], verified["id_card"]) == (False, True)


class TestRenewal:
    def test_verified_it_lifts_the_suspension(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        until(office, 16, 1)
        office = office.fresh()
        renewed = office.renew(companion(office), "health_certificate").body
        (line,) = office.world.get("/credential-renewals", as_=office.agent).body["items"]
        assert (line["subject_id"], line["title"]) == (renewed["credential_id"], "健康证")
        path = f"/companions/{COMPANION}/credentials/{renewed['credential_id']}"
        assert office.world.post(f"{path}/verify", as_=office.agent).body["state"] == "verified"
        office.world.deliver()
        assert [each["sequence"] for each in events(office, "activated")] == [1, 3]
        assert profile_of(COMPANION).is_active
        assert office.world.get("/credential-renewals", as_=office.agent).body["items"] == []

    def test_until_it_is_verified_the_old_one_counts(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        office.renew(companion(office), "health_certificate", expires_on="2029-01-01")
        shown = office.world.get(f"/companions/{COMPANION}", as_=office.world.person("client")).body["credentials"]
        assert {each["kind"]: each["expires_on"] for each in shown}["health_certificate"] == SOON

    def test_renewed_in_time_nothing_happens_on_the_old_last_day(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        renewed = office.renew(companion(office), "health_certificate", expires_on="2026-06-30").body
        office.world.post(f"/companions/{COMPANION}/credentials/{renewed['credential_id']}/verify", as_=office.agent)
        until(office, 20, 0)
        assert (events(office, "suspended"), events(office, "credential_expiring")) == ([], [])
        until(office, 1, 1, month=7)
        assert [each["reason"] for each in events(office, "suspended")] == ["credential_expired"]
        assert [each["days"] for each in events(office, "credential_expiring")] == [30, 7, 1]

    def test_refused_it_says_why_and_another_may_follow(self, office: Office) -> None:
        put()
        first = office.renew(companion(office), "first_aid").body["credential_id"]
        path = f"/companions/{COMPANION}/credentials/{first}/refuse"
        assert office.world.post(path, {"reason": "不是本人的证书"}, as_=office.agent).status == 200
        uploads = office.world.get("/companions/me", as_=companion(office)).body["uploads"]
        assert [(each["state"], each["refusal"]) for each in uploads] == [("refused", "不是本人的证书")]
        assert office.world.post(path, {"reason": "不是本人的证书"}, as_=office.agent).code == "credential_decided"
        assert office.renew(companion(office), "first_aid").status == 201

    def test_a_second_upload_takes_the_place_of_the_waiting_one(self, office: Office) -> None:
        put()
        office.renew(companion(office), "first_aid")
        second = office.renew(companion(office), "first_aid").body["credential_id"]
        lines = office.world.get("/credential-renewals", as_=office.agent).body["items"]
        assert [line["subject_id"] for line in lines] == [second]

    def test_a_companion_does_not_upload_without_end(self, office: Office) -> None:
        put()
        commit("companions", lambda tx: profiles.put_policy(tx, Policy(credentials_per_account=1)))
        assert office.renew(companion(office), "first_aid").status == 201
        assert office.renew(companion(office), "first_aid").code == "too_many_credentials"

    def test_every_look_and_decision_is_recorded(self, office: Office) -> None:
        put()
        renewed = office.renew(companion(office), "first_aid").body["credential_id"]
        path = f"/companions/{COMPANION}/credentials"
        assert office.world.get(f"{path}/{renewed}/file", as_=office.agent).status == 200
        office.world.post(f"{path}/{renewed}/verify", as_=office.admin)
        entries = office.world.get(f"/companions/{COMPANION}/audit", as_=office.agent).body["items"]
        assert [(each["act"], each["actor"]) for each in entries] == [
            ("credential.verified", "stf_admin"),
            ("credential.viewed", "stf_agent"),
        ]
        assert office.world.get(path, as_=office.agent).body["items"][0]["state"] == "verified"


class TestSuspension:
    def test_an_administrator_suspends_and_reinstates_with_a_reason(self, office: Office) -> None:
        put()
        path = f"/companions/{COMPANION}"
        reason = {"reason": "两次无故爽约，核实中"}
        suspended = office.world.post(f"{path}/suspend", reason, as_=office.admin)
        assert suspended.body["suspended_for"] == ["staff"]
        assert office.world.post(f"{path}/suspend", reason, as_=office.admin).code == "illegal_transition"
        assert office.world.post(f"{path}/reinstate", {"reason": "核实为误会"}, as_=office.admin).status == 200
        office.world.deliver()
        assert [each["reason"] for each in events(office, "suspended")] == ["staff"]
        assert [each["sequence"] for each in events(office, "activated")] == [1, 3]
        assert [entry.reason for entry in audit.entries_of("companions", COMPANION)[0]] == [
            "核实为误会",
            "两次无故爽约，核实中",
        ]

    def test_each_reason_is_lifted_by_itself(self, office: Office) -> None:
        put(credentials=credentials_until(health_certificate=SOON))
        office.world.post(f"/companions/{COMPANION}/suspend", {"reason": "核实投诉中"}, as_=office.admin)
        until(office, 16, 1)
        assert profile_of(COMPANION).suspended_for == ("staff", "credential_expired")
        assert len(events(office, "suspended")) == 1
        office = office.fresh()
        reply = office.world.post(f"/companions/{COMPANION}/reinstate", {"reason": "投诉不成立"}, as_=office.admin)
        assert reply.body == {
            "companion_id": COMPANION,
            "state": "suspended",
            "suspended_for": ["credential_expired"],
        }

    @pytest.mark.parametrize("act", ["suspend", "reinstate"])
    def test_it_takes_an_administrator_and_a_reason(self, office: Office, act: str) -> None:
        put()
        path, body = f"/companions/{COMPANION}/{act}", {"reason": "核实投诉中"}
        assert office.world.post(path, body).status == 401
        for role in ("client", "companion", "agent", "finance"):
            assert office.world.post(path, body, as_=office.world.person(role)).status == 403
        for bad in ({}, {"reason": ""}, {"reason": 5}, {**body, "extra": 1}, {"reason": "长" * 201}):
            assert office.world.post(path, bad, as_=office.admin).status == 400
        nobody = office.world.post(f"/companions/cmp_nobody/{act}", body, as_=office.admin)
        assert (nobody.status, nobody.code) == (404, "not_found")


class TestBadInput:
    @pytest.mark.parametrize(
        ("method", "path", "roles"),
        [
            ("GET", "/companions/me", {"companion"}),
            ("POST", "/companions/me/uploads", {"companion"}),
            ("POST", "/companions/me/credentials", {"companion"}),
            ("GET", "/credential-renewals", {"agent", "admin"}),
            ("GET", f"/companions/{COMPANION}/credentials", {"agent", "admin"}),
            ("GET", f"/companions/{COMPANION}/credentials/crd_x/file", {"agent", "admin"}),
            ("POST", f"/companions/{COMPANION}/credentials/crd_x/verify", {"agent", "admin"}),
            ("POST", f"/companions/{COMPANION}/credentials/crd_x/refuse", {"agent", "admin"}),
            ("GET", f"/companions/{COMPANION}/audit", {"agent", "admin"}),
        ],
    )
    def test_each_route_knows_its_callers(self, office: Office, method: str, path: str, roles: set[str]) -> None:
        body: dict[str, str] | None = {} if method == "POST" and not path.endswith("verify") else None
        assert office.world.request(method, path, body).status == 401
        for role in ("client", "companion", "agent", "admin", "hospital", "guest"):
            answered = office.world.request(method, path, body, as_=office.world.person(role)).status
            assert (answered != 403) == (role in roles), role

    def test_another_companions_certificate_is_not_found(self, office: Office) -> None:
        put()
        renewed = office.renew(companion(office), "first_aid").body["credential_id"]
        for path in (f"/companions/cmp_zhao_wenbo/credentials/{renewed}/verify", "/companions/x/credentials/y/verify"):
            assert office.world.post(path, as_=office.agent).status == 404

    def test_a_certificate_of_an_application_is_decided_there(self, office: Office) -> None:
        application_id = office.submitted()
        (held, *_) = office.read(application_id)["credentials"]
        path = f"/companions/{office.applicant.subject}/credentials/{held['credential_id']}/verify"
        assert office.world.post(path, as_=office.agent).status == 404

    def test_who_is_no_companion_has_no_profile(self, office: Office) -> None:
        stranger = office.world.person("companion")
        assert office.world.get("/companions/me", as_=stranger).status == 404
        assert office.world.post("/companions/me/uploads", {"content_type": "image/png"}, as_=stranger).status == 404


class TestPublicRecord:
    def test_few_cases_of_a_department_are_not_shown(self, office: Office) -> None:
        put(cases_by_department={"oncology": 418, "rheumatology": 4, "hematology": 5})
        shown = office.world.get(f"/companions/{COMPANION}", as_=office.world.person("client")).body
        assert shown["cases_by_department"] == {"oncology": 418, "hematology": 5}
        own = office.world.get("/companions/me", as_=companion(office)).body
        assert own["cases_by_department"]["rheumatology"] == 4

    def test_what_was_uploaded_and_not_verified_is_never_shown(self, office: Office) -> None:
        put(credentials=[each for each in credentials_until() if each["kind"] != "nurse_license"])
        office.renew(companion(office), "nurse_license")
        shown = office.world.get(f"/companions/{COMPANION}", as_=office.world.person("client")).body
        assert "nurse_license" not in str(shown)
