"""What a complaint does to an order's money: nothing is released meanwhile, and what is decided is given back (F17)."""

from collections.abc import Mapping
from datetime import timedelta

from functions.settlement import table
from functions.settlement.actions.income import income_of_order
from functions.settlement.actions.refund_orders import order_refund
from functions.settlement.rules.approvals import ProposalState
from functions.settlement.rules.income import IncomeState
from functions.settlement.rules.refunds import (
    NothingToRefund,
    OrderNotSettled,
    RefundKind,
    RefundTooLarge,
    TooManyRefunds,
)
from functions.shared import observe
from functions.shared.events import Timer
from functions.shared.tx import Tx

Remedied = Mapping[str, str | int]
"""How far a remedy is: `result` is done, under_way or not_possible; `refund_fen` what goes back."""


def hold_income(tx: Tx, *, order_id: str, complaint_id: str) -> None:
    """Keep what the order brings from being released while this complaint is open; no effect once it has closed."""
    money = table.find_money(order_id) or table.OrderMoneyRow(*table.money_key(order_id))
    if complaint_id in money.complaints:
        return
    money.complaints = {**money.complaints, complaint_id: True}
    tx.save(money)


def let_income_go(tx: Tx, *, order_id: str, complaint_id: str) -> None:
    """The complaint has ended: without another one, what was due meanwhile is released now."""
    money = table.find_money(order_id) or table.OrderMoneyRow(*table.money_key(order_id))
    if money.complaints.get(complaint_id) is False:
        return
    money.complaints = {**money.complaints, complaint_id: False}
    tx.save(money)
    if money.is_held:
        return
    income = income_of_order(order_id)
    if income is not None and income.state == IncomeState.PENDING and income.release_at <= tx.now:
        due_at = tx.now.replace(microsecond=0) + timedelta(seconds=1)
        tx.schedule(Timer(room="settlement", kind="release_income", subject=order_id, due_at=due_at))


def refund_complaint(
    tx: Tx, *, complaint_id: str, decision_id: str, order_id: str, refund_fen: int, decided_by: str
) -> Remedied:
    """Give back what was decided, once per decision, as companion and platform shared the price.

    `under_way`: above the limit a person of finance approves it first (then `refund_order.carried_out`, or
    `.rejected`). `not_possible`: there is not so much left, or the order has not ended.
    """
    try:
        proposal = order_refund(
            tx,
            business_id=decision_id,
            order_id=order_id,
            kind=RefundKind.PARTIAL,
            amount_fen=refund_fen,
            reason=f"申诉 {complaint_id}",
            ordered_by=decided_by,
        )
    except (NothingToRefund, OrderNotSettled, RefundTooLarge, TooManyRefunds):
        return {"result": "not_possible", "refund_fen": 0}
    result = {ProposalState.APPROVED: "done", ProposalState.REJECTED: "not_possible"}.get(proposal.state, "under_way")
    return {"result": result, "refund_fen": refund_fen}


def give_difference_back(tx: Tx, *, decision_id: str, order_id: str, back_fen: int) -> None:
    """Give back what the time to which a complaint moved the visit is cheaper, once per decision; above the limit
    finance approves it first. The platform bears it: the companion took the visit for the share they were shown.

    Raises OrderNotSettled while the order's money is not divided; nothing if it went back to the client before.
    """
    try:
        order_refund(
            tx,
            business_id=decision_id,
            order_id=order_id,
            kind=RefundKind.GOODWILL,
            amount_fen=back_fen,
            reason="申诉改派到价格更低的时间，退还差价",
            ordered_by="system",
        )
    except (NothingToRefund, RefundTooLarge):
        observe.logger().info("nothing is left to give back", extra={"order_id": order_id})
