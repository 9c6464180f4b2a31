"""Refunds: owed in the ledger first, then asked of the provider under a number that never changes."""

from functions.settlement import provider, table
from functions.settlement.actions.ledger import post
from functions.settlement.events import RefundRequested, RefundSucceeded
from functions.settlement.gateways import payments as port
from functions.settlement.rules import ledger
from functions.settlement.rules.payments import PaymentState
from functions.settlement.rules.refunds import (
    PASSING_REFUSALS,
    NothingToRefund,
    Refund,
    RefundReason,
    RefundState,
    move_refund,
    refundable_fen,
)
from functions.settlement.table import RefundRow
from functions.shared import ids, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_MISMATCH = "AMOUNT_MISMATCH"


def request_refund(tx: Tx, *, order_id: str, reason: RefundReason) -> None:
    """Owe the client the whole payment of an order, once, however often and for whatever reasons this is asked.

    Raises NothingToRefund if the payment is not (yet) booked: the event is then delivered again.
    """
    payment_id, refund_id = ids.derived("pay", order_id), ids.derived("rfd", order_id)
    held = ledger.funds_held(order_id)
    facts = table.find_money_of_order(order_id, payment_id=payment_id, refund_id=refund_id, held=held)
    if facts.refund is not None:
        return
    payment = facts.payment
    if payment is None or payment.state != PaymentState.SUCCEEDED:
        raise NothingToRefund()
    amount_fen = refundable_fen(paid_fen=payment.amount_fen, held_fen=facts.held_fen)
    tx.insert(
        RefundRow(
            *table.refund_key(order_id, refund_id),
            refund_id=refund_id,
            payment_id=payment_id,
            order_id=order_id,
            client_id=payment.client_id,
            amount_fen=amount_fen,
            total_fen=payment.amount_fen,
            state=RefundState.REQUESTED,
            reason=reason,
            requested_at=tx.now,
        )
    )
    post(tx, ledger.refund_requested(refund_id=refund_id, order_id=order_id, amount_fen=amount_fen, at=tx.now))
    tx.emit(
        RefundRequested(
            refund_id=refund_id,
            payment_id=payment_id,
            order_id=order_id,
            client_id=payment.client_id,
            amount_fen=amount_fen,
        )
    )


def pursue_refund(tx: Tx, *, order_id: str, refund_id: str) -> None:
    """Ask the provider for the refund, or how it stands, until it is through; unknown means asking again later."""
    row = table.find_refund(order_id, refund_id)
    if row is None or row.state not in (RefundState.REQUESTED, RefundState.PROCESSING):
        return
    try:
        seen = _refund_at_provider(row)
    except port.PaymentUnknown:
        _look_again(tx, row)
    except port.PaymentRejected as refusal:
        row.refusal = refusal.code
        if refusal.code in PASSING_REFUSALS:
            _look_again(tx, row)
        else:
            _leave_to_staff(tx, row, refusal.code)
    else:
        _apply(tx, row, seen)


def take_notice(tx: Tx, seen: port.ProviderRefund) -> None:
    """Act on a proven notification about a refund, once. Raises NotFound for a refund that we never asked for."""
    order_id = ids.derived("ord", seen.out_trade_no)
    row = table.find_refund(order_id, seen.out_refund_no) if ids.is_id("pay", seen.out_trade_no) else None
    if row is None:
        observe.count("PaymentUnmatched")
        raise NotFound()
    if row.state != RefundState.SUCCEEDED and seen.state is not port.RefundState.PROCESSING:
        _apply(tx, row, seen)


def _refund_at_provider(row: RefundRow) -> port.ProviderRefund:
    """The first time ask for it; after that ask how it stands, and for it again only if the provider knows nothing."""
    if row.checks:
        try:
            return provider.wechat_pay().query_refund(row.refund_id)
        except port.PaymentRejected as refusal:
            if not refusal.is_absent:
                raise
    return provider.wechat_pay().refund(
        out_refund_no=row.refund_id,
        out_trade_no=row.payment_id,
        refund_fen=row.amount_fen,
        total_fen=row.total_fen,
        reason=RefundReason(row.reason).label,
        notify_url=provider.notify_url(provider.REFUNDS_PATH),
    )


def _apply(tx: Tx, row: RefundRow, seen: port.ProviderRefund) -> None:
    theirs = (seen.out_trade_no, seen.refund_fen, seen.total_fen)
    if theirs != (row.payment_id, row.amount_fen, row.total_fen):
        _leave_to_staff(tx, row, _MISMATCH)
    elif seen.state is port.RefundState.SUCCEEDED:
        _succeed(tx, row, seen)
    elif seen.state is port.RefundState.PROCESSING:
        if row.state == RefundState.REQUESTED:
            row.state = move_refund(RefundState.REQUESTED, RefundState.PROCESSING)
        _look_again(tx, row)
    else:
        _leave_to_staff(tx, row, seen.state.upper())


def _succeed(tx: Tx, row: RefundRow, seen: port.ProviderRefund) -> None:
    row.state = move_refund(RefundState(row.state), RefundState.SUCCEEDED)
    row.succeeded_at = seen.success_at or tx.now
    tx.save(row)
    paid = ledger.refund_paid(refund_id=row.refund_id, order_id=row.order_id, amount_fen=row.amount_fen, at=tx.now)
    post(tx, paid)
    tx.emit(
        RefundSucceeded(
            refund_id=row.refund_id,
            payment_id=row.payment_id,
            order_id=row.order_id,
            client_id=row.client_id,
            amount_fen=row.amount_fen,
        )
    )


def _look_again(tx: Tx, row: RefundRow) -> None:
    delay = table.policy().refund_check_after(int(row.checks))
    row.checks += 1
    tx.save(row)
    tx.schedule(Timer(room="settlement", kind="check_refund", subject=row.refund_id, due_at=tx.now + delay))


def _leave_to_staff(tx: Tx, row: RefundRow, code: str) -> None:
    """The money stays owed in the ledger; the provider will notify when staff have settled it there."""
    observe.count("RefundAbnormal")
    observe.logger().error("refund needs staff", extra={"refund_id": row.refund_id, "refusal": code})
    if row.state == RefundState.ABNORMAL:
        return
    row.refusal = code
    row.state = move_refund(RefundState(row.state), RefundState.ABNORMAL)
    tx.save(row)


def refunds_of(order_id: str, *, client_id: str | None) -> list[Refund]:
    """The order's refunds; NotFound if the order is not `client_id`'s (None: staff, who may see every order)."""
    from functions.booking import actions as booking

    refunds = [row.to_refund() for row in table.refunds_of(order_id)]
    owner = refunds[0].client_id if refunds else booking.find_order(order_id).client_id
    if client_id not in (None, owner):
        raise NotFound()
    return refunds
