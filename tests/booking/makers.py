"""A small town for booking: one hospital, a catalogue, some companions; and the steps of an order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from functions.booking import actions as booking
from functions.booking.actions import dispatch_rules
from functions.booking.rules.dispatch import DispatchPolicy, ModeRule
from functions.booking.rules.policy import Policy
from functions.companions.events import CompanionActivated, Serves
from functions.hospitals import actions as hospitals
from functions.insurance import actions as insurance
from functions.settlement.events import PaymentSucceeded
from functions.shared import clock, ids, table
from functions.shared.tx import Tx
from tests.harness.world import START, Person, Reply, World

HOSPITAL = "hos_first"
STARTS_AT = START + timedelta(days=2)
"""Wednesday 4 March 2026, 09:00 in China."""
DEEP_FEN, WHEELCHAIR_FEN, MEDICINE_FEN, PREMIUM_FEN = 32_000, 0, 2_000, 500


def commit(room: str, act: Callable[[Tx], Any]) -> Any:
    """Run one act in its own transaction, as an edge would."""
    tx = Tx(room, now=clock.now(), correlation_id="test")
    result = act(tx)
    tx.commit()
    table.forget_kept()
    return result


def put_town() -> None:
    """The directory and the catalogue."""
    commit("hospitals", partial(hospitals.put_city, code="110000", name="北京", tier="first"))
    put_hospital()
    commit("insurance", partial(insurance.put_product, **INSURANCE))
    for key in ("oncology", "general"):
        commit("booking", partial(booking.put_checklist, **_checklist(key)))
    commit("booking", partial(booking.put_process_template, **process_template()))
    for package in PACKAGES:
        commit("booking", partial(booking.put_package, **package))
    for request in SPECIAL_REQUESTS:
        commit("booking", partial(booking.put_special_request, **request))


def put_hospital(**oncology: Any) -> None:
    """The first hospital; `oncology` adds to what is said of that department."""
    hospital = _hospital()
    hospital["departments"][0] |= oncology
    commit("hospitals", partial(hospitals.put_hospital, **hospital))


def put_policy(**changed: Any) -> None:
    commit("booking", partial(booking.put_policy, policy=Policy(**changed)))


def put_dispatch_policy(*rules: ModeRule, **changed: Any) -> None:
    """Find companions by these rules, the first that holds; without any, one by one."""
    policy = DispatchPolicy(rules=rules, **changed)
    commit("booking", partial(dispatch_rules.put_dispatch_policy, policy=policy))


def _hospital() -> dict[str, Any]:
    site = {"address": "北京市东城区", "lat": 39.9124, "lng": 116.4159, "geofence_radius_m": 300}
    office = {"building": "门诊楼", "floor": "4F"}
    return {
        "id": HOSPITAL,
        "city": "110000",
        "name": "第一医院",
        "grade": "三级甲等",
        "campuses": [{"id": "east", "name": "东院", **site}, {"id": "west", "name": "西院", **site}],
        "departments": [
            {"id": "oncology", "name": "肿瘤内科", "campus_id": "east", "template": "oncology", **office},
            {"id": "dermatology", "name": "皮肤科", "campus_id": "west", "template": "general", **office},
        ],
    }


def _checklist(key: str) -> dict[str, Any]:
    return {"key": key, "name": f"{key} 清单", "items": [{"code": "id_card", "title": "身份证", "note": "原件"}]}


def process_template() -> dict[str, Any]:
    steps = (
        ("departed", "陪诊师已出发", "none", -60, 45),
        ("arrived", "已到达医院", "geofence", -15, 15),
        ("registering", "取号", "none", 0, 30),
        ("ended", "就诊结束", "geofence", 240, 0),
    )
    names = ("code", "title", "check_in", "offset_min", "duration_min")
    milestones = [dict(zip(names, step, strict=True)) | {"required": True} for step in steps]
    return {"id": "deep_visit", "name": "深度陪诊流程", "milestones": milestones}


def _package(id_: str, name: str, minutes: int, first_fen: int) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "summary": name,
        "duration_min": minutes,
        "includes": ["院内引路"],
        "included_special_requests": ["remote_family_sync"],
        "process_template": "deep_visit",
        "price_fen": {"first": first_fen, "second": first_fen - 4_000},
    }


PACKAGES = (_package("basic", "基础陪诊", 240, 22_000), _package("deep", "深度陪诊", 240, DEEP_FEN))
SPECIAL_REQUESTS: tuple[dict[str, Any], ...] = tuple(
    {"id": id_, "name": name, "summary": name, "price_fen": price_fen}
    for id_, name, price_fen in (
        ("wheelchair", "轮椅协助", WHEELCHAIR_FEN),
        ("medicine_pickup", "代取药", MEDICINE_FEN),
        ("remote_family_sync", "远程家属同步", 1_000),
    )
)

INSURANCE: dict[str, Any] = {
    "id": "anxin_visit",
    "name": "诊伴安心险",
    "insurer_id": "ins_demo",
    "premium_fen": PREMIUM_FEN,
    "wording_version": "2026.1",
    "summary": "保障一次陪诊",
    "perils": [{"code": "missed_appointment", "title": "误号", "limit_fen": 30_000}],
}


_SEQUENCE = count(1)
"""Each activation is newer than the one before."""


def activated(companion_id: str, **changed: Any) -> CompanionActivated:
    """What companions says of somebody who serves the oncology department of the first hospital."""
    facts: dict[str, Any] = {
        "companion_id": companion_id,
        "sequence": next(_SEQUENCE),
        "display_name": "林玉兰",
        "city": "110000",
        "tier": "senior",
        "gender": "female",
        "languages": ("mandarin",),
        "first_aid_certified": True,
        "serves": (Serves(hospital_id=HOSPITAL, department_ids=("oncology",)),),
        "rating_hundredths": 490,
        "completed_visits": 500,
        "cases_by_department": {"oncology": 200},
    }
    return CompanionActivated(**facts | changed)


@dataclass
class Town:
    """The town, a client with a patient, and the acts of people in it."""

    world: World
    client: Person
    patient_id: str

    def companion(self, **changed: Any) -> Person:
        """An active companion, the best rated one unless told otherwise."""
        person = self.world.person("companion")
        self.world.publish(activated(person.subject, **changed))
        return person

    def quote_body(self, **changed: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "patient_id": self.patient_id,
            "hospital_id": HOSPITAL,
            "department_id": "oncology",
            "package_id": "deep",
            "starts_at": STARTS_AT.isoformat(),
            "special_requests": ["wheelchair", "medicine_pickup"],
        }
        return body | changed

    def quote(self, *, by: Person | None = None, **changed: Any) -> dict[str, Any]:
        reply = self.world.post("/quotes", self.quote_body(**changed), as_=by or self.client)
        assert reply.status == 201, reply.body
        return dict(reply.body)

    def matches(self, quote_id: str, query: str = "") -> Reply:
        return self.world.get(f"/quotes/{quote_id}/companions{query}", as_=self.client)

    def order(self, companion: Person, *, quote_id: str | None = None, **more: Any) -> dict[str, Any]:
        """An order that waits for its payment."""
        reply = self.try_order(companion, quote_id=quote_id, **more)
        assert reply.status == 201, reply.body
        self.world.deliver()
        return dict(reply.body)

    def try_order(self, companion: Person, *, quote_id: str | None = None, **more: Any) -> Reply:
        body = {"quote_id": quote_id or self.quote()["quote_id"], "companion_id": companion.subject, **more}
        return self.world.post("/orders", body, as_=self.client)

    def pay(self, order: Mapping[str, Any], *, payment_id: str | None = None) -> None:
        self.world.publish(self.payment_of(order, payment_id=payment_id))

    def payment_of(self, order: Mapping[str, Any], *, payment_id: str | None = None) -> PaymentSucceeded:
        return PaymentSucceeded(
            payment_id=payment_id or ids.derived("pay", order["order_id"]),
            order_id=order["order_id"],
            client_id=order["client_id"],
            amount_fen=order["price"]["total_fen"],
            paid_at=clock.now(),
        )

    def paid_order(self, companion: Person, **more: Any) -> dict[str, Any]:
        """An order that was offered to its companion."""
        order = self.order(companion, **more)
        self.pay(order)
        return order

    def assigned_order(self, companion: Person, **more: Any) -> dict[str, Any]:
        """An order that its companion took."""
        order = self.paid_order(companion, **more)
        assert self.accept(companion).status == 200
        self.world.deliver()
        return order

    def offers(self, companion: Person) -> list[dict[str, Any]]:
        reply = self.world.get("/offers", as_=self.world.renewed(companion, "companion"))
        return list(reply.body["items"])

    def open_offer(self, companion: Person) -> str:
        """The id of the companion's only open offer."""
        (offer,) = [offer for offer in self.offers(companion) if offer["state"] == "open"]
        return str(offer["offer_id"])

    def accept(self, companion: Person) -> Reply:
        offer_id = self.open_offer(companion)
        return self.world.post(f"/offers/{offer_id}/accept", as_=self.world.renewed(companion, "companion"))

    def decline(self, companion: Person, note: str = "当天有事") -> Reply:
        offer_id = self.open_offer(companion)
        as_ = self.world.renewed(companion, "companion")
        reply = self.world.post(f"/offers/{offer_id}/decline", {"reason": "other", "note": note}, as_=as_)
        self.world.deliver()
        return reply

    def state(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The order as its client sees it now."""
        as_ = self.world.renewed(self.client, "client")
        return dict(self.world.get(f"/orders/{order['order_id']}", as_=as_).body)

    def bookings(self, companion: Person, at: datetime = STARTS_AT) -> Sequence[str]:
        """The orders in a companion's day."""
        from functions.booking import table as rows

        service_date = clock.service_date(at)
        loaded = rows.load([rows.day_key(companion.subject, service_date)])
        return [booking.order_id for booking in loaded.day(companion.subject, service_date).bookings]


def add_patient(world: World, client: Person) -> str:
    """An adult patient of this client, with the consents that are needed."""
    purposes = ("service_agreement", "privacy_policy", "sensitive_information")
    body = {
        "name": "王建国",
        "birth_date": "1956-05-04",
        "gender": "male",
        "relation": "parent",
        "consents": [{"purpose": purpose, "document_version": "2026.1"} for purpose in purposes],
    }
    reply = world.post("/patients", body, as_=client)
    assert reply.status == 201, reply.body
    return str(reply.body["patient_id"])


def town_of(world: World) -> Town:
    """A fresh town; only booking listens to the bus."""
    world.rooms = ("booking",)
    put_town()
    client = world.person("client")
    return Town(world, client, add_patient(world, client))
