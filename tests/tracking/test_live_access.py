"""Open sockets whose token runs out, or whose pass ends (F11)."""

from datetime import timedelta
from typing import Any

import pytest

from functions.accounts.events import GuestAccessRevoked
from functions.shared import clock
from functions.shared.caller import Caller
from functions.tracking import table
from functions.tracking.actions import access
from functions.tracking.rules.access import Scope
from tests.harness.world import Person
from tests.tracking.makers import VisitScene
from tests.tracking.sockets_server import Sockets
from tests.tracking.test_live import follow, say

pytestmark = pytest.mark.feature("F11")


class TestExpiry:
    def test_when_the_token_runs_out_nothing_more_is_pushed(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        visit.world.advance(minutes=16)
        visit.renew()
        visit.walk("departed")
        visit.world.deliver()
        assert sockets.told(connection_id)[1:] == [{"type": "session.expired", "visit_id": visit.visit_id}]
        assert table.watchers_of(visit.visit_id) == []
        assert say(connection_id, action="subscribe", visit_id=visit.visit_id) == 401
        assert say(connection_id, action="ping") == 401

    def test_a_socket_that_shows_a_newer_token_in_time_goes_on(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        visit.world.advance(minutes=10)
        visit.renew()
        assert say(connection_id, action="renew", token=visit.client.token) == 200
        visit.world.advance(minutes=10)
        visit.renew()
        visit.walk("departed")
        visit.world.deliver()
        assert [m["type"] for m in sockets.told(connection_id)] == [
            "visit.subscribed",
            "session.renewed",
            "visit.progressed",
            "message.published",
        ]

    def test_one_that_comes_too_late_follows_again(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        visit.world.advance(minutes=16)
        visit.renew()
        visit.walk("departed")
        visit.world.deliver()
        say(connection_id, action="renew", token=visit.client.token)
        say(connection_id, action="subscribe", visit_id=visit.visit_id)
        assert [m["sequence"] for m in sockets.told(connection_id, "visit.progressed")] == [1]

    def test_nobody_takes_over_a_socket_with_another_token(self, visit: VisitScene, sockets: Sockets) -> None:
        connection_id = follow(visit, visit.client)
        others = [visit.world.person("client"), visit.world.person("companion", subject=visit.client.subject)]
        for token in ("", "a.b.c", *(other.token for other in others)):
            assert say(connection_id, action="renew", token=token) in (400, 401)
        assert table.watchers_of(visit.visit_id)[0].caller.subject == visit.client.subject


class TestRevocation:
    def revoked(self, visit: VisitScene, guest: Person) -> None:
        visit.revoke(guest)
        visit.world.publish(GuestAccessRevoked(guest_access_id=guest.subject, order_id=visit.order_id))

    def test_a_revoked_pass_is_told_at_once_and_dropped(self, visit: VisitScene, sockets: Sockets) -> None:
        guest, other = visit.guest("progress"), visit.guest("progress")
        open_sockets, staying = [follow(visit, guest) for _ in range(3)], follow(visit, other)
        self.revoked(visit, guest)
        for connection_id in open_sockets:
            assert [m["type"] for m in sockets.told(connection_id)] == ["visit.subscribed", "visit.access_ended"]
        assert [watcher.connection_id for watcher in table.watchers_of(visit.visit_id)] == [staying]
        visit.walk("departed")
        visit.world.deliver()
        assert len(sockets.told(staying, "visit.progressed")) == 1
        assert all(len(sockets.told(connection_id)) == 2 for connection_id in open_sockets)

    def test_an_expired_pass_hears_nothing_more(self, visit: VisitScene, sockets: Sockets) -> None:
        guest = visit.guest("progress", expires_at=clock.now() + timedelta(minutes=5))
        connection_id = follow(visit, guest)
        visit.world.advance(minutes=5)
        visit.walk("departed")
        visit.world.deliver()
        assert [m["type"] for m in sockets.told(connection_id)] == ["visit.subscribed", "visit.access_ended"]

    def test_a_pass_is_asked_of_accounts_once_for_all_its_sockets(
        self, visit: VisitScene, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, Scope]] = []
        require = access.require_pass

        def noting(guest: Caller, scope: Scope, *more: Any) -> None:
            asked.append((guest.subject, scope))
            require(guest, scope, *more)

        monkeypatch.setattr("functions.tracking.actions.watching.require_pass", noting)
        guests = [visit.guest("progress"), visit.guest("progress")]
        visit.world.deliver()
        followers = [follow(visit, guest) for guest in guests for _ in range(3)]
        asked.clear()
        visit.walk("departed")
        visit.world.deliver()
        pushed = (Scope.PROGRESS, Scope.CHAT)
        assert sorted(asked) == sorted((guest.subject, scope) for guest in guests for scope in pushed)
        assert all(len(sockets.told(each, "visit.progressed")) == 1 for each in followers)
