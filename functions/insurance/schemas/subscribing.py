"""Insurers' endpoints and what was sent to them."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.insurance.rules.deliveries import DeliveryState
from functions.insurance.table import DeliveryRow, EndpointRow
from functions.shared import clock
from functions.shared.endpoints import Attempt
from functions.shared.http.schemas import Body, PageQuery, Reading

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class EndpointBody(Body, frozen=True, kw_only=True):
    """回调地址（公网 https）与要接收的消息种类。"""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    event_types: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=64)]], msgspec.Meta(min_length=1, max_length=20)
    ]


class EndpointView(Reading, frozen=True, kw_only=True):
    """一个回调地址。`disabled_at` 不为空时不再发送；`failing_since` 是最近一直没有接收成功的起点。"""

    endpoint_id: str
    url: str
    event_types: list[str]
    disabled_at: datetime | None
    failing_since: datetime | None
    older_secret_until: datetime | None
    """旧密钥与新密钥同时签名到何时。"""
    sequence: int
    version: int

    @classmethod
    def of(cls, row: EndpointRow) -> "EndpointView":
        return cls(
            endpoint_id=row.endpoint_id,
            url=row.url,
            event_types=list(row.event_types),
            disabled_at=_china(row.disabled_at),
            failing_since=_china(row.failing_since),
            older_secret_until=_china(row.older_until),
            sequence=int(row.sequence),
            version=int(row.version),
        )


class EndpointList(Reading, frozen=True, kw_only=True):
    """本公司的全部回调地址。"""

    items: list[EndpointView]


class EndpointSecret(Reading, frozen=True, kw_only=True):
    """签名密钥（Standard Webhooks），只显示这一次。"""

    endpoint: EndpointView
    secret: str


class EventTypeView(Reading, frozen=True, kw_only=True):
    """一种消息。"""

    event_type: str
    title: str


class EventTypeList(Reading, frozen=True, kw_only=True):
    """可以接收的消息。"""

    items: list[EventTypeView]


class AttemptView(Reading, frozen=True, kw_only=True):
    """一次发送：对方的状态码，或没有应答的原因。"""

    at: datetime
    status: int | None
    error: str
    took_ms: int

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptView":
        return cls(at=clock.china(attempt.at), status=attempt.status, error=attempt.error, took_ms=attempt.took_ms)


class DeliveryView(Reading, frozen=True, kw_only=True):
    """一条消息；`delivery_id` 就是请求头里的 webhook-id，`body` 每次发送都一字不变。"""

    delivery_id: str
    endpoint_id: str
    event_type: str
    state: DeliveryState
    created_at: datetime
    attempts: list[AttemptView]
    body: str

    @classmethod
    def of(cls, row: DeliveryRow) -> "DeliveryView":
        return cls(
            delivery_id=row.delivery_id,
            endpoint_id=row.endpoint_id,
            event_type=row.event_type,
            state=DeliveryState(row.state),
            created_at=clock.china(row.created_at),
            attempts=[AttemptView.of(attempt) for attempt in row.attempts],
            body=row.body,
        )


class LogQuery(PageQuery, frozen=True, kw_only=True):
    """哪个回调地址，从何时到何时（RFC 3339）。"""

    endpoint_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    since: Instant
    until: Instant


class ReplayBody(Body, frozen=True, kw_only=True):
    """重发哪段时间写下的消息（RFC 3339）。"""

    since: Instant
    until: Instant


class DeliveryId(Reading, frozen=True, kw_only=True):
    """已写下、即将发送的一条消息。"""

    delivery_id: str


def _china(at: datetime | None) -> datetime | None:
    return clock.china(at) if at else None
