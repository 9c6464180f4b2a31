"""The visit's rules, by example and by property."""

from datetime import UTC, datetime, timedelta
from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared.caller import Caller, Role
from functions.shared.errors import Invalid
from functions.tracking.rules import amendments, progress
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import (
    Coordinates,
    Fence,
    Point,
    Refusal,
    Verdict,
    distance_m,
    gcj02_of_wgs84,
    in_gcj02,
    judge_check_in,
)
from functions.tracking.rules.progress import (
    TRANSITIONS,
    CheckInKind,
    Milestone,
    MilestoneOutOfOrder,
    MilestoneRecorded,
    MilestoneState,
    Recorder,
    SkipReason,
    VisitState,
)

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
POLICY = Policy()
CAMPUS = Fence(39.9124, 116.4159, 300)

points_in_china = st.builds(Point, st.floats(18, 53), st.floats(74, 134))
anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
templates = st.lists(st.booleans(), max_size=6).map(
    lambda required: progress.plan_milestones(
        [Milestone(code=f"step_{i}", title=f"第{i}步", required=flag) for i, flag in enumerate(required)]
    )
)


def record(milestones: tuple[Milestone, ...], code: str) -> tuple[Milestone, ...]:
    return progress.record(milestones, code, recorded_at=NOW, received_at=NOW, by=Recorder.COMPANION)


def moved(point: Point, *, north_m: float = 0, east_m: float = 0) -> Point:
    return Point(point.lat + north_m / 111_195, point.lng + east_m / (111_195 * cos(radians(point.lat))))


@pytest.mark.feature("F10")
class TestStates:
    def test_every_transition_leads_to_a_state_of_the_table(self) -> None:
        assert set(TRANSITIONS) == set(VisitState)
        assert set().union(*TRANSITIONS.values()) <= set(VisitState)

    @pytest.mark.parametrize("state", ["reported", "cancelled", "no_show_client", "no_show_companion"])
    def test_final_states_lead_nowhere(self, state: str) -> None:
        assert TRANSITIONS[VisitState(state)] == frozenset()

    @given(templates, st.data())
    def test_any_legal_walk_through_a_template_follows_the_table_and_ends(
        self, milestones: tuple[Milestone, ...], data: st.DataObject
    ) -> None:
        state = VisitState.SCHEDULED
        while step := progress.next_step(milestones):
            if not step.required and data.draw(st.booleans()):
                milestones = amendments.skip(
                    milestones, step.code, reason=SkipReason.NOT_NEEDED, received_at=NOW, by=Recorder.COMPANION
                ).milestones
                continue
            milestones = record(milestones, step.code)
            state = progress.moved(state, progress.state_at(milestones, step.code))
        assert state is VisitState.ENDED
        assert all(step.state is MilestoneState.RECORDED for step in milestones if step.required)
        assert not any(step.state is MilestoneState.PENDING for step in milestones)


