"""Money over HTTP."""

import json
from typing import Any

from functions.settlement import actions
from functions.settlement.rules.payments import (
    NotificationRefused,
    OrderNotPayable,
    PaymentProviderSilent,
    PaymentRefused,
)
from functions.settlement.schemas import (
    EarningsView,
    IncomeView,
    OrderLedgerView,
    PaymentView,
    RefundList,
    RefundView,
    StartedPayment,
    StartPayment,
    TransactionView,
    TrialBalanceView,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Page, PageQuery, Raw, Routes, decode_cursor, encode_cursor

routes = Routes("settlement")
bp = routes.blueprint
_FINANCE = {Role.FINANCE, Role.ADMIN}


@routes.post(
    "/orders/{order_id}/payments",
    summary="发起支付",
    roles={Role.CLIENT},
    body=StartPayment,
    reply=StartedPayment,
    status=201,
    effect=True,
    problems=(NotFound, OrderNotPayable, PaymentRefused, PaymentProviderSilent),
)
def start_payment(call: Call[StartPayment], order_id: str) -> StartedPayment:
    """金额取自订单。支付未完成时可再次调用，得到同一支付单的新调起参数，不会重复扣款。

    One read in each of booking, settlement and accounts, one call to the provider, one write transaction.
    """
    payment, prepay = actions.start_payment(call.tx, order_id=order_id, client_id=call.caller.subject)
    return StartedPayment.of(payment, prepay)


@routes.get(
    "/payments/{payment_id}",
    summary="查询支付结果",
    roles={Role.CLIENT, *STAFF},
    reply=PaymentView,
    problems=(NotFound,),
)
def get_payment(call: Call[Any], payment_id: str) -> PaymentView:
    """支付未完成时会向支付渠道主动查询，因此即使渠道通知丢失，结果也是最新的。"""
    if call.caller.is_staff:
        return PaymentView.of(actions.find_payment(payment_id))
    return PaymentView.of(actions.look_up_payment(call.tx, payment_id, client_id=call.caller.subject))


@routes.get(
    "/orders/{order_id}/refunds",
    summary="订单的退款",
    roles={Role.CLIENT, *STAFF},
    reply=RefundList,
    problems=(NotFound,),
)
def list_refunds(call: Call[Any], order_id: str) -> RefundList:
    """退款原路返回；abnormal 表示收款账户异常，由客服处理。"""
    client_id = None if call.caller.is_staff else call.caller.subject
    return RefundList(items=[RefundView.of(refund) for refund in actions.refunds_of(order_id, client_id=client_id)])


@routes.get("/earnings", summary="我的收入", roles={Role.COMPANION}, reply=EarningsView)
def get_earnings(call: Call[Any]) -> EarningsView:
    """待结算与可提现金额，与账本一致。"""
    return EarningsView.of(actions.earnings_of(call.caller.subject))


@routes.get("/earnings/orders", summary="逐单收入", roles={Role.COMPANION}, query=PageQuery, reply=Page[IncomeView])
def list_incomes(call: Call[Any]) -> Page[IncomeView]:
    """按订单从新到旧，列明价格、平台抽成、保费与分成。"""
    after = decode_cursor(call.query.cursor)
    incomes, last = actions.incomes_of(call.caller.subject, limit=call.query.limit, after=after)
    return Page(items=[IncomeView.of(income) for income in incomes], next_cursor=encode_cursor(last))


@routes.get(
    "/earnings/orders/{order_id}",
    summary="一单的收入",
    roles={Role.COMPANION},
    reply=IncomeView,
    problems=(NotFound,),
)
def get_income(call: Call[Any], order_id: str) -> IncomeView:
    """一单的价格、各项扣除与分成，以及何时可提现。"""
    return IncomeView.of(actions.find_income(call.caller.subject, order_id))


@routes.get(
    "/orders/{order_id}/ledger",
    summary="订单的账目",
    roles=_FINANCE,
    reply=OrderLedgerView,
    problems=(NotFound,),
)
def get_order_ledger(call: Call[Any], order_id: str) -> OrderLedgerView:
    """该订单的全部分录，按时间排列；借方为正，贷方为负，每笔合计为零。"""
    transactions = [TransactionView.of(booked) for booked in actions.order_ledger(order_id)]
    return OrderLedgerView(order_id=order_id, transactions=transactions)


@routes.get("/ledger/trial-balance", summary="试算平衡表", roles=_FINANCE, reply=TrialBalanceView)
def get_trial_balance(call: Call[Any]) -> TrialBalanceView:
    """各科目的合计；借贷相等。"""
    return TrialBalanceView.of(actions.trial_balance())


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
