"""Video calls (F13): one at a time, for the parties of a running visit, each let in with credentials of their own."""

import base64
import hashlib
import hmac
import json
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.accounts.actions import sign_voip
from functions.accounts.actions.voip import keep_session_key
from functions.accounts.rules.voip import voip_signature
from functions.accounts.table import identities
from functions.shared import clock, ids
from functions.tracking import actions
from functions.tracking.rules import calls as rules
from functions.tracking.rules.access import Standing
from functions.tracking.rules.calls import CallFull, CallOver, CallState, Provider, VideoCall
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.user_sig import user_sig
from tests.accounts.makers import commit
from tests.harness.world import Person, Reply, World, put_secret
from tests.tracking.makers import ALL, VisitScene
from tests.tracking.sockets_server import Sockets, serve_sockets
from tests.tracking.test_live import follow

pytestmark = pytest.mark.feature("F13")
APP, KEY = 1400000000, "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
"""The application and key that Tencent's own libraries use in their examples."""
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def running(visit: VisitScene) -> VisitScene:
    """The companion is on the way, and the stage has TRTC."""
    put_secret("trtc", {"sdk_app_id": APP, "secret_key": KEY})
    visit.walk("departed")
    visit.world.deliver()
    return visit


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sockets]:
    with serve_sockets() as serving:
        monkeypatch.setenv("LIVE_ENDPOINT", serving.url)
        yield serving


def ring(visit: VisitScene, as_: Person | None = None, **options: Any) -> Reply:
    return visit.world.post(f"{visit.path}/calls", {}, as_=as_ or visit.companion, **options)


def act(visit: VisitScene, call_id: str, what: str, as_: Person, **options: Any) -> Reply:
    return visit.world.post(f"{visit.path}/calls/{call_id}/{what}", {}, as_=as_, **options)


def rung(visit: VisitScene, as_: Person | None = None) -> str:
    reply = ring(visit, as_)
    assert reply.status == 201, reply.body
    return str(reply.body["call"]["call_id"])


def opened(signature: str) -> dict[str, Any]:
    """The claims of a UserSig."""
    packed = base64.b64decode(signature.translate(str.maketrans("*-_", "+/=")))
    claims: dict[str, Any] = json.loads(zlib.decompress(packed))
    return claims


class TestCalling:
    def test_a_call_is_rung_joined_and_left(self, running: VisitScene) -> None:
        call_id = rung(running)
        joined = act(running, call_id, "join", running.client)
        assert (joined.status, joined.body["call"]["state"]) == (201, "active")
        running.world.advance(minutes=2)
        left = act(running, call_id, "leave", running.companion)
        assert (left.body["state"], left.body["duration_s"]) == ("ended", 120)
        running.world.deliver()
        (event,) = running.world.events("visit.call_ended")
        assert event == {
            "type": "visit.call_ended",
            "visit_id": running.visit_id,
            "order_id": running.order_id,
            "call_id": call_id,
            "started_by": "companion",
            "outcome": "ended",
            "duration_s": 120,
        }

    def test_nobody_answers(self, running: VisitScene) -> None:
        call_id = rung(running)
        running.world.advance(seconds=46)
        (logged,) = running.world.get(f"{running.path}/calls", as_=running.client).body["items"]
        assert (logged["call_id"], logged["state"], logged["duration_s"]) == (call_id, "missed", 0)
        assert [event["outcome"] for event in running.world.events("visit.call_ended")] == ["missed"]
        assert act(running, call_id, "join", running.client).code == "call_over"

    def test_hanging_up_before_anybody_answers_is_a_missed_call(self, running: VisitScene) -> None:
        call_id = rung(running, running.client)
        assert act(running, call_id, "leave", running.client).body["state"] == "missed"
        running.world.advance(minutes=1)
        assert len(running.world.events("visit.call_ended")) == 1

    def test_one_call_at_a_time_and_the_second_caller_learns_which(self, running: VisitScene) -> None:
        call_id = rung(running)
        refused = ring(running, running.client)
        assert (refused.status, refused.code, refused.body["call_id"]) == (409, "call_open", call_id)
        act(running, call_id, "leave", running.companion)
        assert rung(running, running.client) != call_id

    def test_a_call_that_nobody_hung_up_is_closed(self, running: VisitScene) -> None:
        call_id = rung(running)
        act(running, call_id, "join", running.client)
        running.world.advance(hours=2, seconds=1)
        running.renew()
        (logged,) = running.world.get(f"{running.path}/calls", as_=running.client).body["items"]
        assert (logged["state"], logged["duration_s"]) == ("ended", 7200)

    def test_a_guest_who_may_chat_joins_and_may_leave_after_the_pass_ended(self, running: VisitScene) -> None:
        guest = running.guest("progress", "chat")
        call_id = rung(running)
        assert act(running, call_id, "join", guest).status == 201
        running.revoke(guest)
        assert act(running, call_id, "join", guest).status == 403
        assert act(running, call_id, "leave", guest).body["state"] == "ended"

    def test_joining_again_after_a_lost_connection_is_let_in_again(self, running: VisitScene) -> None:
        call_id = rung(running)
        first, again = (act(running, call_id, "join", running.client).body for _ in range(2))
        assert (again["call"]["parties"], again["trtc"]) == (first["call"]["parties"], first["trtc"])

    def test_ringing_and_every_change_is_pushed_to_who_may_talk(self, running: VisitScene, sockets: Sockets) -> None:
        client, chatting = follow(running, running.client), follow(running, running.guest("progress", "chat"))
        silent = follow(running, running.guest("progress"))
        call_id = rung(running)
        running.world.deliver()
        act(running, call_id, "join", running.client)
        running.world.deliver()
        act(running, call_id, "leave", running.client)
        running.world.deliver()
        for connection_id in (client, chatting):
            (ringing,) = sockets.told(connection_id, "call.ringing")
            assert ringing["call"]["call_id"] == call_id
            states = [message["call"]["state"] for message in sockets.told(connection_id, "call.changed")]
            assert states == ["active", "ended"]
        told = json.dumps(sockets.received)
        assert "user_sig" not in told
        assert sockets.told(silent, "call.ringing") == sockets.told(silent, "call.changed") == []