@pytest.mark.feature("F10")
class TestMilestones:
    def test_every_plan_begins_with_the_way_and_ends_with_the_end(self) -> None:
        plan = progress.plan_milestones([Milestone(code="waiting", title="候诊中")])
        assert [step.code for step in plan] == ["departed", "arrived", "waiting", "ended"]

    def test_the_template_decides_how_its_own_beginning_and_end_are_proven(self) -> None:
        given_end = Milestone(code="ended", title="结束", check_in=CheckInKind.GEOFENCE, required=False)
        end = progress.plan_milestones([given_end])[-1]
        assert (end.title, end.check_in, end.required) == ("结束", CheckInKind.GEOFENCE, True)

    @given(templates, st.data())
    def test_only_the_next_one_can_be_recorded(self, milestones: tuple[Milestone, ...], data: st.DataObject) -> None:
        for step in milestones[: data.draw(st.integers(0, len(milestones)))]:
            milestones = record(milestones, step.code)
        following = progress.next_step(milestones)
        for step in milestones:
            if step is not following:
                with pytest.raises((MilestoneRecorded, MilestoneOutOfOrder)):
                    record(milestones, step.code)

    def test_an_optional_milestone_is_not_passed_over_in_silence(self) -> None:
        plan = progress.plan_milestones([Milestone(code="examining", title="检查中", required=False)])
        for code in ("departed", "arrived"):
            plan = record(plan, code)
        with pytest.raises(MilestoneOutOfOrder, match="下一个节点应为“检查中”") as refused:
            record(plan, "ended")
        assert refused.value.errors[0].message == "还没有记录“检查中”；不需要时可注明原因跳过"

    def test_the_refusal_says_what_comes_next(self) -> None:
        plan = progress.plan_milestones([])
        with pytest.raises(MilestoneOutOfOrder, match="下一个节点应为“陪诊师已出发”"):
            record(plan, "ended")

    def test_each_is_recorded_once(self) -> None:
        plan = record(progress.plan_milestones([]), "departed")
        with pytest.raises(MilestoneRecorded):
            record(plan, "departed")

    def test_a_code_that_the_template_does_not_have_is_invalid(self) -> None:
        with pytest.raises(Invalid):
            record(progress.plan_milestones([]), "surgery")

    @pytest.mark.parametrize(
        ("minutes", "is_refused"), [(-1, False), (1, False), (3, True), (-179, False), (-183, True)]
    )
    def test_the_phones_time_lies_between_the_opening_and_now(self, minutes: int, is_refused: bool) -> None:
        plan = progress.plan_milestones([])

        def check() -> None:
            progress.check_recorded_at(
                NOW + timedelta(minutes=minutes), now=NOW, starts_at=NOW, milestones=plan, policy=POLICY
            )

        if is_refused:
            with pytest.raises(Invalid):
                check()
        else:
            check()


@pytest.mark.feature("F22")
class TestDistance:
    @given(anywhere, anywhere)
    def test_it_is_symmetric_and_never_negative_nor_beyond_half_the_earth(self, a: Point, b: Point) -> None:
        assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
        assert 0 <= distance_m(a, b) <= 20_015_115

    @given(anywhere)
    def test_nothing_is_away_from_itself(self, a: Point) -> None:
        assert distance_m(a, a) == 0

    def test_beijing_to_shanghai(self) -> None:
        assert distance_m(Point(39.9042, 116.4074), Point(31.2304, 121.4737)) == pytest.approx(1_067_000, rel=0.005)


@pytest.mark.feature("F22")
class TestDatum:
    @pytest.mark.parametrize(
        ("wgs84", "gcj02"),
        [
            # the test vectors of googollee/eviltransform
            (Point(31.1774276, 121.5272106), Point(31.17530398364597, 121.531541859215)),
            (Point(22.543847, 113.912316), Point(22.540796131694766, 113.9171764808363)),
            (Point(39.911954, 116.377817), Point(39.91334545536069, 116.38404722455657)),
            # that of wandergis/coordtransform
            (Point(39.915, 116.404), Point(39.91640428150164, 116.41024449916938)),
        ],
    )
    def test_published_vectors(self, wgs84: Point, gcj02: Point) -> None:
        assert distance_m(gcj02_of_wgs84(wgs84), gcj02) < 0.01

    @given(points_in_china)
    def test_the_offset_in_china_is_below_a_kilometre_and_never_nothing(self, point: Point) -> None:
        assert 10 < distance_m(gcj02_of_wgs84(point), point) < 1_000

    @given(st.builds(Point, st.floats(-90, 0.5), st.floats(-180, 180)))
    def test_nothing_moves_outside_china(self, point: Point) -> None:
        assert gcj02_of_wgs84(point) == point

    @given(points_in_china)
    def test_what_is_declared_gcj02_stays(self, point: Point) -> None:
        assert in_gcj02(point, Coordinates.GCJ02) == point


def judge(point: Point, *, accuracy_m: float = 10, late_min: float = 0, fence: Fence = CAMPUS) -> Verdict:
    """A check-in `late_min` minutes after the start of a four-hour visit, handed in at once."""
    at = NOW + timedelta(minutes=late_min)
    return judge_check_in(
        point=point,
        accuracy_m=accuracy_m,
        fence=fence,
        captured_at=at,
        now=at,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=4),
        policy=POLICY,
    )


