"""What companions are good at: said with the application, changed by staff, told to the other rooms (F1, F27)."""

from typing import Any

import msgspec
import pytest

from functions.booking.rules.conditions import ConditionType
from functions.companions.rules.applications import Draft
from functions.shared import audit
from tests.accounts.makers import COMPANION
from tests.companions.makers import Office, application, profile_of, put
from tests.harness.world import Reply

pytestmark = [pytest.mark.feature("F1"), pytest.mark.feature("F27")]

REASON = "完成产检陪诊专项培训"


def change(office: Office, *specialties: Any, of: str = COMPANION, reason: str = REASON, **options: Any) -> Reply:
    body = {"specialties": list(specialties), "reason": reason}
    return office.world.post(f"/companions/{of}/specialties", body, **{"as_": office.agent} | options)


def told(office: Office) -> list[list[str]]:
    """What the other rooms heard, each time."""
    office.world.deliver()
    return [each["specialties"] for each in office.world.events("companion.activated")]


class TestApplication:
    def test_they_come_with_the_application_and_go_out_with_the_approval(self, office: Office) -> None:
        application_id = office.apply(specialties=["prenatal"])
        path = f"/companion-applications/{application_id}"
        changed = application(specialties=["oncology_recovery", "dialysis"])
        version = office.read(application_id)["version"]
        reply = office.world.put(path, changed, version=version, as_=office.applicant)
        assert reply.body["specialties"] == ["oncology_recovery", "dialysis"]
        for kind in ("id_card", "health_certificate", "companion_training"):
            office.attach(application_id, kind)
        office.submit(application_id)
        office.verify_all(application_id)
        office.call(application_id)
        assert office.act(application_id, "approve").status == 200
        assert told(office) == [["oncology_recovery", "dialysis"]]
        shown = office.world.get(f"/companions/{office.applicant.subject}", as_=office.agent).body
        assert shown["specialties"] == ["oncology_recovery", "dialysis"]

    def test_to_name_none_is_fine(self, office: Office) -> None:
        assert office.read(office.apply())["specialties"] == []

    def test_drafts_from_before_there_were_any_are_still_read(self, office: Office) -> None:
        said = {name: application()[name] for name in Draft.__dataclass_fields__ if name != "specialties"}
        assert msgspec.convert(said, Draft).specialties == ()


class TestStaff:
    def test_staff_change_them_and_everybody_is_told(self, office: Office) -> None:
        put(specialties=["oncology_recovery"])
        reply = change(office, "prenatal", "oncology_recovery")
        assert (reply.status, reply.body["specialties"]) == (200, ["prenatal", "oncology_recovery"])
        assert told(office) == [["oncology_recovery"], ["prenatal", "oncology_recovery"]]
        assert profile_of(COMPANION).specialties == (ConditionType.PRENATAL, ConditionType.ONCOLOGY_RECOVERY)
        me = office.world.person("companion", subject=COMPANION)
        assert office.world.get("/companions/me", as_=me).body["specialties"] == ["prenatal", "oncology_recovery"]
        (entry,) = audit.entries_of("companions", COMPANION)[0]
        assert (entry.act, entry.actor, entry.reason) == ("companion.specialties_changed", "stf_agent", REASON)
        assert (entry.before, entry.after) == ("肿瘤术后", "产检、肿瘤术后")
        assert change(office, as_=office.admin).body["specialties"] == []

    def test_nobody_is_told_of_a_suspended_companion(self, office: Office) -> None:
        put(specialties=[])
        office.world.post(f"/companions/{COMPANION}/suspend", {"reason": "等待调查结果"}, as_=office.admin)
        before = told(office)
        assert change(office, "dialysis").status == 200
        assert told(office) == before
        office.world.post(f"/companions/{COMPANION}/reinstate", {"reason": "调查已经结束"}, as_=office.admin)
        assert told(office)[-1] == ["dialysis"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"specialties": ["flu"]}, "specialties[0]"),
            ({"specialties": [5]}, "specialties[0]"),
            ({"specialties": None}, "specialties"),
            ({"specialties": ["dialysis", "dialysis"]}, "specialties"),
            ({"specialties": list(ConditionType)}, "specialties"),
            ({"reason": "短"}, "reason"),
            ({"reason": "长" * 201}, "reason"),
            ({"tier": "senior"}, "tier"),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused_by_name(self, office: Office, body: dict[str, Any], field: str) -> None:
        put(specialties=["prenatal"])
        whole = {"specialties": ["dialysis"], "reason": REASON} | body
        reply = office.world.post(f"/companions/{COMPANION}/specialties", whole, as_=office.agent)
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, field)
        assert profile_of(COMPANION).specialties == (ConditionType.PRENATAL,)

    def test_only_staff_who_look_after_companions_and_only_once(self, office: Office) -> None:
        put(specialties=[])
        assert change(office, "dialysis", as_=None).status == 401
        for role in ("client", "companion", "finance", "finance_reader", "insurer"):
            assert change(office, "dialysis", as_=office.world.person(role)).status == 403
        assert change(office, "dialysis", key="").code == "invalid_request"
        assert change(office, "dialysis", of="cmp_nobody").status == 404
        first = change(office, "dialysis", key="specialties-once")
        again = change(office, "dialysis", key="specialties-once")
        assert (again.status, again.body) == (200, first.body)
        assert change(office, "prenatal", key="specialties-once").code == "idempotency_key_reused"
        assert told(office) == [[], ["dialysis"]]
