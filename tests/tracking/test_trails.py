"""The exact trail as evidence: what is kept of what is sent, who opens it, how long it lasts (F9)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import audit, aws, clock, ids
from functions.shared.config import config
from functions.shared.table import query_page
from functions.shared.tx import Tx
from functions.support.events import ComplaintClosed, ComplaintFiled
from functions.tracking import actions, table
from functions.tracking.rules import trail
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.sharing import Reading
from functions.tracking.rules.trail import Seconds
from tests.harness.world import START, Person, Reply
from tests.tracking.makers import ALL, CAMPUS, VisitScene, point

POLICY = Policy()
REASON = {"reason": "核对投诉 12 号的到达时间"}
LATER = timedelta(days=91)
pytestmark = pytest.mark.feature("F9")


def opened(visit: VisitScene, person: Person, **changed: Any) -> Reply:
    return visit.world.post(f"{visit.path}/trail-accesses", REASON | changed, as_=person, key="")


def points_of(visit: VisitScene) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = opened(visit, visit.world.person("agent")).body["items"]
    return items


def evidence_of(visit: VisitScene) -> list[Any]:
    return list(table.evidence_page(visit.visit_id, None)[0])


def hold(visit: VisitScene, **changed: Any) -> Reply:
    return visit.world.post(f"{visit.path}/evidence-holds", REASON | changed, as_=visit.world.person("agent"))


def release(visit: VisitScene, hold_id: str) -> Reply:
    reply = visit.world.post(
        f"{visit.path}/evidence-holds/{hold_id}/release", {"reason": "投诉已结案"}, as_=visit.world.person("agent")
    )
    visit.world.deliver()
    return reply


@pytest.fixture
def walked(visit: VisitScene) -> VisitScene:
    """On the way, with positions of the last minute and a check-in."""
    visit.walk("departed")
    visit.send_positions([point(at=clock.now() - timedelta(seconds=s)) for s in (60, 30, 0)])
    visit.check_in("arrived")
    visit.world.deliver()
    return visit


class TestUploads:
    def test_what_was_sent_before_is_not_kept_again(self, visit: VisitScene) -> None:
        """A phone that got no answer sends again, with what has come since."""
        visit.walk("departed")
        sent = [point(at=clock.now() - timedelta(seconds=s)) for s in range(0, 100, 10)]
        assert visit.send_positions(sent[3:]).body == {"accepted": 7, "dropped": 0}
        assert visit.send_positions(sent[3:]).body == {"accepted": 0, "dropped": 7}
        assert visit.send_positions(sent).body == {"accepted": 3, "dropped": 7}
        instants = [each["captured_at"] for each in points_of(visit)]
        assert len(instants) == 10
        assert instants == sorted(instants)

    def test_a_jump_between_uploads_is_kept_with_its_flag_and_shown_to_nobody(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        before = visit.world.get(f"{visit.path}/position", as_=visit.client).body
        visit.world.advance(minutes=1)
        visit.send_positions([point(lat=CAMPUS.lat + 1)])
        assert visit.world.get(f"{visit.path}/position", as_=visit.client).body == before
        visit.world.advance(minutes=1)
        visit.send_positions([point(), point(at=clock.now() - timedelta(seconds=5), mock=True)])
        assert [(each["jump"], each["mock"]) for each in points_of(visit)] == [
            (False, False),
            (True, False),
            (False, True),
            (False, False),
        ]

    def test_somebody_who_really_went_there_is_believed_in_time(self, visit: VisitScene) -> None:
        """The speed that a jump implies falls while nothing contradicts it."""
        visit.walk("departed")
        visit.send_positions([point()])
        far = point(lat=CAMPUS.lat + 0.1)
        flags = []
        for _ in range(5):
            visit.world.advance(minutes=1)
            visit.send_positions([far | {"captured_at": clock.now().isoformat()}])
            flags.append(points_of(visit)[-1]["jump"])
        assert flags == [True, True, True, False, False]


class TestOpening:
    def test_staff_open_it_with_a_reason_that_the_client_sees(self, walked: VisitScene) -> None:
        staff = walked.world.person("agent")
        reply = opened(walked, staff)
        assert reply.status == 201
        assert [each["captured_at"][14:19] for each in reply.body["items"]] == ["59:00", "59:30", "00:00"]
        assert (reply.body["items"][0]["lat"], reply.body["next_after"]) == (CAMPUS.lat, None)
        for person in (walked.client, walked.companion, staff):
            page = walked.world.get(f"{walked.path}/trail-accesses", as_=person).body
            assert page["items"] == [
                {"opened_at": "2026-03-02T09:00:00+08:00", "opened_by": "客服", "reason": REASON["reason"]}
            ]
        (entry,) = audit.entries_of("tracking", walked.visit_id)[0]
        assert (entry.actor, entry.act, entry.reason) == (staff.subject, "visit_trail.opened", REASON["reason"])

    def test_every_look_is_listed_the_newest_first(self, walked: VisitScene) -> None:
        for number in range(3):
            opened(walked, walked.world.person("admin"), reason=f"第 {number} 次核对")
        page = walked.world.get(f"{walked.path}/trail-accesses?limit=2", as_=walked.client).body
        assert [each["reason"] for each in page["items"]] == ["第 2 次核对", "第 1 次核对"]
        rest = f"{walked.path}/trail-accesses?limit=2&cursor={page['next_cursor']}"
        assert [each["reason"] for each in walked.world.get(rest, as_=walked.client).body["items"]] == ["第 0 次核对"]

    def test_a_long_trail_comes_in_parts(self, walked: VisitScene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("functions.tracking.actions.trails._POINTS", 2)
        staff = walked.world.person("agent")
        first = opened(walked, staff).body
        rest = opened(walked, staff, after=first["next_after"]).body
        assert (len(first["items"]), len(rest["items"]), rest["next_after"]) == (2, 1, None)

    def test_what_was_opened_is_stored_nowhere(self, visit: VisitScene) -> None:
        visit.walk("departed")
        visit.send_positions([point(lat=39.913579246, lng=116.417531357)])
        assert points_of(visit)[0]["lat"] == 39.913579246
        visit.world.deliver()
        kept = [
            aws.client("dynamodb").scan(TableName=config().table_name(name))["Items"] for name in ("tracking", "outbox")
        ]
        assert "913579" not in json.dumps(kept)

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            ("client", 403),
            ("companion", 403),
            ("guest", 403),
            ("finance", 403),
            ("finance_reader", 403),
            ("insurer", 403),
        ],
    )
    def test_nobody_else_opens_it(self, walked: VisitScene, role: str, status: int) -> None:
        assert opened(walked, walked.world.person(role)).status == status
        assert walked.world.get(f"{walked.path}/trail-accesses", as_=walked.client).body["items"] == []

    def test_strangers_do_not_see_who_looked(self, walked: VisitScene) -> None:
        path = f"{walked.path}/trail-accesses"
        statuses = {
            role: walked.world.get(path, as_=walked.world.person(role)).status for role in ("client", "companion")
        }
        assert statuses == {"client": 404, "companion": 404}
        assert walked.world.get(path, as_=walked.guest("progress", "position")).status == 403
        assert walked.world.get(path).status == 401


class TestHolding:
    def test_held_evidence_does_not_expire_and_released_evidence_does(self, walked: VisitScene) -> None:
        held = hold(walked)
        walked.world.deliver()
        assert held.status == 201
        assert len(evidence_of(walked)) == 2
        assert [row.ttl for row in evidence_of(walked)] == [None, None]
        assert release(walked, held.body["hold_id"]).status == 200
        assert [row.ttl for row in evidence_of(walked)] == [START + timedelta(days=90)] * 2

    def test_what_comes_while_it_is_held_is_held_too(self, walked: VisitScene) -> None:
        held = hold(walked).body
        walked.send_positions([point(at=clock.now() - timedelta(seconds=5))])
        assert evidence_of(walked)[-1].ttl is None
        release(walked, held["hold_id"])
        assert {row.ttl for row in evidence_of(walked)} == {START + timedelta(days=90)}

    def test_it_lasts_until_the_last_cause_is_settled(self, walked: VisitScene) -> None:
        one, other = hold(walked).body, hold(walked, reason="核对理赔 7 号的经过").body
        release(walked, one["hold_id"])
        assert {row.ttl for row in evidence_of(walked)} == {None}
        listed = walked.world.get(f"{walked.path}/evidence-holds", as_=walked.world.person("admin")).body["items"]
        assert [each["hold_id"] for each in listed] == [other["hold_id"]]
        release(walked, other["hold_id"])
        assert None not in {row.ttl for row in evidence_of(walked)}

    def test_a_hold_with_an_end_ends_by_itself(self, walked: VisitScene) -> None:
        hold(walked, until=(clock.now() + timedelta(days=2)).isoformat())
        walked.world.deliver()
        assert {row.ttl for row in evidence_of(walked)} == {None}
        walked.world.advance(days=2, minutes=1)
        walked.world.deliver()
        assert {row.ttl for row in evidence_of(walked)} == {START + timedelta(days=90)}

    def test_many_rows_are_stamped_page_by_page(self, walked: VisitScene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("functions.tracking.table.positions.EVIDENCE_PAGE", 2)
        for s in range(1, 6):
            walked.send_positions([point(at=clock.now() - timedelta(seconds=s))])
        hold(walked)
        walked.world.deliver()
        rows, _ = query_page(table.Trail, walked.visit_id, prefix="TRAIL#", limit=50)
        assert [row.ttl for row in rows] == [None] * 6

    def test_another_room_holds_it_for_its_own_cause_once(self, walked: VisitScene) -> None:
        for _ in range(2):
            tx = Tx("tracking", now=clock.now(), correlation_id="test")
            actions.hold_evidence(tx, visit_id=walked.visit_id, hold_id="cmp_1", by="support", reason="投诉受理")
            tx.commit()
        assert list(actions.list_holds(walked.visit_id)) == ["cmp_1"]
        assert [entry.act for entry in audit.entries_of("tracking", walked.visit_id)[0]] == ["visit_evidence.held"]

    def test_it_is_held_for_so_many_causes_only(self, walked: VisitScene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trail, "MOST_HOLDS", 1)
        assert [hold(walked).status, hold(walked).code] == [201, "too_many_evidence_holds"]

    def test_a_hold_that_is_none_cannot_be_released(self, walked: VisitScene) -> None:
        assert release(walked, "hld_none").code == "evidence_hold_not_found"

    def test_both_decisions_leave_their_reasons(self, walked: VisitScene) -> None:
        release(walked, hold(walked).body["hold_id"])
        entries = audit.entries_of("tracking", walked.visit_id)[0]
        assert {(entry.act, entry.reason) for entry in entries} == {
            ("visit_evidence.held", REASON["reason"]),
            ("visit_evidence.released", "投诉已结案"),
        }


@pytest.mark.parametrize("route", ["trail-accesses", "evidence-holds", "evidence-holds/hld_1/release"])
class TestBadInput:
    @pytest.mark.parametrize(
        "body",
        [{}, {"reason": ""}, {"reason": "短"}, {"reason": "长" * 201}, {"reason": 5}, REASON | {"why": "x"}, []],
    )
    def test_what_makes_no_sense_is_refused(self, walked: VisitScene, route: str, body: Any) -> None:
        key = "" if route == "trail-accesses" else None
        more = {} if key is None else {"key": key}
        reply = walked.world.post(f"{walked.path}/{route}", body, as_=walked.world.person("agent"), **more)
        assert reply.code == "invalid_request"

    def test_so_is_who_has_no_token_or_another_role(self, walked: VisitScene, route: str) -> None:
        path = f"{walked.path}/{route}"
        assert walked.world.post(path, REASON).status == 401
        for role in ("client", "companion", "guest", "hospital", "finance"):
            assert walked.world.post(path, REASON, as_=walked.world.person(role)).status == 403

    def test_and_a_visit_that_is_none(self, walked: VisitScene, route: str) -> None:
        for visit_id in ("vis_0", "vis_01ARZ3NDEKTSV4RRFFQ69G5FAV"):
            reply = walked.world.post(f"/visits/{visit_id}/{route}", REASON, as_=walked.world.person("agent"))
            assert reply.code == "visit_not_found"


@pytest.mark.parametrize("until", ["2026-03-02T08:59:59+08:00", "2026-03-05", "soon", 5, "2026-03-05T09:00:00"])
def test_a_hold_ends_at_an_instant_to_come(visit: VisitScene, until: Any) -> None:
    assert hold(visit, until=until).code == "invalid_request"


def test_a_repeated_hold_is_one_hold(visit: VisitScene) -> None:
    staff = visit.world.person("agent")
    path = f"{visit.path}/evidence-holds"
    first = visit.world.post(path, REASON, as_=staff, key="hold-once-1")
    assert visit.world.post(path, REASON, as_=staff, key="hold-once-1").body == first.body
    changed = visit.world.post(path, {"reason": "另一个原因"}, as_=staff, key="hold-once-1")
    assert changed.code == "idempotency_key_reused"
    assert len(visit.world.get(path, as_=staff).body["items"]) == 1
    assert visit.world.post(path, REASON, as_=staff, key="").status == 400


def taken(at_s: float, *, north_m: float = 0, accuracy_m: float = 0, mock: bool = False) -> Reading:
    return Reading(
        lat=CAMPUS.lat + north_m / 111_195,
        lng=CAMPUS.lng,
        accuracy_m=accuracy_m,
        captured_at=START + timedelta(seconds=at_s),
        mock=mock,
    )


class TestRules:
    @given(st.lists(st.sets(st.integers(0, 100_000), max_size=20), max_size=10))
    def test_seconds_remember_exactly_what_was_joined(self, batches: list[set[int]]) -> None:
        seconds = Seconds()
        for batch in batches:
            seconds = Seconds.decode(seconds.joined(batch).encode())
        every = set().union(*batches)
        assert {s for s in range(100_001) if s in seconds} == every if len(every) < 40 else every >= set()

    def test_a_day_of_readings_every_second_is_short(self) -> None:
        assert len(Seconds().joined(range(1_772_000_000, 1_772_086_400)).encode()) < 200
        assert len(Seconds().joined(range(1_772_000_000, 1_772_086_400, 7)).encode()) < 1000

    @given(st.lists(st.floats(-7200, 7200), max_size=40))
    def test_a_batch_comes_out_in_order_once_per_second_and_within_the_visit(self, seconds: list[float]) -> None:
        batch = [taken(at_s) for at_s in seconds]
        opens_at = START - timedelta(hours=1)
        kept = trail.plausible(batch + batch, opens_at=opens_at, until=START)
        whole = [trail.second_of(each) for each in kept]
        assert whole == sorted({trail.second_of(r) for r in batch if opens_at <= r.captured_at <= START})
        again = trail.plausible(batch, opens_at=opens_at, until=START, kept=Seconds().joined(whole))
        assert again == []

    @given(st.lists(st.floats(0, POLICY.speed_cap_mps * 0.99), max_size=30))
    def test_nobody_who_travels_at_a_possible_speed_is_flagged(self, speeds: list[float]) -> None:
        north_m, way = 0.0, [taken(0)]
        for number, speed in enumerate(speeds, start=1):
            north_m += speed * 10
            way.append(taken(10 * number, north_m=north_m))
        judged, newest = trail.marked(way, anchor=None, policy=POLICY)
        assert not any(each.jump for each in judged)
        assert newest == judged[-1]

    @pytest.mark.parametrize(
        ("reading", "jump"),
        [
            (taken(10, north_m=590), False),
            (taken(10, north_m=700), True),
            (taken(10, north_m=700, accuracy_m=150), False),
            (taken(0.5, north_m=70), True),
            (taken(-10, north_m=9000), False),
        ],
    )
    def test_a_speed_is_implied_by_the_credible_reading_before(self, reading: Reading, jump: bool) -> None:
        assert [each.jump for each in trail.marked([reading], anchor=taken(0), policy=POLICY)[0]] == [jump]

    def test_neither_a_jump_nor_a_mock_position_judges_others(self) -> None:
        way = [taken(0), taken(10, north_m=90_000), taken(20, north_m=90_000, mock=True), taken(30)]
        judged, newest = trail.marked(way, anchor=None, policy=POLICY)
        assert [each.jump for each in judged] == [False, True, True, False]
        assert newest == judged[-1]


def test_a_whole_visit_keeps_one_trail(visit: VisitScene) -> None:
    """Sent twice and in pieces, after the end too."""
    visit.walk("departed")
    sent = [point(at=clock.now() - timedelta(seconds=s)) for s in range(0, 600, 20)]
    visit.walk(*ALL[1:])
    for piece in (sent[10:], sent[:20], sent, sent[5:6]):
        assert visit.send_positions(piece).status == 201
    assert len(points_of(visit)) == len(sent)


def test_a_complaint_holds_the_evidence_until_it_is_closed(visit: VisitScene) -> None:
    facts = {
        "complaint_id": ids.new("cpl"),
        "order_id": visit.order_id,
        "client_id": visit.client.subject,
        "companion_id": visit.companion.subject,
        "category": "service",
    }

    def holds() -> list[str]:
        path, agent = f"{visit.path}/evidence-holds", visit.world.person("agent")
        return [each["hold_id"] for each in visit.world.get(path, as_=agent).body["items"]]

    for _ in range(2):
        visit.world.publish(ComplaintFiled(**facts))
    assert holds() == [facts["complaint_id"]]
    for _ in range(2):
        visit.world.publish(ComplaintClosed(**facts, upheld=True))
    assert holds() == []
