"""Milestones by staff and by the system, skips, corrections, vouching, phones with wrong clocks (F10, F22)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.booking.events import Milestone as Announced
from functions.booking.rules.itinerary import CheckIn
from functions.shared import audit, clock
from functions.shared.errors import Invalid
from functions.shared.table import query_page
from functions.tracking import table
from functions.tracking.rules import amendments, progress
from functions.tracking.rules.device_clock import on_our_clock
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import Milestone, Recorder, SkipReason
from tests.harness.world import Person, Reply, World
from tests.tracking.makers import ALL, FAR_AWAY, STARTS_AT, VisitScene, visit_scene

NOW = STARTS_AT
POLICY = Policy()
WHY = "手机没电，已电话核实"


def skip(visit: VisitScene, code: str, *, as_: Person | None = None, **changed: Any) -> Reply:
    body = {"reason": "not_needed"} | changed
    return visit.world.post(f"{visit.path}/milestones/{code}/skip", body, as_=as_ or visit.companion)


def correct(visit: VisitScene, code: str, at: datetime, *, as_: Person | None = None, **changed: Any) -> Reply:
    body = {"recorded_at": at.isoformat(), "reason": "recorded_late"} | changed
    return visit.world.post(f"{visit.path}/milestones/{code}/corrections", body, as_=as_ or visit.companion)


def override(visit: VisitScene, code: str, *, as_: Person | None = None) -> Reply:
    staff = as_ or visit.world.person("agent")
    return visit.world.post(f"{visit.path}/check-ins/{code}/override", {"reason": WHY}, as_=staff)


def step_of(body: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [step for step in body["milestones"] if step["code"] == code]
    return dict(found)


def audited(visit: VisitScene) -> list[tuple[str, str]]:
    return [(entry.act, entry.reason) for entry in audit.entries_of("tracking", visit.visit_id)[0]]


@pytest.mark.feature("F10")
class TestSkipping:
    def test_an_optional_step_is_passed_over_with_a_reason_that_everybody_sees(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived", "registering")
        visit.check_in("ended")
        assert visit.record("ended").code == "milestone_out_of_order"
        assert skip(visit, "examining", reason="hospital_unavailable").status == 201
        seen = step_of(visit.world.get(visit.path, as_=visit.guest("progress")).body, "examining")
        assert (seen["state"], seen["skip_reason_title"], seen["recorded_by"], seen["recorded_at"]) == (
            "skipped",
            "院方当日无法安排",
            "companion",
            None,
        )
        visit.walk("ended")

    @pytest.mark.parametrize("code", ["departed", "registering"])
    def test_a_required_one_is_not_skipped_by_its_companion(self, visit: VisitScene, code: str) -> None:
        visit.walk(*ALL[: ALL.index(code)])
        reply = skip(visit, code)
        assert (reply.status, reply.code) == (409, "milestone_required")

    def test_staff_skip_a_required_one_and_say_why(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived")
        body = skip(visit, "registering", as_=visit.world.person("agent"), note=WHY).body
        assert step_of(body, "registering")["recorded_by"] == "staff"
        assert audited(visit) == [("milestone.skipped registering", WHY)]

    @pytest.mark.parametrize("code", ["departed", "arrived", "ended"])
    def test_nobody_skips_what_the_state_hangs_on(self, visit: VisitScene, code: str) -> None:
        visit.walk(*ALL[: ALL.index(code)])
        assert skip(visit, code, as_=visit.world.person("admin"), note=WHY).code == "milestone_required"

    def test_only_the_next_one_is_skipped_and_only_once(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived")
        assert skip(visit, "examining").code == "milestone_out_of_order"
        visit.walk("registering")
        assert [skip(visit, "examining").status, skip(visit, "examining").status] == [201, 409]
        assert visit.record("examining").code == "milestone_recorded"

    def test_nothing_is_skipped_before_or_after_the_visit(self, world: World) -> None:
        early = visit_scene(world, starts_at=NOW + timedelta(hours=9), ends_at=NOW + timedelta(hours=12))
        assert skip(early, "departed").code == "visit_not_open"
        over = visit_scene(world)
        over.walk(*ALL)
        assert skip(over, "examining").code == "visit_not_running"


@pytest.mark.feature("F10")
class TestStaffRecording:
    def test_staff_stand_in_for_a_phone_that_died_and_it_shows(self, visit: VisitScene) -> None:
        visit.walk("departed")
        agent = visit.world.person("agent")
        body = {"code": "arrived", "note": WHY, "recorded_at": clock.now().isoformat()}
        reply = visit.world.post(f"{visit.path}/milestones", body, as_=agent)
        assert reply.status == 201, reply.body
        seen = step_of(visit.world.get(visit.path, as_=visit.client).body, "arrived")
        assert (seen["recorded_by"], seen["proved_by"]) == ("staff", "staff")
        assert audited(visit) == [("milestone.recorded arrived", WHY)]
        visit.world.deliver()
        assert visit.world.events("visit.progressed")[-1]["recorded_by"] == "staff"

    def test_a_companions_own_proof_shows_as_such(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived")
        body = visit.world.get(visit.path, as_=visit.client).body
        assert [step_of(body, code)["proved_by"] for code in ("departed", "arrived")] == [None, "companion"]

    def test_staff_keep_to_the_order_too(self, visit: VisitScene) -> None:
        reply = visit.world.post(
            f"{visit.path}/milestones", {"code": "ended", "note": WHY}, as_=visit.world.person("admin")
        )
        assert reply.code == "milestone_out_of_order"


@pytest.mark.feature("F10")
class TestCorrections:
    def test_the_new_time_shows_what_it_was_and_the_history_keeps_both(self, visit: VisitScene) -> None:
        visit.walk("departed")
        first = clock.now()
        visit.world.advance(minutes=10)
        body = correct(visit, "departed", first - timedelta(minutes=20)).body
        seen = step_of(body, "departed")
        assert (seen["recorded_at"], seen["corrected_from"]) == (
            "2026-03-02T08:40:00+08:00",
            clock.china(first).isoformat(),
        )
        again = step_of(correct(visit, "departed", first - timedelta(minutes=25)).body, "departed")
        assert again["corrected_from"] == clock.china(first).isoformat()
        kept = [change.step.recorded_at for change in table.history_after(visit.visit_id, 0) if change.step]
        assert kept == [first - timedelta(minutes=minutes) for minutes in (0, 20, 25)]

    def test_a_correction_moves_neither_the_state_nor_the_end(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        before = table.find_visit_row(visit.visit_id)
        visit.world.advance(minutes=5)
        correct(visit, "ended", clock.now() - timedelta(minutes=2))
        after = table.find_visit_row(visit.visit_id)
        assert before and after and (after.state, after.ended_at) == (before.state, before.ended_at)

    @pytest.mark.parametrize(
        ("code", "minutes"), [("departed", 10), ("arrived", -5), ("arrived", 15), ("registering", 20), ("departed", 0)]
    )
    def test_it_stays_between_its_neighbours_and_is_one(self, visit: VisitScene, code: str, minutes: int) -> None:
        start = clock.now()
        for each in ALL[:3]:
            visit.walk(each)
            visit.world.advance(minutes=4)
        reply = correct(visit, code, start + timedelta(minutes=minutes))
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "recorded_at")

    def test_after_half_an_hour_only_staff_correct(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.world.advance(minutes=31)
        visit.renew()
        at = clock.now() - timedelta(minutes=35)
        assert correct(visit, "departed", at).code == "correction_too_late"
        assert correct(visit, "departed", at, as_=visit.world.person("agent"), note=WHY).status == 201
        assert audited(visit) == [("milestone.corrected departed", WHY)]
        (entry,) = audit.entries_of("tracking", visit.visit_id)[0]
        assert (entry.before, entry.after) == ("2026-03-02T01:00:00+00:00", at.isoformat())

    def test_what_was_not_recorded_has_no_time_to_correct(self, visit: VisitScene) -> None:
        assert correct(visit, "departed", clock.now()).code == "visit_not_running"
        visit.walk("departed")
        assert correct(visit, "arrived", clock.now()).code == "milestone_not_recorded"
        assert correct(visit, "surgery", clock.now()).status == 400


@pytest.mark.feature("F22")
class TestVouching:
    def test_staff_vouch_and_the_companion_records(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.check_in("arrived", **FAR_AWAY)
        assert visit.record("arrived").code == "check_in_missing"
        assert override(visit, "arrived").status == 201
        body = visit.record("arrived").body
        seen = step_of(body, "arrived")
        assert (seen["recorded_by"], seen["proved_by"]) == ("companion", "staff")
        assert audited(visit) == [("check_in.overridden arrived", WHY)]

    def test_it_takes_the_place_of_a_photo_too(self, world: World) -> None:
        visit = with_step(world, CheckIn.BOTH)
        override(visit, "pickup")
        assert visit.record("pickup").status == 201

    def test_only_the_next_step_of_a_running_visit(self, visit: VisitScene) -> None:
        assert override(visit, "arrived").code == "milestone_out_of_order"
        visit.walk(*ALL)
        assert override(visit, "ended").code == "visit_not_running"


def with_step(world: World, proof: CheckIn) -> VisitScene:
    """At the hospital, before a step that wants this proof."""
    steps = tuple(
        Announced(code=code, title=title, check_in=check_in, offset_min=0, duration_min=0, required=True)
        for code, title, check_in in (("pickup", "取号", proof), ("ended", "就诊结束", CheckIn.NONE))
    )
    visit = visit_scene(world, process_template=steps)
    visit.walk("departed", "arrived")
    return visit


@pytest.mark.feature("F22")
class TestBothProofs:
    def test_a_step_may_want_the_place_and_the_photo(self, world: World) -> None:
        visit = with_step(world, CheckIn.BOTH)
        assert visit.record("pickup").code == "check_in_missing"
        visit.check_in("pickup")
        assert visit.record("pickup").code == "photo_missing"
        form = visit.world.post(f"{visit.path}/uploads", {"content_type": "image/jpeg"}, as_=visit.companion).body
        visit.world.upload(form, b"\xff\xd8\xff\xe0" + bytes(50))
        assert visit.record("pickup", photo_file_id=form["file_id"]).status == 201


@pytest.mark.feature("F22")
class TestClocks:
    def test_a_phone_whose_clock_is_wrong_is_corrected_and_flagged(self, visit: VisitScene) -> None:
        visit.walk("departed")
        skewed = clock.now() + timedelta(hours=5)
        wrong = (skewed - timedelta(minutes=10)).isoformat()
        assert visit.check_in("arrived", captured_at=wrong).body["reason"] == "clock_ahead"
        told = visit.check_in("arrived", captured_at=wrong, sent_at=skewed.isoformat())
        assert told.body["result"] == "accepted"
        accepted, refused = attempts(visit, visit.companion)
        assert (accepted["clock_skew_s"], accepted["clock_doubtful"]) == (5 * 3600, True)
        assert accepted["captured_at"] == "2026-03-02T08:50:00+08:00"
        assert accepted["device_at"] == clock.china(skewed - timedelta(minutes=10)).isoformat()
        assert (refused["clock_skew_s"], refused["clock_doubtful"]) == (None, False)

    def test_a_milestones_time_is_corrected_likewise(self, visit: VisitScene) -> None:
        skewed = clock.now() + timedelta(hours=5)
        body = visit.record(
            "departed", recorded_at=(skewed - timedelta(minutes=3)).isoformat(), sent_at=skewed.isoformat()
        ).body
        assert step_of(body, "departed")["recorded_at"] == "2026-03-02T08:57:00+08:00"
        (change,) = table.history_after(visit.visit_id, 0)
        assert (change.device_at, change.skew_s) == (skewed - timedelta(minutes=3), 5 * 3600)

    def test_a_made_up_position_proves_nothing(self, visit: VisitScene) -> None:
        visit.walk("departed")
        body = visit.check_in("arrived", mock=True).body
        assert (body["result"], body["message"]) == ("refused", "手机开启了虚拟定位，请关闭后重试")

    @settings(max_examples=60)
    @given(
        st.timedeltas(timedelta(days=-30_000), timedelta(days=30_000)),
        st.timedeltas(timedelta(0), timedelta(days=3)),
    )
    def test_however_wrong_the_clock_what_happened_is_dated_within_its_tolerance(
        self, skew: timedelta, age: timedelta
    ) -> None:
        sent_at = NOW + skew
        moment = on_our_clock(sent_at - age, sent_at=sent_at, now=NOW, policy=POLICY)
        assert abs(moment.at - (NOW - age)) <= timedelta(seconds=POLICY.clock_skew_s)
        assert moment.is_doubtful == (abs(skew) > timedelta(seconds=POLICY.clock_doubt_s))

    @pytest.mark.parametrize("age", [timedelta(minutes=-3), timedelta(days=3, seconds=1)])
    def test_what_was_sent_before_it_happened_or_kept_too_long_is_invalid(self, age: timedelta) -> None:
        with pytest.raises(Invalid):
            on_our_clock(NOW - age, sent_at=NOW, now=NOW, policy=POLICY)


def attempts(visit: VisitScene, who: Person, query: str = "") -> list[dict[str, Any]]:
    reply = visit.world.get(f"{visit.path}/check-ins{query}", as_=who)
    assert reply.status == 200, reply.body
    return list(reply.body["items"])


@pytest.mark.feature("F22")
class TestAttempts:
    def test_the_companion_sees_all_of_them_newest_first_and_no_place(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.check_in("arrived", **FAR_AWAY)
        visit.world.advance(minutes=1)
        visit.check_in("arrived")
        shown = attempts(visit, visit.companion)
        assert [(each["result"], each["reason"]) for each in shown] == [
            ("accepted", None),
            ("refused", "outside_fence"),
        ]
        assert shown[1]["distance_m"] > 5000
        assert not {"lat", "lng"} & set(shown[0])
        assert audited(visit) == []

    def test_a_look_of_staff_is_recorded(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.check_in("arrived")
        assert len(attempts(visit, visit.world.person("finance_reader"))) == 1
        assert audited(visit) == [("check_ins.viewed", "")]

    def test_they_come_by_pages(self, visit: VisitScene) -> None:
        visit.walk("departed")
        for _ in range(3):
            visit.check_in("arrived", **FAR_AWAY)
            visit.world.advance(seconds=1)
        first = visit.world.get(f"{visit.path}/check-ins?limit=2", as_=visit.companion).body
        rest = attempts(visit, visit.companion, f"?limit=2&cursor={first['next_cursor']}")
        assert (len(first["items"]), len(rest)) == (2, 1)

    @pytest.mark.parametrize(("role", "status"), [("client", 403), ("guest", 403), ("companion", 404)])
    def test_nobody_else_sees_any(self, visit: VisitScene, role: str, status: int) -> None:
        stranger = visit.world.person(role, order_id=visit.order_id)
        assert visit.world.get(f"{visit.path}/check-ins", as_=stranger).status == status


@pytest.mark.feature("F10")
class TestTheSystem:
    def test_a_visit_that_was_not_ended_is_ended_and_its_open_option_explained(self, visit: VisitScene) -> None:
        visit.walk(*ALL[:3])
        visit.world.advance(hours=12, minutes=1)
        visit.renew()
        body = visit.world.get(visit.path, as_=visit.client).body
        assert body["state"] == "ended"
        assert [(step_of(body, code)["recorded_by"], step_of(body, code)["state"]) for code in ALL[3:]] == [
            ("system", "skipped"),
            ("system", "recorded"),
        ]
        assert (step_of(body, "ended")["proved_by"], step_of(body, "examining")["skip_reason"]) == (None, "lapsed")
        assert visit.world.events("visit.progressed")[-1]["last"] is True
        assert body["sequence"] == len(table.history_after(visit.visit_id, 0)) == 5

    def test_a_required_step_is_not_made_up_but_asked_for(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived")
        visit.world.advance(hours=13)
        visit.renew()
        assert visit.world.get(visit.path, as_=visit.client).body["state"] == "arrived"
        (asked,) = visit.world.events("visit.unfinished")
        assert asked["companion_id"] == visit.companion.subject

    def test_a_visit_that_ended_is_left_alone(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        visit.world.advance(hours=13)
        visit.renew()
        assert visit.world.get(visit.path, as_=visit.client).body["sequence"] == len(ALL)
        assert visit.world.events("visit.unfinished") == []


class TestRules:
    @given(st.integers(1, 5), st.sampled_from(list(Recorder)))
    @settings(max_examples=30)
    def test_a_skip_changes_one_step_and_its_reason_stays(self, count: int, by: Recorder) -> None:
        plan = progress.plan_milestones(
            [Milestone(code=f"s{i}", title=f"第{i}步", required=False) for i in range(count)]
        )
        for code in ("departed", "arrived"):
            plan = progress.record(plan, code, recorded_at=NOW, received_at=NOW, by=by)
        after = amendments.skip(plan, "s0", reason=SkipReason.OTHER, received_at=NOW, by=by)
        changed = [new for old, new in zip(plan, after.milestones, strict=True) if old != new]
        assert changed == [after.step]
        assert (after.step.skip_reason, after.step.recorded_by) == (SkipReason.OTHER, by)

    def test_every_reason_has_its_words(self) -> None:
        assert set(progress.SKIP_TITLES) == set(SkipReason)
        assert set(amendments.CORRECTION_TITLES) == set(amendments.CorrectionReason)


def test_the_history_is_a_row_for_each_change(visit: VisitScene) -> None:
    visit.walk("departed", "arrived", "registering")
    skip(visit, "examining")
    override(visit, "ended")
    rows, _ = query_page(table.History, visit.visit_id, prefix="HISTORY#", limit=20)
    assert [(int(row.sequence), row.change) for row in rows] == [
        (1, "recorded"),
        (2, "recorded"),
        (3, "recorded"),
        (4, "skipped"),
        (5, "vouched"),
    ]
