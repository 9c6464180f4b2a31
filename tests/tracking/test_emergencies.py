"""Calling for help (F34): taken in any state, honest about who was reached, silent about where and how."""

import json
import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.accounts.actions import find_emergency_summary
from functions.booking.events import OrderUnassigned, UnassignedReason
from functions.shared import aws, ids
from functions.tracking import table
from functions.tracking.rules import emergencies as rules
from functions.tracking.rules.access import Standing
from functions.tracking.rules.emergencies import Attempt, Channel, Outcome, Reached, Recipient
from tests.accounts.makers import add_patient, commit
from tests.harness.world import World
from tests.hospitals.desk_makers import HOSPITAL, ON_DUTY, HelpScene, help_scene, outcomes, receiver, ways
from tests.tracking.makers import ALL, STARTS_AT, VisitScene, order_assigned, order_closed, point
from tests.tracking.sockets_server import Sockets, serve_sockets
from tests.tracking.test_live import call as live_call
from tests.tracking.test_live import connect, follow, say

pytestmark = pytest.mark.feature("F34")
HERE = {"lat": 39.9126, "lng": 116.4161, "accuracy_m": 12.0}


@pytest.fixture
def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[HelpScene]:
    """A scheduled visit at a hospital with a desk; tracking, hospitals and accounts listen."""
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")
    with receiver() as desk:
        yield help_scene(world, desk)


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sockets]:
    with serve_sockets() as serving:
        monkeypatch.setenv("LIVE_ENDPOINT", serving.url)
        yield serving


def vacated(visit: VisitScene) -> None:
    visit.world.publish(
        OrderUnassigned(
            order_id=visit.order_id,
            client_id=visit.client.subject,
            companion_id=visit.companion.subject,
            starts_at=STARTS_AT,
            reason=UnassignedReason.COMPANION_CANCELLED,
            revision=99,
        )
    )


