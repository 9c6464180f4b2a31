"""The first request of each function: cheap, typical, and with a call to the store wherever the room has one.

A read of something that is not there goes the whole way (parse, roles, client, signature, connection, answer) and
depends on no data. Event functions get a delivery that they can take without a row to start from; those of `care` know
none that reaches the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from functions.shared.tokens import ISSUER

ULID = "01JD0000000000000000000000"
ORDER, VISIT, ACCOUNT = f"ord_{ULID}", f"vis_{ULID}", f"acc_{ULID}"
_LATER = "2026-03-05T00:00:00Z"


@dataclass(frozen=True)
class FirstEvent:
    """What a function is called with first, and the status it must answer with."""

    capability: str
    handler: str
    event: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True)
class Tokens:
    """A key pair, its public half as the parameter `jwks`, and a client's token."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"}))

    @property
    def settings(self) -> dict[str, Any]:
        return {"jwks": KeySet([self.key]).as_dict(private=False)}

    def client(self) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "sub": ACCOUNT,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=15)).timestamp()),
            "roles": ["client"],
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)


def first_events(tokens: Tokens) -> list[FirstEvent]:
    """One for each function of the product."""
    return [
        FirstEvent("authorizer", "app.authorizer", _authorization(tokens.client())),
        FirstEvent("relay", "app.relay", _stream_batch()),
        _read("accounts", "/notices", 200),
        _read("companions", "/companions/{companion_id}", 404, companion_id=ACCOUNT),
        _read("hospitals", "/hospitals/{hospital_id}", 404, hospital_id="hos_none"),
        _read("booking", "/orders/{order_id}", 404, order_id=ORDER),
        _read("tracking", "/visits/{visit_id}", 404, visit_id=VISIT),
        _read("care", "/visits/{visit_id}/report", 404, visit_id=VISIT),
        _read("settlement", "/payments/{payment_id}", 404, payment_id=f"pay_{ULID}"),
        _read("insurance", "/orders/{order_id}/policy", 404, order_id=ORDER),
        _read("operations", "/health", 200),
        FirstEvent("live", "app.live", _socket_opened(tokens.client())),
        _news("accounts_events", "companion.activated", _ACTIVATED),
        _timer("companions_events", "credential_check", ACCOUNT),
        _news("booking_events", "companion.activated", _ACTIVATED),
        _news("tracking_events", "order.closed", _CLOSED),
        _news("care_events", "visit.progressed", _PROGRESSED),
        _news("settlement_events", "order.closed", _CLOSED),
        _timer("insurance_events", "retry_delivery", f"dlv_{ULID}"),
    ]


def _read(capability: str, path: str, status: int, **parameters: str) -> FirstEvent:
    """A client's GET as API Gateway hands it over, after the authorizer."""
    actual = path.format(**parameters)
    event = {
        "resource": path,
        "path": actual,
        "httpMethod": "GET",
        "headers": {"Accept": "application/json", "Authorization": "Bearer …", "User-Agent": "bench"},
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "GET",
            "path": actual,
            "requestId": "00000000-0000-4000-8000-000000000001",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"sub": ACCOUNT, "roles": "client", "sid": "", "order_id": "", "scopes": ""},
        },
    }
    return FirstEvent(capability, "app.app", event, status)


def _authorization(token: str) -> dict[str, Any]:
    return {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {token}",
        "methodArn": "arn:aws:execute-api:us-east-1:000000000000:bench/api/GET/me",
    }


def _socket_opened(token: str) -> dict[str, Any]:
    return {
        "requestContext": {"routeKey": "$connect", "connectionId": "bench=", "requestId": "bench"},
        "queryStringParameters": {"token": token},
    }


def _stream_batch() -> dict[str, Any]:
    image = {
        "pk": {"S": f"evt_{ULID}"},
        "name": {"S": "order.closed"},
        "room": {"S": "booking"},
        "occurred_at": {"S": _LATER},
        "correlation_id": {"S": "bench"},
        "payload": {"S": '{"type":"order.closed"}'},
    }
    return {"Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}]}


def _timer(capability: str, kind: str, subject: str) -> FirstEvent:
    room = capability.removesuffix("_events")
    timer = {"room": room, "kind": kind, "subject": subject, "due_at": _LATER, "correlation_id": "bench"}
    return FirstEvent(capability, f"app.{capability}", timer)


def _news(capability: str, name: str, content: Mapping[str, Any]) -> FirstEvent:
    detail = {
        "id": f"evt_{ULID}",
        "occurred_at": _LATER,
        "correlation_id": "bench",
        "data": {"type": name, **content},
    }
    event = {"id": "bench", "source": "zhenban.bench", "detail-type": name, "detail": detail}
    return FirstEvent(capability, f"app.{capability}", event)


_CLOSED = {
    "order_id": ORDER,
    "client_id": ACCOUNT,
    "companion_id": ACCOUNT,
    "reason": "hold_expired",
    "paid": False,
}
_PROGRESSED = {
    "visit_id": VISIT,
    "order_id": ORDER,
    "client_id": ACCOUNT,
    "companion_id": ACCOUNT,
    "code": "waiting",
    "title": "候诊中",
    "sequence": 4,
    "state": "ended",
    "first": False,
    "last": False,
}
_ACTIVATED = {
    "companion_id": ACCOUNT,
    "sequence": 1,
    "display_name": "林玉兰",
    "city": "110000",
    "tier": "senior",
    "gender": "female",
    "languages": ["mandarin"],
    "first_aid_certified": True,
    "serves": [],
    "rating_hundredths": None,
    "completed_visits": 0,
    "cases_by_department": {},
}
