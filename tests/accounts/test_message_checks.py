"""What is written in a conversation is checked by WeChat: words at once, pictures and voices by message push (B17)."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.accounts import actions as accounts
from functions.shared import clock
from functions.shared.caller import Role
from infra.local.standins.journal import Journal
from infra.local.standins.wechat.pushing import Pusher
from infra.local.standins.wechat.rules import DOUBTFUL, RISKY
from tests.accounts.makers import commit, put_templates
from tests.harness.world import Reply, World
from tests.standins.servers import Standin
from tests.support.makers import connect_wechat
from tests.tracking.makers import visit_scene
from tests.tracking.test_chat import JPEG, MP3, Chat

pytest_plugins = ["tests.standins.fixtures"]
pytestmark = [pytest.mark.feature("F12"), pytest.mark.feature("B17")]
PUSHES = "/webhooks/wechat/pushes"


@pytest.fixture
def chat(world: World, wechat_standin: Standin) -> Chat:
    """Client and companion use the mini program; accounts and tracking hear the bus."""
    world.rooms = ("tracking",)
    connect_wechat(wechat_standin)
    put_templates()
    visit = visit_scene(world)
    for person, role in ((visit.client, Role.CLIENT), (visit.companion, Role.COMPANION)):
        openid = str(wechat_standin.control("login-codes", openid=f"o{person.subject[-20:]}")["openid"])
        known: dict[str, Any] = {"account_id": person.subject, "openid": openid, "roles": (role,)}
        commit("accounts", partial(accounts.put_account, **known))
    world.deliver()
    world.rooms = ("accounts", "tracking")
    return Chat(visit)


@pytest.fixture
def wechat(wechat_standin: Standin, tmp_path: Path) -> Pusher:
    """WeChat's pen: what it would push."""
    return Pusher(Journal(tmp_path / "pushes.jsonl"), wechat_standin.keys.wechat, clock.now)


def push(world: World, wechat: Pusher, event: dict[str, Any]) -> Reply:
    query, body = wechat.sealed(event)
    return world.post(f"{PUSHES}?{query}", raw=body, key="")


def asked(standin: Standin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = standin.read("/_control/media-checks")["checks"]
    return found


class TestWords:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [("您到哪里了？", ["您到哪里了？"]), (f"可以{RISKY[0]}吗", []), (f"听说有{DOUBTFUL[0]}", [])],
    )
    def test_are_judged_before_others_see_them(self, chat: Chat, text: str, shown: list[str]) -> None:
        chat.say(chat.visit.client, text)
        chat.world.deliver()
        assert chat.texts(chat.visit.companion) == shown

    def test_of_a_guest_are_checked_for_the_client_who_admitted_them(self, chat: Chat) -> None:
        chat.say(chat.visit.guest("progress", "chat"), "爸爸对青霉素过敏")
        chat.world.deliver()
        assert chat.texts(chat.visit.companion) == ["爸爸对青霉素过敏"]


