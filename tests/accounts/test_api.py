"""Signing in over HTTP, as clients, companions, staff, institutions and family members."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from functions.accounts import actions
from functions.accounts.table import identities
from functions.shared import aws, clock, tokens
from functions.shared.caller import Role
from functions.shared.config import config
from functions.shared.errors import Unauthenticated
from tests.accounts.conftest import WeChatUser
from tests.accounts.makers import COMPANION, commit
from tests.harness.world import Person, Reply, World
from tests.standins.servers import Standin

pytest_plugins = ["tests.standins.fixtures"]
PASSWORD = "correct-horse-battery"


class TestWeChat:
    def test_the_first_sign_in_makes_a_client(self, world: World, user: WeChatUser) -> None:
        reply = user.sign_in()
        assert (reply.status, reply.body["roles"], reply.body["expires_in_s"]) == (201, ["client"], 900)
        caller = tokens.verify(reply.body["access_token"], now=clock.now())
        assert (caller.subject, caller.roles) == (reply.body["account_id"], frozenset({Role.CLIENT}))
        assert actions.openid_of(caller.subject) == user.openid

    def test_the_second_sign_in_finds_the_same_account(self, user: WeChatUser) -> None:
        assert user.sign_in().body["account_id"] == user.sign_in().body["account_id"]

    def test_two_first_sign_ins_at_once_make_one_account(
        self, user: WeChatUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other sign-in commits between our read and our commit; ours runs again, its code spent once."""
        read = identities.find_openid
        others: list[str] = []

        def overtaken(openid: str) -> identities.OpenidRow | None:
            found = read(openid)
            if not others:
                others.append("in progress")
                others[0] = user.sign_in().body["account_id"]
            return found

        monkeypatch.setattr(identities, "find_openid", overtaken)
        reply = user.sign_in()
        assert (reply.status, reply.body["account_id"]) == (201, others[0])

    def test_a_code_works_once(self, world: World, user: WeChatUser) -> None:
        body = {"code": user.code(), "as": "client"}
        assert world.post("/sessions/wechat", body).status == 201
        again = world.post("/sessions/wechat", body)
        assert (again.status, again.code) == (401, "sign_in_code_rejected")

    def test_a_client_is_no_companion(self, user: WeChatUser) -> None:
        assert user.sign_in("companion").code == "not_a_companion"
        user.sign_in()
        assert user.sign_in("companion").code == "not_a_companion"

    def test_a_linked_companion_signs_in_once_activated_and_as_client_too(self, world: World, wechat: Standin) -> None:
        user = WeChatUser(wechat, world, "op-companion-001")
        commit("accounts", lambda tx: actions.link_companion(tx, companion_id=COMPANION, openid=user.openid))
        assert user.sign_in("companion").code == "not_a_companion"
        commit("accounts", lambda tx: actions.seeding.grant_companion(tx, account_id=COMPANION))
        as_companion, as_client = user.sign_in("companion"), user.sign_in()
        assert (as_companion.body["account_id"], as_companion.body["roles"]) == (COMPANION, ["companion"])
        assert (as_client.body["account_id"], as_client.body["roles"]) == (COMPANION, ["client"])
        refreshed = world.post("/sessions/refresh", {"refresh_token": as_client.body["refresh_token"]})
        assert refreshed.body["roles"] == ["client"]

    def test_wechat_being_down_is_said_so(self, world: World, user: WeChatUser, wechat: Standin) -> None:
        wechat.control("misbehave", path="/sns/jscode2session", http_status=502)
        reply = user.sign_in()
        assert (reply.status, reply.code) == (503, "wechat_unavailable")
        assert reply.headers["Retry-After"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"code": "x"},
            {"code": "", "as": "client"},
            {"code": 5, "as": "client"},
            {"code": "x" * 129, "as": "client"},
            {"code": "x", "as": "admin"},
            {"code": "x", "as": "client", "roles": ["admin"]},
        ],
    )
    def test_a_body_that_is_not_a_sign_in_is_refused(self, world: World, body: dict[str, Any]) -> None:
        assert world.post("/sessions/wechat", body).code == "invalid_request"


