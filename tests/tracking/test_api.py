"""The visit over HTTP."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.connection import Connection

from benchmarks.meter import Meter
from functions.shared import clock, ids
from tests.harness.world import World
from tests.tracking.makers import ALL, CAMPUS, FAR_AWAY, STARTS_AT, VisitScene, point, visit_scene


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The store's operations, as they happen."""
    made: list[str] = []
    original = Connection._make_api_call

    def noting(self: Connection, operation: str, arguments: dict[str, Any], *more: Any) -> Any:
        made.append(operation)
        return original(self, operation, arguments, *more)

    monkeypatch.setattr(Connection, "_make_api_call", noting)
    return made


@pytest.mark.feature("F10")
class TestProgress:
    def test_a_scheduled_visit_shows_its_milestones_pending(self, visit: VisitScene) -> None:
        reply = visit.world.get(visit.path, as_=visit.client)
        assert reply.status == 200
        assert (reply.body["state"], reply.body["sequence"]) == ("scheduled", 0)
        assert [step["code"] for step in reply.body["milestones"]] == list(ALL)
        assert {step["state"] for step in reply.body["milestones"]} == {"pending"}

    def test_a_milestone_is_shown_with_its_time_in_china_and_its_author(self, visit: VisitScene) -> None:
        visit.walk("departed")
        body = visit.world.get(visit.path, as_=visit.client).body
        assert body["state"] == "departed"
        assert body["milestones"][0] == {
            "code": "departed",
            "title": "陪诊师已出发",
            "state": "recorded",
            "recorded_at": "2026-03-02T09:00:00+08:00",
            "recorded_by": "companion",
            "proved_by": None,
            "corrected_from": None,
            "skip_reason": None,
            "skip_reason_title": None,
            "check_in": "none",
            "required": True,
        }

    def test_a_whole_visit_is_walked_to_its_end(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        body = visit.world.get(visit.path, as_=visit.companion).body
        assert (body["state"], body["sequence"]) == ("ended", len(ALL))

    def test_polling_costs_one_read_and_is_304_until_the_progress_changes(
        self, visit: VisitScene, calls: list[str]
    ) -> None:
        visit.walk("departed")
        etag = visit.world.get(visit.path, as_=visit.client).headers["ETag"]
        visit.send_positions([point()])
        calls.clear()
        with Meter().running() as meter, meter.act("GET", kind="request", room="tracking") as act:
            again = visit.world.get(visit.path, as_=visit.client, headers={"If-None-Match": etag})
        assert (again.status, calls, act.units.read) == (304, ["GetItem"], 1)
        visit.walk("arrived")
        assert visit.world.get(visit.path, as_=visit.client, headers={"If-None-Match": etag}).status == 200

    def test_a_milestone_out_of_order_is_refused_with_what_comes_next(self, visit: VisitScene) -> None:
        reply = visit.record("registering")
        assert (reply.status, reply.code) == (409, "milestone_out_of_order")
        assert reply.body["detail"] == "下一个节点应为“陪诊师已出发”"

    def test_a_milestone_in_a_geofence_waits_for_its_check_in(self, visit: VisitScene) -> None:
        visit.walk("departed")
        assert visit.record("arrived").code == "check_in_missing"
        visit.check_in("arrived")
        assert visit.record("arrived").status == 201

    def test_nothing_is_recorded_before_the_visit_opens(self, world: World) -> None:
        early = visit_scene(world, starts_at=clock.now() + timedelta(hours=4), ends_at=clock.now() + timedelta(hours=8))
        assert early.record("departed").code == "visit_not_open"

    def test_the_time_of_a_phone_that_was_offline_is_kept(self, visit: VisitScene) -> None:
        reply = visit.record("departed", recorded_at="2026-03-02T08:40:00+08:00")
        assert reply.body["milestones"][0]["recorded_at"] == "2026-03-02T08:40:00+08:00"

    def test_after_the_end_nothing_is_recorded(self, visit: VisitScene) -> None:
        visit.walk(*ALL)
        assert visit.record("ended").code == "visit_not_running"

    def test_recording_costs_one_read_and_one_transaction(self, visit: VisitScene, calls: list[str]) -> None:
        visit.walk("departed")
        visit.check_in("arrived")
        calls.clear()
        visit.record("arrived")
        assert calls == ["GetItem", "TransactWriteItems"]


@pytest.mark.feature("F22")
class TestCheckIns:
    def test_on_the_campus_it_is_accepted(self, visit: VisitScene) -> None:
        visit.walk("departed")
        reply = visit.check_in("arrived")
        assert reply.status == 201
        assert reply.body["result"] == "accepted"
        assert reply.body["distance_m"] < 50

    def test_elsewhere_it_is_refused_with_reason_and_distance_and_proves_nothing(self, visit: VisitScene) -> None:
        visit.walk("departed")
        body = visit.check_in("arrived", **FAR_AWAY).body
        assert (body["result"], body["reason"], body["message"]) == ("refused", "outside_fence", "不在院区范围内")
        assert body["distance_m"] > 5000
        assert visit.record("arrived").code == "check_in_missing"

    def test_a_wgs84_reading_is_converted_before_it_is_judged(self, visit: VisitScene) -> None:
        visit.walk("departed")
        in_wgs84 = {"lat": 39.9110, "lng": 116.40967, "coordinates": "wgs84", "accuracy_m": 5}
        assert visit.check_in("arrived", **in_wgs84).body["distance_m"] < 50
        assert visit.check_in("arrived", **in_wgs84 | {"coordinates": "gcj02"}).body["distance_m"] > 300

    def test_an_offline_check_in_is_judged_by_when_it_was_made(self, visit: VisitScene) -> None:
        visit.walk("departed")
        made_at = clock.now().isoformat()
        visit.world.advance(hours=12)
        visit.renew()
        assert visit.check_in("arrived", captured_at=made_at).body["result"] == "accepted"
        assert visit.check_in("arrived").body["reason"] == "too_late"

    def test_the_end_cannot_be_proven_in_advance(self, visit: VisitScene) -> None:
        visit.walk("departed")
        assert visit.check_in("ended").code == "milestone_out_of_order"

    @pytest.mark.parametrize("captured_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
    def test_absurd_times_are_invalid(self, visit: VisitScene, captured_at: str) -> None:
        visit.walk("departed")
        reply = visit.check_in("arrived", captured_at=captured_at)
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "captured_at")

    def test_it_costs_one_read_and_one_transaction(self, visit: VisitScene, calls: list[str]) -> None:
        visit.walk("departed")
        calls.clear()
        visit.check_in("arrived")
        assert calls == ["GetItem", "TransactWriteItems"]


@pytest.mark.feature("F9")
class TestPositions:
    def test_others_see_the_centre_of_a_cell_and_a_rounded_time(self, visit: VisitScene) -> None:
        from h3 import cell_to_latlng, latlng_to_cell

        visit.walk("departed")
        visit.send_positions([point(at=clock.now() - timedelta(seconds=17))])
        shown = visit.world.get(f"{visit.path}/position", as_=visit.client).body
        cell = latlng_to_cell(CAMPUS.lat, CAMPUS.lng, 8)
        lat, lng = cell_to_latlng(cell)
        assert shown == {"cell": cell, "lat": lat, "lng": lng, "observed_at": "2026-03-02T08:59:00+08:00"}

    def test_points_out_of_order_and_repeated_are_kept_once(self, visit: VisitScene) -> None:
        visit.walk("departed")
        points = [point(at=clock.now() - timedelta(seconds=s)) for s in (5, 60, 5, 30)]
        reply = visit.send_positions(points)
        assert (reply.status, reply.body) == (201, {"accepted": 3, "dropped": 1})

    def test_points_from_outside_the_visit_are_dropped(self, visit: VisitScene) -> None:
        visit.walk("departed")
        wrong = [
            clock.now() + timedelta(hours=1),
            STARTS_AT - timedelta(hours=4),
            clock.now().replace(year=1),
            clock.now().replace(year=9999),
        ]
        assert visit.send_positions([point(at=at) for at in wrong]).body == {"accepted": 0, "dropped": 4}
        assert visit.world.get(f"{visit.path}/position", as_=visit.client).code == "position_unknown"

    def test_an_offline_batch_is_taken_after_the_end_but_shows_nothing(self, visit: VisitScene) -> None:
        at = clock.now()
        visit.walk(*ALL)
        visit.world.advance(minutes=5)
        reply = visit.send_positions([point(at=at), point(at=at + timedelta(minutes=4))])
        assert reply.body == {"accepted": 1, "dropped": 1}
        assert visit.world.get(f"{visit.path}/position", as_=visit.client).code == "position_not_shared"

    def test_before_the_way_begins_no_position_is_taken(self, visit: VisitScene) -> None:
        assert visit.send_positions([point()]).code == "visit_not_running"

    def test_the_position_is_forgotten_when_the_visit_ends(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        visit.walk(*ALL[1:])
        assert visit.world.get(f"{visit.path}/position", as_=visit.client).code == "position_not_shared"

    def test_uploading_costs_one_read_and_one_transaction(self, visit: VisitScene, calls: list[str]) -> None:
        visit.walk("departed")
        calls.clear()
        visit.send_positions([point(at=clock.now() - timedelta(seconds=s)) for s in range(100)])
        assert calls == ["BatchGetItem", "TransactWriteItems"]

    def test_staff_see_the_same_cell_and_the_companion_has_no_use_for_it(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        shown = [
            visit.world.get(f"{visit.path}/position", as_=person).body
            for person in (visit.client, visit.world.person("agent", subject="stf_1"))
        ]
        assert shown[0] == shown[1]
        assert visit.world.get(f"{visit.path}/position", as_=visit.companion).status == 403


@pytest.mark.feature("F9")
def test_an_exact_position_is_nowhere_to_be_read(
    visit: VisitScene, capfd: pytest.CaptureFixture[str], calls: list[str]
) -> None:
    """Digits that only an exact position has are sought in rows, events, answers and logs of a whole visit."""
    from functions.shared import aws
    from functions.shared.config import config

    secret: dict[str, Any] = {"lat": 39.913579246, "lng": 116.417531357}
    visit.walk("departed")
    answers = [
        visit.check_in("arrived", **secret),
        visit.record("arrived", note="39.913579246"),
        visit.send_positions([point(**secret)]),
        visit.send_positions([point(**secret)], coordinates="wgs84"),
        visit.check_in("arrived", **secret, accuracy_m="很准"),
        visit.world.get(f"{visit.path}/position", as_=visit.client),
        visit.world.get(visit.path, as_=visit.client),
    ]
    visit.world.deliver()
    stored = [
        aws.client("dynamodb").scan(TableName=config().table_name(name))["Items"] for name in ("tracking", "outbox")
    ]
    everything = json.dumps([*(reply.body for reply in answers), stored, visit.world.delivered]) + str(
        capfd.readouterr()
    )
    assert len(stored[0]) > 5
    assert "913579" not in everything
    assert "417531" not in everything


class TestWhoSees:
    @pytest.mark.parametrize("path", ["", "/position"])
    @pytest.mark.parametrize("role", ["client", "agent"])
    def test_a_visit_of_others_is_not_found_unless_one_is_staff(self, visit: VisitScene, path: str, role: str) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        stranger = visit.world.person(role)
        assert visit.world.get(visit.path + path, as_=stranger).status == (404 if role == "client" else 200)

    @pytest.mark.parametrize("visit_id", ["vis_0", "ord_01ARZ3NDEKTSV4RRFFQ69G5FAV", "CONFIG", "x" * 3000])
    def test_an_id_that_is_none_is_not_found(self, visit: VisitScene, visit_id: str) -> None:
        assert visit.world.get(f"/visits/{visit_id}", as_=visit.client).code == "visit_not_found"

    def test_hospitals_and_insurers_have_no_part_in_it(self, visit: VisitScene) -> None:
        for role in ("hospital", "insurer"):
            assert visit.world.get(visit.path, as_=visit.world.person(role)).status == 403


@pytest.mark.feature("F11")
class TestGuests:
    def test_a_pass_for_progress_shows_progress_and_no_position(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        guest = visit.guest("progress")
        assert visit.world.get(visit.path, as_=guest).body["state"] == "departed"
        assert visit.world.get(f"{visit.path}/position", as_=guest).status == 403

    def test_a_pass_for_position_shows_the_cell(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        guest = visit.guest("progress", "position")
        shown = visit.world.get(f"{visit.path}/position", as_=guest)
        assert shown.body == visit.world.get(f"{visit.path}/position", as_=visit.client).body

    def test_a_revoked_pass_is_refused_at_once(self, visit: VisitScene) -> None:
        guest = visit.guest("progress")
        assert visit.world.get(visit.path, as_=guest).status == 200
        visit.revoke(guest)
        assert visit.world.get(visit.path, as_=guest).code == "guest_access_ended"

    def test_an_expired_pass_is_refused(self, visit: VisitScene) -> None:
        guest = visit.guest("progress", expires_at=clock.now() + timedelta(minutes=1))
        visit.world.advance(minutes=2)
        assert visit.world.get(visit.path, as_=guest).code == "guest_access_ended"

    def test_a_pass_for_another_order_finds_nothing(self, visit: VisitScene) -> None:
        guest = visit.guest("progress", order_id=ids.new("ord"))
        assert visit.world.get(visit.path, as_=guest).status == 404


class TestRepetition:
    def test_a_repeated_request_is_answered_as_before_and_done_once(self, visit: VisitScene) -> None:
        key, body = uuid.uuid4().hex, {"code": "departed"}
        first = visit.world.post(f"{visit.path}/milestones", body, as_=visit.companion, key=key)
        again = visit.world.post(f"{visit.path}/milestones", body, as_=visit.companion, key=key)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert visit.world.deliver().count("visit.progressed") == 1

    def test_the_same_key_with_another_body_is_refused(self, visit: VisitScene) -> None:
        key = uuid.uuid4().hex
        visit.world.post(f"{visit.path}/milestones", {"code": "departed"}, as_=visit.companion, key=key)
        reply = visit.world.post(f"{visit.path}/milestones", {"code": "arrived"}, as_=visit.companion, key=key)
        assert (reply.status, reply.code) == (422, "idempotency_key_reused")
