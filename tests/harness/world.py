"""The whole product in one process, on moto: HTTP through Chalice's test client, events pumped by hand.

    def test_something(world):
        client = world.sign_in("client")
        reply = world.post("/quotes", {...}, as_=client)
        assert reply.status == 201
        world.deliver()                     # outbox -> every room's events function, until nothing is left
        world.advance(minutes=6)            # moves the clock and fires the timers that came due

moto is one process without threads, IAM or a scheduler: races, permissions and real timers are tested on the local
stack.
"""

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import time_machine
import yaml
from chalice.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from moto import mock_aws
from moto.kms import models as moto_kms

from functions.shared import aws, clock, crypto, ids, table
from functions.shared.config import config
from functions.shared.events import Timer
from functions.shared.tokens import ISSUER
from tests.harness.moto_shortcut import short_way_to_rows
from tests.harness.moto_transactions import rows_put_back
from tests.harness.workflows import Workflows

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday 2 March 2026, 09:00 in China."""
moto_kms.generate_private_key = cache(moto_kms.generate_private_key)  # type: ignore[attr-defined]
"""moto makes an RSA pair even for a symmetric key, which would be half of what it takes to open a world."""
_IN_UTC = re.compile(r'"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"')
_TABLES = Path(__file__).parents[2] / "infra" / "tables.yaml"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, decoded."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The problem's code, or an empty string."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    subject: str
    token: str


@dataclass
class World:
    """What a test holds: the API, the clock, the bus."""

    travel: Any
    key: ECKey
    http: Any
    delivered: list[dict[str, Any]] = field(default_factory=list)
    """Every bus event so far, in the form that a Lambda function receives."""
    timers: dict[str, Timer] = field(default_factory=dict)
    """Timers that were scheduled and have not fired, by id."""
    rooms: tuple[str, ...] = (
        "accounts",
        "companions",
        "hospitals",
        "booking",
        "tracking",
        "care",
        "settlement",
        "insurance",
        "support",
    )
    """Who listens to the bus; a test of one room's events may narrow it to that room."""
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.workflows = Workflows(self._call_for_workflow)
        """What Step Functions would walk."""

    # people -----------------------------------------------------------------------------------------------------
    def person(self, *roles: str, subject: str | None = None, **claims: Any) -> Person:
        """A caller with these roles and a valid token of 15 minutes (claims: order_id, scopes for a guest)."""
        subject = subject or ids.new("acc")
        now = clock.now()
        payload = {
            "iss": ISSUER,
            "sub": subject,
            "iat": clock.epoch_s(now),
            "exp": clock.epoch_s(now + timedelta(minutes=15)),
            "jti": uuid.uuid4().hex,
            "roles": list(roles),
            **claims,
        }
        return Person(subject, jwt.encode({"alg": "ES256", "kid": self.key.kid}, payload, self.key))

    def renewed(self, person: Person, *roles: str, **claims: Any) -> Person:
        """The same person with a fresh token, for tests that advance the clock by more than 15 minutes."""
        return self.person(*roles, subject=person.subject, **claims)

    # http -------------------------------------------------------------------------------------------------------
    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: Person | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        """One request; POST gets a fresh Idempotency-Key unless `key` names one (or is empty)."""
        sent = {"Content-Type": "application/json"} if body is not None or raw is not None else {}
        if as_ is not None:
            sent["Authorization"] = f"Bearer {as_.token}"
        if method == "POST" and key != "":
            sent["Idempotency-Key"] = key or uuid.uuid4().hex
        sent |= headers or {}
        payload = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        answer = self.http.request(method, path, headers=sent, body=payload)
        text = answer.body.decode()
        assert not _IN_UTC.search(text), f"{method} {path} shows an instant that is not on a Chinese clock: {text}"
        is_json = "json" in answer.headers.get("Content-Type", "json")
        return Reply(answer.status_code, json.loads(text) if text and is_json else text, dict(answer.headers))

    def get(self, path: str, **options: Any) -> Reply:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: Any = None, *, version: int | None = None, **options: Any) -> Reply:
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        return self.request("PUT", path, body, headers=headers, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self.request("DELETE", path, **options)

    # events and timers --------------------------------------------------------------------------------------------
    def deliver(self, *, times: int = 1) -> list[str]:
        """Carry the outbox to the rooms until nothing new appears, each event `times` times; the events' names."""
        names: list[str] = []
        while (fresh := self._fresh_outbox_rows()) or self.workflows.pump():
            for row in fresh:
                if row["name"] == "timer":
                    timer = msgspec.json.decode(row["payload"], type=Timer)
                    self.timers[timer.id] = timer
                    continue
                event = _as_lambda_event(row)
                self.delivered.append(event)
                names.append(row["name"])
                for _ in range(times):
                    self.hand_over(event)
        return names

    def hand_over(self, event: dict[str, Any]) -> None:
        """Give one bus event to every room that listens to it."""
        for room in self.rooms:
            bus = import_module(f"functions.{room}.triggers").bus
            if bus.hears(event["detail-type"], event["detail"]["data"]):
                bus.handle(json.loads(json.dumps(event)))

    def publish(self, event: Any) -> None:
        """Hand over an event that no room in this test has emitted (tests of one room's triggers)."""
        from functions.shared.events import name_of

        row = {
            "pk": ids.new("evt"),
            "name": name_of(event),
            "room": "test",
            "occurred_at": clock.now().isoformat(),
            "correlation_id": "test",
            "payload": msgspec.json.encode(event).decode(),
        }
        self.hand_over(_as_lambda_event(row))
        self.deliver()

    def advance(self, **delta: float) -> None:
        """Move the clock (timedelta arguments), firing each timer when its time comes, with what follows from it."""
        until = clock.now() + timedelta(**delta)
        self.deliver()
        while True:
            due = min((t for t in self.timers.values() if t.due_at <= until), key=lambda t: t.due_at, default=None)
            timeout = self.workflows.next_timeout()
            if timeout is not None and timeout <= min(until, due.due_at if due else until):
                self.travel.move_to(max(timeout, clock.now()), tick=False)
                self.workflows.time_out()
                self.deliver()
            elif due is not None:
                self.travel.move_to(max(due.due_at, clock.now()), tick=False)
                self.fire(due)
            else:
                break
        self.travel.move_to(until, tick=False)

    def fire(self, timer: Timer) -> None:
        """The scheduler's call for one timer."""
        self.timers.pop(timer.id, None)
        import_module(f"functions.{timer.room}.triggers").bus.handle(json.loads(msgspec.json.encode(timer)))
        self.deliver()

    def run(self, room: str, kind: str) -> None:
        """The scheduler's call for recurring work of a room, due now."""
        raw = {"recurring": kind, "scheduled_at": clock.now().isoformat()}
        import_module(f"functions.{room}.triggers").bus.handle(raw)
        self.deliver()

    def upload(self, form: dict[str, Any], content: bytes) -> None:
        """Put a file where an upload leave (`{"url", "fields", …}` of an answer) says, as the app's form post would.

        It goes through the bucket's API: moto does not read policy forms. What the form may hold is tested on the
        local stack.
        """
        fields = form["fields"]
        aws.client("s3", read_timeout_s=10).put_object(
            Bucket=config().files_bucket, Key=fields["key"], Body=content, ContentType=fields["Content-Type"]
        )

    def events(self, name: str) -> list[dict[str, Any]]:
        """The data of every delivered event of this name."""
        return [event["detail"]["data"] for event in self.delivered if event["detail-type"] == name]

    def _call_for_workflow(self, function: str, payload: dict[str, Any]) -> Any:
        """Step Functions' call of `<room>_events`; a room that does not listen in this test cannot be reached."""
        room = function.removesuffix("Events").lower()
        if room not in self.rooms:
            raise ConnectionError(f"{room} is not there")
        return import_module(f"functions.{room}.triggers").bus.handle(json.loads(json.dumps(payload)))

    def _fresh_outbox_rows(self) -> list[dict[str, str]]:
        request = {"TableName": config().table_name("outbox"), "ConsistentRead": True}
        items = table.connection()._make_api_call("Scan", request)["Items"]
        rows = [{name: next(iter(value.values())) for name, value in item.items()} for item in items]
        fresh = sorted((row for row in rows if row["pk"] not in self._seen), key=lambda row: row["pk"][4:])
        self._seen |= {row["pk"] for row in fresh}
        return fresh


def _as_lambda_event(row: dict[str, str]) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "detail-type": row["name"],
        "source": f"zhenban.{row['room']}",
        "detail": {
            "id": row["pk"],
            "occurred_at": row["occurred_at"],
            "correlation_id": row["correlation_id"],
            "data": json.loads(row["payload"]),
        },
    }