class TestRefresh:
    def refresh(self, world: World, token: str) -> Reply:
        return world.post("/sessions/refresh", {"refresh_token": token})

    def test_it_rotates(self, world: World, user: WeChatUser) -> None:
        first = user.sign_in().body
        second = self.refresh(world, first["refresh_token"])
        assert (second.status, second.body["account_id"]) == (201, first["account_id"])
        assert second.body["refresh_token"] != first["refresh_token"]
        assert self.refresh(world, second.body["refresh_token"]).status == 201

    def test_the_same_token_again_within_ten_seconds_gets_the_same_successor(
        self, world: World, user: WeChatUser
    ) -> None:
        token = user.sign_in().body["refresh_token"]
        first = self.refresh(world, token)
        world.advance(seconds=10)
        again = self.refresh(world, token)
        assert (again.status, again.body["refresh_token"]) == (201, first.body["refresh_token"])
        assert self.refresh(world, again.body["refresh_token"]).status == 201

    def test_an_old_token_ends_the_whole_session(self, world: World, user: WeChatUser) -> None:
        old = user.sign_in().body["refresh_token"]
        current = self.refresh(world, old).body["refresh_token"]
        world.advance(seconds=11)
        stolen = self.refresh(world, old)
        assert (stolen.status, stolen.code) == (401, "session_revoked")
        assert self.refresh(world, current).code == "session_revoked"

    def test_other_sessions_of_the_account_go_on(self, world: World, user: WeChatUser) -> None:
        old, other = user.sign_in().body["refresh_token"], user.sign_in().body["refresh_token"]
        self.refresh(world, old)
        world.advance(seconds=11)
        self.refresh(world, old)
        assert self.refresh(world, other).status == 201

    def test_a_guess_is_refused_and_harms_nobody(self, world: World, user: WeChatUser) -> None:
        token = user.sign_in().body["refresh_token"]
        account_id, session_id, _ = token.split(".")
        for guess in (f"{account_id}.{session_id}.guess", "nonsense", f"{account_id}.ses_x.y", "..", f"{token}.more"):
            assert self.refresh(world, guess).code == "session_revoked"
        assert self.refresh(world, token).status == 201

    def test_an_idle_session_ends_after_thirty_days(self, world: World, user: WeChatUser) -> None:
        token = user.sign_in().body["refresh_token"]
        world.advance(days=29)
        token = self.refresh(world, token).body["refresh_token"]
        world.advance(days=30)
        assert self.refresh(world, token).code == "session_revoked"

    def test_signing_out_ends_it(self, world: World, user: WeChatUser) -> None:
        body = user.sign_in().body
        me = Person(body["account_id"], body["access_token"])
        assert world.delete("/sessions/current", as_=me).status == 200
        assert world.delete("/sessions/current", as_=me).status == 200
        assert self.refresh(world, body["refresh_token"]).code == "session_revoked"

    def test_no_token_is_stored(self, world: World, user: WeChatUser) -> None:
        body = user.sign_in().body
        secret = body["refresh_token"].split(".")[2]
        rows = aws.client("dynamodb").scan(TableName=config().table_name("accounts"))["Items"]
        assert secret not in str(rows)
        assert body["access_token"] not in str(rows)


@pytest.fixture
def finance(world: World) -> str:
    """The user name of somebody in finance."""
    commit(
        "accounts",
        lambda tx: actions.put_staff(
            tx,
            staff_id="stf_chen",
            username="chen.finance",
            password=PASSWORD,
            roles={Role.FINANCE},
            display_name="陈会计",
        ),
    )
    return "chen.finance"


class TestStaff:
    def sign_in(self, world: World, username: str, password: str) -> Reply:
        return world.post("/sessions/staff", {"username": username, "password": password})

    def test_the_right_password_opens_a_session(self, world: World, finance: str) -> None:
        reply = self.sign_in(world, finance, PASSWORD)
        assert (reply.status, reply.body["account_id"], reply.body["roles"]) == (201, "stf_chen", ["finance"])
        assert world.post("/sessions/refresh", {"refresh_token": reply.body["refresh_token"]}).status == 201

    def test_a_wrong_password_and_an_unknown_name_are_answered_alike(self, world: World, finance: str) -> None:
        wrong, unknown = self.sign_in(world, finance, "wrong"), self.sign_in(world, "nobody", "wrong")
        alike = [{name: reply.body[name] for name in ("status", "code", "title")} for reply in (wrong, unknown)]
        assert alike[0] == alike[1] == {"status": 401, "code": "bad_credentials", "title": "用户名或密码不对"}

    @pytest.mark.parametrize("username", ["chen.finance", "nobody"])
    def test_five_wrong_passwords_lock_the_name_whether_it_exists_or_not(
        self, world: World, finance: str, username: str
    ) -> None:
        codes = [self.sign_in(world, username, "wrong").code for _ in range(6)]
        assert codes == ["bad_credentials"] * 5 + ["login_locked"]
        assert self.sign_in(world, username, PASSWORD).status == 429

    def test_the_lock_opens_after_fifteen_minutes(self, world: World, finance: str) -> None:
        for _ in range(5):
            self.sign_in(world, finance, "wrong")
        world.advance(minutes=15)
        assert self.sign_in(world, finance, PASSWORD).status == 201

    def test_the_right_password_forgives_earlier_ones(self, world: World, finance: str) -> None:
        for password in ("wrong", "wrong", "wrong", "wrong", PASSWORD, "wrong"):
            last = self.sign_in(world, finance, password)
        assert last.code == "bad_credentials"
        assert self.sign_in(world, finance, PASSWORD).status == 201

    @pytest.mark.parametrize(
        "body", [{"username": "A B", "password": "x"}, {"username": "abc"}, {"username": "abc", "password": ""}]
    )
    def test_what_cannot_be_a_login_is_refused(self, world: World, body: dict[str, str]) -> None:
        assert world.post("/sessions/staff", body).status == 400

    def test_seeding_again_changes_nothing_and_a_weak_password_is_refused(self, world: World, finance: str) -> None:
        before = identities.find_login(finance)[0]
        self_again = {"staff_id": "stf_chen", "username": finance, "roles": {Role.FINANCE}, "display_name": "陈会计"}
        commit("accounts", lambda tx: actions.put_staff(tx, password=PASSWORD, **self_again))  # type: ignore[arg-type]
        after = identities.find_login(finance)[0]
        assert before is not None
        assert after is not None
        assert before.version == after.version
        with pytest.raises(ValueError, match="12 characters"):
            commit("accounts", lambda tx: actions.put_staff(tx, password="short", **self_again))  # type: ignore[arg-type]


