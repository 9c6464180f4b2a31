"""A hospital's emergency desk (F34): told contact by contact over real HTTP, until a person takes the call."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.hospitals.rules import emergencies as rules
from functions.hospitals.rules.emergencies import DeskPolicy, EmergencyMovedOn, EmergencyState
from functions.hospitals.table import desks as table
from functions.shared import audit, ids
from functions.shared.endpoints import UnsafeEndpoint
from tests.accounts.makers import commit
from tests.harness.world import World
from tests.hospitals.desk_makers import HOSPITAL, ON_DUTY, SECRET, HelpScene, outcomes, ways

pytestmark = pytest.mark.feature("F34")
STEPS = ("acknowledgement", "departure", "resolution")


class TestTelling:
    def test_the_first_contact_is_told_by_a_message_that_it_can_verify(self, scene: HelpScene) -> None:
        call = scene.called()
        (message,) = scene.desk.messages
        assert message["type"] == "emergency.called"
        assert message["data"]["call_id"] == call["call_id"]
        assert message["data"]["details"] == f"/emergency-desks/{HOSPITAL}/calls/{call['call_id']}"
        assert ("webhook", "值班1", "notified") in ways(call, "hospital_desk")
        assert outcomes(call)["hospital_desk"] == "notified"

    def test_the_message_says_nothing_of_position_or_condition(self, scene: HelpScene) -> None:
        scene.called(body={"kind": "fall", "position": {"lat": 39.9126, "lng": 116.4161}})
        data = scene.desk.messages[0]["data"]
        assert set(data) == {
            "call_id",
            "visit_id",
            "hospital_id",
            "campus_id",
            "department_id",
            "called_at",
            "contact_number",
            "details",
        }

    def test_after_a_minute_of_silence_the_next_contact_is_told_and_then_our_staff(self, scene: HelpScene) -> None:
        call = scene.called()
        scene.world.advance(seconds=59)
        assert len(scene.desk.messages) == 1
        scene.world.advance(seconds=2)
        assert [message["data"]["contact_number"] for message in scene.desk.messages] == [0, 1]
        assert len(set(scene.desk.ids)) == 2
        assert scene.seen(call["call_id"])["unanswered_at"] is None
        scene.world.advance(seconds=61)
        assert scene.seen(call["call_id"])["unanswered_at"] is not None
        for staff_id in ON_DUTY:
            assert scene.notices(staff_id) == ["emergency_unanswered_staff", "emergency_called_staff"]
        scene.world.advance(minutes=30)
        assert len(scene.world.events("emergency.unanswered")) == 1

    def test_once_it_was_taken_nobody_else_is_told(self, scene: HelpScene) -> None:
        call = scene.called()
        assert scene.step(call["call_id"], "acknowledgement").status == 201
        scene.world.advance(minutes=5)
        assert len(scene.desk.messages) == 1
        assert scene.world.events("emergency.unanswered") == []

    def test_a_contact_that_cannot_be_reached_is_not_waited_for(self, scene: HelpScene) -> None:
        scene.put_desk(["http://127.0.0.1:9/desk", scene.desk.url])
        call = scene.called()
        assert ways(call, "hospital_desk")[:2] == [
            ("webhook", "值班1", "unreachable"),
            ("live", "", "unreachable"),
        ]
        assert ("webhook", "值班2", "notified") in ways(call, "hospital_desk")
        assert [message["data"]["contact_number"] for message in scene.desk.messages] == [1]

    @pytest.mark.parametrize("status", [302, 401, 404, 410, 500])
    def test_an_answer_that_is_not_2xx_is_not_taken_for_a_yes(self, scene: HelpScene, status: int) -> None:
        scene.desk.answers = [status]
        call = scene.called()
        assert ("webhook", "值班1", "unreachable") in ways(call, "hospital_desk")

    def test_a_system_that_hangs_is_given_up_soon_and_holds_up_nobody_else(self, scene: HelpScene) -> None:
        scene.put_desk([scene.desk.url], message_timeout_s=1)
        scene.desk.silent = True
        call = scene.called()
        assert outcomes(call)["hospital_desk"] == "unreachable"
        assert call["unanswered_at"] is not None
        assert scene.notices(scene.visit.client.subject) == ["emergency_called"]

    def test_a_hospital_without_a_desk_is_said_to_have_none_and_our_staff_know_at_once(self, scene: HelpScene) -> None:
        scene.put_desk([])
        call = scene.called()
        assert (outcomes(call)["hospital_desk"], call["unanswered_at"] is not None) == ("unreachable", True)
        assert ("webhook", "", "not_configured") in ways(call, "hospital_desk")
        assert "emergency_unanswered_staff" in scene.notices(ON_DUTY[0])

    def test_a_contact_that_only_has_a_phone_is_shown_and_passed_over(self, scene: HelpScene) -> None:
        scene.put_desk([None, scene.desk.url])
        call = scene.called()
        assert ("webhook", "值班1", "not_configured") in ways(call, "hospital_desk")
        assert call["desk"] == [
            {"title": "值班1", "phone": "010-00000001"},
            {"title": "值班2", "phone": "010-00000002"},
        ]

    def test_events_that_come_again_tell_nobody_twice(self, scene: HelpScene) -> None:
        scene.called()
        for event in list(scene.world.delivered):
            scene.world.hand_over(event)
        scene.world.deliver()
        assert len(scene.desk.messages) == 1

    def test_how_long_a_desk_has_is_data(self, scene: HelpScene) -> None:
        scene.put_desk([scene.desk.url] * 2, acknowledge_within_s=10)
        scene.called()
        scene.world.advance(seconds=11)
        assert len(scene.desk.messages) == 2


class TestTakingIt:
    def test_the_caller_sees_each_step(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        for step, state in zip(STEPS, ("acknowledged", "en_route", "resolved"), strict=True):
            reply = scene.step(call_id, step)
            assert (reply.status, reply.body["state"]) == (201, state)
            scene.world.deliver()
            seen = scene.seen(call_id)
            assert (seen["state"], seen[f"{state}_at"] is not None) == (state, True)
        assert "emergency_acknowledged" in scene.notices(scene.visit.client.subject)

    def test_a_step_may_be_left_out_but_none_goes_back(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        assert scene.step(call_id, "departure").status == 201
        assert scene.step(call_id, "departure").status == 201
        reply = scene.step(call_id, "acknowledgement")
        assert (reply.status, reply.code) == (409, "emergency_moved_on")

    def test_staff_may_take_it_for_a_desk_on_the_phone(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        agent = scene.world.person("agent")
        assert scene.step(call_id, "acknowledgement", as_=agent).body["taken_by_staff"] is True
        (entry,) = audit.entries_of("hospitals", call_id)[0]
        assert (entry.actor, entry.act) == (agent.subject, "emergency.acknowledged")

    def test_news_of_the_steps_in_any_order_never_takes_the_call_back(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        for step in STEPS:
            scene.step(call_id, step)
        scene.world.deliver()
        moved = [event for event in scene.world.delivered if event["detail-type"] == "emergency.desk_moved"]
        for number, event in enumerate(reversed(moved)):
            event["detail"]["id"] = f"evt_again{number}"
            scene.world.hand_over(event)
        assert scene.seen(call_id)["state"] == "resolved"


class TestReading:
    def test_the_desk_reads_position_and_agreed_condition_and_each_look_is_recorded(self, scene: HelpScene) -> None:
        position = {"lat": 39.9126, "lng": 116.4161, "accuracy_m": 12}
        call_id = scene.called(body={"kind": "fall", "position": position})["call_id"]
        reply = scene.world.get(f"/emergency-desks/{HOSPITAL}/calls/{call_id}", as_=scene.hospital)
        assert reply.status == 200
        assert (reply.body["kind"], reply.body["condition"]) == ("fall", None)
        (shown,) = reply.body["positions"]
        assert {name: shown[name] for name in position} == position
        assert shown["source"] == "reported"
        (entry,) = audit.entries_of("hospitals", call_id)[0]
        assert (entry.actor, entry.act) == (HOSPITAL, "emergency.viewed")

    def test_the_list_is_the_desks_own_newest_first(self, scene: HelpScene) -> None:
        first = scene.called()["call_id"]
        scene.step(first, "resolution")
        scene.world.deliver()
        second = scene.called()["call_id"]
        reply = scene.world.get(f"/emergency-desks/{HOSPITAL}/calls", as_=scene.hospital)
        assert [each["call_id"] for each in reply.body["items"]] == [second, first]
        page = scene.world.get(f"/emergency-desks/{HOSPITAL}/calls?limit=1", as_=scene.hospital).body
        path = f"/emergency-desks/{HOSPITAL}/calls?limit=1&cursor={page['next_cursor']}"
        assert [each["call_id"] for each in scene.world.get(path, as_=scene.hospital).body["items"]] == [first]

    def test_another_hospital_finds_nothing(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        other = scene.world.person("hospital", subject="hos_other")
        for path in (f"/emergency-desks/{HOSPITAL}/calls", f"/emergency-desks/{HOSPITAL}/calls/{call_id}"):
            assert scene.world.get(path, as_=other).status == 404
        assert scene.world.get(f"/emergency-desks/hos_other/calls/{call_id}", as_=other).status == 404
        for step in STEPS:
            assert scene.step(call_id, step, as_=other).status == 404
            assert scene.step(call_id, step, as_=other, hospital_id="hos_other").status == 404


class TestBadInput:
    @pytest.mark.parametrize("step", STEPS)
    def test_who_may_not(self, scene: HelpScene, step: str) -> None:
        call_id = scene.called()["call_id"]
        path = f"/emergency-desks/{HOSPITAL}/calls/{call_id}/{step}"
        assert scene.world.post(path).status == 401
        for role in ("client", "companion", "guest", "insurer", "finance", "finance_reader"):
            assert scene.world.post(path, as_=scene.world.person(role)).status == 403, role
        assert scene.world.post(path, as_=scene.hospital, key="").status == 400
        assert scene.step(ids.new("emc"), step).status == 404
        assert scene.step("x", step).status == 404
        assert scene.seen(call_id)["state"] == "called"

    def test_a_step_sent_twice_is_one(self, scene: HelpScene) -> None:
        call_id = scene.called()["call_id"]
        key = uuid.uuid4().hex
        path = f"/emergency-desks/{HOSPITAL}/calls/{call_id}/acknowledgement"
        first, again = (scene.world.post(path, as_=scene.hospital, key=key) for _ in range(2))
        assert (first.status, first.body) == (again.status, again.body)
        assert len(audit.entries_of("hospitals", call_id)[0]) == 1

    @pytest.mark.parametrize("url", ["http://10.0.0.1/desk", "https://user@desk.example/", "nonsense"])
    def test_an_unsafe_address_is_not_registered(self, scene: HelpScene, url: str) -> None:
        with pytest.raises(UnsafeEndpoint):
            scene.put_desk([url])

    def test_a_contacts_secret_is_stored_sealed(self, scene: HelpScene) -> None:
        desk = table.find_desk(HOSPITAL)
        assert desk is not None
        assert SECRET not in repr(desk.contacts)
        assert table.secret_of(desk.contacts[0]) == SECRET


class TestRules:
    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(EmergencyState), max_size=8))
    def test_a_call_only_ever_goes_forward(self, steps: list[EmergencyState]) -> None:
        state, passed = EmergencyState.CALLED, [EmergencyState.CALLED]
        for step in steps:
            try:
                state = step if rules.moved(state, step) else state
            except EmergencyMovedOn:
                assert rules.is_further(state, step)
            passed.append(state)
        order = list(EmergencyState)
        assert [order.index(each) for each in passed] == sorted(order.index(each) for each in passed)

    @given(st.integers(0, 20))
    def test_every_contact_is_told_once_in_order(self, count: int) -> None:
        told, number = [], -1
        while (following := rules.next_contact(number, count)) is not None:
            told.append(number := following)
        assert told == list(range(count))

    @pytest.mark.parametrize(
        "wrong", [{"acknowledge_within_s": 0}, {"acknowledge_within_s": 601}, {"message_timeout_s": 0}]
    )
    def test_a_policy_that_cannot_be_meant(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="out of range"):
            DeskPolicy(**wrong)

    def test_the_deadline_is_a_whole_second(self) -> None:
        now = datetime(2026, 3, 2, 1, 0, 0, 999_000, tzinfo=UTC)
        assert DeskPolicy().due_at(now) == datetime(2026, 3, 2, 1, 1, tzinfo=UTC)
        assert timedelta(seconds=59) < DeskPolicy().due_at(now) - now <= timedelta(seconds=60)


def test_a_desk_can_be_replaced(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.hospitals import actions

    for phone in ("010-1", "010-2"):
        contacts = [{"contact_id": "one", "title": "值班", "phone": phone}]
        commit("hospitals", partial(actions.put_desk, hospital_id=HOSPITAL, contacts=contacts))
    assert [each.phone for each in actions.desk_phones(HOSPITAL)] == ["010-2"]
    assert actions.desk_phones("hos_nowhere") == []
