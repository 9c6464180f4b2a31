"""Payments over HTTP."""

from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import routes
from functions.settlement.rules.payments import (
    OrderNotPayable,
    PaymentMethodFixed,
    PaymentProviderSilent,
    PaymentRefused,
)
from functions.settlement.schemas.payments import PaymentView, StartedPayment, StartPayment
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call


@routes.post(
    "/orders/{order_id}/payments",
    summary="发起支付",
    roles={Role.CLIENT},
    body=StartPayment,
    reply=StartedPayment,
    status=201,
    effect=True,
    problems=(NotFound, OrderNotPayable, PaymentMethodFixed, PaymentRefused, PaymentProviderSilent),
)
def start_payment(call: Call[StartPayment], order_id: str) -> StartedPayment:
    """金额取自订单。支付未完成时可再次调用，得到同一支付单的新调起参数，不会重复扣款。

    One read in each of booking, settlement and accounts, one call to the provider, one write transaction.
    """
    payment, placed = actions.start_payment(
        call.tx, order_id=order_id, client_id=call.caller.subject, method=call.body.method
    )
    return StartedPayment.of(payment, placed)


@routes.get(
    "/payments/{payment_id}",
    summary="查询支付结果",
    roles={Role.CLIENT, *STAFF},
    reply=PaymentView,
    problems=(NotFound,),
)
def get_payment(call: Call[Any], payment_id: str) -> PaymentView:
    """支付未完成时会向支付渠道主动查询，因此即使渠道通知丢失，结果也是最新的；每笔支付几秒内最多查询一次。"""
    if call.caller.is_staff:
        return PaymentView.of(actions.find_payment(payment_id))
    return PaymentView.of(actions.look_up_payment(call.tx, payment_id, client_id=call.caller.subject))
