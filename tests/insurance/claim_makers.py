"""An insured visit that is going on, and everybody around its claim."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from functions.booking.events import OrderPaid
from tests.harness.world import Person, Reply
from tests.insurance.makers import INSURER, Desk
from tests.tracking.makers import STARTS_AT, VisitScene, order_assigned
from tests.tracking.test_chat import JPEG, Chat

STORY = "陪诊师迟到四十分钟，过了叫号，只能重新挂号。"


@dataclass
class Case:
    """An insured visit that is going on, and everybody around its claim."""

    desk: Desk
    visit: VisitScene
    requests: int = 0
    claim_id: str = ""
    numbers: list[int] = field(default_factory=list)

    @property
    def client(self) -> Person:
        self.visit.client = self.desk.world.renewed(self.visit.client, "client")
        return self.visit.client

    @property
    def insurer(self) -> Person:
        return self.desk.world.person("insurer", subject=INSURER)

    def draft(self, **changed: Any) -> Reply:
        body = {"peril": "missed_appointment", "amount_fen": 12_000, "story": STORY, "messages": self.numbers} | changed
        reply = self.desk.world.post(f"/orders/{self.visit.order_id}/claims", body, as_=self.client)
        self.claim_id = reply.body.get("claim_id", self.claim_id)
        return reply

    def get(self, path: str = "") -> Reply:
        return self.desk.world.get(f"/claims/{self.claim_id}{path}", as_=self.client)

    def post(self, what: str, body: Any = None) -> Reply:
        reply = self.desk.world.post(f"/claims/{self.claim_id}/{what}", body, as_=self.client)
        self.desk.world.deliver()
        return reply

    def submit(self) -> Reply:
        return self.post("submit", {"digest": self.get("/evidence").body["digest"]})

    def add_file(self, title: str = "重新挂号的收费票据") -> Reply:
        path = f"/claims/{self.claim_id}/uploads"
        leave = self.desk.world.post(path, {"content_type": "image/jpeg"}, as_=self.client, key="")
        self.desk.world.upload(leave.body, JPEG)
        return self.post("files", {"file_id": leave.body["file_id"], "title": title})

    def says(self, what: str, request_id: str = "", as_: Person | None = None, **body: Any) -> Reply:
        """The insurer asks under a new number, or under the one given."""
        self.requests += 1
        path = f"/insurer/claims/{self.claim_id}/{what}"
        sent = {"request_id": request_id or f"request-{self.requests:04d}"} | body
        reply = self.desk.world.post(path, sent, as_=as_ or self.insurer, key="")
        self.desk.world.deliver()
        return reply

    def approve(self, amount_fen: int = 12_000, **more: Any) -> Reply:
        return self.says("decision", decision="approve", amount_fen=amount_fen, reason="情况属实", **more)

    def reject(self) -> Reply:
        return self.says("decision", decision="reject", reason="没有票据证明损失")

    def state(self) -> str:
        return str(self.get().body["state"])

    def holds(self) -> list[str]:
        path = f"{self.visit.path}/evidence-holds"
        items = self.desk.world.get(path, as_=self.desk.world.person("agent")).body["items"]
        return [each["hold_id"] for each in items]


def insured_case(desk: Desk) -> Case:
    """The order was paid with insurance; its companion is at the hospital and has written something."""
    world = desk.world
    world.rooms = ("insurance", "tracking")
    desk.put_endpoint(event_types=["claim.moved"])
    client, companion = world.person("client"), world.person("companion")
    event: OrderPaid = desk.paid_order(
        client, companion_id=companion.subject, starts_at=STARTS_AT, ends_at=STARTS_AT + timedelta(hours=4)
    )
    world.publish(event)
    world.publish(
        order_assigned(
            order_id=event.order_id,
            client_id=client.subject,
            companion_id=companion.subject,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
        )
    )
    visit = VisitScene(world, event.order_id, client, companion, event.patient_id)
    world.deliver()
    visit.walk("departed", "arrived")
    chat = Chat(visit)
    chat.say(companion, "对不起，我记错了时间")
    chat.check()
    world.advance(minutes=60 * 3)
    visit.renew()
    number = next(each["sequence"] for each in chat.history(visit.client) if each["text"])
    return Case(desk, visit, numbers=[number])
