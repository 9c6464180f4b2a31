"""What the payment provider calls."""

import json
from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import routes
from functions.settlement.rules.payments import NotificationRefused
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Raw


@routes.post("/webhooks/wechat-pay/payments", summary="微信支付：支付结果通知", roles=PUBLIC, reply=Raw)
def take_payment_notification(call: Call[Any]) -> Raw:
    """由微信支付调用。验签、验时效后核对金额、币种、商户与订单；同一通知多次到达只生效一次。

    与我方记录不符的通知已被隔离并告警，重发不会改变结果，因此同样回 200。
    """
    return _take(call)


@routes.post("/webhooks/wechat-pay/refunds", summary="微信支付：退款结果通知", roles=PUBLIC, reply=Raw)
def take_refund_notification(call: Call[Any]) -> Raw:
    """由微信支付调用；验签要求与支付结果通知相同。"""
    return _take(call)


@routes.post("/webhooks/wechat-pay/transfers", summary="微信支付：转账结果通知", roles=PUBLIC, reply=Raw)
def take_transfer_notification(call: Call[Any]) -> Raw:
    """由微信支付调用；验签要求与支付结果通知相同。金额与我方不符的结果不会入账，只会告警。"""
    return _take(call)


def _take(call: Call[Any]) -> Raw:
    """The answer in the provider's form: 2xx stops its repetitions, anything else asks for another one."""
    try:
        actions.take_notification(call.tx, headers=call.headers, body=call.raw_body)
    except (NotificationRefused, NotFound) as problem:
        return _reply(problem.status, code="FAIL", message=problem.title)
    return _reply(200, code="SUCCESS", message="成功")


def _reply(status: int, *, code: str, message: str) -> Raw:
    body = json.dumps({"code": code, "message": message}, ensure_ascii=False)
    return Raw(body, "application/json; charset=utf-8", status)
