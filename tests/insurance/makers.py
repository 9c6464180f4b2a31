"""A desk: the insurance room beside an insurer's server over loopback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from functions.booking.events import OrderPaid
from functions.insurance import actions, table
from functions.insurance.table import DeliveryRow, InsuranceRow
from functions.shared import clock, ids
from functions.shared import table as rows
from functions.shared.tx import Tx
from infra.local.standins import insurer
from infra.local.standins.journal import Journal
from infra.local.standins.serving import serve
from tests.harness.world import Person, World

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
INSURER = "ins_demo"
PRODUCT: dict[str, Any] = {
    "id": "anxin_visit",
    "name": "诊伴安心险",
    "insurer_id": INSURER,
    "premium_fen": 500,
    "wording_version": "2026.1",
    "summary": "保障一次陪诊",
    "perils": [{"code": "missed_appointment", "title": "误号", "limit_fen": 30_000}],
}


def commit(act: Callable[[Tx], Any]) -> Any:
    """Run one act in its own transaction, as an edge would."""
    tx = Tx("insurance", now=clock.now(), correlation_id="test")
    result = act(tx)
    tx.commit()
    rows.forget_kept()
    return result


@dataclass
class Insurer:
    """The insurer's server: the real stand-in, behind a door that can be told to answer something else."""

    url: str
    inbox: insurer.Inbox
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers, instead of looking at what came."""
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@dataclass
class Desk:
    """The room, the insurer, and what happens between them."""

    world: World
    insurer: Insurer

    def put_endpoint(self, endpoint_id: str = "standin", **changed: Any) -> None:
        facts: dict[str, Any] = {
            "endpoint_id": endpoint_id,
            "insurer_id": INSURER,
            "url": f"{self.insurer.url}/webhooks",
            "event_types": ["policy.issued"],
            "secret": SECRET,
        }
        commit(partial(actions.put_endpoint, **facts | changed))

    def paid_order(self, client: Person, **changed: Any) -> OrderPaid:
        """What booking says of a paid, insured order."""
        facts: dict[str, Any] = {
            "order_id": ids.new("ord"),
            "client_id": client.subject,
            "patient_id": ids.new("pat"),
            "companion_id": ids.new("acc"),
            "starts_at": clock.now() + timedelta(days=2),
            "ends_at": clock.now() + timedelta(days=2, hours=4),
            "hospital_id": "hos_first",
            "department_id": "oncology",
            "insurance": True,
            "insurance_product_id": PRODUCT["id"],
            "premium_fen": 500,
            "total_fen": 32_500,
        }
        return OrderPaid(**facts | changed)

    def deliveries(self) -> list[DeliveryRow]:
        """Everything that was written down to be sent."""
        return [row for row in InsuranceRow.scan(consistent_read=True) if isinstance(row, DeliveryRow)]

    def received(self) -> list[dict[str, Any]]:
        """What the insurer verified and kept."""
        return self.insurer.inbox.events()

    def endpoint(self, endpoint_id: str = "standin") -> table.EndpointRow:
        row = table.find_endpoint(INSURER, endpoint_id)
        assert row is not None
        return row


@contextmanager
def open_desk(world: World, state_dir: Path) -> Iterator[Desk]:
    """A desk in `world` with one product on offer; only insurance listens to the bus."""
    journal = Journal(state_dir / "insurer.jsonl")
    party = Insurer("", insurer.Inbox(journal, SECRET, clock.now))
    running = serve(_door(party), 0, journal.close)
    party.url = running.url
    world.rooms = ("insurance",)
    commit(partial(actions.put_product, **PRODUCT))
    yield Desk(world, party)
    running.stop()


def _door(party: Insurer) -> Flask:
    app = Flask("insurer")

    @app.post("/webhooks")
    def receive() -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        party.seen.append((headers, request.get_data()))
        if party.answers:
            return Response(status=party.answers.pop(0), headers={"Location": "/elsewhere"})
        status, _ = party.inbox.receive(headers, request.get_data())
        return Response(status=status)

    return app
