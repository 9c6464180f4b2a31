"""One complete order, from signing in to the companion's income: the requests that its people make.

The same steps as the local stack's demo plays over HTTP. Every play is another client with another day; the companions
are the same. What is read is what a mini program's pages would read, polling included.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.cost import Played
from benchmarks.meter import Act
from benchmarks.town import CITY, DEPARTMENT, HOSPITAL, Town, open_town, openid_of
from functions.shared import clock
from tests.harness.world import START, Person

CAMPUS = {"lat": 39.9124, "lng": 116.4159}
_CONSENTS = ("service_agreement", "privacy_policy", "sensitive_information")
_PATIENT = {
    "name": "王建国",
    "birth_date": "1956-05-04",
    "gender": "male",
    "id_number": "110101195605045536",
    "phone": "13800138000",
    "relation": "parent",
    "consents": [{"purpose": purpose, "document_version": "2026.1"} for purpose in _CONSENTS],
}
_REPORT = {
    "medical_advice": "按时服药，两周后复查血常规；如有发热随时就诊。",
    "medicines": [{"name": "卡培他滨片", "dosage": "1.0 g", "usage": "每日两次，饭后半小时内服用"}],
    "next_visit": "两周后到肿瘤内科门诊复诊，带上血常规结果。",
    "summary": "挂号、候诊、就诊、检查、取报告均已完成，医生的话已逐条记下。",
}
_JPEG = b"\xff\xd8\xff\xe0"
"""How a photo of a slip begins; the rest tells it from other orders' photos."""
STEP_MIN = 20
"""How long each milestone takes; a batch of positions comes with each."""
SOCKET_MIN = 240
"""How long the guest's page stays open."""
POLLS = 6
"""How often the client's page looks whether anything has changed."""


@dataclass
class Play:
    """Who takes part in one order, and what is known of it so far."""

    town: Town
    starts_at: datetime
    client: Person
    companion: Person
    order_id: str = ""
    visit_id: str = ""

    def as_client(self) -> Person:
        return self.town.world.renewed(self.client, "client")

    def as_companion(self) -> Person:
        return self.town.world.renewed(self.companion, "companion")


def measured_order(plays: int) -> tuple[Played, list[list[Act]]]:
    """The last of several plays in one warm process, and the acts of those between it and the first."""
    between: list[list[Act]] = []
    with open_town() as town:
        for number in range(plays - 1):
            play(town, number)
            between.append(town.take_acts())
        requests, authorizer_calls = town.http_requests, town.authorizer_calls
        events, timers = len(town.world.delivered), town.timers_set
        play(town, plays - 1)
        played = Played(
            acts=town.take_acts(),
            http_requests=town.http_requests - requests,
            authorizer_calls=town.authorizer_calls - authorizer_calls,
            events=len(town.world.delivered) - events,
            timers=town.timers_set - timers,
            socket_minutes=SOCKET_MIN,
        )
    return played, between[1:]


def play(town: Town, number: int) -> None:
    """Play order `number` (0, 1, …) to its end. Raises town.Unexpected at the first wrong answer."""
    day = START + timedelta(days=12 * number)
    town.world.travel.move_to(day, tick=False)
    this = Play(town, day + timedelta(days=2), client=_sign_in(town, f"o-client-{number}", "client"), companion=NOBODY)
    _book(this)
    _pay(this)
    _accept(this)
    _visit(this)
    _settle(this)


NOBODY = Person("", "")


def _sign_in(town: Town, openid: str, role: str) -> Person:
    code = town.control("wechat", "login-codes", openid=openid)["code"]
    session = town.call("POST", "/sessions/wechat", {"code": code, "as": role}, expect=201, key="")
    return Person(session["account_id"], session["access_token"])


def _book(this: Play) -> None:
    call = this.town.call
    call("GET", "/me", as_=this.client)
    patient = call("POST", "/patients", _PATIENT, as_=this.client, expect=201)
    call("GET", "/cities")
    call("GET", f"/hospitals?city={CITY}")
    call("GET", f"/hospitals/{HOSPITAL}")
    call("GET", f"/packages?hospital_id={HOSPITAL}")
    call("GET", "/special-requests")
    call("GET", "/insurance-options")
    wanted = {
        "patient_id": patient["patient_id"],
        "hospital_id": HOSPITAL,
        "department_id": DEPARTMENT,
        "package_id": "deep",
        "starts_at": this.starts_at.isoformat(),
        "special_requests": ["wheelchair"],
        "insurance": True,
    }
    quote = call("POST", "/quotes", wanted, as_=this.client, expect=201)
    quote_id = quote["quote_id"]
    call("GET", f"/quotes/{quote_id}", as_=this.client)
    candidates = call("GET", f"/quotes/{quote_id}/companions", as_=this.client)["items"]
    chosen = candidates[0]["companion_id"]
    call("GET", f"/companions/{chosen}", as_=this.client)
    placed = call("POST", "/orders", {"quote_id": quote_id, "companion_id": chosen}, as_=this.client, expect=201)
    this.order_id = placed["order_id"]
    this.visit_id = f"vis_{this.order_id.partition('_')[2]}"
    this.companion = Person(chosen, "")
    this.town.world.deliver()


