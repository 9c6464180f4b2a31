"""Overtime and expenses over HTTP (B9)."""

from typing import Any

from functions.settlement import actions
from functions.settlement.actions import supplements
from functions.settlement.api.declared import READERS, routes
from functions.settlement.rules import ledger
from functions.settlement.rules.payments import (
    OrderNotPayable,
    PaymentMethodFixed,
    PaymentProviderSilent,
    PaymentRefused,
)
from functions.settlement.rules.supplements import NothingDue
from functions.settlement.schemas.payments import StartedPayment, StartPayment
from functions.settlement.schemas.supplements import OverdueQuery, SupplementItemView, SupplementView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, decode_cursor, encode_cursor


@routes.get(
    "/orders/{order_id}/supplement",
    summary="订单的补充费用",
    roles={Role.CLIENT, Role.COMPANION, *STAFF},
    reply=SupplementView,
    problems=(NotFound,),
)
def read_supplement(call: Call[Any], order_id: str) -> SupplementView:
    """用户已同意的延时和垫付，以及支付情况；没有补充费用时为 404。"""
    return SupplementView.of(supplements.read_supplement(order_id, caller=call.caller))


@routes.post(
    "/orders/{order_id}/supplement-payments",
    summary="支付补充费用",
    roles={Role.CLIENT},
    body=StartPayment,
    reply=StartedPayment,
    status=201,
    effect=True,
    problems=(NotFound, NothingDue, OrderNotPayable, PaymentMethodFixed, PaymentRefused, PaymentProviderSilent),
)
def pay_supplement(call: Call[StartPayment], order_id: str) -> StartedPayment:
    """当前全部待付的延时和垫付合并为一笔支付；未完成时可再次调用，得到同一支付单的新调起参数。

    支付单发起后才同意的费用，在下一笔支付中收取。结果用 `GET /payments/{payment_id}` 查询。
    """
    payment, placed = actions.start_supplement(
        call.tx, order_id=order_id, client_id=call.caller.subject, method=call.body.method
    )
    return StartedPayment.of(payment, placed)


@routes.get(
    "/supplements/overdue",
    summary="逾期未付的补充费用",
    roles=READERS,
    query=OverdueQuery,
    reply=Page[SupplementItemView],
)
def list_overdue(call: Call[Any]) -> Page[SupplementItemView]:
    """按同意的月份，由近到远；之后付清的显示为 paid。"""
    month = call.query.month or ledger.month_of(call.now)
    after = decode_cursor(call.query.cursor)
    items, last = supplements.overdue_items(month, limit=call.query.limit, after=after)
    return Page(items=[SupplementItemView.of(row) for row in items], next_cursor=encode_cursor(last))