class TestMedia:
    def send(self, chat: Chat, standin: Standin) -> dict[str, Any]:
        """A picture was sent and WeChat asked about it."""
        file_id = chat.upload(chat.visit.client, "image/jpeg", JPEG)
        assert chat.post(chat.visit.client, kind="picture", file_id=file_id).status == 201
        before = len(asked(standin))
        chat.world.deliver()
        (check,) = asked(standin)[before:]
        return check

    @pytest.mark.parametrize(("suggest", "shown"), [("pass", 1), ("risky", 0), ("review", 0), ("new word", 0)])
    def test_is_shown_when_wechat_says_so(
        self, chat: Chat, wechat_standin: Standin, wechat: Pusher, suggest: str, shown: int
    ) -> None:
        check = self.send(chat, wechat_standin)
        assert len(chat.history(chat.visit.companion)) == 1
        event = wechat.event(check["trace_id"], check["openid"], suggest)
        for _ in range(2):
            answer = push(chat.world, wechat, event)
            assert (answer.status, answer.body) == (200, "success")
            chat.world.deliver()
        assert len(chat.history(chat.visit.companion)) == 1 + shown
        waiting = chat.world.get("/message-queue", as_=chat.world.person("agent")).body["items"]
        assert len(waiting) == (suggest not in ("pass", "risky"))

    def test_that_wechat_could_not_fetch_is_for_a_person(
        self, chat: Chat, wechat_standin: Standin, wechat: Pusher
    ) -> None:
        check = self.send(chat, wechat_standin)
        push(chat.world, wechat, wechat.event(check["trace_id"], check["openid"], "pass", errcode=-1008))
        chat.world.deliver()
        assert len(chat.world.get("/message-queue", as_=chat.world.person("agent")).body["items"]) == 1

    def test_a_voice_is_asked_about_too(self, chat: Chat, wechat_standin: Standin) -> None:
        file_id = chat.upload(chat.visit.companion, "audio/mpeg", MP3)
        chat.post(chat.visit.companion, kind="voice", file_id=file_id, duration_s=3)
        before = len(asked(wechat_standin))
        chat.world.deliver()
        assert len(asked(wechat_standin)) == before + 1

    def test_of_somebody_wechat_does_not_know_is_for_a_person(self, chat: Chat) -> None:
        chat.world.rooms = ("tracking",)
        stranger = visit_scene(chat.world)
        chat.world.deliver()
        chat.world.rooms = ("accounts", "tracking")
        lonely = Chat(stranger)
        file_id = lonely.upload(stranger.client, "image/jpeg", JPEG)
        lonely.post(stranger.client, kind="picture", file_id=file_id)
        chat.world.deliver()
        assert len(chat.world.get("/message-queue", as_=chat.world.person("agent")).body["items"]) == 1


class TestPushes:
    def test_the_address_is_confirmed_once(self, chat: Chat, wechat: Pusher) -> None:
        query, _ = wechat.sealed(wechat.event("t", "o", "pass"))
        answer = chat.world.get(f"{PUSHES}?{query}&echostr=4837")
        assert (answer.status, answer.body) == (200, "4837")
        forged = chat.world.get(f"{PUSHES}?{query.replace('signature=', 'signature=0')}&echostr=4837")
        assert forged.status == 401

    def test_one_that_is_not_noted_yet_is_asked_for_again(self, chat: Chat, wechat: Pusher) -> None:
        assert push(chat.world, wechat, wechat.event("unknown", "o", "pass")).status == 404

    def test_an_event_of_another_kind_is_taken_and_ignored(self, chat: Chat, wechat: Pusher) -> None:
        event = wechat.event("t", "o", "pass") | {"Event": "subscribe_msg_popup_event"}
        assert push(chat.world, wechat, event).status == 200

    def test_nothing_forged_is_believed(self, chat: Chat, wechat: Pusher, tmp_path: Path) -> None:
        world, event = chat.world, wechat.event("t", "o", "pass")
        query, body = wechat.sealed(event)
        other_query, other_body = wechat.sealed(event)
        foreign = Pusher(
            Journal(tmp_path / "foreign.jsonl"), type(wechat._keys)("wx-other", wechat._keys.app_secret), clock.now
        )
        for sent_query, sent_body in (
            (query.replace("msg_signature=", "msg_signature=0"), body),
            (query.replace("timestamp=", "timestamp=1"), body),
            (query, other_body),
            (other_query, body),
            (query, b"{}"),
            (query, b"not json"),
            ("", body),
            foreign.sealed(event),
        ):
            assert world.post(f"{PUSHES}?{sent_query}", raw=sent_body, key="").status == 401, sent_query

    def test_an_old_push_is_refused(self, chat: Chat, wechat: Pusher) -> None:
        query, body = wechat.sealed(wechat.event("t", "o", "pass"))
        chat.world.advance(seconds=timedelta(minutes=11).total_seconds())
        assert chat.world.post(f"{PUSHES}?{query}", raw=body, key="").status == 401
        assert json.loads(body)["ToUserName"]
