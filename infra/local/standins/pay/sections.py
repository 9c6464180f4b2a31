"""What the WeChat Pay stand-in's page shows."""

from typing import Any

from infra.local.standins.page import Button, Card, Section, local_time, yuan
from infra.local.standins.pay.authorizations import Leave
from infra.local.standins.pay.books import Order, Refund
from infra.local.standins.pay.courier import Notice
from infra.local.standins.pay.desk import Desk
from infra.local.standins.pay.transfers import Bill

SHOWN = 50
_ORDER_BADGES = {
    "NOTPAY": ("待支付", "wait"),
    "SUCCESS": ("已支付", "good"),
    "REFUND": ("已退款", "plain"),
    "CLOSED": ("已关闭", "plain"),
}
_REFUND_BADGES = {
    "PROCESSING": ("处理中", "wait"),
    "SUCCESS": ("已到账", "good"),
    "CLOSED": ("已关闭", "plain"),
    "ABNORMAL": ("异常", "bad"),
}
_NOTICE_BADGES = {
    "pending": ("投递中", "wait"),
    "delivered": ("已送达", "good"),
    "exhausted": ("未送达", "bad"),
    "lost": ("已丢弃", "bad"),
}
_OPERATIONS = {
    "prepay": "下单",
    "query": "查单",
    "close": "关单",
    "refund": "退款",
    "query_refund": "查退款",
    "pay": "支付",
    "transfer": "转账",
    "query_transfer": "查转账",
    "cancel_transfer": "撤销转账",
    "authorize": "申请收款授权",
    "query_authorization": "查收款授权",
    "close_authorization": "解除收款授权",
}
_LEAVE_BADGES = {
    "WAIT_USER_CONFIRM": ("待收款人授权", "wait"),
    "TAKING_EFFECT": ("生效中", "good"),
    "CLOSED": ("已解除", "plain"),
}
_TRANSFER_BADGES = {
    "WAIT_USER_CONFIRM": ("待收款人确认", "wait"),
    "SUCCESS": ("已到账", "good"),
    "FAIL": ("失败", "bad"),
    "CANCELLED": ("已撤销", "plain"),
}


def of(desk: Desk) -> list[Section]:
    """Orders, refunds, notifications and requests, newest first."""
    return [
        Section("订单", "还没有收到下单请求", [_order(order) for order in desk.books.orders()[: -SHOWN - 1 : -1]]),
        Section("退款", "还没有退款", [_refund(refund) for refund in desk.books.refunds()[: -SHOWN - 1 : -1]]),
        Section("转账", "还没有转账", [_transfer(bill) for bill in desk.transfers.all()[: -SHOWN - 1 : -1]]),
        Section(
            "收款授权", "还没有收款授权", [_leave(leave) for leave in desk.authorizations.all()[: -SHOWN - 1 : -1]]
        ),
        Section("通知", "还没有发出通知", [_notice(notice) for notice in desk.courier.notices()[: -SHOWN - 1 : -1]]),
        Section("请求", "还没有收到请求", [_entry(entry) for entry in desk.journal.log()[:SHOWN]]),
    ]


def _order(order: Order) -> Card:
    badge, tone = _ORDER_BADGES[order.state]
    lines = [("订单号", order.out_trade_no), ("方式", order.trade_type), ("下单", local_time(order.prepaid_at))]
    if order.success_at and order.transaction_id:
        lines += [("支付", local_time(order.success_at)), ("交易号", order.transaction_id)]
    buttons = [Button("模拟支付", "/_control/pay", {"out_trade_no": order.out_trade_no})]
    return Card(
        title=f"{yuan(order.amount_fen)}　{order.placed['description']}",
        badge=badge,
        tone=tone,
        lines=lines,
        buttons=buttons if order.state == "NOTPAY" else [],
    )


def _refund(refund: Refund) -> Card:
    badge, tone = _REFUND_BADGES[refund.status]
    lines = [
        ("退款单号", refund.out_refund_no),
        ("订单号", refund.out_trade_no),
        ("原因", refund.asked.get("reason", "未说明")),
        ("申请", local_time(refund.created_at)),
    ]
    return Card(title=yuan(refund.refund_fen), badge=badge, tone=tone, lines=lines)


def _transfer(bill: Bill) -> Card:
    badge, tone = _TRANSFER_BADGES[bill.state]
    lines = [("转账单号", bill.out_bill_no), ("收款人", bill.asked["openid"]), ("发起", local_time(bill.created_at))]
    buttons = [Button("模拟确认收款", "/_control/confirm-transfer", {"out_bill_no": bill.out_bill_no})]
    return Card(
        title=f"{yuan(bill.amount_fen)}　{bill.asked['transfer_remark']}",
        badge=badge,
        tone=tone,
        lines=lines,
        buttons=buttons if bill.state == "WAIT_USER_CONFIRM" else [],
    )


def _leave(leave: Leave) -> Card:
    badge, tone = _LEAVE_BADGES[leave.state]
    lines = [("授权单号", leave.out_authorization_no), ("收款人", leave.openid), ("申请", local_time(leave.created_at))]
    body = {"out_authorization_no": leave.out_authorization_no}
    buttons = {
        "WAIT_USER_CONFIRM": [Button("模拟同意授权", "/_control/confirm-authorization", body)],
        "TAKING_EFFECT": [Button("模拟解除授权", "/_control/close-authorization", body | {"reason": "USER_CLOSE"})],
    }
    title = leave.user_display_name
    return Card(title=title, badge=badge, tone=tone, lines=lines, buttons=buttons.get(leave.state, []))


def _notice(notice: Notice) -> Card:
    badge, tone = _NOTICE_BADGES[notice.state]
    answers = [
        f"{local_time(attempt['at'])}　{attempt.get('status', '没有应答')}{'（有意出错）' if 'flaw' in attempt else ''}"
        for attempt in notice.tries[-5:]
    ]
    lines = [("订单号", notice.out_trade_no), ("送往", notice.notify_url), ("次数", str(len(notice.tries)))]
    lines += [("应答", answer) for answer in answers]
    return Card(title=notice.summary, badge=badge, tone=tone, lines=lines)


def _entry(entry: dict[str, Any]) -> Card:
    status = entry.get("status")
    lines = [("时间", local_time(entry["at"]))]
    if entry.get("out_trade_no"):
        lines.append(("订单号", entry["out_trade_no"]))
    if entry.get("code"):
        lines.append(("拒绝", entry["code"]))
    return Card(
        title=_OPERATIONS.get(entry["what"], entry["what"]),
        badge=str(status) if status else "",
        tone="good" if status and status < 300 else "bad",
        lines=lines,
    )
