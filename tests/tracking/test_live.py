"""The live channel, against a management API over loopback."""

import json
from datetime import timedelta
from importlib import import_module
from itertools import count
from typing import Any

import pytest

from functions.shared import clock, ids
from functions.tracking import table
from functions.tracking.actions.watching import MAX_WATCHED
from functions.tracking.gateways import sockets as gateway
from functions.tracking.gateways.sockets import Delivery
from functions.tracking.live import live
from tests.harness.world import Person, World
from tests.tracking.makers import ALL, VisitScene, order_closed, point, visit_scene
from tests.tracking.sockets_server import Sockets

_numbers = count(1)


def call(route: str, connection_id: str, **more: Any) -> int:
    """What API Gateway does with a socket's event."""
    context = {"routeKey": route, "connectionId": connection_id, "requestId": "req"}
    return int(live({"requestContext": context, **more}, None)["statusCode"])


def connect(person: Person) -> str:
    """Open a socket; returns its id, which looks like API Gateway's."""
    connection_id = f"L0SM9cOF{next(_numbers)}vHcCIhw="
    assert call("$connect", connection_id, queryStringParameters={"token": person.token}) == 200
    return connection_id


def say(connection_id: str, **message: Any) -> int:
    return call("$default", connection_id, body=json.dumps(message))


def follow(visit: VisitScene, person: Person, *, after_sequence: int = 0) -> str:
    connection_id = connect(person)
    assert say(connection_id, action="subscribe", visit_id=visit.visit_id, after_sequence=after_sequence) == 200
    return connection_id


