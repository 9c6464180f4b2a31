"""Refunds over HTTP: what a client sees, what finance orders, what a second person decides."""

from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import DECIDERS, READERS, WRITERS, routes
from functions.settlement.rules.approvals import AlreadyDecided, SamePerson
from functions.settlement.rules.refunds import (
    NothingToRefund,
    OrderNotSettled,
    RefundKind,
    RefundTooLarge,
    TooManyRefunds,
)
from functions.settlement.schemas.refunds import Decision, OrderRefund, RefundList, RefundOrderView, RefundView
from functions.shared import ids
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call

_IN_THE_WAY = (NotFound, NothingToRefund, OrderNotSettled, RefundTooLarge, TooManyRefunds)


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


@routes.post(
    "/orders/{order_id}/refunds",
    summary="发起退款",
    roles=WRITERS,
    body=OrderRefund,
    reply=RefundOrderView,
    status=201,
    effect=True,
    problems=_IN_THE_WAY,
)
def order_refund(call: Call[OrderRefund], order_id: str) -> RefundOrderView:
    """仅限已结束的订单；进行中的订单请取消。超过限额的退款须由另一位财务人员审批后才会执行。

    陪诊师承担的部分先从该单待结算收入中扣除；已结算的记为待扣回款，由之后的收入偿还。
    """
    return RefundOrderView.of(
        actions.order_refund(
            call.tx,
            business_id=call.tx.once("business_id", lambda: ids.new("rfo", call.now)),
            order_id=order_id,
            kind=RefundKind(call.body.kind),
            amount_fen=call.body.amount_fen,
            reason=call.body.reason,
            ordered_by=call.caller.subject,
            supplement_id=call.body.supplement_id,
        )
    )


@routes.get(
    "/refund-orders/{refund_order_id}",
    summary="一笔退款申请",
    roles=READERS,
    reply=RefundOrderView,
    problems=(NotFound,),
)
def get_refund_order(call: Call[Any], refund_order_id: str) -> RefundOrderView:
    """由谁承担、由谁提出、由谁审批。"""
    return RefundOrderView.of(actions.find_proposal(refund_order_id, kind="rfo"))


@routes.post(
    "/refund-orders/{refund_order_id}/approve",
    summary="批准退款",
    roles=DECIDERS,
    reply=RefundOrderView,
    effect=True,
    problems=(AlreadyDecided, SamePerson, *_IN_THE_WAY),
)
def approve_refund(call: Call[Any], refund_order_id: str) -> RefundOrderView:
    """必须由提出人以外的人批准；批准即执行。"""
    return RefundOrderView.of(
        actions.decide(call.tx, refund_order_id, kind="rfo", decided_by=call.caller.subject, is_approved=True)
    )


@routes.post(
    "/refund-orders/{refund_order_id}/reject",
    summary="驳回退款",
    roles=DECIDERS,
    body=Decision,
    reply=RefundOrderView,
    effect=True,
    problems=(NotFound, AlreadyDecided, SamePerson),
)
def reject_refund(call: Call[Decision], refund_order_id: str) -> RefundOrderView:
    """驳回须说明理由；款项不变。"""
    return RefundOrderView.of(
        actions.decide(
            call.tx,
            refund_order_id,
            kind="rfo",
            decided_by=call.caller.subject,
            is_approved=False,
            reason=call.body.reason,
        )
    )
