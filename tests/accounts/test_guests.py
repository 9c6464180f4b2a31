"""Sharing an order with family members, over HTTP (F11)."""

import base64
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
from tests.standins.servers import Standin

pytestmark = pytest.mark.feature("F11")
pytest_plugins = ["tests.standins.fixtures"]


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


def sign_in(world: World, token: str, **device: Any) -> Reply:
    return world.post("/sessions/guest", {"token": token, **device})


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
            {"max_uses": 0},
            {"max_uses": 101},
            {"max_uses": 1.5},
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


PHONE = {"device_id": "d-7f3a", "device": "妹妹的 iPhone"}
TABLET = {"device_id": "d-91bc", "device": "客厅的平板"}


def views_of(world: World, client: Person, shared: dict[str, Any], query: str = "") -> dict[str, Any]:
    body: dict[str, Any] = world.get(f"/guest-accesses/{shared['guest_access_id']}/views{query}", as_=client).body
    return body


class TestUses:
    def test_as_many_devices_as_allowed_open_it_each_as_often_as_it_likes(
        self, world: World, client: Person, order: Order
    ) -> None:
        shared = share(world, client, order, max_uses=2).body
        statuses = [sign_in(world, shared["token"], **device).status for device in (PHONE, PHONE, TABLET, PHONE)]
        assert statuses == [201] * 4
        refused = sign_in(world, shared["mini_code_scene"], device_id="d-other")
        assert (refused.status, refused.code) == (403, "guest_access_used_up")
        (item,) = world.get(f"/guest-accesses?order_id={order.order_id}", as_=client).body["items"]
        assert (item["uses"], item["max_uses"]) == (2, 2)

    def test_a_device_that_does_not_say_which_it_is_counts_each_time(
        self, world: World, client: Person, order: Order
    ) -> None:
        token = share(world, client, order, max_uses=2).body["token"]
        assert [sign_in(world, token).status for _ in range(3)] == [201, 201, 403]

    @pytest.mark.parametrize("device", [{"device_id": "x" * 65}, {"device": "长" * 41}, {"device": 5}, {"phone": "1"}])
    def test_a_device_that_makes_no_sense_is_refused(
        self, world: World, client: Person, order: Order, device: dict[str, Any]
    ) -> None:
        assert sign_in(world, share(world, client, order).body["token"], **device).code == "invalid_request"


class TestViews:
    def test_the_client_sees_who_looked_when(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order).body
        assert views_of(world, client, shared)["items"] == []
        sign_in(world, shared["token"], **PHONE)
        world.advance(minutes=5)
        sign_in(world, shared["token"])
        assert views_of(world, client, shared)["items"] == [
            {"viewed_at": "2026-03-02T09:05:00+08:00", "device": "未知设备"},
            {"viewed_at": "2026-03-02T09:00:00+08:00", "device": "妹妹的 iPhone"},
        ]

    def test_somebody_who_goes_on_looking_is_noted_now_and_then(
        self, world: World, client: Person, order: Order
    ) -> None:
        shared = share(world, client, order).body
        for _ in range(8):
            sign_in(world, shared["token"], **PHONE)
            world.advance(minutes=3)
        client = world.renewed(client, "client")
        page = views_of(world, client, shared, "?limit=2")
        rest = views_of(world, client, shared, f"?cursor={page['next_cursor']}")
        assert [each["viewed_at"][11:16] for each in page["items"] + rest["items"]] == ["09:12", "09:00"]

    def test_a_refused_device_is_not_noted(self, world: World, client: Person, order: Order) -> None:
        shared = share(world, client, order, max_uses=1).body
        for device in (PHONE, TABLET):
            sign_in(world, shared["token"], **device)
        assert [each["device"] for each in views_of(world, client, shared)["items"]] == [PHONE["device"]]

    @pytest.mark.parametrize("path", ["views", "mini-code"])
    def test_it_is_for_the_client_alone(self, world: World, client: Person, order: Order, path: str) -> None:
        path = f"/guest-accesses/{share(world, client, order).body['guest_access_id']}/{path}"
        assert world.get(path).status == 401
        assert world.get(path, as_=world.person("client")).status == 404
        assert world.get(path, as_=world.person("companion")).status == 403
        assert world.get(f"/guest-accesses/gst_none/{path.rpartition('/')[2]}", as_=client).status == 404


class TestMiniCode:
    def test_the_picture_opens_the_access(self, world: World, client: Person, order: Order, wechat: Standin) -> None:
        shared = share(world, client, order).body
        reply = world.get(f"/guest-accesses/{shared['guest_access_id']}/mini-code", as_=client)
        assert (reply.status, reply.body["content_type"]) == (200, "image/png")
        assert base64.b64decode(reply.body["picture"]).startswith(b"\x89PNG")

    def test_there_is_none_of_an_access_that_ended(self, world: World, client: Person, order: Order) -> None:
        path = f"/guest-accesses/{share(world, client, order).body['guest_access_id']}"
        world.delete(path, as_=client)
        assert world.get(f"{path}/mini-code", as_=client).code == "guest_access_ended"


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
