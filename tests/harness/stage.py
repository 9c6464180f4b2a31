"""The whole product and its stand-ins in one process: a stage for the stories, without a deployed stack.

The clock is frozen: time passes only while the story waits, and what falls due then happens. The stand-ins are the real
ones, over loopback; what WeChat Pay sends us comes in through a small server of its own.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from functions.shared import aws
from functions.shared.config import config
from infra.local import seeding
from infra.local.demo_stage import Answer, HttpHost, Stage, Story
from infra.local.standins.keys import WeChatKeys
from infra.local.standins.pay import Pace
from infra.local.standins.together import start
from tests.harness.world import Person, World

FIRST_BATCHES = 3
REAL_S, PASSED_S = 0.02, 0.5
"""While the story waits: how long it really sleeps, and how much time passes in the world."""


class Inside:
    """The API as the story calls it, one call at a time: moto has no thread safety."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lock = threading.RLock()

    def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "", quiet: bool = False
    ) -> Answer:
        person = Person("", token) if token else None
        with self.lock:
            reply = self._world.request(method, path, body, as_=person, key=key or None)
        return Answer(reply.status, reply.body, {name.lower(): value for name, value in reply.headers.items()})

    def upload(self, form: Mapping[str, Any], content: bytes) -> None:
        """To moto's bucket."""
        with self.lock:
            self._world.upload(dict(form), content)

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, bytes]:
        """A call that comes in from a stand-in."""
        with self.lock:
            reply = self._world.request("POST", path, headers=headers, raw=raw, key="")
        return reply.status, json.dumps(reply.body, ensure_ascii=False).encode()

    def pass_time(self, seconds: float) -> None:
        """Let others act, then let a little time pass."""
        time.sleep(REAL_S)
        with self.lock:
            self._world.advance(seconds=PASSED_S)


@contextmanager
def open_stage(world: World, folder: Path) -> Iterator[Stage]:
    """The seeded world with its stand-ins; the story is not told."""
    standins = start(folder / "standins", pace=Pace(retry_scale=0.01, refund_delay_s=0.05))
    inside = Inside(world)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _entrance(inside))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        urls = {name: running.url for name, running in standins.items()}
        _configure(folder / "standins", urls, notify=f"http://127.0.0.1:{server.server_address[1]}")
        facts = {"standins": urls, "standins_folder": str(folder / "standins")}
        for batch in batches(folder, facts):
            seeding.write(batch)
        world.deliver()
        story = Story(lambda _: None)
        hosts = {name: HttpHost(name, url, story) for name, url in urls.items()}
        yield Stage(
            story=story,
            api=inside,
            wechat=hosts["wechat"],
            pay=hosts["pay"],
            insurer=hosts["insurer"],
            pass_time=inside.pass_time,
            late_notice_s=0,
            patience_s=120,
        )
    finally:
        server.shutdown()
        server.server_close()
        for running in standins.values():
            running.stop()


def batches(folder: Path, facts: dict[str, Any]) -> list[seeding.Batch]:
    """The seed with the first city's companions only: more of them would only take time."""
    first = {batch.name for batch in list(seeding.companion_batches())[:FIRST_BATCHES]}
    return [
        batch
        for batch in seeding.all_batches(folder, facts)
        if not batch.name.startswith("companions-") or batch.name in first
    ]


def _configure(keys_folder: Path, urls: dict[str, str], *, notify: str) -> None:
    """What `make up` writes for the functions, with these addresses."""
    made = json.loads((keys_folder / "keys.json").read_text(encoding="utf-8"))
    pay = made["wechat_pay"]
    _put_secret(
        "wechat-mini", {**WeChatKeys(**made["wechat"]).as_secret(), "base_url": urls["wechat"], "templates": {}}
    )
    _put_secret(
        "wechat-pay",
        {
            "app_id": made["wechat"]["app_id"],
            "merchant_id": pay["merchant_id"],
            "certificate_serial": pay["certificate_serial"],
            "api_v3_key": pay["apiv3_key"],
            "private_key_pem": (keys_folder / pay["merchant_private_key_file"]).read_text(encoding="utf-8"),
            "public_key_pem": (keys_folder / pay["platform_public_key_file"]).read_text(encoding="utf-8"),
            "public_key_id": pay["platform_public_key_id"],
            "base_url": urls["pay"],
        },
    )
    value = json.dumps({"api": notify, "live": "ws://live.test", "pay_notify": notify})
    aws.client("ssm").put_parameter(
        Name=config().parameter_name("public-urls"), Value=value, Type="String", Overwrite=True
    )
    os.environ["WEBHOOK_ALLOWED_HOSTS"] = urls["insurer"].removeprefix("http://")
    aws.forget_settings()


def _put_secret(name: str, value: Any) -> None:
    client, secret_id, text = aws.client("secretsmanager"), config().secret_name(name), json.dumps(value)
    try:
        client.create_secret(Name=secret_id, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=secret_id, SecretString=text)


def _entrance(inside: Inside) -> type[BaseHTTPRequestHandler]:
    class Entrance(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = inside.take(self.path, dict(self.headers.items()), raw)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence: what matters is asserted."""

    return Entrance
