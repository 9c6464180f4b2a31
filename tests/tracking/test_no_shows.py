"""Somebody did not come (B4): reported by the one who is there, waited for, answered, decided."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.booking.events import OrderUnassigned, UnassignedReason
from functions.shared import audit, clock, ids
from functions.tracking import actions
from functions.tracking.rules import no_shows as rules
from functions.tracking.rules.no_shows import CASE_MOVES, Absent, CaseState, Evidence, NoShowClosed
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import TRANSITIONS, VisitState
from tests.harness.world import Person, Reply
from tests.tracking.makers import ALL, FAR_AWAY, VisitScene, order_assigned

POLICY = Policy()
STARTS_AT = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
OFFSETS_S = st.integers(-4 * 3600, 4 * 3600)


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    instants = st.none() | OFFSETS_S.map(lambda s: STARTS_AT + timedelta(seconds=s))
    return Evidence(
        state=draw(st.sampled_from(VisitState)),
        starts_at=STARTS_AT,
        checked_in_at=draw(instants),
        arrived_at=draw(instants),
    )


@pytest.mark.feature("B4")
class TestRules:
    @settings(max_examples=60)
    @given(st.sampled_from(Absent), evidence(), OFFSETS_S)
    def test_the_clock_never_ends_a_visit_whose_evidence_speaks_against_it(
        self, absent: Absent, seen: Evidence, now_s: int
    ) -> None:
        outcome = rules.verdict(absent, seen, now=STARTS_AT + timedelta(seconds=now_s), policy=POLICY)
        is_there = seen.companion_is_there(POLICY)
        if outcome is CaseState.UPHELD:
            assert now_s >= 0
            assert rules.NO_SHOW_STATES[absent] in TRANSITIONS[seen.state]
            assert is_there is (absent is Absent.CLIENT)
        if seen.state not in (VisitState.SCHEDULED, VisitState.DEPARTED, VisitState.ARRIVED):
            assert outcome is CaseState.RESOLVED
        assert outcome is CaseState.RESOLVED or outcome in CASE_MOVES[CaseState.WAITING]

    @settings(max_examples=60)
    @given(st.sampled_from(Absent), evidence(), st.integers(0, 4 * 3600), st.integers(1, 7200), st.integers(1, 3600))
    def test_nobody_is_waited_for_less_than_the_policy_says_nor_without_end(
        self, absent: Absent, seen: Evidence, reported_s: int, wait_s: int, answer_s: int
    ) -> None:
        policy = Policy(no_show_wait_s=wait_s, no_show_answer_s=answer_s)
        reported_at = STARTS_AT + timedelta(seconds=reported_s)
        until = rules.waits_until(absent, seen, reported_at=reported_at, policy=policy)
        assert until >= STARTS_AT + timedelta(seconds=wait_s)
        assert until >= reported_at + timedelta(seconds=answer_s)
        latest = max(STARTS_AT, reported_at, seen.arrived_at or STARTS_AT)
        assert until <= latest + timedelta(seconds=max(wait_s, answer_s))

    @pytest.mark.parametrize("state", list(CaseState))
    def test_a_case_that_is_over_stays_as_it_is(self, state: CaseState) -> None:
        moves = CASE_MOVES[state]
        assert bool(moves) is (state in rules.OPEN)
        for other in set(CaseState) - moves:
            with pytest.raises(NoShowClosed):
                rules.move_case(state, other)

    def test_a_policy_without_waiting_is_refused(self) -> None:
        with pytest.raises(ValueError, match="out of range"):
            Policy(no_show_wait_s=0)


def report(visit: VisitScene, absent: str, *, by: Person | None = None, **more: Any) -> Reply:
    visit.renew()
    reporter = by or (visit.companion if absent == "client" else visit.client)
    reply = visit.world.post(f"{visit.path}/no-shows", {"absent": absent, **more}, as_=reporter)
    visit.world.deliver()
    return reply


def answer(visit: VisitScene, case: Reply, by: Person, note: str = "我在门诊大厅") -> Reply:
    reply = visit.world.post(f"{visit.path}/no-shows/{case.body['case_id']}/contest", {"note": note}, as_=by)
    visit.world.deliver()
    return reply


def decide(visit: VisitScene, case_id: str, outcome: str = "upheld", role: str = "agent") -> Reply:
    body = {"outcome": outcome, "reason": "电话核实"}
    reply = visit.world.post(f"{visit.path}/no-shows/{case_id}/decision", body, as_=visit.world.person(role))
    visit.world.deliver()
    return reply


def cases(visit: VisitScene, by: Person | None = None) -> list[dict[str, Any]]:
    visit.renew()
    return list(visit.world.get(f"{visit.path}/no-shows", as_=by or visit.client).body["items"])


def acts(visit: VisitScene) -> list[str]:
    """What staff did with the visit, the latest first."""
    return [entry.act for entry in audit.entries_of("tracking", visit.visit_id)[0]]


def state_of(visit: VisitScene) -> str:
    return str(actions.find_visit(visit.visit_id).state)


@pytest.fixture
def waiting(visit: VisitScene) -> VisitScene:
    """The companion arrived a quarter of an hour early and waits; it is time."""
    visit.walk("departed")
    visit.world.advance(hours=1, minutes=45)
    visit.renew()
    visit.walk("arrived")
    visit.world.advance(minutes=15)
    visit.renew()
    return visit


@pytest.fixture
def alone(visit: VisitScene) -> VisitScene:
    """It is time, and nobody has set out."""
    visit.world.advance(hours=2)
    visit.renew()
    return visit


@pytest.mark.feature("B4")
class TestTheClock:
    def test_a_patient_who_is_waited_for_in_vain_is_absent(self, waiting: VisitScene) -> None:
        case = report(waiting, "client", note="大厅和诊室都没有找到")
        assert (case.status, case.body["state"]) == (201, "waiting")
        assert case.body["waits_until"] == "2026-03-02T11:30:00+08:00"
        (told,) = waiting.world.events("visit.no_show_reported")
        assert told["absent"] == "client"
        waiting.world.advance(minutes=29, seconds=59)
        assert state_of(waiting) == "arrived"
        waiting.world.advance(seconds=1)
        assert state_of(waiting) == "no_show_client"
        (ended,) = waiting.world.events("visit.no_show")
        assert (ended["absent"], ended["decided_by"], ended["order_id"]) == ("client", "rule", waiting.order_id)
        (closed,) = waiting.world.events("visit.closed")
        assert closed["state"] == "no_show_client"
        (decided,) = cases(waiting)
        assert (decided["state"], decided["decided_by"]) == ("upheld", "rule")

    def test_a_companion_who_never_set_out_is_absent(self, alone: VisitScene) -> None:
        assert report(alone, "companion").status == 201
        alone.world.advance(minutes=30)
        assert state_of(alone) == "no_show_companion"
        assert alone.world.events("visit.no_show")[0]["absent"] == "companion"

    def test_a_late_report_still_leaves_time_to_answer(self, alone: VisitScene) -> None:
        alone.world.advance(hours=1)
        assert report(alone, "companion").body["waits_until"] == "2026-03-02T12:10:00+08:00"

    def test_when_the_visit_goes_on_the_clock_ends_nothing(self, waiting: VisitScene) -> None:
        report(waiting, "client")
        waiting.walk("registering")
        waiting.world.advance(hours=1)
        assert state_of(waiting) == "in_progress"
        assert cases(waiting)[0]["state"] == "resolved"
        assert waiting.world.events("visit.no_show") == []

    def test_a_companion_who_checks_in_ends_the_clock(self, alone: VisitScene) -> None:
        report(alone, "companion")
        alone.walk("departed")
        assert alone.check_in("arrived").body["result"] == "accepted"
        alone.world.advance(hours=1)
        assert (state_of(alone), cases(alone)[0]["state"]) == ("departed", "resolved")

    def test_a_check_in_from_elsewhere_does_not(self, alone: VisitScene) -> None:
        report(alone, "companion")
        assert alone.check_in("departed", **FAR_AWAY).body["result"] == "refused"
        alone.world.advance(hours=1)
        assert state_of(alone) == "no_show_companion"

    def test_of_a_companion_on_the_way_people_decide(self, alone: VisitScene) -> None:
        alone.walk("departed")
        case = report(alone, "companion")
        alone.world.advance(hours=1)
        assert (state_of(alone), cases(alone)[0]["state"]) == ("departed", "contested")
        assert alone.world.events("visit.no_show_contested")[0]["case_id"] == case.body["case_id"]
        assert decide(alone, case.body["case_id"]).body["decided_by"] == "staff"
        assert state_of(alone) == "no_show_companion"

    def test_a_companion_who_was_replaced_is_not_judged(self, alone: VisitScene) -> None:
        report(alone, "companion")
        left = OrderUnassigned(
            order_id=alone.order_id,
            client_id=alone.client.subject,
            companion_id=alone.companion.subject,
            reason=UnassignedReason.COMPANION_CANCELLED,
            starts_at=clock.now(),
            revision=2,
        )
        alone.world.publish(left)
        alone.world.publish(order_assigned(order_id=alone.order_id, client_id=alone.client.subject, revision=3))
        alone.world.advance(hours=1)
        assert (state_of(alone), cases(alone)[0]["state"]) == ("scheduled", "resolved")

    def test_the_same_deadline_twice_decides_once(self, alone: VisitScene) -> None:
        report(alone, "companion")
        (timer,) = [each for each in alone.world.timers.values() if each.kind == "no_show_clock"]
        alone.world.fire(timer)
        assert state_of(alone) == "scheduled"
        alone.world.advance(minutes=30)
        for _ in range(2):
            alone.world.fire(timer)
        assert len(alone.world.events("visit.no_show")) == 1


@pytest.mark.feature("B4")
class TestAnswers:
    def test_an_answer_stops_the_clock_and_people_decide(self, waiting: VisitScene) -> None:
        case = report(waiting, "client", note="没有见到")
        reply = answer(waiting, case, waiting.client)
        assert (reply.status, reply.body["state"], reply.body["answer"]) == (200, "contested", "我在门诊大厅")
        waiting.world.advance(hours=2)
        assert state_of(waiting) == "arrived"
        assert decide(waiting, case.body["case_id"], "dismissed").body["state"] == "dismissed"
        assert state_of(waiting) == "arrived"
        assert acts(waiting)[0] == "no_show.dismissed"

    def test_after_a_dismissal_it_can_be_said_again(self, waiting: VisitScene) -> None:
        first = report(waiting, "client")
        assert report(waiting, "client").code == "no_show_open"
        decide(waiting, first.body["case_id"], "dismissed")
        second = report(waiting, "client")
        assert second.body["case_id"] != first.body["case_id"]
        assert [each["case_id"] for each in cases(waiting)] == [second.body["case_id"], first.body["case_id"]]

    def test_one_does_not_answer_ones_own_report(self, waiting: VisitScene) -> None:
        case = report(waiting, "client")
        assert answer(waiting, case, waiting.companion).code == "no_show_impossible"

    def test_a_decided_case_is_closed(self, alone: VisitScene) -> None:
        case = report(alone, "companion")
        alone.world.advance(hours=1)
        alone.renew()
        assert answer(alone, case, alone.companion).code == "no_show_closed"
        assert decide(alone, case.body["case_id"]).code == "no_show_closed"

    def test_each_side_reads_its_own_words_and_staff_all_of_them(self, waiting: VisitScene) -> None:
        form = waiting.world.post(f"{waiting.path}/uploads", {"content_type": "image/jpeg"}, as_=waiting.companion).body
        waiting.world.upload(form, b"\xff\xd8\xff an empty meeting point")
        case = report(waiting, "client", note="没有见到", photo_file_id=form["file_id"])
        assert case.body["photo_url"].startswith("https://")
        answer(waiting, case, waiting.client)

        def words(by: Person) -> tuple[Any, Any, bool]:
            (seen,) = cases(waiting, by)
            return seen["note"], seen["answer"], seen["photo_url"] is not None

        assert words(waiting.companion) == ("没有见到", None, True)
        assert words(waiting.client) == (None, "我在门诊大厅", False)
        assert words(waiting.world.person("agent")) == ("没有见到", "我在门诊大厅", True)
        assert "no_shows.viewed" in acts(waiting)

    def test_a_repeated_request_is_one_report(self, waiting: VisitScene) -> None:
        key = uuid.uuid4().hex
        sent = {"as_": waiting.companion, "key": key}
        replies = [waiting.world.post(f"{waiting.path}/no-shows", {"absent": "client"}, **sent) for _ in range(3)]
        assert len({reply.body["case_id"] for reply in replies}) == 1
        assert waiting.world.post(f"{waiting.path}/no-shows", {"absent": "client", "note": "x"}, **sent).status == 422


@pytest.mark.feature("B4")
class TestRefusals:
    def test_before_the_planned_start_nobody_is_late(self, visit: VisitScene) -> None:
        assert report(visit, "companion").code == "no_show_too_early"

    def test_who_waits_must_be_there(self, visit: VisitScene) -> None:
        visit.walk("departed", "arrived")
        visit.world.advance(hours=2)
        assert report(visit, "client").code == "presence_unproven"
        visit.renew()
        assert visit.check_in("registering").body["result"] == "accepted"
        assert report(visit, "client").status == 201

    @pytest.mark.parametrize(
        ("steps", "absent"),
        [((), "client"), (("departed",), "client"), (ALL[:3], "client"), (ALL[:3], "companion"), (ALL, "companion")],
    )
    def test_where_the_progress_contradicts_it(self, alone: VisitScene, steps: tuple[str, ...], absent: str) -> None:
        alone.walk(*steps)
        assert report(alone, absent).code == "no_show_impossible"

    def test_of_a_companion_who_stands_on_the_campus(self, alone: VisitScene) -> None:
        alone.walk("departed")
        alone.check_in("arrived")
        assert report(alone, "companion").code == "no_show_impossible"

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"absent": "companion"}, 400),
            ({"absent": "nobody"}, 400),
            ({"absent": None}, 400),
            ({"note": ""}, 400),
            ({"note": "   "}, 400),
            ({"note": "x" * 201}, 400),
            ({"colour": "red"}, 400),
            ({"photo_file_id": 7}, 400),
            ({"photo_file_id": "fil_none"}, 409),
            ({"photo_file_id": "fil_01KJP0Y9M0E6VZHWXCXM2YQW5T"}, 409),
        ],
    )
    def test_a_wrong_field_changes_nothing(self, waiting: VisitScene, change: dict[str, Any], status: int) -> None:
        body = {"absent": "client"} | change
        assert waiting.world.post(f"{waiting.path}/no-shows", body, as_=waiting.companion).status == status
        assert cases(waiting) == []

    def test_strangers_and_other_roles(self, waiting: VisitScene) -> None:
        world, body = waiting.world, {"absent": "client"}
        case = report(waiting, "client").body["case_id"]
        paths = {"": body, f"/{case}/contest": {}, f"/{case}/decision": {"outcome": "upheld", "reason": "核实"}}
        for path, sent in paths.items():
            whole = f"{waiting.path}/no-shows{path}"
            assert world.post(whole, sent).status == 401
            guest = world.person("guest", order_id=waiting.order_id)
            assert world.post(whole, sent, as_=guest).status == 403
            assert world.post(whole, sent, as_=world.person("finance")).status == 403
            as_ = world.person("agent" if "decision" in path else "companion")
            assert world.post(whole.replace(waiting.visit_id, ids.new("vis")), sent, as_=as_).status == 404
        for path in ("", f"/{case}/contest"):
            stranger = world.person("client")
            assert world.post(f"{waiting.path}/no-shows{path}", paths[path], as_=stranger).code == "visit_not_found"
        assert world.get(f"{waiting.path}/no-shows", as_=world.person("client")).status == 404
        nowhere = f"{waiting.path}/no-shows/{case}9/contest"
        assert world.post(nowhere, {}, as_=waiting.client).code == "no_show_not_found"
        assert decide(waiting, case, role="admin").status == 200
        wrong = {"outcome": "perhaps", "reason": "核实"}
        assert world.post(f"{waiting.path}/no-shows/{case}/decision", wrong, as_=world.person("agent")).status == 400
