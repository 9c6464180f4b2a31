"""Before the visit: the checklist, the way, the reminders, the steps that were asked for (F7, F8)."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.accounts.rules.guests import GuestAccess, Scope
from functions.accounts.table.guests import guest_access_row
from functions.booking import actions as booking
from functions.booking.actions import preparation as acts
from functions.booking.rules import preparation
from functions.booking.rules.itinerary import CheckIn, Milestone, ProcessTemplate, with_requested_steps
from functions.booking.rules.preparation import PreparationPolicy, Reminder
from functions.hospitals import actions as hospitals
from functions.hospitals.rules.guide_maps import Building, GuideMap, Place, PlaceKind
from functions.shared import audit, clock, ids
from functions.shared.clock import CHINA
from tests.booking.makers import HOSPITAL, STARTS_AT, Town, commit
from tests.booking.test_bad_input import refused
from tests.booking.test_cancellation_api import cancel
from tests.harness.world import Person, Reply

DEPARTMENT = f"{HOSPITAL}.oncology"
TICKET: dict[str, Any] = {"id": "ticket_pickup", "name": "代取号", "summary": "凭预约取号", "price_fen": 3_000}


def own(code: str, title: str = "病理报告") -> dict[str, Any]:
    return {"name": "本院清单", "items": [{"code": code, "title": title, "note": "原件"}]}


def checklist(town: Town, order: Mapping[str, Any], as_: Person | None = None) -> Reply:
    as_ = as_ or town.world.renewed(town.client, "client")
    return town.world.get(f"/orders/{order['order_id']}/checklist", as_=as_)


def tick(town: Town, order: Mapping[str, Any], code: str = "id_card", **options: Any) -> Reply:
    sent = {"body": {"ready": True}, "as_": town.world.renewed(town.client, "client")} | options
    body = sent.pop("body")
    return town.world.post(f"/orders/{order['order_id']}/checklist/{code}", body, **sent)


def put(town: Town, checklist_id: str, body: Mapping[str, Any], *, version: int, role: str = "agent") -> Reply:
    return town.world.put(f"/checklists/{checklist_id}", dict(body), version=version, as_=town.world.person(role))


def guest_of(town: Town, order: Mapping[str, Any], *scopes: str) -> Person:
    access = GuestAccess(
        guest_access_id=ids.new("gst"),
        order_id=order["order_id"],
        client_id=town.client.subject,
        label="女儿",
        scopes=frozenset(Scope(scope) for scope in scopes),
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=9),
        revoked_at=None,
    )
    commit("accounts", lambda tx: tx.insert(guest_access_row(access)))
    return town.world.person("guest", subject=access.guest_access_id, order_id=access.order_id, scopes=list(scopes))


@pytest.mark.feature("F7")
class TestTicking:
    def test_what_is_ready_is_seen_by_family_companion_and_staff(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        assert tick(town, order).body["ready_count"] == 1
        people = (companion, guest_of(town, order, "progress"), town.world.person("agent"))
        for person in people:
            body = checklist(town, order, person).body
            assert (body["items"][0]["ready_at"], body["ready_count"]) == ("2026-03-02T09:00:00+08:00", 1)

    def test_it_can_be_taken_back_and_the_first_time_counts(self, town: Town) -> None:
        order = town.paid_order(town.companion())
        tick(town, order)
        town.world.advance(minutes=5)
        assert tick(town, order).body["items"][0]["ready_at"] == "2026-03-02T09:00:00+08:00"
        assert tick(town, order, body={"ready": False}).body["items"][0]["ready_at"] is None

    def test_a_guest_needs_the_scope_and_the_order(self, town: Town) -> None:
        order = town.paid_order(town.companion())
        assert checklist(town, order, guest_of(town, order, "position")).status == 403
        other = town.world.person("guest", order_id=ids.new("ord"))
        assert checklist(town, order, other).status == 404

    def test_bad_ticks_change_nothing(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        refused(partial(tick, town, order, "pathology"), 404, "not_found")
        refused(partial(tick, town, {"order_id": ids.new("ord")}), 404, "not_found")
        refused(partial(tick, town, {"order_id": "x"}), 404, "not_found")
        refused(partial(tick, town, order, as_=town.world.person("client")), 404, "not_found")
        for role in ("companion", "agent", "guest", "finance"):
            refused(partial(tick, town, order, as_=town.world.person(role)), 403, "forbidden")
        bodies: tuple[Any, ...] = ({}, {"ready": 1}, {"ready": "yes"}, {"ready": True, "by": "x"}, [])
        for body in bodies:
            refused(partial(tick, town, order, body=body), 400, "invalid_request")
        refused(partial(tick, town, order, key=""), 400, "invalid_request")
        assert tick(town, order, as_=None).status == 401

    def test_before_payment_there_is_none_and_after_the_end_it_stays(self, town: Town) -> None:
        order = town.order(town.companion())
        refused(partial(tick, town, order), 404, "not_ready")
        town.pay(order)
        town.decline(Person(order["companion_id"], ""))
        assert town.state(order)["state"] == "no_companion"
        refused(partial(tick, town, order), 409, "illegal_state")

    def test_a_repeated_key_is_one_tick(self, town: Town) -> None:
        order, key = town.paid_order(town.companion()), uuid.uuid4().hex
        first, again = (tick(town, order, key=key) for _ in range(2))
        assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
        refused(partial(tick, town, order, key=key, body={"ready": False}), 422, "idempotency_key_reused")


@pytest.mark.feature("F7")
class TestOverrides:
    def codes(self, town: Town, order: Mapping[str, Any]) -> list[str]:
        return [item["code"] for item in checklist(town, order).body["items"]]

    def test_the_most_specific_list_is_the_patients(self, town: Town) -> None:
        assert self.codes(town, town.paid_order(town.companion())) == ["id_card"]
        put(town, HOSPITAL, own("hospital_card"), version=0)
        assert self.codes(town, town.paid_order(town.companion())) == ["hospital_card"]
        put(town, DEPARTMENT, own("slides"), version=0)
        assert self.codes(town, town.paid_order(town.companion())) == ["slides"]
        removed = town.world.delete(f"/checklists/{DEPARTMENT}", as_=town.world.person("agent"))
        assert removed.status == 200
        assert self.codes(town, town.paid_order(town.companion())) == ["hospital_card"]

    def test_what_a_client_was_told_does_not_change_under_them(self, town: Town) -> None:
        order = town.paid_order(town.companion())
        put(town, "tpl.oncology", own("slides"), version=1)
        assert self.codes(town, order) == ["id_card"]

    def test_an_edit_is_by_version_and_leaves_a_row(self, town: Town) -> None:
        agent = town.world.person("agent")
        shown = town.world.get(f"/checklists/{DEPARTMENT}", as_=agent).body
        assert (shown["version"], shown["inherited_from"], shown["items"][0]["code"]) == (0, "tpl.oncology", "id_card")
        first = put(town, DEPARTMENT, own("slides"), version=0).body
        assert (first["version"], first["inherited_from"]) == (1, "")
        assert put(town, DEPARTMENT, own("slides"), version=0).code == "version_mismatch"
        assert put(town, DEPARTMENT, own("slides", "蜡块"), version=1).body["version"] == 2
        entries = audit.entries_of("booking", DEPARTMENT)[0]
        assert [entry.after for entry in entries] == ["修改 slides", "增加 slides"]

    @pytest.mark.parametrize("role", ["client", "companion", "finance", "finance_reader", "hospital"])
    def test_only_agents_and_admins_edit(self, town: Town, role: str) -> None:
        assert put(town, HOSPITAL, own("a"), version=0, role=role).status == 403
        assert town.world.delete(f"/checklists/{HOSPITAL}", as_=town.world.person(role)).status == 403

    @pytest.mark.parametrize(
        "checklist_id", ["tpl", "oncology", "hos_none", f"{HOSPITAL}.none", "tpl.", "..", "tpl.X", "hos_a.b.c"]
    )
    def test_a_place_that_does_not_exist(self, town: Town, checklist_id: str) -> None:
        assert put(town, checklist_id, own("a"), version=0).status == 404
        assert town.world.get(f"/checklists/{checklist_id}", as_=town.world.person("admin")).status == 404
        assert town.world.delete(f"/checklists/{checklist_id}", as_=town.world.person("admin")).status == 404

    def test_a_template_stays(self, town: Town) -> None:
        assert town.world.delete("/checklists/tpl.oncology", as_=town.world.person("admin")).status == 404

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"name": "清单", "items": []}, "invalid_request"),
            ({"name": "", "items": [{"code": "a", "title": "身份证"}]}, "invalid_request"),
            ({"name": "清单", "items": [{"code": "A b", "title": "身份证"}]}, "checklist_invalid"),
            ({"name": "清单", "items": [{"code": "a", "title": "身份证"}] * 2}, "checklist_invalid"),
            ({"name": "清单", "items": [{"code": "a", "title": ""}]}, "invalid_request"),
            ({"name": "清单", "items": [{"code": "a", "title": "证", "price_fen": 1}]}, "invalid_request"),
            ({"name": "清单", "items": [{"code": f"a{n}", "title": "证"} for n in range(31)]}, "invalid_request"),
        ],
    )
    def test_a_list_that_could_not_be_ticked_off(self, town: Town, body: dict[str, Any], code: str) -> None:
        reply = put(town, HOSPITAL, body, version=0)
        assert (reply.status, reply.code) == (400, code)


@pytest.mark.feature("F7")
class TestTheWay:
    def read(self, town: Town, order: Mapping[str, Any], as_: Person | None) -> Reply:
        return town.world.get(f"/orders/{order['order_id']}/guide-map", as_=as_)

    def test_it_leads_to_the_department_with_links(self, town: Town) -> None:
        gate = Place("gate", PlaceKind.ENTRANCE, "东门", "main", "1F", "沿主路直走", True, 39.9125, 116.4160)
        guide = GuideMap("east", (Building("main", "门诊楼", ("1F", "4F")),), (gate,), note="示意")
        site = hospitals.Campus("east", "东院", "北京市东城区", 39.9124, 116.4159, 300)
        commit("hospitals", partial(hospitals.put_guide_map, hospital_id=HOSPITAL, campus=site, guide=guide))
        companion = town.companion()
        order = town.assigned_order(companion)
        for who in (town.client, companion, town.world.person("agent")):
            body = self.read(town, order, who).body
            assert (body["department_name"], body["building"], body["floor"]) == ("肿瘤内科", "门诊楼", "4F")
            assert body["links"]["amap"].startswith("https://uri.amap.com/navigation?to=116.415900,39.912400,")
            assert body["places"][0]["links"]["tencent"].endswith("tocoord=39.912500,116.416000&referer=zhenban")
            assert not body["verified"]

    def test_a_campus_without_a_map_still_says_where_to_go(self, town: Town) -> None:
        body = self.read(town, town.order(town.companion()), town.client).body
        assert (body["places"], body["address"]) == ([], "北京市东城区") and "整理中" in body["note"]

    def test_strangers_find_nothing(self, town: Town) -> None:
        order = town.order(town.companion())
        assert self.read(town, order, town.world.person("client")).status == 404
        assert self.read(town, order, town.world.person("companion")).status == 404
        assert self.read(town, {"order_id": "ord_x"}, town.client).status == 404
        assert self.read(town, order, town.world.person("guest")).status == 403
        assert self.read(town, order, None).status == 401


@pytest.mark.feature("F7")
class TestReminders:
    def reminded(self, town: Town) -> list[tuple[str, str]]:
        return [(event["reminder"], event["starts_at"]) for event in town.world.events("order.visit_reminder")]

    def confirmed(self, town: Town, order: Mapping[str, Any], companion: Person) -> None:
        as_ = town.world.renewed(companion, "companion")
        assert town.world.post(f"/orders/{order['order_id']}/confirm", as_=as_).status == 200

    def test_the_evening_before_and_at_seven_on_the_day(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        town.world.advance(hours=24)
        self.confirmed(town, order, companion)
        town.world.advance(hours=8, minutes=59)
        assert self.reminded(town) == []
        town.world.advance(minutes=1)
        assert self.reminded(town) == [("day_before", "2026-03-04T01:00:00Z")]
        assert clock.china(clock.now()) == datetime(2026, 3, 3, 18, tzinfo=CHINA)
        town.world.advance(hours=13)
        assert self.reminded(town)[1:] == [("morning", "2026-03-04T01:00:00Z")]
        assert clock.china(clock.now()) == datetime(2026, 3, 4, 7, tzinfo=CHINA)

    def test_an_order_that_ended_is_silent(self, town: Town) -> None:
        order = town.assigned_order(town.companion())
        town.world.advance(hours=23)
        assert cancel(town, order).status == 200
        town.world.advance(hours=30)
        assert self.reminded(town) == []

    def test_a_visit_that_nobody_takes_any_more_is_silent(self, town: Town) -> None:
        companion = town.companion()
        order = town.assigned_order(companion)
        path = f"/orders/{order['order_id']}/companion-cancellation"
        given_up = town.world.post(path, {"reason": "illness"}, as_=companion)
        assert given_up.status == 200, given_up.body
        town.world.advance(hours=48)
        assert self.reminded(town) == []

    def test_a_reminder_of_a_time_that_is_no_longer_the_visits_is_silent(self, town: Town) -> None:
        order = town.assigned_order(town.companion())
        for subject in (
            preparation.reminder_subject(order["order_id"], STARTS_AT + timedelta(minutes=30)),
            order["order_id"],
            ids.new("ord"),
        ):
            commit("booking", partial(acts.remind, subject=subject, kind=preparation.ReminderKind.MORNING))
        town.world.deliver()
        assert self.reminded(town) == []

    def test_an_order_taken_late_is_reminded_of_at_once_or_not_at_all(self, town: Town) -> None:
        commit("booking", partial(booking.put_preparation_policy, policy=PreparationPolicy(Reminder(2, 0, 600))))
        town.assigned_order(town.companion())
        town.world.advance(seconds=1)
        assert self.reminded(town) == [("day_before", "2026-03-04T01:00:00Z")]

    def test_the_timers_names_fit_the_scheduler(self, town: Town) -> None:
        town.assigned_order(town.companion())
        names = [timer.id for timer in town.world.timers.values() if timer.kind in acts.TIMERS.values()]
        assert len(names) == 2 and all(len(name) <= 64 for name in names)


instants = st.integers(0, 525_600).map(lambda minutes: datetime(2026, 1, 1, tzinfo=CHINA) + timedelta(minutes=minutes))
reminders = st.builds(Reminder, st.integers(0, 3), st.integers(0, 1439), st.integers(0, 3000))


@pytest.mark.feature("F7")
@given(reminders, instants, st.integers(-6000, 6000))
def test_a_reminder_never_goes_out_in_the_past_or_after_the_visit_began(
    reminder: Reminder, starts_at: datetime, ahead_min: int
) -> None:
    now = starts_at - timedelta(minutes=ahead_min)
    at = preparation.remind_at(reminder, starts_at=starts_at, now=now)
    midnight = starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
    due = midnight - timedelta(days=reminder.days_before) + timedelta(minutes=reminder.at_min)
    if at is None:
        assert due >= starts_at or now > due + timedelta(minutes=reminder.late_min) or now >= starts_at
    else:
        assert now <= at < starts_at and at in (due, now)


STEPS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=5)


def template_of(steps: list[tuple[int, int]], code: str = "step") -> ProcessTemplate:
    middle = [
        Milestone(f"{code}{place}", "步骤", CheckIn.NONE, offset, minutes, False)
        for place, (offset, minutes) in enumerate(sorted(steps))
    ]
    first = (
        Milestone("departed", "出发", CheckIn.NONE, -60, 45, True),
        Milestone("arrived", "到达", CheckIn.GEOFENCE, -15, 15, True),
    )
    return ProcessTemplate("t", "流程", (*first, *middle, Milestone("ended", "结束", CheckIn.NONE, 240, 0, True)))


@pytest.mark.feature("F8")
class TestRequestedSteps:
    @given(STEPS)
    def test_the_ticket_is_picked_up_between_arrival_and_start(self, steps: list[tuple[int, int]]) -> None:
        template = template_of(steps)
        changed = with_requested_steps(template, {"ticket_pickup", "wheelchair"})
        codes = [milestone.code for milestone in changed.milestones]
        assert codes == ["departed", "arrived", "ticket_pickup", *codes[3:]]
        pickup = changed.milestones[2]
        assert (pickup.check_in, pickup.required) == (CheckIn.PHOTO, True)
        assert changed.milestones[3:] == template.milestones[2:]
        assert pickup.offset_min + pickup.duration_min <= 0

    @given(STEPS)
    def test_without_the_request_nothing_changes(self, steps: list[tuple[int, int]]) -> None:
        assert with_requested_steps(template_of(steps), {"wheelchair"}) == template_of(steps)

    def test_a_step_that_is_there_becomes_required(self) -> None:
        template = template_of([(-5, 5)], code="ticket_pickup")
        renamed = ProcessTemplate(
            "t",
            "流程",
            tuple(
                Milestone("ticket_pickup", "取号", m.check_in, m.offset_min, m.duration_min, False)
                if m.code == "ticket_pickup0"
                else m
                for m in template.milestones
            ),
        )
        pickup = with_requested_steps(renamed, ["ticket_pickup"]).milestones[2]
        assert (pickup.title, pickup.check_in, pickup.required, pickup.offset_min) == ("取号", CheckIn.PHOTO, True, -5)

    def test_an_order_that_asked_for_it_has_the_step(self, town: Town) -> None:
        commit("booking", partial(booking.put_special_request, **TICKET))
        companion = town.companion()
        quote = town.quote(special_requests=["ticket_pickup"])
        order = town.assigned_order(companion, quote_id=quote["quote_id"])
        (event,) = town.world.events("order.assigned")
        steps = {step["code"]: step for step in event["process_template"]}
        assert (steps["ticket_pickup"]["check_in"], steps["ticket_pickup"]["required"]) == ("photo", True)
        as_ = town.world.renewed(town.client, "client")
        entries = town.world.get(f"/orders/{order['order_id']}/itinerary", as_=as_).body["entries"]
        assert [entry["code"] for entry in entries][:4] == ["departed", "arrived", "ticket_pickup", "registering"]
        assert entries[2]["starts_at"] == "2026-03-04T08:15:00+08:00"
