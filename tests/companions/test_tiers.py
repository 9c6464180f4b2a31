"""Tiers follow the record, by event and at night, and are explained (F27)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking import table as booking
from functions.booking.events import OrderCompleted, OrderUnassigned, Split
from functions.booking.rules.matching import Wanted
from functions.booking.rules.orders import OrderState, UnassignedReason
from functions.booking.rules.pricing import Price
from functions.companions.actions import profiles
from functions.companions.rules.policy import Policy
from functions.shared import audit, clock, ids
from functions.shared.tx import Tx
from functions.support.events import ComplaintClosed
from functions.tracking.events import VisitNoShow
from tests.accounts.makers import COMPANION, commit, put_templates
from tests.companions.makers import Office, profile_of, put
from tests.harness.world import Person, Reply

pytestmark = pytest.mark.feature("F27")

CASES = {"oncology": 12}


def junior(**changed: Any) -> None:
    """The companion a visit short of 中级."""
    put(**{"tier": "junior", "completed_visits": 59, "rating_hundredths": 480, "cases_by_department": CASES} | changed)


def companion(office: Office) -> Person:
    return office.world.person("companion", subject=COMPANION)


def complete(office: Office, visits: int = 1, *, deliveries: int = 1) -> None:
    """Booking says that visits of 肿瘤科 were completed."""
    for _ in range(visits):
        commit("booking", _complete)
    office.world.deliver(times=deliveries)


def give_up(office: Office, times: int) -> None:
    """Booking says that the companion gave up orders."""
    for _ in range(times):
        office.world.publish(
            OrderUnassigned(
                order_id=ids.new("ord"),
                client_id=ids.new("acc"),
                companion_id=COMPANION,
                reason=UnassignedReason.COMPANION_CANCELLED,
                starts_at=clock.now(),
                revision=2,
            )
        )
    office.world.deliver()


def complain(office: Office, *, upheld: bool) -> None:
    """A complaint about the companion was closed."""
    office.world.publish(
        ComplaintClosed(
            complaint_id=ids.new("cpl"),
            order_id=ids.new("ord"),
            client_id=ids.new("acc"),
            companion_id=COMPANION,
            category="service",
            upheld=upheld,
        )
    )
    office.world.deliver()


def tier(office: Office) -> dict[str, Any]:
    reply = office.world.get("/companions/me/tier", as_=companion(office))
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


def changes(office: Office) -> list[tuple[str, str, str]]:
    told = office.world.events("companion.tier_changed")
    return [(each["tier_from"], each["tier_to"], each["reason"]) for each in told]


def override(office: Office, to: str, until: str, *, of: str = COMPANION, **options: Any) -> Reply:
    body = {"tier": to, "until": until, "reason": "参加平台带教"}
    return office.world.post(f"/companions/{of}/tier-override", body, **{"as_": office.admin} | options)


class TestByEvent:
    def test_complaints_count_if_the_client_was_right(self, office: Office) -> None:
        junior(tier="senior", completed_visits=400)
        for upheld in (False, False, False):
            complain(office, upheld=upheld)
        assert (tier(office)["tier"], changes(office)) == ("senior", [])
        complain(office, upheld=True)
        assert changes(office) == [("senior", "intermediate", "demoted")]

    def test_the_visit_that_was_missing_lifts_the_companion(self, office: Office) -> None:
        junior()
        assert tier(office)["advice"] == "再完成 1 单即可升为中级。"
        complete(office)
        assert changes(office) == [("junior", "intermediate", "promoted")]
        now = tier(office)
        assert (now["title"], now["facts"]["completed_visits"]) == ("中级", 60)
        assert now["missing"] == ["再完成 240 单"]
        last = office.world.events("companion.activated")[-1]
        assert (last["sequence"], last["tier"], last["cases_by_department"]) == (2, "intermediate", {"oncology": 13})

    def test_an_event_that_comes_twice_counts_once(self, office: Office) -> None:
        junior(completed_visits=50)
        complete(office, deliveries=2)
        assert profile_of(COMPANION).completed_visits == 51

    @pytest.mark.feature("B4")
    def test_a_visit_that_the_companion_did_not_come_to_counts_like_an_order_given_up(self, office: Office) -> None:
        put()
        give_up(office, 5)
        facts = {"visit_id": ids.new("vis"), "order_id": ids.new("ord"), "client_id": ids.new("acc")}
        for absent in ("client", "companion"):
            assert changes(office) == []
            event = VisitNoShow(companion_id=COMPANION, absent=absent, decided_by="rule", **facts)
            office.world.publish(event)
        assert len(changes(office)) == 1

    def test_orders_given_up_cost_the_tier(self, office: Office) -> None:
        put()
        give_up(office, 5)
        assert changes(office) == []
        give_up(office, 1)
        assert changes(office) == [("senior", "intermediate", "demoted")]
        told = office.world.get("/companions/me/tier/history", as_=companion(office)).body["items"]
        assert [each["told"] for each in told] == [
            "近 90 天投诉率 0%、取消 6 次、评分 4.91，未达到保级要求，调整为中级。"
        ]

    def test_a_newcomers_visits_are_told_at_once_and_a_long_record_at_night(self, office: Office) -> None:
        put(completed_visits=19, cases_by_department={})
        complete(office, 2)
        assert [each["completed_visits"] for each in office.world.events("companion.activated")] == [19, 20]
        office.world.run("companions", "tier_review")
        assert [each["completed_visits"] for each in office.world.events("companion.activated")] == [19, 20, 21]

    def test_the_companion_reads_of_it(self, office: Office) -> None:
        put_templates()
        office.world.rooms = ("companions", "accounts")
        junior()
        complete(office)
        notices = office.world.get("/notices", as_=companion(office)).body["items"]
        told = [(each["title"], each["body"][:9]) for each in notices if each["order_id"] is None]
        assert told == [("恭喜，等级提升了", "您已升为中级陪诊师")]


class TestAtNight:
    def test_days_that_are_old_no_longer_stand_in_the_way(self, office: Office) -> None:
        junior()
        give_up(office, 4)
        complete(office)
        office.world.run("companions", "tier_review")
        assert changes(office) == []
        office.world.advance(seconds=90 * 86_400)
        office.world.run("companions", "tier_review")
        assert changes(office) == [("junior", "intermediate", "promoted")]

    def test_one_night_reviews_each_companion_once_however_often_it_is_called(self, office: Office) -> None:
        commit("companions", lambda tx: profiles.put_policy(tx, Policy(review_page=1, review_pages_per_run=10)))
        for number in range(3):
            junior(id=f"cmp_{number}", completed_visits=300)
        for _ in range(3):
            office.world.run("companions", "tier_review")
        assert sorted(each["companion_id"] for each in office.world.events("companion.tier_changed")) == [
            *("cmp_0", "cmp_1", "cmp_2")
        ]

    def test_nobody_passes_over_a_tier(self, office: Office) -> None:
        junior(completed_visits=862)
        for days in range(3):
            office.world.advance(seconds=86_400 * min(days, 1))
            office.world.run("companions", "tier_review")
        assert [to for _, to, _ in changes(office)] == ["intermediate", "senior"]


class TestOverride:
    def test_it_holds_until_its_last_day_is_over(self, office: Office) -> None:
        junior(rating_hundredths=400)
        assert override(office, "senior", "2026-03-10").status == 200
        assert (tier(office)["title"], tier(office)["set_until"]) == ("高级", "2026-03-10")
        complete(office)
        assert profile_of(COMPANION).tier == "senior"
        office.world.advance(seconds=9 * 86_400)
        office.world.run("companions", "tier_review")
        assert changes(office) == [("junior", "senior", "overridden"), ("senior", "junior", "override_ended")]
        (entry, *_), _ = audit.entries_of("companions", COMPANION)
        assert (entry.act, entry.actor, entry.reason) == ("tier.overridden", "stf_admin", "参加平台带教")

    @pytest.mark.parametrize(
        ("to", "until", "code"),
        [
            ("junior", "2026-03-10", "override_invalid"),
            ("senior", "2026-02-01", "override_invalid"),
            ("senior", "2028-01-01", "override_invalid"),
            ("chief", "2026-03-10", "invalid_request"),
            ("senior", "soon", "invalid_request"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, office: Office, to: str, until: str, code: str) -> None:
        junior()
        reply = override(office, to, until)
        assert (reply.status, reply.code) == (400, code)

    def test_it_takes_an_administrator(self, office: Office) -> None:
        junior()
        assert override(office, "senior", "2026-03-10", as_=None).status == 401
        for role in ("client", "companion", "agent", "finance", "hospital"):
            assert override(office, "senior", "2026-03-10", as_=office.world.person(role)).status == 403
        assert override(office, "senior", "2026-03-10", key="").code == "invalid_request"
        assert override(office, "senior", "2026-03-10", of="cmp_nobody").status == 404


class TestRules:
    def test_other_rules_hold_from_the_next_evaluation_and_leave_a_trace(self, office: Office) -> None:
        junior(completed_visits=20)
        path = "/companion-tier-rules"
        shown = office.world.get(path, as_=office.admin).body
        version = shown.pop("version")
        shown["promotion"]["intermediate"]["visits"] = 20
        put_rules = partial(office.world.put, path, shown, as_=office.admin)
        assert put_rules(version=version).body["version"] == 1
        assert put_rules(version=version).code == "version_mismatch"
        profile_of(COMPANION)
        office.world.run("companions", "tier_review")
        assert changes(office) == [("junior", "intermediate", "promoted")]
        assert audit.entries_of("companions", "tier_rules")[0][0].actor == "stf_admin"

    def test_rules_on_which_one_would_rise_and_fall_are_refused(self, office: Office) -> None:
        shown = office.world.get("/companion-tier-rules", as_=office.admin).body
        shown.pop("version")
        shown["keeping"]["senior"]["rating_hundredths"] = 490
        refused = office.world.put("/companion-tier-rules", shown, version=0, as_=office.admin)
        assert (refused.status, refused.code) == (400, "tier_rules_invalid")
        assert office.world.put("/companion-tier-rules", shown, version=0, as_=office.agent).status == 403

    def test_who_is_no_companion_has_no_tier(self, office: Office) -> None:
        assert office.world.get("/companions/me/tier", as_=office.world.person("companion")).status == 404
        assert office.world.get("/companions/cmp_nobody/tier", as_=office.agent).status == 404


def _complete(tx: Tx) -> None:
    order_id, client_id = ids.new("ord"), ids.new("acc")
    tx.insert(_order(order_id, client_id))
    split = Split(share_fen=28_800, commission_fen=3_200, premium_fen=500)
    tx.emit(
        OrderCompleted(order_id=order_id, client_id=client_id, companion_id=COMPANION, split=split, total_fen=32_500)
    )


def _order(order_id: str, client_id: str) -> booking.OrderRow:
    now = clock.now()
    return booking.OrderRow(
        *booking.order_key(order_id),
        client_id=client_id,
        placed_at=now,
        chosen_id=COMPANION,
        starts_at=now - timedelta(hours=5),
        ends_at=now - timedelta(hours=1),
        patient_id=ids.new("pat"),
        hospital_id="hos_pumch",
        campus_id="east",
        department_id="oncology",
        package_id="deep",
        process_template_id="deep_visit",
        process_version_id="ver_1",
        quote_id=ids.new("quo"),
        state=OrderState.COMPLETED,
        price=Price(items=(), total_fen=32_500, insurance=None),
        share_bp=9_000,
        wanted=Wanted(),
        hold_expires_at=now,
        asked=(),
    )
