"""A completed, paid visit that somebody complains about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from functions.booking import table as booking
from functions.booking.events import Split
from functions.shared import clock, ids
from functions.tracking import table as tracking
from tests.harness.world import Person, Reply, World
from tests.settlement.makers import Order, Till, commit
from tests.tracking.makers import order_assigned

SMALL = Split(share_fen=9_000, commission_fen=900, premium_fen=100)
"""Of an order of 100 yuan, whose refund finance need not approve."""
WORDS = "等了很久，陪诊师一直没有联系我们。"


@dataclass
class Case:
    """The visit's people, and what they do about it."""

    till: Till
    order: Order
    companion: Person
    complaint_id: str = ""
    filed: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.till.world

    @property
    def path(self) -> str:
        return f"/complaints/{self.complaint_id}"

    def client(self) -> Person:
        return self.world.renewed(self.order.client, "client")

    def agent(self, name: str = "one") -> Person:
        return self.world.person("agent", subject=f"stf_{name}")

    def file(self, category: str = "service", **changed: Any) -> Reply:
        body = {"category": category, "remedy": "refund", "text": WORDS} | changed
        reply = self.world.post(f"/orders/{self.order.order_id}/complaints", body, as_=self.client())
        self.world.deliver()
        if reply.status == 201:
            self.complaint_id, self.filed = reply.body["complaint_id"], reply.body
        return reply

    def act(self, what: str, body: Any = None, *, as_: Person) -> Reply:
        reply = self.world.post(f"{self.path}/{what}", body, as_=as_)
        self.world.deliver()
        return reply

    def answer(self, *, contests: bool = True) -> Reply:
        companion = self.world.renewed(self.companion, "companion")
        return self.act("answer", {"text": "我按时到了医院门口。", "contests": contests}, as_=companion)

    def take(self, name: str = "one") -> Reply:
        return self.act("take", as_=self.agent(name))

    def decide(self, outcome: str, refund_fen: int | None = None, *, by: str = "one") -> Reply:
        body: dict[str, Any] = {"outcome": outcome, "reason": "已核对签到和聊天记录"}
        if refund_fen is not None:
            body |= {"refund_fen": refund_fen}
        return self.act("decision", body, as_=self.agent(by))

    def accept(self) -> Reply:
        return self.act("accept", as_=self.client())

    def appeal(self) -> Reply:
        return self.act("appeal", {"text": "我不认可，请再核实一次。"}, as_=self.client())

    def read(self, as_: Person | None = None) -> dict[str, Any]:
        reply = self.world.get(self.path, as_=as_ or self.client())
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        return body

    def state(self) -> str:
        return str(self.read()["state"])

    def queue(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.world.get("/complaint-queue", as_=self.agent()).body["items"]
        return items

    def refunds_fen(self) -> list[int]:
        """What the provider was asked to give back."""
        return [int(each["amount_fen"]) for each in self.till.refunds(self.order)]


def completed_case(till: Till, *, arrived_min: int | None = 0) -> Case:
    """Paid, done and divided. `arrived_min`: minutes after the appointment (None: no check-in)."""
    order = till.order(total_fen=10_000)
    companion = till.world.person("companion", subject=order.companion_id)
    till.paid(order)
    starts_at = clock.now() - timedelta(hours=4)
    with _rooms(till.world, "tracking"):
        till.world.publish(
            order_assigned(
                order_id=order.order_id,
                client_id=order.client.subject,
                companion_id=companion.subject,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=3),
            )
        )
    visit = tracking.find_visit_row(ids.derived("vis", order.order_id))
    stored = booking.find_order(order.order_id)
    assert visit is not None
    assert stored is not None
    visit.ended_at = starts_at + timedelta(hours=3)
    if arrived_min is not None:
        visit.checked_in = {"arrived": starts_at + timedelta(minutes=arrived_min)}
    stored.starts_at, stored.ends_at = starts_at, starts_at + timedelta(hours=3)
    commit("tracking", lambda tx: tx.save(visit))
    commit("booking", lambda tx: tx.save(stored))
    with _rooms(till.world, "settlement", "support"):
        till.world.publish(order.completed(SMALL))
    till.world.rooms = ("settlement", "support")
    return Case(till, order, companion)


def handed_to_agent(case: Case) -> Case:
    """Filed, contested by the companion, and taken by an agent."""
    case.file()
    case.answer()
    case.take()
    return case


@contextmanager
def _rooms(world: World, *rooms: str) -> Iterator[None]:
    before = world.rooms
    world.rooms = rooms
    yield
    world.rooms = before