@contextmanager
def open_world() -> Iterator[World]:
    """A fresh AWS account in memory with the template's tables, a KMS key, token keys, and the clock at `START`."""
    with mock_aws(), rows_put_back(), short_way_to_rows(), time_machine.travel(START, tick=False) as travel:
        forget_process_state()
        create_tables()
        aws.client("s3", read_timeout_s=10).create_bucket(Bucket=config().files_bucket)
        kms = aws.client("kms")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/zhenban-{config().stage}", TargetKeyId=key_id)
        key = put_token_keys()
        put_secret("wechat-mini", {"app_id": "wx-test", "app_secret": "not-a-secret", "base_url": "http://127.0.0.1:9"})
        put_parameter(
            "public-urls", {"api": "http://api.test", "live": "ws://live.test", "pay_notify": "http://api.test"}
        )
        app = import_module("app").app
        with Client(app) as client:
            world = World(travel, key, client.http)
            with _walked_by(world.workflows):
                yield world
        forget_process_state()


@contextmanager
def _walked_by(workflows: Workflows) -> Iterator[None]:
    """What the rooms ask of Step Functions is done by `workflows`."""
    gateway = import_module("functions.support.gateways.workflow")

    def start(*, complaint_id: str, order_id: str, run: int, correlation_id: str) -> None:
        name = complaint_id if run == 1 else f"{complaint_id}-{run}"
        about = {"complaint_id": complaint_id, "order_id": order_id, "correlation_id": correlation_id}
        workflows.start("complaint", name, about)

    with patch.object(gateway, "start", start), patch.object(gateway, "wake", workflows.wake):
        yield