class TestCredentials:
    def test_trtc_lets_in_this_user_into_this_room(self, running: VisitScene) -> None:
        reply = ring(running).body
        trtc, claims = reply["trtc"], opened(reply["trtc"]["user_sig"])
        assert (trtc["sdk_app_id"], trtc["user_id"]) == (APP, running.companion.subject)
        assert (trtc["room_id"], reply["wechat_voip"]) == (reply["call"]["call_id"], None)
        assert claims["TLS.identifier"] == running.companion.subject
        assert claims["TLS.time"] == clock.epoch_s(clock.now())
        joined = act(running, reply["call"]["call_id"], "join", running.client).body
        assert opened(joined["trtc"]["user_sig"])["TLS.identifier"] == running.client.subject

    def test_wechat_lets_in_who_signed_in_with_wechat_and_nobody_else(self, running: VisitScene) -> None:
        commit("tracking", lambda tx: actions.put_policy(tx, policy=Policy(call_provider=Provider.WECHAT_VOIP)))
        refused = ring(running)
        assert (refused.status, refused.code) == (409, "call_needs_wechat")
        for person, key in ((running.companion, "a2V5MQ=="), (running.client, "a2V5Mg==")):
            signed_in(person.subject, key)
        voip = ring(running).body["wechat_voip"]
        expected = voip_signature(
            session_key="a2V5MQ==",
            app_id="wx1",
            group_id=voip["group_id"],
            nonce=voip["nonce_str"],
            timestamp_s=voip["time_stamp"],
        )
        assert (voip["app_id"], voip["signature"]) == ("wx1", expected)
        guest = running.guest("progress", "chat")
        assert act(running, voip["group_id"], "join", guest).code == "call_needs_wechat"
        assert act(running, voip["group_id"], "join", running.client).status == 201

    def test_without_a_provider_there_are_no_calls(self, visit: VisitScene) -> None:
        visit.walk("departed")
        refused = ring(visit)
        assert (refused.status, refused.code) == (503, "calls_unavailable")
        assert visit.world.get(f"{visit.path}/calls", as_=visit.client).body == {"items": []}

    def test_the_session_key_is_stored_sealed_and_the_latest_counts(self, world: World) -> None:
        for key in ("a2V5MQ==", "a2V5Mg=="):
            signed_in("acc_1", key)
        row = identities.find_wechat_session("acc_1")
        assert row is not None
        assert "a2V5" not in repr(row.attribute_values)
        signed = sign_voip("acc_1", group_id="cal_1", now=NOW)
        latest = voip_signature(
            session_key="a2V5Mg==", app_id="wx1", group_id="cal_1", nonce=signed.nonce, timestamp_s=signed.timestamp_s
        )
        assert signed.signature == latest

    def test_wechats_published_example(self) -> None:
        signature = voip_signature(
            session_key="gDyVgzwa0mFz9uUP7M6GQQ==",
            app_id="wx20afc706a711eefc",
            group_id="1559129713_672975982",
            nonce="8AP6DT9ybtniUJfb",
            timestamp_s=1559129714,
        )
        assert signature == "b002b824688dd8593a6079e11d8c5e8734fbcb39a6d5906eb347bfbcad79c617"

    @settings(max_examples=50)
    @given(st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True), st.integers(0, 2**32), st.integers(1, 10**7))
    def test_a_user_sig_opens_to_claims_whose_signature_holds(self, user: str, at_s: int, lasts_s: int) -> None:
        token = user_sig(sdk_app_id=APP, secret_key=KEY, user_id=user, issued_at_s=at_s, expires_in_s=lasts_s)
        assert not set(token) & set("+/=")
        claims = opened(token)
        assert list(claims) == ["TLS.ver", "TLS.identifier", "TLS.sdkappid", "TLS.time", "TLS.expire", "TLS.sig"]
        assert claims["TLS.ver"] == "2.0"
        text = f"TLS.identifier:{user}\nTLS.sdkappid:{APP}\nTLS.time:{at_s}\nTLS.expire:{lasts_s}\n"
        signature = base64.b64encode(hmac.digest(KEY.encode(), text.encode(), hashlib.sha256)).decode()
        assert claims["TLS.sig"] == signature


