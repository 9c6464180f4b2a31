"""The product in one process with its seed and stand-ins, everything that happens in it metered.

moto stands for AWS; WeChat, WeChat Pay and the insurer are the stand-ins of the local stack, on loopback. Their answers
take time of their own, so the meter keeps time inside calls apart.
"""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import urllib3
import yaml
from flask import Flask, Response, request

from benchmarks.meter import Act, Meter
from benchmarks.prices import AUTHORIZER_CACHE_S
from functions.accounts.actions import seeding as accounts
from functions.booking import actions as booking
from functions.companions import actions as companions
from functions.hospitals import actions as hospitals
from functions.insurance import actions as insurance
from functions.shared import aws, clock, table
from functions.shared.config import config
from functions.shared.consumer import Subscriptions
from functions.shared.http import Route
from functions.shared.tx import Tx
from infra.local.standins.pay import Pace
from infra.local.standins.serving import serve
from infra.local.standins.together import start
from tests.harness.world import Person, World, open_world, put_secret
from tests.tracking.sockets_server import serve_sockets

_SEED = Path(__file__).parents[1] / "infra" / "local" / "seed"
HOSPITAL, DEPARTMENT, CITY = "hos_pumch", "oncology", "110000"
_WAIT_S = 10.0
_KEPT_FOREVER_S = 1e9
"""Kept rows do not age here: on a busy platform a warm process has read them within the minute."""
_FAST = Pace(retry_scale=0.001, refund_delay_s=0.01)


class Unexpected(Exception):
    """A step of the order was answered otherwise than it should be."""


@dataclass
class Town:
    """What the played order needs."""

    world: World
    meter: Meter
    standins: Mapping[str, str]
    """Base URL by name: wechat, pay, insurer."""
    notifications: list[tuple[dict[str, str], bytes]]
    """What WeChat Pay has sent us and nobody has passed on yet."""
    routes: list[tuple[Route, re.Pattern[str]]]
    http_requests: int = 0
    timers_seen: list[str] = field(default_factory=list)
    tokens_seen: dict[str, float] = field(default_factory=dict)
    authorizer_calls: int = 0

    @property
    def timers_set(self) -> int:
        """How many timers were ever scheduled."""
        return len(self.timers_seen)

    def take_acts(self) -> list[Act]:
        """The acts since the last time."""
        taken, self.meter.acts[:] = list(self.meter.acts), []
        return taken

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: Person | None = None,
        expect: int = 200,
        variant: str = "",
        **more: Any,
    ) -> Any:
        """A metered request; its body. Raises Unexpected for another status.

        `variant` keeps requests apart which the same endpoint answers in different ways.
        """
        route = self._route(method, path)
        self._count_authorizer(as_)
        with self.meter.act(f"{method} {route.path}{variant}", kind="request", room=route.room):
            reply = self.world.request(method, path, body, as_=as_, **more)
        self.http_requests += 1
        if reply.status != expect:
            raise Unexpected(f"{method} {path}: {reply.status} {json.dumps(reply.body, ensure_ascii=False)}")
        return reply.body

    def control(self, standin: str, path: str, **body: Any) -> dict[str, Any]:
        """Have a stand-in do something, as its page would."""
        answer = urllib3.request("POST", f"{self.standins[standin]}/_control/{path}", json=body, retries=False)
        if answer.status != 200:
            raise Unexpected(f"{standin} {path}: {answer.status} {answer.data.decode()}")
        content: dict[str, Any] = answer.json()
        return content

    def pass_on_notification(self, path: str) -> None:
        """Hand the next notification of WeChat Pay to the API."""
        deadline = time.perf_counter() + _WAIT_S
        while not self.notifications:
            if time.perf_counter() > deadline:
                raise Unexpected("WeChat Pay sent no notification")
            time.sleep(0.005)
        headers, raw = self.notifications.pop(0)
        kept = {
            name: value for name, value in headers.items() if name.lower().startswith(("wechatpay", "content-type"))
        }
        self.call("POST", path, raw=raw, headers=kept, key="")

    def live(self, event: dict[str, Any]) -> None:
        """A metered call of the WebSocket function."""
        name = event["requestContext"]["routeKey"]
        with self.meter.act(f"socket {name}", kind="socket", room="live"):
            status = import_module("functions.tracking.live").live(event, None)
        if status["statusCode"] != 200:
            raise Unexpected(f"socket {name}: {status}")

    def _route(self, method: str, path: str) -> Route:
        bare = path.partition("?")[0]
        return next(route for route, pattern in self.routes if route.method == method and pattern.fullmatch(bare))

    def _count_authorizer(self, person: Person | None) -> None:
        """API Gateway asks the authorizer once per token and five minutes."""
        if person is None:
            return
        now = clock.now().timestamp()
        if self.tokens_seen.get(person.token, 0.0) + AUTHORIZER_CACHE_S <= now:
            self.tokens_seen[person.token] = now
            self.authorizer_calls += 1