def create_tables() -> None:
    """The tables exactly as the template declares them."""
    client = aws.client("dynamodb")
    for resource in _declared_tables().values():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        properties = resource["Properties"]
        wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        name = properties["TableName"]["Fn::Sub"].replace("${Stage}", config().stage)
        client.create_table(TableName=name, **{key: properties[key] for key in wanted if key in properties})


@cache
def _declared_tables() -> dict[str, Any]:
    resources: dict[str, Any] = yaml.load(_TABLES.read_text(), Loader=yaml.CSafeLoader)["Resources"]
    return resources


def put_token_keys() -> ECKey:
    """Two live ES256 keys: private in the secret, public in the parameter; returns the active one."""
    keys = [ECKey.generate_key("P-256", parameters={"kid": kid, "alg": "ES256", "use": "sig"}) for kid in ("k1", "k2")]
    private = {
        "keys": [key.as_dict(private=True) for key in keys],
        "active": "k1",
        "guest_hmac_key": "dGVzdC1vbmx5LXRlc3Qtb25seS10ZXN0LW9ubHktdGU=",
    }
    put_secret("token-keys", private)
    put_parameter("jwks", KeySet(list(keys)).as_dict(private=False))
    return keys[0]


def put_secret(name: str, value: Any) -> None:
    """A JSON secret of the stage."""
    aws.client("secretsmanager").create_secret(Name=config().secret_name(name), SecretString=json.dumps(value))


def put_parameter(name: str, value: Any) -> None:
    """A JSON parameter of the stage."""
    aws.client("ssm").put_parameter(Name=config().parameter_name(name), Value=json.dumps(value), Type="String")


def forget_process_state() -> None:
    """Drop what one Lambda process would keep of an account (clients survive: moto stands behind all of them)."""
    aws.forget_settings()
    crypto.open_key.cache_clear()
    table.forget_kept()
