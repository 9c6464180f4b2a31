"""Photos that prove a step: the leave, the upload, the step that waits for it, who may look (F8)."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.booking.events import Milestone as Announced
from functions.booking.rules.itinerary import CheckIn
from functions.shared import audit, aws, clock, files
from functions.shared.config import config
from functions.tracking.rules import evidence
from functions.tracking.rules.evidence import FirstUse, PhotoAlreadyUsed
from tests.harness.world import Reply, World
from tests.tracking.makers import VisitScene, order_closed, visit_scene

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
OTHER = b"\xff\xd8\xff\xe0" + bytes(199) + b"\x01"
STEPS = (
    ("departed", "陪诊师已出发", "none"),
    ("arrived", "已到达医院", "geofence"),
    ("ticket_pickup", "代取号", "photo"),
    ("report_pickup", "取报告", "photo"),
    ("ended", "就诊结束", "none"),
)
pytestmark = pytest.mark.feature("F8")


@pytest.fixture
def visit(world: World) -> VisitScene:
    """At the hospital; the ticket is to be picked up next."""
    return arrived(world)


def arrived(world: World) -> VisitScene:
    steps = tuple(
        Announced(code=code, title=title, check_in=CheckIn(check_in), offset_min=0, duration_min=0, required=True)
        for code, title, check_in in STEPS
    )
    scene = visit_scene(world, process_template=steps)
    scene.walk("departed", "arrived")
    return scene


def leave(visit: VisitScene, content_type: str = "image/jpeg") -> Reply:
    return visit.world.post(f"{visit.path}/uploads", {"content_type": content_type}, as_=visit.companion)


def uploaded(visit: VisitScene, content: bytes = JPEG) -> str:
    form = leave(visit)
    assert form.status == 201, form.body
    visit.world.upload(form.body, content)
    return str(form.body["file_id"])


def photos(visit: VisitScene, as_: Any = None) -> list[dict[str, Any]]:
    reply = visit.world.get(f"{visit.path}/photos", as_=as_ or visit.client)
    assert reply.status == 200, reply.body
    return list(reply.body["items"])


def stored() -> list[str]:
    client = aws.client("dynamodb")
    items = [client.scan(TableName=config().table_name(name))["Items"] for name in ("tracking", "outbox")]
    return sorted(str(item) for found in items for item in found)


class TestTheStepThatWaits:
    def test_a_photo_lets_the_order_pass(self, visit: VisitScene) -> None:
        reply = visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        assert reply.status == 201
        assert {step["code"]: step["state"] for step in reply.body["milestones"]}["ticket_pickup"] == "recorded"

    def test_without_one_it_stays_and_says_so(self, visit: VisitScene) -> None:
        before = stored()
        reply = visit.record("ticket_pickup")
        assert (reply.status, reply.code) == (409, "photo_missing")
        assert reply.body["errors"] == [{"field": "ticket_pickup", "message": "“代取号”需要照片凭证"}]
        assert stored() == before

    @pytest.mark.parametrize("later", ["report_pickup", "ended"])
    def test_what_comes_after_is_blocked_and_told_what_is_missing(self, visit: VisitScene, later: str) -> None:
        reply = visit.record(later, **({"photo_file_id": uploaded(visit)} if later == "report_pickup" else {}))
        assert (reply.status, reply.code) == (409, "milestone_out_of_order")
        assert reply.body["errors"] == [{"field": "ticket_pickup", "message": "“代取号”还没有上传照片凭证并记录"}]

    def test_the_app_is_told_which_steps_want_a_photo(self, visit: VisitScene) -> None:
        body = visit.world.get(visit.path, as_=visit.companion).body
        wanted = [step["code"] for step in body["milestones"] if step["check_in"] == "photo"]
        assert wanted == ["ticket_pickup", "report_pickup"]

    def test_other_steps_may_have_a_photo_too(self, visit: VisitScene) -> None:
        visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        visit.record("report_pickup", photo_file_id=uploaded(visit, OTHER))
        last = uploaded(visit, JPEG + b"end")
        assert visit.record("ended", photo_file_id=last).status == 201
        assert [photo["code"] for photo in photos(visit)] == ["ended", "report_pickup", "ticket_pickup"]


class TestTheUpload:
    def test_a_leave_is_for_this_visit_and_five_minutes(self, visit: VisitScene) -> None:
        form = leave(visit).body
        assert form["fields"]["key"] == f"tracking/{visit.visit_id}/{form['file_id']}"
        assert form["max_bytes"] == 10_000_000 and form["expires_at"].endswith("+08:00")

    @pytest.mark.parametrize("content_type", ["application/pdf", "image/svg+xml", "text/html", ""])
    def test_only_photos_are_taken(self, visit: VisitScene, content_type: str) -> None:
        reply = leave(visit, content_type)
        assert (reply.status, reply.code) == (400, "invalid_request")

    def test_a_page_that_calls_itself_a_photo_proves_nothing(self, visit: VisitScene) -> None:
        reply = visit.record("ticket_pickup", photo_file_id=uploaded(visit, b"<html>"))
        assert (reply.status, reply.code) == (400, "upload_refused")
        assert photos(visit) == []

    def test_a_file_that_never_arrived_proves_nothing(self, visit: VisitScene) -> None:
        reply = visit.record("ticket_pickup", photo_file_id=leave(visit).body["file_id"])
        assert (reply.status, reply.code) == (409, "upload_missing")

    def test_the_photo_of_another_visit_cannot_be_named(self, visit: VisitScene) -> None:
        other = arrived(visit.world)
        reply = visit.record("ticket_pickup", photo_file_id=uploaded(other))
        assert (reply.status, reply.code) == (409, "upload_missing")

    @pytest.mark.parametrize("role", ["client", "agent", "finance", "admin", "guest", "hospital"])
    def test_nobody_else_uploads(self, visit: VisitScene, role: str) -> None:
        body = {"content_type": "image/jpeg"}
        reply = visit.world.post(f"{visit.path}/uploads", body, as_=visit.world.person(role))
        assert (reply.status, reply.code) == (403, "forbidden")

    def test_another_companion_finds_no_such_visit(self, visit: VisitScene) -> None:
        body, stranger = {"content_type": "image/jpeg"}, visit.world.person("companion")
        assert visit.world.post(f"{visit.path}/uploads", body, as_=stranger).status == 404
        assert visit.world.post("/visits/vis_x/uploads", body, as_=stranger).status == 404
        assert visit.world.post(f"{visit.path}/uploads", body).status == 401

    def test_a_visit_that_is_over_takes_no_more(self, world: World) -> None:
        scene = visit_scene(world)
        world.publish(order_closed(scene.order_id))
        reply = leave(scene)
        assert (reply.status, reply.code) == (409, "visit_not_running")

    @pytest.mark.parametrize(
        "body", [{}, {"content_type": 1}, {"content_type": "image/png", "owner": "x"}, [], {"content_type": None}]
    )
    def test_what_makes_no_sense_is_refused(self, visit: VisitScene, body: Any) -> None:
        assert visit.world.post(f"{visit.path}/uploads", body, as_=visit.companion).status == 400

    @pytest.mark.parametrize("value", [1, "", "x" * 65, ["fil_1"]])
    def test_a_photo_is_named_by_its_id(self, visit: VisitScene, value: Any) -> None:
        assert visit.record("ticket_pickup", photo_file_id=value).status == 400

    def test_a_repeated_request_is_answered_alike_and_keeps_one_photo(self, visit: VisitScene) -> None:
        body, key = {"code": "ticket_pickup", "photo_file_id": uploaded(visit)}, uuid.uuid4().hex
        first, again = (
            visit.world.post(f"{visit.path}/milestones", body, as_=visit.companion, key=key) for _ in range(2)
        )
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["Idempotency-Replayed"] == "true" and len(photos(visit)) == 1
        body["photo_file_id"] = uploaded(visit, OTHER)
        changed = visit.world.post(f"{visit.path}/milestones", body, as_=visit.companion, key=key)
        assert (changed.status, changed.code) == (422, "idempotency_key_reused")


class TestWithoutANetwork:
    """The phone kept the photo and the time; it sends both when it hears us again."""

    def test_a_photo_of_an_hour_ago_proves_its_step_at_the_phones_time(self, visit: VisitScene) -> None:
        taken = clock.china(clock.now())
        visit.world.advance(minutes=70)
        visit.renew()
        reply = visit.record("ticket_pickup", recorded_at=taken.isoformat(), photo_file_id=uploaded(visit))
        assert reply.status == 201, reply.body
        step = reply.body["milestones"][2]
        assert (step["state"], step["recorded_at"]) == ("recorded", taken.isoformat())
        (photo,) = photos(visit)
        assert datetime.fromisoformat(photo["received_at"]) == taken + timedelta(minutes=70)

    def test_the_steps_that_waited_come_one_after_the_other_with_their_photos(self, visit: VisitScene) -> None:
        picked_up = clock.now()
        visit.world.advance(minutes=90)
        visit.renew()
        fetched = {"recorded_at": (picked_up + timedelta(minutes=60)).isoformat(), "photo_file_id": uploaded(visit)}
        assert visit.record("report_pickup", **fetched).code == "milestone_out_of_order"
        first = {"recorded_at": picked_up.isoformat(), "photo_file_id": uploaded(visit, OTHER)}
        assert [visit.record("ticket_pickup", **first).status, visit.record("report_pickup", **fetched).status] == [
            201,
            201,
        ]

    @pytest.mark.parametrize("minutes", [-180, 30])
    def test_a_time_before_the_last_step_or_still_to_come_is_refused(self, visit: VisitScene, minutes: int) -> None:
        at = (clock.now() + timedelta(minutes=minutes)).isoformat()
        before = stored()
        reply = visit.record("ticket_pickup", recorded_at=at, photo_file_id=uploaded(visit))
        assert (reply.status, reply.body["errors"][0]["field"]) == (400, "recorded_at")
        assert stored() == before and photos(visit) == []


class TestTheSamePictureAgain:
    def test_from_another_order_it_is_flagged_and_told(self, visit: VisitScene) -> None:
        visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        other = arrived(visit.world)
        assert other.record("ticket_pickup", photo_file_id=uploaded(other)).status == 201
        visit.world.deliver()
        (event,) = visit.world.events("visit.photo_reused")
        assert (event["order_id"], event["first_order_id"]) == (other.order_id, visit.order_id)
        (seen,) = photos(other, visit.world.person("agent"))
        assert seen["reused_from"] == visit.order_id

    def test_whoever_might_have_sent_it_is_not_told(self, visit: VisitScene) -> None:
        visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        other = arrived(visit.world)
        other.record("ticket_pickup", photo_file_id=uploaded(other))
        assert [photos(other, who)[0]["reused_from"] for who in (other.client, other.companion)] == [None, None]

    def test_from_the_same_visit_it_is_refused(self, visit: VisitScene) -> None:
        visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        reply = visit.record("report_pickup", photo_file_id=uploaded(visit))
        assert (reply.status, reply.code) == (409, "photo_already_used")
        assert visit.record("report_pickup", photo_file_id=uploaded(visit, OTHER)).status == 201

    @pytest.mark.parametrize(
        ("first", "expected"),
        [(None, None), (FirstUse("ord_1", "a"), None), (FirstUse("ord_2", "a"), "ord_2")],
        ids=["never seen", "seen here", "seen elsewhere"],
    )
    def test_the_rule(self, first: FirstUse | None, expected: str | None) -> None:
        assert evidence.reused_from(first, order_id="ord_1", earlier_here=["b"], sha256="a") == expected
        with pytest.raises(PhotoAlreadyUsed):
            evidence.reused_from(first, order_id="ord_1", earlier_here=["a"], sha256="a")


class TestLooking:
    def test_client_and_companion_see_it_by_a_link(self, visit: VisitScene) -> None:
        visit.record("ticket_pickup", photo_file_id=uploaded(visit))
        for who in (visit.client, visit.companion):
            (photo,) = photos(visit, who)
            assert (photo["code"], photo["title"], photo["size_bytes"]) == ("ticket_pickup", "代取号", len(JPEG))
            assert visit.visit_id in photo["url"] and "X-Amz-Expires=300" in photo["url"]
        assert audit.entries_of("tracking", visit.visit_id)[0] == []

    def test_what_a_photo_tells_besides_its_picture_is_evidence_and_not_shown(self, visit: VisitScene) -> None:
        told = b"\xff\xd8" + b"\xff\xe1\x00\x18Exif\0\0N31.23 E121.4737" + JPEG[2:]
        file_id = uploaded(visit, told)
        assert visit.record("ticket_pickup", photo_file_id=file_id).status == 201
        assert f"{file_id}-shown" in photos(visit)[0]["url"]
        kept = [files.read(f"tracking/{visit.visit_id}/{name}") for name in (file_id, f"{file_id}-shown")]
        assert kept == [told, JPEG]

    def test_a_look_of_staff_leaves_a_row(self, visit: VisitScene) -> None:
        agent = visit.world.person("agent")
        photos(visit, agent)
        (entry,) = audit.entries_of("tracking", visit.visit_id)[0]
        assert (entry.actor, entry.act) == (agent.subject, "visit_photos.viewed")

    def test_strangers_find_nothing_and_guests_have_no_such_route(self, visit: VisitScene) -> None:
        look: Callable[[Any], int] = lambda who: visit.world.get(f"{visit.path}/photos", as_=who).status  # noqa: E731
        assert look(visit.world.person("client")) == 404
        assert look(visit.world.person("companion")) == 404
        assert look(visit.guest("progress")) == 403
        assert look(None) == 401

    def test_a_kept_photo_outlives_the_cleaning_of_unused_uploads(self, visit: VisitScene) -> None:
        used, unused = uploaded(visit), uploaded(visit, OTHER)
        visit.record("ticket_pickup", photo_file_id=used)
        visit.world.travel.shift(timedelta(minutes=1))
        s3 = aws.client("s3", read_timeout_s=10)
        tags = [
            s3.get_object_tagging(Bucket=config().files_bucket, Key=f"tracking/{visit.visit_id}/{file_id}")["TagSet"]
            for file_id in (used, unused)
        ]
        assert tags[0] == [{"Key": "state", "Value": "kept"}] and tags[1] != tags[0]