@contextmanager
def open_town() -> Iterator[Town]:
    """A fresh town; the environment must say STAGE and a region before the product is imported."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world = stack.enter_context(open_world())
        meter = stack.enter_context(Meter().running())
        running = start(state, pace=_FAST)
        for server in running.values():
            stack.callback(server.stop)
        notifications: list[tuple[dict[str, str], bytes]] = []
        merchant = serve(_merchant(notifications))
        stack.callback(merchant.stop)
        urls = {name: server.url for name, server in running.items()}
        sockets = stack.enter_context(serve_sockets())
        stack.enter_context(patch.dict(os.environ, _environment(urls, sockets.url)))
        stack.enter_context(patch.object(table, "_KEEP_S", _KEPT_FOREVER_S))
        stack.enter_context(patch.object(Subscriptions, "handle", metered_handle(meter)))
        timers: list[str] = []
        stack.enter_context(patch.object(World, "_fresh_outbox_rows", _taking_outbox_rows(timers)))
        put_provider_settings(state, urls, merchant.url)
        seed()
        world.deliver()
        table.forget_kept()
        meter.acts.clear()
        yield Town(world, meter, urls, notifications, _routes(), timers_seen=timers)


def _environment(urls: Mapping[str, str], live_url: str) -> dict[str, str]:
    return {
        "LIVE_ENDPOINT": live_url,
        "WEBHOOK_ALLOWED_HOSTS": urls["insurer"].removeprefix("http://"),
    }


def _merchant(received: list[tuple[dict[str, str], bytes]]) -> Flask:
    """Where WeChat Pay's notifications arrive: moto is not safe for threads, so they wait for the one that plays."""
    app = Flask("merchant")

    @app.post("/<path:_>")
    def take(_: str) -> Response:
        received.append((dict(request.headers.items()), request.get_data()))
        return Response(status=204)

    return app


def _routes() -> list[tuple[Route, re.Pattern[str]]]:
    modules = [import_module(name) for name in import_module("app").MODULES.values()]
    declared = [route for module in modules if hasattr(module, "routes") for route in module.routes.declared]
    # Fixed paths first: `/sessions/current` before `/sessions/{id}`.
    declared.sort(key=lambda route: route.path.count("{"))
    return [(route, re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))) for route in declared]


def metered_handle(meter: Meter) -> Callable[[Subscriptions, dict[str, Any]], Any]:
    """In place of `Subscriptions.handle`: every delivery is an act of its own."""
    original = Subscriptions.handle

    def handle(self: Subscriptions, raw: dict[str, Any]) -> Any:
        kind, name = _delivered(raw)
        with meter.act(f"{self.room} ← {name}", kind=kind, room=f"{self.room}_events"):
            return original(self, raw)

    return handle


def _delivered(raw: dict[str, Any]) -> tuple[str, str]:
    """An event's, a timer's or a workflow step's kind of act, and its name."""
    if "detail-type" in raw:
        return "event", raw["detail-type"]
    if "step" in raw:
        return "step", f"step {raw['step']}"
    return "timer", f"timer {raw['kind']}"