class TestConnecting:
    def test_a_valid_token_opens_a_socket(self, visit: VisitScene) -> None:
        connection_id = connect(visit.client)
        row = table.find_connection(connection_id)
        assert row is not None
        assert row.caller.subject == visit.client.subject
        assert row.ttl == clock.now() + timedelta(hours=2, minutes=10)

    @pytest.mark.parametrize("query", [None, {}, {"token": ""}, {"token": "abc"}, {"token": "a.b.c"}])
    def test_without_one_it_stays_shut(self, world: World, query: dict[str, str] | None) -> None:
        assert call("$connect", "c1", queryStringParameters=query) == 401
        assert table.find_connection("c1") is None

    def test_an_expired_token_opens_nothing(self, world: World) -> None:
        late = world.person("client")
        world.advance(minutes=16)
        assert call("$connect", "c1", queryStringParameters={"token": late.token}) == 401

    def test_a_repeated_connect_is_harmless(self, world: World) -> None:
        person = world.person("client")
        for _ in range(2):
            assert call("$connect", "c1", queryStringParameters={"token": person.token}) == 200

    def test_a_closed_socket_is_forgotten_with_what_it_followed(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        for _ in range(2):
            assert call("$disconnect", connection_id) == 200
        assert table.find_connection(connection_id) is None
        assert table.watchers_of(visit.visit_id) == []


@pytest.mark.feature("F10")
class TestFollowing:
    def test_a_milestone_reaches_everyone_who_follows(self, visit: VisitScene, sockets: Sockets) -> None:
        followers = [follow(visit, person) for person in (visit.client, visit.companion, visit.world.person("agent"))]
        visit.walk("departed")
        visit.world.deliver()
        for connection_id in followers:
            (message,) = sockets.told(connection_id, "visit.progressed")
            assert message == {
                "type": "visit.progressed",
                "visit_id": visit.visit_id,
                "sequence": 1,
                "state": "departed",
                "change": "recorded",
                "reason": None,
                "reason_title": None,
                "milestone": {
                    "code": "departed",
                    "title": "陪诊师已出发",
                    "state": "recorded",
                    "recorded_at": "2026-03-02T09:00:00+08:00",
                    "recorded_by": "companion",
                    "proved_by": None,
                    "corrected_from": None,
                    "skip_reason": None,
                    "skip_reason_title": None,
                },
            }

    def test_coming_back_replays_exactly_what_was_missed(self, visit: VisitScene, sockets: Sockets) -> None:
        visit.walk(*ALL[:4])
        connection_id = follow(visit, visit.client, after_sequence=2)
        assert sockets.told(connection_id)[0] == {
            "type": "visit.subscribed",
            "visit_id": visit.visit_id,
            "sequence": 4,
        }
        assert [m["sequence"] for m in sockets.told(connection_id, "visit.progressed")] == [3, 4]

    def test_skips_corrections_and_vouching_are_told_and_replayed_by_their_number(
        self, visit: VisitScene, sockets: Sockets
    ) -> None:
        visit.walk("departed")
        visit.world.deliver()
        watching = follow(visit, visit.guest("progress"), after_sequence=1)
        steps = f"{visit.path}/milestones"
        agent = visit.world.person("agent")
        at = (clock.now() - timedelta(minutes=5)).isoformat()
        changes: list[tuple[str, dict[str, Any], Person]] = [
            (f"{visit.path}/check-ins/arrived/override", {"reason": "现场核实"}, agent),
            (steps, {"code": "arrived"}, visit.companion),
            (f"{steps}/departed/corrections", {"recorded_at": at, "reason": "recorded_late"}, visit.companion),
            (steps, {"code": "registering", "note": "手机没电"}, agent),
            (f"{steps}/examining/skip", {"reason": "patient_declined"}, visit.companion),
        ]
        for path, body, who in changes:
            assert visit.world.post(path, body, as_=who).status == 201, path
        visit.world.deliver()
        heard = sockets.told(watching, "visit.progressed")
        assert [(m["sequence"], m["change"], m["milestone"]["code"]) for m in heard] == [
            (2, "vouched", "arrived"),
            (3, "recorded", "arrived"),
            (4, "corrected", "departed"),
            (5, "recorded", "registering"),
            (6, "skipped", "examining"),
        ]
        assert (heard[2]["reason_title"], heard[4]["milestone"]["skip_reason_title"]) == (
            "忘记及时记录",
            "就诊人选择不做",
        )
        assert sockets.told(follow(visit, visit.client, after_sequence=1), "visit.progressed") == heard
        assert sockets.told(follow(visit, visit.client, after_sequence=5), "visit.progressed") == heard[4:]

    def test_a_cancelled_visit_is_told_without_a_milestone(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        visit.world.publish(order_closed(visit.order_id))
        (message,) = sockets.told(connection_id, "visit.progressed")
        assert (message["state"], message["milestone"], message["sequence"]) == ("cancelled", None, 1)

    def test_a_stranger_follows_nothing(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = connect(visit.world.person("client"))
        assert say(connection_id, action="subscribe", visit_id=visit.visit_id) == 404
        assert sockets.told(connection_id) == [
            {"type": "error", "code": "visit_not_found", "title": "没有找到这次陪诊"}
        ]
        assert table.watchers_of(visit.visit_id) == []

    @pytest.mark.parametrize("visit_id", ["", "CONFIG", "vis_x"])
    def test_nor_does_anyone_follow_a_visit_that_is_none(
        self, visit: VisitScene, sockets: Sockets, visit_id: str
    ) -> None:
        assert say(connect(visit.client), action="subscribe", visit_id=visit_id) == 404

    def test_a_socket_that_never_connected_is_sent_away(self, visit: VisitScene, sockets: Sockets) -> None:
        assert say("ghost", action="subscribe", visit_id=visit.visit_id) == 401
        assert say("ghost", action="unsubscribe") == 401

    def test_subscribing_twice_is_one_subscription(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        say(connection_id, action="subscribe", visit_id=visit.visit_id)
        visit.walk("departed")
        visit.world.deliver()
        assert len(sockets.told(connection_id, "visit.progressed")) == 1

    def test_one_socket_follows_only_so_many_visits(self, world: World, sockets: Sockets) -> None:
        agent = connect(world.person("agent"))
        visits = [visit_scene(world) for _ in range(MAX_WATCHED + 1)]
        answers = [say(agent, action="subscribe", visit_id=visit.visit_id) for visit in visits]
        assert answers == [200] * MAX_WATCHED + [409]

    @pytest.mark.parametrize("named", [True, False])
    def test_after_unsubscribing_nothing_more_comes(self, visit: VisitScene, sockets: Sockets, named: bool) -> None:
        connection_id = follow(visit, visit.client)
        assert say(connection_id, action="unsubscribe", **({"visit_id": visit.visit_id} if named else {})) == 200
        visit.walk("departed")
        visit.world.deliver()
        assert sockets.told(connection_id, "visit.progressed") == []

    def test_a_ping_is_answered(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = connect(visit.client)
        assert say(connection_id, action="ping") == 200
        assert sockets.told(connection_id) == [{"type": "pong"}]

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "",
            "{",
            "[]",
            "{}",
            '{"action":"drop"}',
            '{"action":"ping","x":1}',
            '{"action":"subscribe"}',
            '{"action":"subscribe","visit_id":7}',
            '{"action":"subscribe","visit_id":"vis_1","after_sequence":-1}',
            '{"action":"subscribe","visit_id":"vis_1","after_sequence":1.5}',
            '{"action":"subscribe","visit_id":"' + "x" * 65 + '"}',
            '{"action":"ping"}' + " " * 5000,
        ],
    )
    def test_what_is_not_understood_is_refused(self, visit: VisitScene, sockets: Sockets, body: str | None) -> None:
        connection_id = connect(visit.client)
        assert call("$default", connection_id, body=body) == 400
        assert [m["code"] for m in sockets.told(connection_id)] == ["invalid_request"]


@pytest.mark.feature("F9")
class TestPositions:
    def test_the_cell_reaches_the_client_and_staff_but_not_the_companion(
        self, visit: VisitScene, sockets: Sockets
    ) -> None:
        visit.walk("departed")
        client, staff = follow(visit, visit.client), follow(visit, visit.world.person("agent"))
        companion = follow(visit, visit.companion)
        visit.send_positions([point()])
        visit.world.deliver()
        shown = visit.world.get(f"{visit.path}/position", as_=visit.client).body
        for connection_id in (client, staff):
            assert sockets.told(connection_id, "visit.position") == [
                {"type": "visit.position", "visit_id": visit.visit_id, **shown}
            ]
        assert sockets.told(companion, "visit.position") == []

    def test_a_new_follower_is_told_the_present_cell(self, visit: VisitScene, sockets: Sockets) -> None:
        visit.walk("departed")
        visit.send_positions([point()])
        assert len(sockets.told(follow(visit, visit.client), "visit.position")) == 1
        assert sockets.told(follow(visit, visit.companion), "visit.position") == []

    def test_a_position_event_that_comes_after_the_end_shows_nothing(self, visit: VisitScene, sockets: Sockets) -> None:
        client = follow(visit, visit.client)
        visit.walk("departed")
        visit.send_positions([point()])
        visit.walk(*ALL[1:])
        visit.world.deliver()
        assert sockets.told(client, "visit.position") == []


@pytest.mark.feature("F11")
class TestGuests:
    def test_a_guest_hears_what_the_pass_covers(self, visit: VisitScene, sockets: Sockets) -> None:
        one, both = follow(visit, visit.guest("progress")), follow(visit, visit.guest("progress", "position"))
        visit.walk("departed")
        visit.send_positions([point()])
        visit.world.deliver()
        assert len(sockets.told(one, "visit.progressed")) == len(sockets.told(both, "visit.progressed")) == 1
        assert (sockets.told(one, "visit.position"), len(sockets.told(both, "visit.position"))) == ([], 1)

    def test_a_revoked_pass_hears_nothing_more_on_the_open_socket(self, visit: VisitScene, sockets: Sockets) -> None:
        guest = visit.guest("progress", "position")
        connection_id = follow(visit, guest)
        visit.walk("departed")
        visit.revoke(guest)
        visit.send_positions([point()])
        visit.world.deliver()
        assert sockets.told(connection_id)[1:] == [{"type": "visit.access_ended", "visit_id": visit.visit_id}]
        assert table.watchers_of(visit.visit_id) == []
        assert say(connection_id, action="subscribe", visit_id=visit.visit_id) == 403

    def test_a_pass_without_progress_follows_nothing(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = connect(visit.guest("report"))
        assert say(connection_id, action="subscribe", visit_id=visit.visit_id) == 403

    def test_a_pass_for_another_order_follows_nothing(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = connect(visit.guest("progress", order_id=ids.new("ord")))
        assert say(connection_id, action="subscribe", visit_id=visit.visit_id) == 404

    def test_a_pass_that_was_shut_out_and_renewed_follows_again(self, visit: VisitScene, sockets: Sockets) -> None:
        """The socket still lists the visit; the subscription itself was dropped."""
        connection_id = follow(visit, visit.client)
        sockets.gone.add(connection_id)
        visit.walk("departed")
        visit.world.deliver()
        sockets.gone.clear()
        say(connection_id, action="subscribe", visit_id=visit.visit_id, after_sequence=0)
        assert [m["sequence"] for m in sockets.told(connection_id, "visit.progressed")] == [1]
        assert len(table.watchers_of(visit.visit_id)) == 1


class TestUnwellSockets:
    def test_one_that_is_gone_is_pruned(self, visit: VisitScene, sockets: Sockets) -> None:
        gone, well = follow(visit, visit.client), follow(visit, visit.companion)
        sockets.gone.add(gone)
        visit.walk("departed")
        visit.world.deliver()
        assert [watcher.connection_id for watcher in table.watchers_of(visit.visit_id)] == [well]
        assert len(sockets.told(well, "visit.progressed")) == 1

    def test_a_silent_or_refusing_one_holds_nobody_up_and_keeps_its_subscription(
        self, visit: VisitScene, sockets: Sockets
    ) -> None:
        unwell = [follow(visit, visit.client) for _ in range(4)]
        well = [follow(visit, visit.companion) for _ in range(4)]
        sockets.silent.update(unwell[:2])
        sockets.broken.update(unwell[2:])
        visit.walk("departed")
        visit.world.deliver()
        assert not sockets.released.is_set()  # the silent ones are silent still
        assert all(len(sockets.told(connection_id, "visit.progressed")) == 1 for connection_id in well)
        assert len(table.watchers_of(visit.visit_id)) == 8

    @pytest.mark.usefixtures("world")
    def test_when_nobody_answers_at_all_the_outcome_is_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LIVE_ENDPOINT", "http://127.0.0.1:9")
        assert gateway.post_each(["a", "b"], b"{}") == {"a": Delivery.FAILED, "b": Delivery.FAILED}

    def test_an_event_heard_twice_may_be_told_twice_under_one_sequence(
        self, visit: VisitScene, sockets: Sockets
    ) -> None:
        connection_id = follow(visit, visit.client)
        visit.walk("departed")
        visit.world.deliver(times=2)
        assert {m["sequence"] for m in sockets.told(connection_id, "visit.progressed")} == {1}

    def test_a_visit_that_nobody_follows_calls_nobody(self, visit: VisitScene) -> None:
        visit.walk("departed")
        assert "visit.progressed" in visit.world.deliver()


def test_the_function_is_registered_under_its_name(world: World) -> None:
    app = import_module("app").app
    assert {"live", "tracking_events"} <= set(app.handler_map)