def _pay(this: Play) -> None:
    call, order = this.town.call, f"/orders/{this.order_id}"
    started = call("POST", f"{order}/payments", {"method": "jsapi"}, as_=this.client, expect=201)
    this.town.control("pay", "pay", out_trade_no=started["payment_id"])
    this.town.pass_on_notification("/webhooks/wechat-pay/payments")
    this.town.world.deliver()
    call("GET", f"/payments/{started['payment_id']}", as_=this.client)
    call("GET", order, as_=this.client)
    call("GET", f"{order}/checklist", as_=this.client)
    call("GET", f"{order}/policy", as_=this.client)


def _accept(this: Play) -> None:
    call = this.town.call
    this.companion = _sign_in(this.town, openid_of(this.companion.subject), "companion")
    offers = call("GET", "/offers", as_=this.companion)["items"]
    offer_id = next(offer["offer_id"] for offer in offers if offer["state"] == "open")
    call("POST", f"/offers/{offer_id}/accept", as_=this.companion)
    this.town.world.deliver()
    call("GET", f"/orders/{this.order_id}/itinerary", as_=this.companion)
    call("GET", f"/orders/{this.order_id}", as_=this.client)
    call("GET", "/orders", as_=this.client)
    call("GET", "/notices", as_=this.client)
    shared = {"order_id": this.order_id, "scopes": ["progress", "position"], "expires_in_h": 72, "label": "妹妹"}
    granted = call("POST", "/guest-accesses", shared, as_=this.client, expect=201)
    _wait_until(this, this.starts_at - timedelta(days=1))
    call("POST", f"/orders/{this.order_id}/confirm", as_=this.as_companion())
    _wait_until(this, this.starts_at - timedelta(minutes=90))
    _watch(this, granted["token"])


def _wait_until(this: Play, moment: datetime) -> None:
    """With whatever falls due until then."""
    this.town.world.advance(seconds=(moment - clock.now()).total_seconds())


def _watch(this: Play, token: str) -> None:
    session = this.town.call("POST", "/sessions/guest", {"token": token}, expect=201, key="")
    guest = Person(session["account_id"], session["access_token"])
    context = {"connectionId": f"c-{this.order_id}", "requestId": this.order_id}
    this.town.live(
        {"requestContext": context | {"routeKey": "$connect"}, "queryStringParameters": {"token": guest.token}}
    )
    body = f'{{"action":"subscribe","visit_id":"{this.visit_id}"}}'
    this.town.live({"requestContext": context | {"routeKey": "$default"}, "body": body})


def _visit(this: Play) -> None:
    call, world = this.town.call, this.town.world
    visit = call("GET", f"/visits/{this.visit_id}", as_=this.as_companion())
    steps: list[dict[str, Any]] = visit["milestones"]
    for number, step in enumerate(steps):
        world.advance(minutes=STEP_MIN)
        by, path = this.as_companion(), f"/visits/{this.visit_id}"
        proof, variant = _proof(this, step, by), " (photo)" if step["check_in"] == "photo" else ""
        call("POST", f"{path}/milestones", {"code": step["code"], **proof}, as_=by, expect=201, variant=variant)
        if number < len(steps) - 1:
            _upload_positions(this, by)
        world.deliver()
        call("GET", path, as_=this.as_client())
        if number < len(steps) - 1:
            call("GET", f"{path}/position", as_=this.as_client())
    for _ in range(POLLS):
        call("GET", f"/visits/{this.visit_id}", as_=this.as_client())


def _proof(this: Play, step: dict[str, Any], companion: Person) -> dict[str, str]:
    """Check in or take the photo that the process wants of this step; what the milestone then refers to."""
    call, path = this.town.call, f"/visits/{this.visit_id}"
    if step["check_in"] == "geofence":
        check = {"node": step["code"], **CAMPUS, "accuracy_m": 15.0, "coordinates": "gcj02"}
        check["captured_at"] = clock.now().isoformat()
        call("POST", f"{path}/check-ins", check, as_=companion, expect=201)
    if step["check_in"] != "photo":
        return {}
    form = call("POST", f"{path}/uploads", {"content_type": "image/jpeg"}, as_=companion, expect=201)
    this.town.world.upload(form, _JPEG + f"{this.order_id} {step['code']}".encode())
    return {"photo_file_id": form["file_id"]}


def _upload_positions(this: Play, companion: Person) -> None:
    """A batch of points on the way."""
    points = [
        {"lat": 39.90 + n / 1000, "lng": 116.41, "accuracy_m": 20.0, "captured_at": clock.now().isoformat()}
        for n in range(1, 11)
    ]
    body = {"points": points, "coordinates": "gcj02"}
    this.town.call("POST", f"/visits/{this.visit_id}/positions", body, as_=companion, expect=201)


def _settle(this: Play) -> None:
    call, world = this.town.call, this.town.world
    call("POST", f"/visits/{this.visit_id}/report", _REPORT, as_=this.as_companion(), expect=201)
    world.deliver()
    call("GET", f"/visits/{this.visit_id}/report", as_=this.as_client())
    world.advance(days=8)
    companion = this.as_companion()
    call("GET", "/earnings", as_=companion)
    call("GET", f"/earnings/orders/{this.order_id}", as_=companion)
    call("GET", "/notices", as_=companion)
    finance = world.person("finance")
    call("GET", f"/orders/{this.order_id}/ledger", as_=finance)
    call("GET", "/ledger/trial-balance", as_=finance)