def _taking_outbox_rows(timers: list[str]) -> Callable[[World], list[dict[str, str]]]:
    """Rows are removed as they are read, for scanning a long outbox is slow in moto; those of timers are noted."""
    read = World._fresh_outbox_rows

    def take(world: World) -> list[dict[str, str]]:
        rows = read(world)
        client, name = aws.client("dynamodb"), config().table_name("outbox")
        for row in rows:
            client.delete_item(TableName=name, Key={"pk": {"S": row["pk"]}})
        timers.extend(row["pk"] for row in rows if row["name"] == "timer")
        return rows

    return take


def put_provider_settings(state: Path, urls: Mapping[str, str], notify_base: str) -> None:
    """The secrets and parameters that the functions read, with the stand-ins' keys."""
    made = json.loads((state / "keys.json").read_text(encoding="utf-8"))
    pay, mini = made["wechat_pay"], made["wechat"]
    templates = {template["code"]: f"local-{template['code']}" for template in _listed("notice_templates")}
    aws.client("secretsmanager").put_secret_value(
        SecretId=config().secret_name("wechat-mini"),
        SecretString=json.dumps({**mini, "base_url": urls["wechat"], "templates": templates}),
    )
    private_key = (state / pay["merchant_private_key_file"]).read_text(encoding="utf-8")
    public_key = (state / pay["platform_public_key_file"]).read_text(encoding="utf-8")
    put_secret(
        "wechat-pay",
        {
            "app_id": mini["app_id"],
            "merchant_id": pay["merchant_id"],
            "certificate_serial": pay["certificate_serial"],
            "private_key_pem": private_key,
            "api_v3_key": pay["apiv3_key"],
            "public_key_id": pay["platform_public_key_id"],
            "public_key_pem": public_key,
            "base_url": urls["pay"],
        },
    )
    aws.client("ssm").put_parameter(
        Name=config().parameter_name("public-urls"),
        Value=json.dumps({"api": notify_base, "live": "ws://live.test", "pay_notify": notify_base}),
        Overwrite=True,
    )
    aws.forget_settings()
    seed_endpoint(urls["insurer"], made["insurer"]["webhook_secret"])


def seed_endpoint(insurer_url: str, secret: str) -> None:
    """Where the insurer wants to hear of its policies."""
    _put(
        "insurance",
        insurance.put_endpoint,
        endpoint_id="end_bench",
        insurer_id=_listed("insurance_products")[0]["insurer_id"],
        url=f"{insurer_url}/webhooks",
        event_types=["policy.issued"],
        secret=secret,
    )


_SEEDED: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("hospitals", "cities", hospitals.put_city),
    ("hospitals", "hospitals", hospitals.put_hospital),
    ("booking", "process_templates", booking.put_process_template),
    ("booking", "checklists", booking.put_checklist),
    ("booking", "packages", booking.put_package),
    ("booking", "special_requests", booking.put_special_request),
    ("insurance", "insurance_products", insurance.put_product),
    ("accounts", "notice_templates", accounts.put_notice_template),
    ("companions", "companions", companions.put_companion),
)
"""Room, file and action, in the order in which they need each other."""


def seed() -> None:
    """The local stack's seed, as far as the order touches it: moto copies its tables for every transaction."""
    for room, name, put in _SEEDED:
        for entry in _listed(name):
            if _is_needed(name, entry):
                _put(room, put, **entry)
    for companion in _listed("companions"):
        if _is_needed("companions", companion):
            linked = companion["id"]
            _put("accounts", accounts.link_companion, companion_id=linked, openid=openid_of(linked))


def _is_needed(name: str, entry: Mapping[str, Any]) -> bool:
    if name == "hospitals":
        return bool(entry["id"] == HOSPITAL)
    if name == "companions":
        return any(it["hospital_id"] == HOSPITAL and DEPARTMENT in it["department_ids"] for it in entry["serves"])
    return True


def openid_of(companion_id: str) -> str:
    """The WeChat user that a seeded companion signs in as."""
    return f"o-{companion_id}"


def _listed(name: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = yaml.safe_load((_SEED / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def _put(room: str, put: Callable[..., Any], **what: Any) -> None:
    tx = Tx(room, now=clock.now(), correlation_id="seed")
    put(tx, **what)
    tx.commit()