def signed_in(account_id: str, key: str) -> None:
    commit("accounts", lambda tx: keep_session_key(tx, account_id=account_id, app_id="wx1", session_key=key))


class TestBadInput:
    def test_who_may_not(self, running: VisitScene) -> None:
        call_id = rung(running)
        stranger, other = running.world.person("client"), running.world.person("companion")
        assert running.world.post(f"{running.path}/calls", {}).status == 401
        for role in ("agent", "finance", "admin", "hospital", "insurer"):
            person = running.world.person(role, subject=running.client.subject)
            assert ring(running, person).status == act(running, call_id, "join", person).status == 403, role
        assert ring(running, running.guest("progress", "chat")).status == 403
        for person in (stranger, other):
            assert ring(running, person).status == 404
            assert act(running, call_id, "join", person).status == act(running, call_id, "leave", person).status == 404
        assert act(running, call_id, "join", running.guest("progress")).code == "scope_not_granted"
        assert act(running, call_id, "leave", running.client).status == 404  # never joined
        for unknown in (ids.new("cal"), "x"):
            assert act(running, unknown, "join", running.client).code == "call_not_found"
        assert ring(running, key="").status == 400
        assert running.world.get(f"{running.path}/calls", as_=stranger).status == 404
        assert running.world.get(f"{running.path}/calls", as_=running.guest("progress")).status == 403

    def test_what_cannot_be_meant(self, running: VisitScene) -> None:
        bodies: list[Any] = [{"colour": 1}, [], None, 7]
        for body in bodies:
            assert running.world.post(f"{running.path}/calls", body, as_=running.companion).status == 400
        for visit_id in (ids.new("vis"), "CONFIG"):
            assert running.world.post(f"/visits/{visit_id}/calls", {}, as_=running.companion).status == 404

    @pytest.mark.parametrize("milestones", [(), ALL])
    def test_only_while_the_visit_runs(self, visit: VisitScene, milestones: tuple[str, ...]) -> None:
        put_secret("trtc", {"sdk_app_id": APP, "secret_key": KEY})
        visit.walk(*milestones)
        assert (ring(visit).status, ring(visit).code) == (409, "visit_not_running")

    def test_sent_again_with_its_key_it_is_the_same_call(self, running: VisitScene) -> None:
        key = uuid.uuid4().hex
        first, again = ring(running, key=key), ring(running, key=key)
        assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")


STEPS = st.lists(st.tuples(st.sampled_from(["join", "leave", "close"]), st.sampled_from("abcd")), max_size=20)


class TestRules:
    @settings(max_examples=150)
    @given(STEPS)
    def test_whatever_happens_a_call_is_one_of_four_things_and_ends_once(self, steps: list[tuple[str, str]]) -> None:
        call = rules.rung("a", Standing.COMPANION, NOW)
        seen = [call.state]
        for number, (what, who) in enumerate(steps, 1):
            at = NOW + timedelta(seconds=number)
            try:
                call = self.after(call, what, who, at)
            except (CallOver, CallFull):
                continue
            if call.state is not seen[-1]:
                assert call.state in rules.CALL_MOVES[seen[-1]]
                seen.append(call.state)
            assert (call.state in rules.OPEN) == bool(call.present)
            assert (call.state is CallState.ACTIVE) == (len(call.present) >= 2)
            assert len(call.present) <= 3
            assert (call.duration_s > 0) <= (call.state is CallState.ENDED)
            assert len({party.subject for party in call.parties}) == len(call.parties)

    def after(self, call: VideoCall, what: str, who: str, at: datetime) -> VideoCall:
        if what == "join":
            return rules.joined(call, who, Standing.GUEST, at, most=3)
        return rules.left(call, who, at) if what == "leave" else rules.closed(call, at)

    def test_a_full_call_takes_nobody_more(self) -> None:
        call = rules.rung("a", Standing.COMPANION, NOW)
        call = rules.joined(call, "b", Standing.CLIENT, NOW, most=2)
        with pytest.raises(CallFull):
            rules.joined(call, "c", Standing.GUEST, NOW, most=2)
        assert rules.joined(replace(call), "b", Standing.CLIENT, NOW, most=2) == call