class Insurer:
    """An institution with its private key."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256")
        public = self.key.as_dict(private=False)
        commit(
            "accounts",
            lambda tx: actions.put_institution(
                tx, institution_id="ins_demo", role=Role.INSURER, name="演示保险", public_jwk=public
            ),
        )

    def assertion(self, key: ECKey | None = None, **changed: Any) -> str:
        now = clock.epoch_s(clock.now())
        claims = {"iss": "ins_demo", "sub": "ins_demo", "aud": "zhenban", "exp": now + 60, "jti": uuid.uuid4().hex}
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        return jwt.encode({"alg": "ES256"}, claims, key or self.key)


@pytest.fixture
def insurer(world: World) -> Insurer:
    return Insurer()


class TestMachine:
    def sign_in(self, world: World, assertion: str) -> Reply:
        return world.post("/sessions/machine", {"client_assertion": assertion})

    def test_a_signed_assertion_opens_a_session_without_refresh(self, world: World, insurer: Insurer) -> None:
        reply = self.sign_in(world, insurer.assertion())
        assert (reply.status, reply.body["account_id"], reply.body["roles"]) == (201, "ins_demo", ["insurer"])
        assert reply.body["refresh_token"] is None

    def test_it_works_once(self, world: World, insurer: Insurer) -> None:
        assertion = insurer.assertion()
        assert self.sign_in(world, assertion).status == 201
        again = self.sign_in(world, assertion)
        assert (again.status, again.code) == (401, "assertion_rejected")

    @pytest.mark.parametrize(
        "changed",
        [
            {"iss": "ins_other"},
            {"iss": None},
            {"iss": 5},
            {"iss": "x" * 200},
            {"sub": "ins_other"},
            {"sub": None},
            {"aud": "somebody else"},
            {"aud": None},
            {"exp": None},
            {"exp": 4_000_000_000},
            {"exp": 1},
            {"exp": "soon"},
            {"jti": None},
            {"jti": ""},
            {"jti": "x" * 200},
            {"jti": 7},
        ],
    )
    def test_a_wrong_claim_is_refused(self, world: World, insurer: Insurer, changed: dict[str, Any]) -> None:
        assert self.sign_in(world, insurer.assertion(**changed)).code == "assertion_rejected"

    def test_a_foreign_signature_is_refused(self, world: World, insurer: Insurer) -> None:
        forged = insurer.assertion(ECKey.generate_key("P-256"))
        assert self.sign_in(world, forged).code == "assertion_rejected"

    @pytest.mark.parametrize("text", ["x", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJpbnNfZGVtbyJ9."])
    def test_what_is_no_assertion_is_refused(self, world: World, insurer: Insurer, text: str) -> None:
        assert self.sign_in(world, text).code == "assertion_rejected"

    def test_a_private_key_is_never_stored(self, world: World) -> None:
        private = ECKey.generate_key("P-256").as_dict(private=True)
        with pytest.raises(ValueError, match="private"):
            commit(
                "accounts",
                lambda tx: actions.put_institution(
                    tx, institution_id="ins_x", role=Role.INSURER, name="x", public_jwk=private
                ),
            )


class TestMe:
    def test_it_tells_who_is_signed_in_and_what_they_could_be(self, world: World, user: WeChatUser) -> None:
        me = user.signed_in()
        reply = world.get("/me", as_=me)
        assert (reply.body["account_id"], reply.body["roles"]) == (me.subject, ["client"])

    def test_nobody_is_401(self, world: World) -> None:
        assert world.get("/me").status == 401

    def test_an_expired_token_is_refused(self, world: World, user: WeChatUser) -> None:
        token = user.sign_in().body["access_token"]
        with pytest.raises(Unauthenticated):
            tokens.verify(token, now=clock.now() + timedelta(minutes=16))

    def test_the_public_keys_have_no_private_part(self, world: World) -> None:
        reply = world.get("/.well-known/jwks.json")
        assert [key["kid"] for key in reply.body["keys"]] == ["k1", "k2"]
        assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in reply.body["keys"])
