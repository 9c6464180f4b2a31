"""What goes wrong around a payment, and what becomes of it: three orders that end without a visit.

They are begun before the good order and looked at after it, so that their holds run out meanwhile.
"""

from dataclasses import dataclass
from typing import Any

from functions.shared.money import yuan
from infra.local import demo_order as orders
from infra.local.demo_order import Order
from infra.local.demo_stage import Stage, expect, require

_TIMES_TRIED = 5


@dataclass(frozen=True)
class Troubles:
    """The three orders."""

    unpaid: Order
    wrong_amount: Order
    late: Order


def begin(stage: Stage) -> Troubles:
    """Place the three, and pay two of them in ways that must not count."""
    stage.story.step("先放下三个会出岔子的订单，最后再看它们的结局")
    client = orders.sign_in_client(stage, told=False)
    patient_id = orders.add_father(stage, client, told=False)
    unpaid, wrong_amount, late = (_place(stage, client, patient_id) for _ in range(3))
    stage.story.note(f"甲 {unpaid.id}：不付款")
    orders.start_payment(stage, wrong_amount, quiet=True)
    orders.misbehave(stage, wrong_amount, wrong_amount_fen=1)
    orders.pay_at_provider(stage, wrong_amount)
    stage.story.note(f"乙 {wrong_amount.id}：付了 {yuan(wrong_amount.total_fen)}，通知里的金额却是 {yuan(1)}")
    orders.start_payment(stage, late, quiet=True)
    late_notice = {"delay_s": stage.late_notice_s} if stage.late_notice_s else {"notify_times": 0}
    orders.misbehave(stage, late, **late_notice)
    orders.pay_at_provider(stage, late)
    stage.story.note(f"丙 {late.id}：付了 {yuan(late.total_fen)}，通知要到保留时间过后才来")
    return Troubles(unpaid, wrong_amount, late)


def finish(stage: Stage, troubles: Troubles) -> None:
    """How the three ended."""
    stage.story.step("甲：保留时间到，订单自动关闭，时段放开，不产生费用")
    closed = stage.wait_for(lambda: orders.order_in(stage, troubles.unpaid, {"closed"}), "没有付款的订单到期没有关闭")
    require(closed["closed_reason"] == "hold_expired", "订单关闭的原因不是保留到期")
    require(_refunds(stage, troubles.unpaid) == [], "没有付款的订单不该有退款")
    missing = "订单关闭后没有通知下单用户"
    stage.wait_for(lambda: orders.find_notice(stage, troubles.unpaid, "order_closed_hold_expired"), missing)
    stage.story.step("乙：金额不符的通知没有入账；关单时核实了真实付款，全额退回，只退一次")
    _check_refunded_once(stage, troubles.wrong_amount)
    stage.story.step("丙：到账时订单已关闭，全额退回；迟到的通知没有再改变什么")
    _check_refunded_once(stage, troubles.late)
    if stage.late_notice_s:
        stage.wait_for(lambda: orders.notifications(stage, troubles.late, 1), "迟到的支付通知没有送达")
        _check_refunded_once(stage, troubles.late)


def check_wrong_amount_is_set_aside(stage: Stage, troubles: Troubles) -> None:
    """Before its hold runs out, the order whose notification lied is not paid, and staff see why."""
    order = troubles.wrong_amount
    path = f"/payments/{order.payment['payment_id']}"

    def under_review() -> dict[str, Any] | None:
        token = orders.sign_in_staff(stage, "finance")
        seen = expect(stage.api.request("GET", path, token=token, quiet=True), 200, "查询支付")
        return seen if seen["is_under_review"] else None

    stage.wait_for(under_review, "金额不符的通知没有被隔离")
    require(
        orders.order_in(stage, order, {"awaiting_payment", "closed"}) is not None, "金额不符的付款让订单变成了已付款"
    )


def _place(stage: Stage, client: orders.Person, patient_id: str) -> Order:
    """At the first of the times it asks for when somebody is free: waiting would use up the holds of the others."""
    for _ in range(_TIMES_TRIED):
        quote = orders.quote_visit(stage, client, patient_id, quiet=True)
        if candidates := orders.look_for_companions(stage, client, quote, quiet=True):
            return orders.place(stage, client, patient_id, quote, candidates, quiet=True)
    candidates = orders.match(stage, client, quote, quiet=True)
    return orders.place(stage, client, patient_id, quote, candidates, quiet=True)


def _refunds(stage: Stage, order: Order, *, quiet: bool = False) -> list[dict[str, Any]]:
    answer = stage.api.request("GET", f"/orders/{order.id}/refunds", token=order.client.token, quiet=quiet)
    items: list[dict[str, Any]] = expect(answer, 200, "查看退款")["items"]
    return items


def _check_refunded_once(stage: Stage, order: Order) -> None:
    def through() -> list[dict[str, Any]] | None:
        refunds = _refunds(stage, order, quiet=True)
        return refunds if refunds and all(each["state"] == "succeeded" for each in refunds) else None

    stage.wait_for(lambda: orders.order_in(stage, order, {"closed"}), "到期的订单没有关闭")
    stage.wait_for(through, "付过的钱没有退回")
    refunds = _refunds(stage, order)
    require([each["amount_fen"] for each in refunds] == [order.total_fen], "应当全额退款，且只退一次")
    net = sum(line["amount_fen"] for each in orders.balanced_ledger(stage, order) for line in each["postings"])
    require(net == 0, "退款后的账目合计不为零")
    stage.story.note(f"{refunds[0]['reason_title']}：{yuan(order.total_fen)} 已原路退回")
