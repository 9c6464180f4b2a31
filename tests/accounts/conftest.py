"""The room with the real WeChat stand-in behind it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from functions.shared import aws
from functions.shared.config import config
from tests.harness.world import Person, Reply, World
from tests.standins.servers import Standin

TEMPLATES = {"order_paid": "tmpl-order-paid", "offer_received": "tmpl-offer-received"}


@dataclass
class WeChatUser:
    """Somebody with the mini program open."""

    standin: Standin
    world: World
    openid: str

    def code(self) -> str:
        return str(self.standin.control("login-codes", openid=self.openid)["code"])

    def sign_in(self, as_: str = "client") -> Reply:
        return self.world.post("/sessions/wechat", {"code": self.code(), "as": as_})

    def signed_in(self, as_: str = "client") -> Person:
        reply = self.sign_in(as_)
        assert reply.status == 201, reply.body
        return Person(reply.body["account_id"], reply.body["access_token"])

    def accept_messages(self, person: Person, template_id: str, count: int = 1) -> None:
        """In WeChat and at our API, as the mini program does it."""
        self.standin.control("subscriptions", openid=self.openid, template_id=template_id, count=count)
        body = {"template_id": template_id, "count": count}
        assert self.world.post("/notice-credits", body, as_=person).status == 201

    def messages(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.standin.read(f"/_control/messages?openid={self.openid}")["messages"]
        return found


@pytest.fixture
def wechat(world: World, wechat_standin: Standin) -> Iterator[Standin]:
    """The stand-in, and a world whose secret leads to it."""
    keys = wechat_standin.keys.wechat
    settings = {
        "app_id": keys.app_id,
        "app_secret": keys.app_secret,
        "base_url": wechat_standin.url,
        "templates": TEMPLATES,
    }
    aws.client("secretsmanager").put_secret_value(
        SecretId=config().secret_name("wechat-mini"), SecretString=json.dumps(settings)
    )
    aws.forget_settings()
    yield wechat_standin


@pytest.fixture
def user(world: World, wechat: Standin) -> WeChatUser:
    return WeChatUser(wechat, world, "op-daughter-001")