@pytest.mark.feature("F22")
class TestCheckIn:
    def test_within_the_fence_it_is_accepted(self) -> None:
        assert judge(moved(CAMPUS.centre, north_m=200)).is_accepted

    def test_outside_it_is_refused_with_the_distance(self) -> None:
        verdict = judge(moved(CAMPUS.centre, north_m=2000))
        assert verdict.reason is Refusal.OUTSIDE_FENCE
        assert verdict.distance_m == pytest.approx(2000, abs=5)

    @given(st.floats(0, 1500), st.floats(0, 100), st.floats(0, 100))
    def test_a_less_exact_reading_never_turns_presence_into_absence(
        self, away_m: float, accuracy_m: float, worse_m: float
    ) -> None:
        place = moved(CAMPUS.centre, east_m=away_m)
        if judge(place, accuracy_m=accuracy_m).is_accepted:
            assert judge(place, accuracy_m=max(accuracy_m, worse_m)).is_accepted

    @given(st.floats(0, 3000), st.floats(0, 100), st.integers(50, 1000))
    def test_it_is_accepted_exactly_if_distance_less_accuracy_is_within_the_radius(
        self, away_m: float, accuracy_m: float, radius_m: int
    ) -> None:
        place = moved(CAMPUS.centre, north_m=away_m)
        verdict = judge(place, accuracy_m=accuracy_m, fence=Fence(CAMPUS.lat, CAMPUS.lng, radius_m))
        assert verdict.is_accepted == (distance_m(place, CAMPUS.centre) - accuracy_m <= radius_m)

    @given(anywhere)
    def test_no_reading_can_claim_presence_by_being_vague(self, place: Point) -> None:
        assert judge(place, accuracy_m=POLICY.accuracy_cap_m + 1).reason is Refusal.ACCURACY_TOO_LOW

    @pytest.mark.parametrize(
        ("late_min", "reason"),
        [(-181, Refusal.TOO_EARLY), (-180, None), (360, None), (361, Refusal.TOO_LATE)],
    )
    def test_the_window_opens_three_hours_before_and_closes_two_after(
        self, late_min: int, reason: Refusal | None
    ) -> None:
        assert judge(CAMPUS.centre, late_min=late_min).reason is reason

    def test_a_phone_whose_clock_runs_ahead_is_told_so(self) -> None:
        verdict = judge_check_in(
            point=CAMPUS.centre,
            accuracy_m=5,
            fence=CAMPUS,
            captured_at=NOW + timedelta(minutes=10),
            now=NOW,
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=4),
            policy=POLICY,
        )
        assert verdict.reason is Refusal.CLOCK_AHEAD


class TestStanding:
    @pytest.mark.parametrize(
        ("caller", "standing"),
        [
            (Caller("acc_client", frozenset({Role.CLIENT})), Standing.CLIENT),
            (Caller("acc_companion", frozenset({Role.COMPANION})), Standing.COMPANION),
            (Caller("acc_companion", frozenset({Role.CLIENT})), None),
            (Caller("acc_client", frozenset({Role.COMPANION})), None),
            (Caller("stf_1", frozenset({Role.AGENT})), Standing.STAFF),
            (Caller("gst_1", frozenset({Role.GUEST}), order_id="ord_1"), Standing.GUEST),
            (Caller("gst_1", frozenset({Role.GUEST}), order_id="ord_2"), None),
            (Caller("acc_client", frozenset({Role.GUEST}), order_id="ord_2"), None),
            (Caller("hos_1", frozenset({Role.HOSPITAL})), None),
        ],
    )
    def test_who_somebody_is_to_the_visit(self, caller: Caller, standing: Standing | None) -> None:
        found = standing_of(caller, client_id="acc_client", companion_id="acc_companion", order_id="ord_1")
        assert found is standing