class TestCalling:
    def test_120_comes_first_and_nobody_is_said_to_know_yet(self, scene: HelpScene) -> None:
        reply = scene.press(body={"kind": "fall", "position": HERE})
        assert reply.status == 201
        assert list(reply.body)[:2] == ["hotline", "advice"]
        assert (reply.body["hotline"], "先拨打 120" in reply.body["advice"]) == ("120", True)
        assert outcomes(reply.body) == {"hospital_desk": "pending", "family": "pending", "staff": "pending"}
        assert reply.body["said"] == "正在通知：医院急救台、家属、平台客服；急救台尚未接警。"
        assert (reply.body["position_recorded"], reply.body["condition_shared"]) == (True, None)

    def test_an_empty_object_is_enough(self, scene: HelpScene) -> None:
        assert scene.press().body["position_recorded"] is False

    def test_it_waits_for_one_read_and_one_write_and_for_no_other_room(
        self, scene: HelpScene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from functions.shared.table import connection

        scene.press(as_=scene.world.person("client"))  # warms the thresholds that the process keeps
        asked: list[str] = []
        real = connection()._make_api_call

        def counted(operation: str, *args: Any, **kwargs: Any) -> Any:
            asked.append(operation)
            return real(operation, *args, **kwargs)

        monkeypatch.setattr(connection(), "_make_api_call", counted)
        assert scene.press(body={"position": HERE}).status == 201
        assert [name for name in asked if name != "GetItem"] == ["BatchGetItem", "TransactWriteItems"]
        assert len(asked) <= 3  # the thresholds, once a minute

    def test_a_second_press_joins_the_open_call(self, scene: HelpScene) -> None:
        first = scene.press().body
        second = scene.press(as_=scene.visit.client, body={"position": HERE}).body
        assert (second["call_id"], second["joined"], first["joined"]) == (first["call_id"], True, False)
        assert second["position_recorded"] is True
        scene.world.deliver()
        assert len(scene.desk.messages) == 1

    def test_sent_again_with_its_key_it_is_the_same_answer(self, scene: HelpScene) -> None:
        key = uuid.uuid4().hex
        first, again = scene.press(key=key), scene.press(key=key)
        assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
        assert scene.press(key=key, body={"kind": "fall"}).status == 422

    def test_after_it_was_closed_or_long_ago_a_press_is_another_emergency(self, scene: HelpScene) -> None:
        first = scene.called()["call_id"]
        scene.step(first, "resolution")
        scene.world.deliver()
        second = scene.called()["call_id"]
        scene.world.advance(minutes=31)
        scene.visit.renew()
        third = scene.called()["call_id"]
        assert len({first, second, third}) == 3
        listed = scene.world.get(scene.path, as_=scene.visit.client).body["items"]
        assert [each["call_id"] for each in listed] == [third, second, first]

    @pytest.mark.parametrize(
        ("name", "milestones"),
        [("running", 1), ("at work", 3), ("ended", len(ALL)), ("cancelled", 0), ("vacated", 0), ("long past", 0)],
    )
    def test_whatever_state_the_visit_is_in(self, scene: HelpScene, name: str, milestones: int) -> None:
        visit = scene.visit
        visit.walk(*ALL[:milestones])
        if name == "cancelled":
            scene.world.publish(order_closed(visit.order_id))
        if name == "vacated":
            vacated(visit)
        if name == "long past":
            scene.world.advance(days=30)
            visit.renew()
        reply = scene.press(as_=visit.client)
        assert reply.status == 201, reply.body
        companion = {"companion": "pending"} if name != "vacated" else {}
        expected = {"hospital_desk": "pending", "family": "pending", **companion, "staff": "pending"}
        assert outcomes(reply.body) == expected

    def test_without_its_key_the_call_goes_out_and_says_what_is_missing(self, scene: HelpScene) -> None:
        row = table.find_visit_row(scene.visit.visit_id)
        assert row is not None
        row.wrapped_key = "bm90IGEga2V5"
        commit("tracking", lambda tx: tx.save(row))
        reply = scene.press(body={"position": HERE})
        assert (reply.status, reply.body["position_recorded"]) == (201, False)
        scene.world.rooms = ("hospitals", "accounts")
        scene.world.deliver()
        assert len(scene.desk.messages) == 1


class TestReaching:
    def test_who_has_been_reached_is_told_by_channel(self, scene: HelpScene) -> None:
        call = scene.called()
        assert outcomes(call) == {"hospital_desk": "notified", "family": "pending", "staff": "pending"}
        assert ways(call, "family") == [
            ("live", "", "unreachable"),
            ("inbox", "", "written"),
            ("wechat", "", "not_configured"),
        ]
        assert ways(call, "staff") == [("live", "", "unreachable"), ("inbox", "", "written")]
        assert call["said"] == "已通知到：医院急救台；正在通知：家属、平台客服；急救台尚未接警。"
        for staff_id in ON_DUTY:
            assert scene.notices(staff_id) == ["emergency_called_staff"]

    def test_a_notice_counts_once_it_was_read(self, scene: HelpScene) -> None:
        call = scene.called()
        agent = scene.world.person("agent", subject=ON_DUTY[1])
        (notice,) = scene.world.get("/notices", as_=agent).body["items"]
        assert notice["audience"] == "staff"
        scene.world.post(f"/notices/{notice['notice_id']}/read", as_=agent)
        scene.world.deliver()
        seen = scene.seen(call["call_id"])
        assert (outcomes(seen)["staff"], ways(seen, "staff")[1]) == ("notified", ("inbox", "", "read"))

    def test_when_the_client_calls_the_companion_is_told_and_not_the_client(self, scene: HelpScene) -> None:
        call = scene.called(as_=scene.visit.client)
        assert set(outcomes(call)) == {"hospital_desk", "family", "companion", "staff"}
        assert ways(call, "family") == [("live", "", "unreachable")]
        assert scene.notices(scene.visit.companion.subject) == ["emergency_called_companion"]
        assert scene.notices(scene.visit.client.subject) == []

    def test_followers_and_the_desk_hear_of_it_at_once(self, scene: HelpScene, sockets: Sockets) -> None:
        visit = scene.visit
        client, guest = follow(visit, visit.client), follow(visit, visit.guest("progress"))
        caller = follow(visit, visit.companion)
        desk = connect(scene.hospital)
        assert say(desk, action="subscribe_desk") == 200
        assert sockets.told(desk) == [{"type": "emergency_desk.subscribed", "hospital_id": HOSPITAL}]
        call = scene.called()
        (told,) = sockets.told(desk, "emergency.called")
        assert (told["call_id"], told["details"]) == (
            call["call_id"],
            f"/emergency-desks/{HOSPITAL}/calls/{call['call_id']}",
        )
        for connection_id in (client, guest, caller):
            assert sockets.told(connection_id, "emergency.changed")[0]["hotline"] == "120"
        assert outcomes(call)["family"] == "notified"
        assert ways(call, "hospital_desk")[-1] == ("live", "", "notified")
        scene.step(call["call_id"], "acknowledgement")
        scene.world.deliver()
        latest = max(sockets.told(guest, "emergency.changed"), key=lambda message: message["version"])
        assert (latest["state"], "急救台尚未接警" in latest["said"]) == ("acknowledged", False)

    def test_a_caller_alone_on_the_channel_is_nobodys_family(self, scene: HelpScene, sockets: Sockets) -> None:
        follow(scene.visit, scene.visit.companion)
        assert outcomes(scene.called())["family"] == "pending"

    def test_a_desk_hears_only_of_its_own_hospital(self, scene: HelpScene, sockets: Sockets) -> None:
        other = connect(scene.world.person("hospital", subject="hos_other"))
        say(other, action="subscribe_desk")
        for role in ("client", "agent", "guest"):
            assert say(connect(scene.world.person(role)), action="subscribe_desk") == 403
        assert say("ghost", action="subscribe_desk") == 401
        scene.called()
        assert sockets.told(other, "emergency.called") == []
        assert live_call("$disconnect", other) == 200
        assert table.watchers_of(table.desk_topic("hos_other")) == []

    def test_a_desk_does_not_follow_visits(self, scene: HelpScene, sockets: Sockets) -> None:
        desk = connect(scene.hospital)
        assert say(desk, action="subscribe", visit_id=scene.visit.visit_id) == 404
        assert say(desk, action="subscribe_desk") == say(desk, action="subscribe_desk") == 200

    def test_a_dead_socket_holds_up_nobody(self, scene: HelpScene, sockets: Sockets) -> None:
        desk = connect(scene.hospital)
        say(desk, action="subscribe_desk")
        sockets.broken.add(desk)
        call = scene.called()
        assert ways(call, "hospital_desk")[-1] == ("live", "", "unreachable")
        assert outcomes(call)["hospital_desk"] == "notified"

    def test_nobody_on_duty_is_said_so(self, scene: HelpScene) -> None:
        from functions.accounts import actions
        from functions.accounts.rules.policy import Policy

        commit("accounts", lambda tx: actions.put_policy(tx, Policy()))
        assert ways(scene.called(), "staff")[1] == ("inbox", "", "not_configured")


class TestCondition:
    def desk_reads(self, scene: HelpScene, call_id: str) -> dict[str, Any]:
        reply = scene.world.get(f"/emergency-desks/{HOSPITAL}/calls/{call_id}", as_=scene.hospital)
        assert reply.status == 200, reply.body
        return dict(reply.body)

    def with_patient(self, scene: HelpScene) -> str:
        """The scene's visit is now that of a patient whom accounts knows."""
        client, companion = scene.visit.client, scene.visit.companion
        patient_id = str(add_patient(scene.world, client).body["patient_id"])
        event = order_assigned(client_id=client.subject, companion_id=companion.subject, patient_id=patient_id)
        scene.world.publish(event)
        scene.visit = VisitScene(scene.world, event.order_id, client, companion, patient_id)
        return patient_id

    def test_it_is_shown_only_where_sharing_was_agreed_to(self, scene: HelpScene) -> None:
        patient_id = self.with_patient(scene)
        unshared = scene.called()
        assert unshared["condition_shared"] is False
        assert self.desk_reads(scene, unshared["call_id"])["condition"] is None
        scene.step(unshared["call_id"], "resolution")
        scene.world.deliver()
        card = {"summary": "青霉素过敏，装有心脏起搏器", "consent_version": "2026-03"}
        path = f"/patients/{patient_id}/emergency-card"
        assert scene.world.put(path, card, version=0, as_=scene.visit.client).status == 200
        shared = scene.called()
        assert shared["condition_shared"] is True
        assert self.desk_reads(scene, shared["call_id"])["condition"] == "男，67 岁。青霉素过敏，装有心脏起搏器"
        assert scene.world.delete(path, as_=scene.visit.client).status == 200
        assert find_emergency_summary(patient_id, scene.visit.client.subject) is None
        assert self.desk_reads(scene, shared["call_id"])["condition"] is not None  # evidence of that call

    def test_neither_condition_nor_position_is_in_events_rows_or_logs(
        self, scene: HelpScene, caplog: pytest.LogCaptureFixture
    ) -> None:
        patient_id = self.with_patient(scene)
        card = {"summary": "青霉素过敏", "consent_version": "2026-03"}
        scene.world.put(f"/patients/{patient_id}/emergency-card", card, version=0, as_=scene.visit.client)
        with caplog.at_level(logging.DEBUG, logger="all"):
            scene.called(body={"kind": "fall", "position": HERE})
            scene.world.advance(minutes=5)
        said = json.dumps(scene.world.delivered, ensure_ascii=False) + caplog.text + json.dumps(scene.desk.messages)
        client = aws.client("dynamodb")
        for room in ("tracking", "hospitals", "accounts", "outbox"):
            said += json.dumps(client.scan(TableName=f"zhenban-test-{room}")["Items"], ensure_ascii=False)
        assert "青霉素" not in said
        assert str(HERE["lat"]) not in said

    def test_without_a_position_the_last_known_one_is_given_and_said_to_be_that(self, scene: HelpScene) -> None:
        scene.visit.walk("departed")
        scene.visit.send_positions([point(39.91, 116.41), point(39.9111, 116.4122, at=None)])
        call = scene.called()
        (shown,) = self.desk_reads(scene, call["call_id"])["positions"]
        assert (shown["source"], shown["accuracy_m"]) == ("last_known", 15)
        assert call["position_recorded"] is False

    def test_every_press_adds_where_it_was_made_in_gcj02(self, scene: HelpScene) -> None:
        call = scene.called(body={"position": HERE})
        scene.press(as_=scene.visit.client, body={"position": HERE | {"coordinates": "wgs84"}})
        first, second = self.desk_reads(scene, call["call_id"])["positions"]
        assert (first["lat"], first["lng"]) == (HERE["lat"], HERE["lng"])
        assert abs(second["lat"] - HERE["lat"]) > 0.0005


WRONG: list[dict[str, Any]] = [
    {"colour": "red"},
    {"kind": "surgery"},
    {"kind": 7},
    {"position": []},
    {"position": {"lat": 39.9}},
    {"position": HERE | {"lat": "39.9"}},
    {"position": HERE | {"lat": 91}},
    {"position": HERE | {"lng": -181}},
    {"position": HERE | {"accuracy_m": -1}},
    {"position": HERE | {"lat": 1e400}},
    {"position": HERE | {"coordinates": "bd09"}},
    {"position": HERE | {"speed": 1}},
]


class TestBadInput:
    def test_what_cannot_be_meant_is_refused(self, scene: HelpScene) -> None:
        assert [scene.press(body=body).status for body in WRONG] == [400] * len(WRONG)
        for raw in (b"", b"{", b"[]", b"null"):
            key = uuid.uuid4().hex
            assert scene.world.request("POST", scene.path, raw=raw, as_=scene.visit.companion, key=key).status == 400
        assert scene.world.deliver() == []

    def test_who_may_not(self, scene: HelpScene) -> None:
        assert scene.world.post(scene.path, {}).status == 401
        for role in ("guest", "agent", "finance", "finance_reader", "admin", "hospital", "insurer"):
            other = scene.world.person(role, subject=scene.visit.client.subject, order_id=scene.visit.order_id)
            assert scene.press(as_=other).status == 403, role
        for stranger in (scene.world.person("client"), scene.world.person("companion")):
            assert scene.press(as_=stranger).status == 404
        assert scene.press(key="").status == 400
        for visit_id in (ids.new("vis"), "CONFIG", "vis_x"):
            path = f"/visits/{visit_id}/emergency-calls"
            assert scene.world.post(path, {}, as_=scene.visit.client).status == 404
        assert scene.world.deliver() == []

    def test_who_may_look(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        path = f"{scene.path}/{call_id}"
        for person in (scene.visit.client, scene.visit.companion, scene.world.person("agent")):
            assert scene.world.get(path, as_=person).status == scene.world.get(scene.path, as_=person).status == 200
        assert scene.world.get(path, as_=scene.world.person("client")).status == 404
        assert scene.world.get(path, as_=scene.visit.guest("progress")).status == 403
        assert scene.world.get(f"{scene.path}/{ids.new('emc')}", as_=scene.visit.client).status == 404
        etag = scene.world.get(path, as_=scene.visit.client).headers["ETag"]
        assert scene.world.get(path, as_=scene.visit.client, headers={"If-None-Match": etag}).status == 304


AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ATTEMPTS = st.builds(
    Attempt,
    st.sampled_from(Recipient),
    st.sampled_from(Channel),
    st.sampled_from(Outcome),
    st.just(AT),
    st.sampled_from(["", "值班1", "值班2"]),
)


class TestRules:
    @settings(max_examples=100)
    @given(st.lists(ATTEMPTS, max_size=12), st.randoms())
    def test_news_in_any_order_and_twice_come_to_the_same(self, news: list[Attempt], random: Any) -> None:
        plan = rules.planned(called_by=Standing.CLIENT, has_companion=True, at=AT)
        shuffled = [*news, *news]
        random.shuffle(shuffled)
        ends = []
        for order in (news, shuffled):
            attempts = plan
            for each in order:
                attempts = rules.noted(attempts, each)
            ends.append(rules.reached(attempts))
        assert ends[0] == ends[1]

    @settings(max_examples=100)
    @given(st.lists(ATTEMPTS, max_size=12))
    def test_nobody_is_said_to_be_reached_without_proof(self, news: list[Attempt]) -> None:
        attempts = rules.planned(called_by=Standing.COMPANION, has_companion=True, at=AT)
        for each in news:
            attempts = rules.noted(attempts, each)
        proof = {each.recipient for each in news if each.outcome in (Outcome.NOTIFIED, Outcome.READ)}
        assert {who for who, how in rules.reached(attempts).items() if how is Reached.NOTIFIED} == proof

    def test_news_of_a_named_contact_takes_back_nothing_of_one_without_a_name(self) -> None:
        first, unnamed, reached = (
            Attempt(Recipient.DESK, Channel.WEBHOOK, outcome, AT, title)
            for outcome, title in ((Outcome.PENDING, "值班1"), (Outcome.PENDING, ""), (Outcome.NOTIFIED, ""))
        )
        attempts = rules.planned(called_by=Standing.CLIENT, has_companion=True, at=AT)
        for each in (first, unnamed, reached, first):
            attempts = rules.noted(attempts, each)
        assert rules.reached(attempts)[Recipient.DESK] is Reached.NOTIFIED

    def test_a_reach_that_was_proven_is_not_taken_back(self) -> None:
        read = Attempt(Recipient.STAFF, Channel.INBOX, Outcome.READ, AT)
        later = Attempt(Recipient.STAFF, Channel.INBOX, Outcome.WRITTEN, AT + timedelta(seconds=1))
        assert rules.noted(rules.noted((), read), later) == (read,)
