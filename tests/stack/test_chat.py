"""A conversation on the deployed stack: three parties at once, lost connections, WeChat's checks (F12)."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Live, Stage, Story, expect
from infra.local.demo_visit import visit_path
from infra.local.standins.wechat.rules import RISKY
from tests.stack.running import Stack

MESSAGES = 8
"""Of each party."""
JPEG = b"\xff\xd8\xff\xe0" + bytes(60) + b"\xff\xd9"
_RESENDS = 20


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def order(stage: Stage) -> Order:
    client = demo_order.sign_in_client(stage, told=False)
    placed = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.start_payment(stage, placed, quiet=True)
    demo_order.pay_at_provider(stage, placed, quiet=True)
    return placed


@pytest.fixture(scope="module")
def companion(stage: Stage, order: Order) -> Person:
    taken_by = demo_order.accept(stage, order)
    path = visit_path(order)
    stage.wait_for(
        lambda: stage.api.request("GET", path, token=taken_by.token, quiet=True).status == 200 or None, "no visit"
    )
    return taken_by


def admit(stage: Stage, order: Order) -> Person:
    body = {"order_id": order.id, "scopes": ["progress", "chat"], "expires_in_h": 24, "label": "妹妹"}
    access = expect(stage.api.request("POST", "/guest-accesses", body, token=order.client.token), 201, "the pass")
    session = expect(stage.api.request("POST", "/sessions/guest", {"token": access["token"]}), 201, "the guest")
    return Person(session["account_id"], session["access_token"])


@dataclass
class Phone:
    """One party's app: it writes, loses its connection now and then, and keeps what it has seen."""

    stage: Stage
    path: str
    person: Person
    name: str
    seen: dict[int, str | None] = field(default_factory=dict)
    dropped: int = 0

    def talk(self) -> None:
        """Send every message until an answer came; some answers are lost on the way."""
        chance = random.Random(self.name)
        for number in range(MESSAGES):
            self.send(f"{self.name} {number}", f"{self.name}-{number:04d}", chance)

    def send(self, text: str, message_id: str, chance: random.Random) -> None:
        body = {"message_id": message_id, "kind": "text", "text": text}
        url, headers = f"{self.stage.api._base}{self.path}/messages", {"Authorization": f"Bearer {self.person.token}"}  # type: ignore[attr-defined]
        for _ in range(_RESENDS):
            patience_s = chance.choice((0.05, 0.3, 20.0))
            try:
                answer = urllib3.request("POST", url, json=body, headers=headers, timeout=patience_s, retries=False)
            except urllib3.exceptions.HTTPError:
                self.dropped += 1
                continue
            if answer.status == 201:
                return
            assert answer.status in (409, 503, 504), answer.data
            time.sleep(0.2)
        raise AssertionError(f"{message_id} was never taken")

    def watch(self, until: threading.Event) -> None:
        """Follow on sockets that break after a while; after each, ask for what came since."""
        while not until.is_set():
            live = Live(self.stage.live_url, self.person.token)
            live.send({"action": "subscribe", "visit_id": self.path.rpartition("/")[2], "after_sequence": 0})
            until.wait(2.5)
            live.close()
            for told in live.of("message.published"):
                self._keep(told["entry"])
            self.catch_up()

    def catch_up(self) -> None:
        """The history after the last number without a gap before it."""
        whole = next(number for number in range(len(self.seen) + 1) if number + 1 not in self.seen)
        for entry in self.history(f"?after_sequence={whole}&limit=100"):
            self._keep(entry)

    def history(self, query: str = "?limit=100") -> list[dict[str, Any]]:
        answer = self.stage.api.request("GET", f"{self.path}/messages{query}", token=self.person.token, quiet=True)
        items: list[dict[str, Any]] = expect(answer, 200, "the history")["items"]
        return items

    def _keep(self, entry: dict[str, Any]) -> None:
        known = self.seen.setdefault(entry["sequence"], entry["text"])
        assert known == entry["text"], "one number stands for one thing"


@pytest.mark.feature("F12")
def test_three_who_write_at_once_and_lose_connections_see_the_same_once_and_in_order(
    stage: Stage, order: Order, companion: Person
) -> None:
    people = {"client": order.client, "companion": companion, "guest": admit(stage, order)}
    phones = [Phone(stage, visit_path(order), person, name) for name, person in people.items()]
    over = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        watching = [pool.submit(phone.watch, over) for phone in phones]
        for talking in [pool.submit(phone.talk) for phone in phones]:
            talking.result()
        wanted = {f"{name} {number}" for name in people for number in range(MESSAGES)}
        stage.wait_for(
            lambda: wanted <= {entry["text"] for entry in phones[0].history()} or None,
            "not every message was shown",
            patience_s=60,
        )
        over.set()
        for each in watching:
            each.result()
    shown = phones[0].history()
    texts = [entry["text"] for entry in shown if entry["text"]]
    assert sorted(texts) == sorted(wanted), "nothing lost, nothing doubled"
    assert [entry["sequence"] for entry in shown] == list(range(1, len(shown) + 1))
    for phone in phones:
        own = [text for text in texts if text.startswith(f"{phone.name} ")]
        assert own == [f"{phone.name} {number}" for number in range(MESSAGES)], "one's own order is kept"
        phone.catch_up()
        assert phone.seen == {entry["sequence"]: entry["text"] for entry in shown}
    assert any(phone.dropped for phone in phones), "connections were lost"


@pytest.mark.feature("F12")
@pytest.mark.feature("B17")
def test_words_and_pictures_are_judged_by_wechat_before_others_see_them(
    stage: Stage, order: Order, companion: Person
) -> None:
    phone = Phone(stage, visit_path(order), companion, "companion")
    before = stage.wait_for(lambda: len(phone.history()) or None, "the conversation has not begun")
    path, token = f"{phone.path}/messages", order.client.token
    forbidden = {"message_id": "forbidden-1", "kind": "text", "text": f"可以{RISKY[0]}吗"}
    assert stage.api.request("POST", path, forbidden, token=token).status == 201
    for name, suggest in (("good", "pass"), ("bad", "risky")):
        expect(stage.wechat.request("POST", "/_control/media-verdicts", {"suggest": suggest}), 200, "the verdict")
        leave = stage.api.request("POST", f"{phone.path}/message-uploads", {"content_type": "image/jpeg"}, token=token)
        form = expect(leave, 201, "the leave to upload")
        stage.api.upload(form, JPEG + name.encode())
        body = {"message_id": f"picture-{name}", "kind": "picture", "file_id": form["file_id"]}
        assert stage.api.request("POST", path, body, token=token).status == 201
        state = "published" if suggest == "pass" else "refused"

        def is_settled(name: str = name, state: str = state) -> bool | None:
            answer = stage.api.request("GET", f"{path}/picture-{name}", token=token, quiet=True)
            return answer.body["state"] == state or None

        stage.wait_for(is_settled, f"the {name} picture is not {state}", patience_s=60)
    new = phone.history(f"?after_sequence={before}")
    assert [entry["kind"] for entry in new] == ["picture"]
    media_path = f"{phone.path}/entries/{new[0]['sequence']}/media"
    link = expect(stage.api.request("GET", media_path, token=companion.token), 200, "the link")
    assert urllib3.request("GET", link["url"]).data == JPEG + b"good"
    own = stage.api.request("GET", f"{path}/forbidden-1", token=token)
    assert own.body["state"] == "refused"
