"""Insurers look after their endpoints (B13)."""

from typing import Any

from functions.insurance import table
from functions.insurance.actions import subscribing as actions
from functions.insurance.api.declared import routes
from functions.insurance.rules import deliveries as rules
from functions.insurance.schemas.subscribing import (
    DeliveryId,
    DeliveryView,
    EndpointBody,
    EndpointList,
    EndpointSecret,
    EndpointView,
    EventTypeList,
    EventTypeView,
    LogQuery,
    ReplayBody,
)
from functions.shared.caller import Role
from functions.shared.endpoints import UnsafeEndpoint
from functions.shared.errors import Invalid, PreconditionFailed
from functions.shared.http import Accepted, Call, Page, decode_cursor, encode_cursor

_INSURER = frozenset({Role.INSURER})
_ENDPOINT = "/insurer/endpoints/{endpoint_id}"


@routes.get("/insurer/event-types", summary="保险公司：可接收的消息", roles=_INSURER, reply=EventTypeList)
def list_event_types(call: Call[Any]) -> EventTypeList:
    """每条消息只有编号、金额和时间，内容用自己的凭证来取。"""
    return EventTypeList(
        items=[EventTypeView(event_type=each, title=rules.EVENT_TYPES[each]) for each in rules.EVENT_TYPES]
    )


@routes.get("/insurer/endpoints", summary="保险公司：回调地址", roles=_INSURER, reply=EndpointList)
def list_endpoints(call: Call[Any]) -> EndpointList:
    """包括已停用的。"""
    return EndpointList(items=[EndpointView.of(row) for row in table.endpoints_of(call.caller.subject)])


@routes.post(
    "/insurer/endpoints",
    summary="保险公司：登记回调地址",
    roles=_INSURER,
    body=EndpointBody,
    reply=EndpointSecret,
    status=201,
    problems=(UnsafeEndpoint, rules.TooManyEndpoints, Invalid),
)
def register(call: Call[EndpointBody]) -> EndpointSecret:
    """应答里的密钥只显示这一次。"""
    row, secret = actions.register(
        call.tx, insurer_id=call.caller.subject, url=call.body.url, event_types=call.body.event_types
    )
    return EndpointSecret(endpoint=EndpointView.of(row), secret=secret)


@routes.put(
    _ENDPOINT,
    summary="保险公司：修改或重新启用回调地址",
    roles=_INSURER,
    body=EndpointBody,
    reply=EndpointView,
    versioned=True,
    problems=(rules.EndpointNotFound, UnsafeEndpoint, Invalid, PreconditionFailed),
)
def change(call: Call[EndpointBody], endpoint_id: str) -> EndpointView:
    """已停用的随之重新启用。"""
    row = actions.change(
        call.tx,
        insurer_id=call.caller.subject,
        endpoint_id=endpoint_id,
        url=call.body.url,
        event_types=call.body.event_types,
        version=call.if_match,
    )
    return EndpointView.of(row)


@routes.delete(
    _ENDPOINT, summary="保险公司：删除回调地址", roles=_INSURER, reply=Accepted, problems=(rules.EndpointNotFound,)
)
def remove(call: Call[Any], endpoint_id: str) -> Accepted:
    """还没送达的消息不再发送，日志保留。"""
    actions.remove(call.tx, insurer_id=call.caller.subject, endpoint_id=endpoint_id)
    return Accepted()


@routes.post(
    f"{_ENDPOINT}/secrets",
    summary="保险公司：更换密钥",
    roles=_INSURER,
    reply=EndpointSecret,
    status=201,
    problems=(rules.EndpointNotFound,),
)
def rotate(call: Call[Any], endpoint_id: str) -> EndpointSecret:
    """新密钥只显示这一次；24 小时内新旧密钥同时签名，不会漏收。"""
    row, secret = actions.rotate(call.tx, insurer_id=call.caller.subject, endpoint_id=endpoint_id)
    return EndpointSecret(endpoint=EndpointView.of(row), secret=secret)


@routes.post(
    f"{_ENDPOINT}/test-events",
    summary="保险公司：发送测试消息",
    roles=_INSURER,
    reply=DeliveryId,
    status=201,
    effect=True,
    problems=(rules.EndpointNotFound,),
)
def send_test(call: Call[Any], endpoint_id: str) -> DeliveryId:
    """结果见消息日志。"""
    delivery_id = actions.send_test(call.tx, insurer_id=call.caller.subject, endpoint_id=endpoint_id)
    return DeliveryId(delivery_id=delivery_id)


@routes.post(
    f"{_ENDPOINT}/replays",
    summary="保险公司：重发一段时间的消息",
    roles=_INSURER,
    body=ReplayBody,
    reply=Accepted,
    effect=True,
    problems=(rules.EndpointNotFound, Invalid),
)
def ask_for_range(call: Call[ReplayBody], endpoint_id: str) -> Accepted:
    """编号和内容与原来完全相同；正在发送中的不受影响。"""
    actions.ask_for_range(
        call.tx,
        insurer_id=call.caller.subject,
        endpoint_id=endpoint_id,
        since=call.body.since,
        until=call.body.until,
    )
    return Accepted()


@routes.get(
    "/insurer/deliveries",
    summary="保险公司：消息日志",
    roles=_INSURER,
    query=LogQuery,
    reply=Page[DeliveryView],
    problems=(rules.EndpointNotFound, Invalid),
)
def read_log(call: Call[Any]) -> Page[DeliveryView]:
    """按写下的先后，每次发送的时间、状态和耗时都在。"""
    query: LogQuery = call.query
    rows, last = actions.read_log(
        insurer_id=call.caller.subject,
        endpoint_id=query.endpoint_id,
        since=query.since,
        until=query.until,
        limit=query.limit,
        after=decode_cursor(query.cursor),
    )
    return Page(items=[DeliveryView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/insurer/deliveries/{delivery_id}",
    summary="保险公司：一条消息",
    roles=_INSURER,
    reply=DeliveryView,
    problems=(rules.DeliveryNotFound,),
)
def read_delivery(call: Call[Any], delivery_id: str) -> DeliveryView:
    """内容与全部发送记录。"""
    return DeliveryView.of(actions.own_delivery(call.caller.subject, delivery_id))


@routes.post(
    "/insurer/deliveries/{delivery_id}/replay",
    summary="保险公司：重发一条消息",
    roles=_INSURER,
    reply=DeliveryView,
    effect=True,
    problems=(rules.DeliveryNotFound,),
)
def replay(call: Call[Any], delivery_id: str) -> DeliveryView:
    """编号和内容与原来完全相同。"""
    return DeliveryView.of(actions.replay(call.tx, insurer_id=call.caller.subject, delivery_id=delivery_id))
