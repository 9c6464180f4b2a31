"""Sharing an order with family members, over HTTP (F11)."""

from typing import Any

import pytest

from functions.accounts import actions
from functions.accounts.rules.guests import GuestAccessEnded, ScopeNotGranted
from functions.shared import aws, clock, tokens
from functions.shared.caller import Role
from functions.shared.config import config
from functions.shared.errors import NotFound
from tests.accounts.makers import Order, put_order
from tests.harness.world import Person, Reply, World

pytestmark = pytest.mark.feature("F11")


@pytest.fixture
def client(world: World) -> Person:
    world.rooms = ("accounts",)
    return world.person("client")


@pytest.fixture
def order(client: Person) -> Order:
    return put_order(client_id=client.subject)


def share(world: World, client: Person, order: Order, **changed: Any) -> Reply:
    body = {"order_id": order.order_id, "scopes": ["progress", "position"], "expires_in_h": 24, "label": "妹妹"}
    return world.post("/guest-accesses", body | changed, as_=client)


def sign_in(world: World, token: str) -> Reply:
    return world.post("/sessions/guest", {"token": token})


class TestSharing:
    def test_the_link_opens_a_session_for_this_order_only(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order)
        assert (shared.status, shared.body["expires_at"]) == (201, "2026-03-03T09:00:00+08:00")
        session = sign_in(world, shared.body["token"])
        assert (session.status, session.body["roles"], session.body["refresh_token"]) == (201, ["guest"], None)
        guest = tokens.verify(session.body["access_token"], now=clock.now())
        assert (guest.subject, guest.order_id) == (shared.body["guest_access_id"], order.order_id)
        assert (guest.roles, guest.scopes) == (frozenset({Role.GUEST}), frozenset({"progress", "position"}))

    def test_the_scene_of_the_mini_code_opens_it_too(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order).body
        assert len(shared["mini_code_scene"]) <= 32
        assert shared["link"] == f"pages/guest/index?scene={shared['mini_code_scene']}"
        session = sign_in(world, shared["mini_code_scene"])
        assert session.body["account_id"] == shared["guest_access_id"]

    def test_a_guest_sees_who_they_are(self, world: World, client: Person, order: Order) -> None:
        session = sign_in(world, share(world, client, order).body["token"]).body
        me = world.get("/me", as_=Person(session["account_id"], session["access_token"])).body
        assert (me["order_id"], me["scopes"]) == (order.order_id, ["position", "progress"])

    def test_nothing_that_opens_it_is_in_its_rows(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order).body
        items = aws.client("dynamodb").scan(TableName=config().table_name("accounts"))["Items"]
        kept = str([item for item in items if not item["pk"]["S"].startswith("ONCE#")])
        assert shared["token"] not in kept
        assert shared["mini_code_scene"] not in kept

    def test_a_session_ends_with_the_access(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order, expires_in_h=1).body
        world.advance(minutes=50)
        assert sign_in(world, shared["token"]).body["expires_in_s"] == 600
        world.advance(minutes=10)
        ended = sign_in(world, shared["token"])
        assert (ended.status, ended.code) == (403, "guest_access_ended")

    @pytest.mark.parametrize("token", ["gst_x.y", "nonsense", "gst_01JNB0000000000000000000000.AAAA", "."])
    def test_a_token_that_is_not_ours_is_refused(self, world: World, client: Person, token: str) -> None:
        assert sign_in(world, token).code == "guest_token_invalid"

    @pytest.mark.parametrize(
        "changed",
        [
            {"scopes": []},
            {"scopes": ["everything"]},
            {"scopes": "progress"},
            {"expires_in_h": 0},
            {"expires_in_h": 169},
            {"expires_in_h": -5},
            {"expires_in_h": 1.5},
            {"expires_in_h": 10**30},
            {"label": ""},
            {"label": "长" * 21},
            {"order_id": 5},
            {"client_id": "acc_x"},
        ],
    )
    def test_a_wrong_value_is_refused(
        self, world: World, client: Person, order: Order, changed: dict[str, Any]
    ) -> None:
        assert share(world, client, order, **changed).code == "invalid_request"
        assert world.get(f"/guest-accesses?order_id={order.order_id}", as_=client).body == {"items": []}

    def test_another_clients_order_is_not_found(self, world: World, order: Order) -> None:
        other = world.person("client")
        assert share(world, other, order).status == 404
        assert world.get(f"/guest-accesses?order_id={order.order_id}", as_=other).status == 404
        assert share(world, other, Order("ord_01JNB0000000000000000000000", "", "")).status == 404

    def test_only_a_client_may_share(self, world: World, order: Order) -> None:
        body = {"order_id": order.order_id, "scopes": ["progress"], "expires_in_h": 1, "label": "x"}
        assert world.post("/guest-accesses", body).status == 401
        assert world.post("/guest-accesses", body, as_=world.person("companion")).status == 403
        assert world.post("/guest-accesses", body, as_=world.person("client"), key="").status == 400

    def test_a_repeated_request_shares_once(self, world: World, client: Person, order: Order) -> None:
        body = {"order_id": order.order_id, "scopes": ["progress"], "expires_in_h": 1, "label": "x"}
        first = world.post("/guest-accesses", body, as_=client, key="share-key-1")
        assert world.post("/guest-accesses", body, as_=client, key="share-key-1").body == first.body
        changed = world.post("/guest-accesses", body | {"label": "y"}, as_=client, key="share-key-1")
        assert changed.code == "idempotency_key_reused"
        assert len(world.get(f"/guest-accesses?order_id={order.order_id}", as_=client).body["items"]) == 1

    def test_an_order_is_shared_twenty_times_at_most(self, world: World, client: Person, order: Order) -> None:
        codes = [share(world, client, order).status for _ in range(21)]
        assert codes == [201] * 20 + [409]


