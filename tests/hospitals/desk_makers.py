"""A hospital's emergency desk with a real server that verifies our messages, and everybody who is told beside it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from standardwebhooks import Webhook

from functions.accounts import actions as accounts
from functions.accounts.rules.policy import Policy
from functions.hospitals import actions as hospitals
from functions.shared.tx import Tx
from tests.accounts.makers import commit
from tests.harness.seeds import seeded
from tests.harness.world import Person, Reply, World
from tests.tracking.makers import VisitScene, visit_scene

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOSPITAL = "hos_pumch"
ON_DUTY = ("stf_agent", "stf_agent_2")


@dataclass
class Receiver:
    """What a desk's system took; `answers` are the statuses of the next answers, `silent` lets it hang."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    silent: bool = False
    released: Event = field(default_factory=Event)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server over loopback that takes only what is signed with SECRET."""
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if taken.silent:
                taken.released.wait(20)
            status = taken.answers.pop(0) if taken.answers else 200
            if status == 200:
                headers = {name.lower(): value for name, value in self.headers.items()}
                Webhook(SECRET).verify(raw, headers)
                taken.messages.append(json.loads(raw))
                taken.ids.append(headers["webhook-id"])
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silence: what matters is asserted."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    taken.url = f"http://127.0.0.1:{server.server_address[1]}/desk"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield taken
    finally:
        taken.released.set()
        server.shutdown()
        server.server_close()


def contact(number: int, url: str | None) -> dict[str, Any]:
    """The nth line of a desk's list."""
    return {
        "contact_id": f"contact_{number}",
        "title": f"值班{number}",
        "phone": f"010-0000{number:04d}",
        "url": url,
        "secret": SECRET if url else None,
    }


@dataclass
class HelpScene:
    """A scheduled visit, its hospital's desk, and staff on duty."""

    world: World
    visit: VisitScene
    desk: Receiver

    @property
    def path(self) -> str:
        return f"{self.visit.path}/emergency-calls"

    @property
    def hospital(self) -> Person:
        return self.world.person("hospital", subject=HOSPITAL)

    def put_desk(self, urls: Sequence[str | None], **changed: Any) -> None:
        contacts = [contact(number, url) for number, url in enumerate(urls, 1)]
        commit("hospitals", lambda tx: hospitals.put_desk(tx, hospital_id=HOSPITAL, contacts=contacts, **changed))

    def press(self, as_: Person | None = None, body: dict[str, Any] | None = None, **options: Any) -> Reply:
        """The one tap."""
        return self.world.post(self.path, body or {}, as_=as_ or self.visit.companion, **options)

    def called(self, **options: Any) -> dict[str, Any]:
        """A call that went out, and everything that follows at once; the call as it then is."""
        reply = self.press(**options)
        assert reply.status == 201, reply.body
        self.world.deliver()
        return self.seen(reply.body["call_id"])

    def seen(self, call_id: str, as_: Person | None = None) -> dict[str, Any]:
        self.visit.renew()
        reply = self.world.get(f"{self.path}/{call_id}", as_=as_ or self.visit.companion)
        assert reply.status == 200, reply.body
        return dict(reply.body)

    def step(self, call_id: str, step: str, as_: Person | None = None, hospital_id: str = HOSPITAL) -> Reply:
        path = f"/emergency-desks/{hospital_id}/calls/{call_id}/{step}"
        return self.world.post(path, as_=as_ or self.hospital)

    def notices(self, account_id: str) -> list[str]:
        """The codes of an emergency's notices in somebody's inbox, newest first."""
        reply = self.world.get("/notices", as_=self.world.person("client", subject=account_id))
        return [each["code"] for each in reply.body["items"] if each["code"].startswith("emergency_")]


def outcomes(call: dict[str, Any]) -> dict[str, str]:
    """Who was reached, by recipient."""
    return {each["recipient"]: each["outcome"] for each in call["reached"]}


def ways(call: dict[str, Any], recipient: str) -> list[tuple[str, str, str]]:
    """Channel, contact and outcome of everything that was tried for one recipient."""
    (found,) = [each for each in call["reached"] if each["recipient"] == recipient]
    return [(way["channel"], way["title"], way["outcome"]) for way in found["ways"]]


def put_templates(tx: Tx) -> None:
    """An emergency's notices as the product has them; the others that a visit leads to tell nothing."""
    for row in seeded("notice_templates"):
        if row["code"].startswith("emergency_"):
            accounts.put_notice_template(tx, **row)
    for code in ("order_assigned", "order_unassigned", "visit_started", "visit_ended", "order_closed_no_companion"):
        accounts.put_notice_template(tx, code=code, audience="client", title="通知标题", body="通知正文")


def help_scene(world: World, desk: Receiver) -> HelpScene:
    """Two of staff on duty, a desk with two contacts of which both take messages, and a visit in two hours."""
    world.rooms = ("tracking", "hospitals", "accounts")
    commit("accounts", put_templates)
    commit("accounts", lambda tx: accounts.put_policy(tx, Policy(duty_staff_ids=ON_DUTY)))
    scene = HelpScene(world, visit_scene(world), desk)
    scene.put_desk([desk.url, desk.url])
    return scene
