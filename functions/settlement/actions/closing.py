"""An order that ended without a visit: what the client gets back, and what companion and platform keep."""

from collections.abc import Sequence

from functions.settlement.actions.income import CLOSED, DIVIDED, expect_income, money_of
from functions.settlement.actions.ledger import post
from functions.settlement.actions.refunds import owe_refund
from functions.settlement.rules import ledger
from functions.settlement.rules.income import IncomeKind
from functions.settlement.rules.ledger import UNASSIGNED, Division, SplitMismatch, Transaction
from functions.settlement.rules.payments import PaymentState
from functions.settlement.rules.refunds import NothingToRefund, RefundReason, refundable_fen
from functions.settlement.table import MoneyOfOrder, OrderMoneyRow, PaymentRow
from functions.shared.tx import Tx


def return_payment(tx: Tx, *, order_id: str, reason: RefundReason) -> None:
    """Owe the client the whole payment of an order, once, however often and for whatever reasons this is asked.

    Raises NothingToRefund if the payment is not (yet) booked: the event is then delivered again.
    """
    facts = money_of(order_id)
    if facts.money.settled == CLOSED:
        return
    payment = _paid(facts)
    amount_fen = refundable_fen(paid_fen=payment.amount_fen, held_fen=facts.held_fen)
    _end(tx, facts.money)
    _give_back(tx, payment, facts.money, amount_fen=amount_fen, reason=reason)
    tx.save(facts.money)


def close_paid_order(
    tx: Tx, *, order_id: str, companion_id: str, refund_fen: int, companion_fee_fen: int, platform_fee_fen: int
) -> None:
    """Divide what a cancelled order's client paid into refund and fees, once; the companion's fee is income.

    Raises NothingToRefund if the payment is not (yet) booked, SplitMismatch unless refund and fees are exactly what
    is held: the event is then delivered again.
    """
    facts = money_of(order_id)
    if facts.money.settled == CLOSED:
        return
    payment = _paid(facts)
    if facts.money.settled == DIVIDED or facts.held_fen < payment.amount_fen:
        raise NothingToRefund()
    if min(refund_fen, companion_fee_fen, platform_fee_fen) < 0 or facts.held_fen != (
        refund_fen + companion_fee_fen + platform_fee_fen
    ):
        raise SplitMismatch(f"退款与取消费用合计不等于代管的 {facts.held_fen} 分")
    _end(tx, facts.money)
    kept: tuple[Transaction, ...] = ()
    if companion_fee_fen or platform_fee_fen:
        fees = _keep_fees(
            tx,
            facts.money,
            order_id=order_id,
            companion_id=companion_id,
            companion_fee_fen=companion_fee_fen,
            platform_fee_fen=platform_fee_fen,
        )
        kept = (fees,)
    if refund_fen:
        reason = RefundReason.FEE_KEPT if kept else RefundReason.ORDER_CLOSED
        _give_back(tx, payment, facts.money, amount_fen=refund_fen, reason=reason, together=kept)
    else:
        post(tx, *kept)
    tx.save(facts.money)


def _paid(facts: MoneyOfOrder) -> PaymentRow:
    if facts.payment is None or facts.payment.state != PaymentState.SUCCEEDED:
        raise NothingToRefund()
    return facts.payment


def _end(tx: Tx, money: OrderMoneyRow) -> None:
    money.settled, money.settled_at = CLOSED, tx.now


def _give_back(
    tx: Tx,
    payment: PaymentRow,
    money: OrderMoneyRow,
    *,
    amount_fen: int,
    reason: RefundReason,
    together: Sequence[Transaction] = (),
) -> None:
    bearers = {ledger.funds_held(payment.order_id): amount_fen}
    owe_refund(tx, payment=payment, money=money, bearers=bearers, reason=reason, together=together)


def _keep_fees(
    tx: Tx,
    money: OrderMoneyRow,
    *,
    order_id: str,
    companion_id: str,
    companion_fee_fen: int,
    platform_fee_fen: int,
) -> Transaction:
    """What is to be booked of the fees; the companion's will be income."""
    kept = ledger.cancellation_fees(
        order_id=order_id,
        companion_id=companion_id,
        companion_fee_fen=companion_fee_fen,
        platform_fee_fen=platform_fee_fen,
        at=tx.now,
    )
    money.share_fen, money.commission_fen = companion_fee_fen, platform_fee_fen
    if not companion_fee_fen:
        return kept
    money.companion_id = companion_id
    division = Division(
        companion_id=companion_id,
        insurer_id=UNASSIGNED,
        share_fen=companion_fee_fen,
        commission_fen=platform_fee_fen,
        premium_fen=0,
    )
    expect_income(
        tx,
        order_id=order_id,
        kind=IncomeKind.CANCELLATION_FEE,
        price_fen=companion_fee_fen + platform_fee_fen,
        division=division,
    )
    return kept
