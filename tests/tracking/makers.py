"""Visits as a test needs them: only what matters to it is named."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.accounts.rules.guests import GuestAccess
from functions.accounts.rules.guests import Scope as PassScope
from functions.accounts.table.guests import guest_access_row
from functions.booking.events import ClosedReason, Milestone, OrderAssigned, OrderClosed
from functions.booking.rules.itinerary import CheckIn
from functions.shared import clock, ids
from functions.shared.tx import Tx
from functions.tracking.rules.presence import Point
from tests.harness.world import START, Person, Reply, World

CAMPUS = Point(39.9124, 116.4159)
ON_CAMPUS = {"lat": 39.9126, "lng": 116.4161, "accuracy_m": 20, "coordinates": "gcj02"}
FAR_AWAY = {"lat": 39.9925, "lng": 116.3100, "accuracy_m": 20, "coordinates": "gcj02"}
STARTS_AT = START + timedelta(hours=2)
TEMPLATE = (
    ("departed", "陪诊师已出发", "none", True),
    ("arrived", "已到达医院", "geofence", True),
    ("registering", "排队挂号", "none", True),
    ("examining", "检查中", "none", False),
    ("ended", "就诊结束", "geofence", True),
)
ALL = tuple(code for code, *_ in TEMPLATE)


def order_assigned(**changed: Any) -> OrderAssigned:
    """What booking says of a newly assigned order."""
    facts: dict[str, Any] = {
        "order_id": ids.new("ord"),
        "client_id": ids.new("acc"),
        "companion_id": ids.new("acc"),
        "patient_id": ids.new("pat"),
        "hospital_id": "hos_pumch",
        "campus_id": "pumch_dongdan",
        "department_id": "oncology",
        "process_template": tuple(
            Milestone(
                code=code, title=title, check_in=CheckIn(check_in), offset_min=0, duration_min=0, required=required
            )
            for code, title, check_in, required in TEMPLATE
        ),
        "starts_at": STARTS_AT,
        "ends_at": STARTS_AT + timedelta(hours=4),
        "lat": CAMPUS.lat,
        "lng": CAMPUS.lng,
        "geofence_radius_m": 300,
    }
    return OrderAssigned(**facts | changed)


def order_closed(order_id: str, *, paid: bool = True) -> OrderClosed:
    return OrderClosed(
        order_id=order_id,
        client_id="acc_c",
        companion_id="acc_p",
        reason=ClosedReason.CANCELLED,
        paid=paid,
        refund_fen=0,
    )


@dataclass
class VisitScene:
    """One scheduled visit and the people in it."""

    world: World
    order_id: str
    client: Person
    companion: Person
    patient_id: str
    path: str = field(init=False)
    visit_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.visit_id = ids.derived("vis", self.order_id)
        self.path = f"/visits/{self.visit_id}"

    def renew(self) -> None:
        """Fresh tokens, after the clock moved."""
        self.client = self.world.renewed(self.client, "client")
        self.companion = self.world.renewed(self.companion, "companion")

    def check_in(self, node: str, **changed: Any) -> Reply:
        body = {"node": node, "captured_at": clock.now().isoformat(), **ON_CAMPUS} | changed
        return self.world.post(f"{self.path}/check-ins", body, as_=self.companion)

    def record(self, code: str, **more: Any) -> Reply:
        return self.world.post(f"{self.path}/milestones", {"code": code, **more}, as_=self.companion)

    def walk(self, *codes: str) -> None:
        """Record these milestones, checking in where the template asks for it."""
        proven = {code for code, _, check_in, _ in TEMPLATE if check_in == "geofence"}
        for code in codes:
            if code in proven:
                assert self.check_in(code).body["result"] == "accepted"
            assert self.record(code).status == 201, code

    def send_positions(self, points: Sequence[dict[str, Any]], **changed: Any) -> Reply:
        body = {"points": list(points), "coordinates": "gcj02"} | changed
        return self.world.post(f"{self.path}/positions", body, as_=self.companion)

    def guest(self, *scopes: str, expires_at: datetime | None = None, order_id: str | None = None) -> Person:
        """A family member with a pass that `accounts` knows."""
        access = GuestAccess(
            guest_access_id=ids.new("gst"),
            order_id=order_id or self.order_id,
            client_id=self.client.subject,
            label="妈妈",
            scopes=frozenset(PassScope(scope) for scope in scopes),
            created_at=clock.now(),
            expires_at=expires_at or clock.now() + timedelta(days=1),
            revoked_at=None,
        )
        tx = Tx("accounts", now=clock.now(), correlation_id="test")
        tx.insert(guest_access_row(access))
        tx.commit()
        return self.world.person("guest", subject=access.guest_access_id, order_id=access.order_id, scopes=list(scopes))

    def revoke(self, guest: Person) -> None:
        from functions.accounts.table.guests import find_guest_access

        row = find_guest_access(self.order_id, guest.subject)
        assert row is not None
        row.revoked_at = clock.now()
        tx = Tx("accounts", now=clock.now(), correlation_id="test")
        tx.save(row)
        tx.commit()


def visit_scene(world: World, **changed: Any) -> VisitScene:
    """An order has been assigned; its visit is scheduled in two hours."""
    client, companion = world.person("client"), world.person("companion")
    event = order_assigned(client_id=client.subject, companion_id=companion.subject, **changed)
    world.publish(event)
    return VisitScene(world, event.order_id, client, companion, event.patient_id)


def point(
    lat: float = CAMPUS.lat, lng: float = CAMPUS.lng, *, at: datetime | None = None, **more: Any
) -> dict[str, Any]:
    """A reading as a phone sends it."""
    return {"lat": lat, "lng": lng, "accuracy_m": 15, "captured_at": (at or clock.now()).isoformat(), **more}