class TestRevoking:
    def test_it_is_over_at_once(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order).body
        id_ = shared["guest_access_id"]
        actions.require_guest(id_, order.order_id, "progress", clock.now())
        assert world.delete(f"/guest-accesses/{id_}", as_=client).status == 200
        with pytest.raises(GuestAccessEnded):
            actions.require_guest(id_, order.order_id, "progress", clock.now())
        assert sign_in(world, shared["token"]).code == "guest_access_ended"
        world.deliver()
        assert world.events("guest_access.revoked") == [
            {"type": "guest_access.revoked", "guest_access_id": id_, "order_id": order.order_id}
        ]

    def test_revoking_again_changes_nothing(self, world: World, client: Person, order: Order) -> None:
        path = f"/guest-accesses/{share(world, client, order).body['guest_access_id']}"
        assert [world.delete(path, as_=client).status for _ in range(2)] == [200, 200]
        world.deliver()
        assert len(world.events("guest_access.revoked")) == 1

    def test_another_clients_access_is_not_found(self, world: World, client: Person, order: Order) -> None:
        path = f"/guest-accesses/{share(world, client, order).body['guest_access_id']}"
        assert world.delete(path, as_=world.person("client")).status == 404
        assert world.delete("/guest-accesses/gst_nobody", as_=client).status == 404

    def test_the_list_shows_what_became_of_each(self, world: World, client: Person, order: Order) -> None:
        revoked = share(world, client, order).body["guest_access_id"]
        share(world, client, order, expires_in_h=1)
        share(world, client, order, label="弟弟")
        world.delete(f"/guest-accesses/{revoked}", as_=client)
        world.advance(hours=2)
        client = world.renewed(client, "client")
        items = world.get(f"/guest-accesses?order_id={order.order_id}", as_=client).body["items"]
        assert [(item["state"], item["link"] is not None) for item in items] == [
            ("revoked", False),
            ("expired", False),
            ("active", True),
        ]


class TestRequireGuest:
    def test_it_opens_the_granted_scope_of_its_order(self, world: World, client: Person, order: Order) -> None:
        id_ = share(world, client, order).body["guest_access_id"]
        assert actions.require_guest(id_, order.order_id, "position", clock.now()).label == "妹妹"
        with pytest.raises(ScopeNotGranted):
            actions.require_guest(id_, order.order_id, "report", clock.now())

    def test_it_opens_no_other_order(self, world: World, client: Person, order: Order) -> None:
        id_ = share(world, client, order).body["guest_access_id"]
        with pytest.raises((GuestAccessEnded, NotFound)):
            actions.require_guest(id_, put_order(client_id=client.subject).order_id, "progress", clock.now())
