"""Reviews as a test needs them."""

import json
from dataclasses import dataclass
from typing import Any

from functions.accounts import actions as accounts
from functions.booking.events import OrderCompleted
from functions.shared import aws, ids
from functions.shared.caller import Role
from functions.shared.config import config
from tests.accounts.makers import commit
from tests.harness.world import Person, Reply, World
from tests.settlement.makers import SPLIT
from tests.standins.servers import Standin

MARKS = {"professionalism": 5, "responsiveness": 4, "attitude": 5}
KIND_WORDS = "非常耐心，全程陪着我父亲，检查顺序安排得很好。"


def connect_wechat(standin: Standin) -> None:
    """The content check is the stand-in's."""
    settings = {**standin.keys.wechat.as_secret(), "base_url": standin.url, "templates": {}}
    aws.client("secretsmanager").put_secret_value(
        SecretId=config().secret_name("wechat-mini"), SecretString=json.dumps(settings)
    )
    aws.forget_settings()


@dataclass
class Office:
    """People around a review."""

    world: World
    wechat: Standin

    def somebody(self, role: Role) -> Person:
        """An account that uses the mini program."""
        person = self.world.person(role)
        openid = str(self.wechat.control("login-codes", openid=f"o{person.subject[-20:]}")["openid"])
        account: dict[str, Any] = {"account_id": person.subject, "openid": openid, "roles": (role,)}
        commit("accounts", lambda tx: accounts.put_account(tx, **account))
        return person

    def completed(self, companion: Person | None = None) -> "Visited":
        """An order that was completed this instant."""
        visited = Visited(
            self.world, ids.new("ord"), self.somebody(Role.CLIENT), companion or self.somebody(Role.COMPANION)
        )
        self.world.publish(
            OrderCompleted(
                order_id=visited.order_id,
                client_id=visited.client.subject,
                companion_id=visited.companion.subject,
                split=SPLIT,
                total_fen=32_500,
            )
        )
        return visited

    def agent(self) -> Person:
        return self.world.person("agent")

    def queue(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.world.get("/review-queue", as_=self.agent()).body["items"]
        return items

    def decide(self, review_id: str, decision: str, reason: str = "核实过了") -> Reply:
        reply = self.world.post(
            f"/reviews/{review_id}/decision", {"decision": decision, "reason": reason}, as_=self.agent()
        )
        self.world.deliver()
        return reply

    def public(self, companion: Person) -> dict[str, Any]:
        reply = self.world.get(f"/companions/{companion.subject}/reviews")
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        return body


@dataclass
class Visited:
    """A completed order and its two people."""

    world: World
    order_id: str
    client: Person
    companion: Person

    @property
    def path(self) -> str:
        return f"/orders/{self.order_id}/review"

    @property
    def review_id(self) -> str:
        return ids.derived("rev", self.order_id)

    def review(self, text: str = KIND_WORDS, **marks: int) -> Reply:
        """Handed in, and whatever follows from it."""
        reply = self.world.post(self.path, MARKS | marks | {"text": text}, as_=self.client)
        self.world.deliver()
        return reply

    def edit(self, text: str, *, version: int, **marks: int) -> Reply:
        client = self.world.renewed(self.client, "client")
        reply = self.world.put(self.path, MARKS | marks | {"text": text}, version=version, as_=client)
        self.world.deliver()
        return reply

    def read(self, as_: Person | None = None) -> Reply:
        return self.world.get(self.path, as_=as_ or self.world.renewed(self.client, "client"))

    def answer(self, text: str = "谢谢您的信任，祝叔叔早日康复。") -> Reply:
        reply = self.world.post(f"/reviews/{self.review_id}/answer", {"text": text}, as_=self.companion)
        self.world.deliver()
        return reply
