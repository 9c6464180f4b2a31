"""What a complaint does to an order's money: nothing is released meanwhile, and what is decided is given back (F17)."""

from datetime import timedelta

from functions.settlement import table
from functions.settlement.actions.income import income_of_order
from functions.settlement.actions.refund_orders import order_refund
from functions.settlement.events import RefundOrderRejected
from functions.settlement.rules.income import IncomeState
from functions.settlement.rules.refunds import NothingToRefund, RefundKind, RefundTooLarge
from functions.shared import ids
from functions.shared.events import Timer
from functions.shared.tx import Tx


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
) -> None:
    """Give back what was decided, once per decision, as companion and platform shared the price.

    Above the limit a person of finance approves it first. What cannot be given back is told (`refund_order.rejected`).
    Raises OrderNotSettled while the order's end has not been heard of.
    """
    try:
        order_refund(
            tx,
            business_id=decision_id,
            order_id=order_id,
            kind=RefundKind.PARTIAL,
            amount_fen=refund_fen,
            reason=f"申诉 {complaint_id}",
            ordered_by=decided_by,
        )
    except (NothingToRefund, RefundTooLarge):
        tx.emit(RefundOrderRejected(refund_order_id=ids.derived("rfo", decision_id), order_id=order_id))
