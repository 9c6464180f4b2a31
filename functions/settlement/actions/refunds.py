"""Refunds: owed in the ledger first, then asked of the provider under a number that never changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from functions.settlement import provider, table
from functions.settlement.actions.ledger import post
from functions.settlement.events import RefundRequested, RefundSucceeded
from functions.settlement.gateways import payments as port
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Transaction
from functions.settlement.rules.refunds import (
    APART,
    PASSING_REFUSALS,
    Refund,
    RefundReason,
    RefundState,
    move_refund,
    refund_id_of,
)
from functions.settlement.rules.supplements import is_payment_id
from functions.settlement.table import OrderMoneyRow, PaymentRow, RefundRow
from functions.shared import ids, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_MISMATCH = "AMOUNT_MISMATCH"


def owe_refund(
    tx: Tx,
    *,
    payment: PaymentRow,
    money: OrderMoneyRow,
    bearers: Mapping[Account, int],
    reason: RefundReason,
    together: Sequence[Transaction] = (),
) -> str:
    """Book that the client is owed what `bearers` give, and have it asked of the provider; returns the refund's id.

    `together` is what the same act books about the order. Counts in `money`, which the caller saves. Raises
    TooManyRefunds.
    """
    order_id, amount_fen = payment.order_id, sum(bearers.values())
    money.refunds += 1
    money.refunded_fen += amount_fen
    refund_id = refund_id_of(payment.payment_id, int(money.refunds))
    tx.insert(
        RefundRow(
            *table.refund_key(order_id, refund_id),
            refund_id=refund_id,
            payment_id=payment.payment_id,
            order_id=order_id,
            client_id=payment.client_id,
            amount_fen=amount_fen,
            total_fen=payment.amount_fen,
            state=RefundState.REQUESTED,
            reason=reason,
            requested_at=tx.now,
        )
    )
    owed = ledger.refund_borne(refund_id=refund_id, order_id=order_id, bearers=bearers, at=tx.now)
    post(tx, owed, *together, is_decided_on_balances=True)
    tx.emit(
        RefundRequested(
            refund_id=refund_id,
            payment_id=payment.payment_id,
            order_id=order_id,
            client_id=payment.client_id,
            amount_fen=amount_fen,
        )
    )
    return refund_id


def pursue_refund(tx: Tx, *, order_id: str, refund_id: str) -> None:
    """Ask the provider for the refund, or how it stands, until it is through; unknown means asking again later.

    Refunds of one payment are asked for a minute apart, as the provider wants it.
    """
    rows = {row.refund_id: row for row in table.refund_rows_of(order_id)}
    row = rows.pop(refund_id, None)
    if row is None or row.state not in (RefundState.REQUESTED, RefundState.PROCESSING):
        return
    free_at = max((other.asked_at + APART for other in rows.values() if other.asked_at), default=tx.now)
    if row.state == RefundState.REQUESTED and free_at > tx.now:
        _check_at(tx, row, free_at)
        return
    try:
        seen = _refund_at_provider(tx, row)
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
    row = table.find_refund(order_id, seen.out_refund_no) if is_payment_id(seen.out_trade_no) else None
    if row is None:
        observe.count("PaymentUnmatched")
        raise NotFound()
    if row.state != RefundState.SUCCEEDED and seen.state is not port.RefundState.PROCESSING:
        _apply(tx, row, seen)


def _refund_at_provider(tx: Tx, row: RefundRow) -> port.ProviderRefund:
    """The first time ask for it; after that ask how it stands, and for it again only if the provider knows nothing."""
    if row.checks:
        try:
            return provider.wechat_pay().query_refund(row.refund_id)
        except port.PaymentRejected as refusal:
            if not refusal.is_absent:
                raise
    row.asked_at = tx.now
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
    _check_at(tx, row, tx.now + delay)


def _check_at(tx: Tx, row: RefundRow, due_at: datetime) -> None:
    tx.schedule(Timer(room="settlement", kind="check_refund", subject=row.refund_id, due_at=due_at))


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

    refunds = [row.to_refund() for row in table.refund_rows_of(order_id)]
    owner = refunds[0].client_id if refunds else booking.find_order(order_id).client_id
    if client_id not in (None, owner):
        raise NotFound()
    return refunds
