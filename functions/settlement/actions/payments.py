"""Payments: asked for by the client, proven by the provider, booked once.

What the provider says reaches us three ways: as the answer to our query, as a notification, or because the order was
closed and we asked. All of them end in `_judge`, so they cannot disagree about what a payment means.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.settlement import provider, table
from functions.settlement.actions.ledger import post
from functions.settlement.actions.supplements import book_supplement
from functions.settlement.events import PaymentMismatched, PaymentSucceeded
from functions.settlement.gateways import payments as port
from functions.settlement.rules import ledger
from functions.settlement.rules.payments import (
    CURRENCY,
    Claim,
    OrderNotPayable,
    Payment,
    PaymentMethod,
    PaymentMethodFixed,
    PaymentProviderSilent,
    PaymentRefused,
    PaymentState,
    QueriedRecently,
    differences,
    move_payment,
    require_payable,
)
from functions.settlement.rules.supplements import Item, ItemState, is_payment_id, payable, payment_id_of, sums_of
from functions.settlement.table import PaymentRow, supplements
from functions.shared import ids, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_ALREADY_PAID = frozenset({"ORDERPAID", "OUT_TRADE_NO_USED", "ORDER_CLOSED", "ORDERCLOSED"})


def start_payment(tx: Tx, *, order_id: str, client_id: str, method: PaymentMethod) -> tuple[Payment, port.Prepay | str]:
    """Place the order's payment at the provider, or get fresh parameters for the one placed before.

    Returns what the mini program needs, or the link to show as a code. The amount is the order's. Raises NotFound,
    OrderNotPayable, PaymentMethodFixed, PaymentRefused, PaymentProviderSilent; repeating is safe, for the number at
    the provider is always the payment's id.
    """
    from functions.booking import actions as booking

    order = booking.find_order(order_id)
    if order.client_id != client_id:
        raise NotFound()
    require_payable(
        order_state=order.state, amount_fen=order.total_fen, hold_expires_at=order.hold_expires_at, now=tx.now
    )
    payment_id = ids.derived("pay", order_id)
    row = table.find_payment(payment_id)
    if row is not None and row.state != PaymentState.CREATED:
        raise OrderNotPayable()
    if row is not None and row.method != method:
        raise PaymentMethodFixed()
    if row is None:
        row = PaymentRow(
            *table.payment_key(payment_id),
            payment_id=payment_id,
            order_id=order_id,
            client_id=client_id,
            amount_fen=order.total_fen,
            method=method,
            state=PaymentState.CREATED,
            created_at=tx.now,
            expires_at=order.hold_expires_at,
        )
        _check_later(tx, row, checks=0)
    # Written every time, so that this request's key is kept with its answer.
    row.asked_at = tx.now
    tx.save(row)
    return row.to_payment(), _prepay(row)


def start_supplement(
    tx: Tx, *, order_id: str, client_id: str, method: PaymentMethod
) -> tuple[Payment, port.Prepay | str]:
    """Place one payment of all that is due on top of the order (B9), or get fresh parameters for the one that waits.

    Raises NotFound, NothingDue, OrderNotPayable, PaymentMethodFixed, PaymentRefused, PaymentProviderSilent.
    """
    items = supplements.items_of(order_id) if ids.is_id("ord", order_id) else ()
    if not items or any(item.client_id != client_id for item in items):
        raise NotFound()
    payments = supplements.payments_of(order_id)
    row = payments[-1] if payments and payments[-1].state == PaymentState.CREATED else None
    if row is None:
        due = payable([item.to_item() for item in items if item.state != ItemState.PAID])
        row = _open_supplement(tx, due, payment_id_of(order_id, len(payments) + 1), method)
    elif row.expires_at <= tx.now or row.mismatch:
        raise OrderNotPayable("上一笔支付正在核对，请稍后再试")
    elif row.method != method:
        raise PaymentMethodFixed()
    row.asked_at = tx.now
    tx.save(row)
    return row.to_payment(), _prepay(row)


def _open_supplement(tx: Tx, due: Sequence[Item], payment_id: str, method: PaymentMethod) -> PaymentRow:
    """The payment of these items, stored before the provider hears of it: what is approved meanwhile must not change
    the amount under a number that is known there."""
    row = PaymentRow(
        *table.payment_key(payment_id),
        payment_id=payment_id,
        order_id=due[0].order_id,
        client_id=due[0].client_id,
        amount_fen=sums_of(due).amount_fen,
        covers=tuple(item.item_id for item in due),
        method=method,
        state=PaymentState.CREATED,
        created_at=tx.now,
        asked_at=tx.now,
        expires_at=tx.now + timedelta(seconds=table.policy().supplement_pay_s),
    )
    opening = Tx(tx.room, now=tx.now, correlation_id=tx.correlation_id)
    opening.insert(row)
    _check_later(opening, row, checks=0)
    opening.commit()
    return row


def _prepay(row: PaymentRow) -> port.Prepay | str:
    from functions.accounts import actions as accounts

    placed: dict[str, Any] = {
        "out_trade_no": row.payment_id,
        "description": f"诊伴陪诊服务 {row.order_id[-8:]}",
        "amount_fen": row.amount_fen,
        "notify_url": provider.notify_url(provider.PAYMENTS_PATH),
        "expires_at": row.expires_at,
    }
    try:
        if row.method == PaymentMethod.NATIVE:
            return provider.wechat_pay().prepay_native(**placed)
        return provider.wechat_pay().prepay_jsapi(openid=accounts.openid_of(row.client_id), **placed)
    except port.PaymentUnknown as error:
        raise PaymentProviderSilent() from error
    except port.PaymentRejected as refusal:
        if refusal.code in _ALREADY_PAID:
            raise OrderNotPayable() from refusal
        observe.logger().error("prepay refused", extra={"payment_id": row.payment_id, "refusal": refusal.code})
        raise PaymentRefused(refusal.message) from refusal


def find_payment(payment_id: str) -> Payment:
    """The payment as stored; NotFound."""
    row = table.find_payment(payment_id)
    if row is None:
        raise NotFound()
    return row.to_payment()


def look_up_payment(tx: Tx, payment_id: str, *, client_id: str) -> Payment:
    """The client's payment; while it waits for money the provider is asked, so that a lost notification hurts nobody.

    However often this is called, the provider is asked once in a few seconds; in between, and if it does not answer,
    the stored state is the answer. Raises NotFound.
    """
    row = table.find_payment(payment_id)
    if row is None or row.client_id != client_id:
        raise NotFound()
    if row.state == PaymentState.CREATED and not row.mismatch and _may_query(tx, row):
        try:
            seen = _query(row)
        except (port.PaymentUnknown, port.PaymentRejected) as error:
            observe.logger().warning("provider did not tell", extra={"payment_id": payment_id, "error": str(error)})
        else:
            _judge(tx, row, seen, is_closing=False)
    return row.to_payment()


def _may_query(tx: Tx, row: PaymentRow) -> bool:
    """Take the turn to ask the provider, if the last one is long enough ago.

    The turn is written before the provider is asked, in a transaction of its own: of many calls at once one asks.
    """
    if "turn" in (taken := tx.once("turn", dict[str, datetime])):
        row.queried_at = taken["turn"]
        return True
    latest = tx.now - timedelta(seconds=table.policy().payment_query_gap_s)
    stored = PaymentRow.queried_at
    turn = Tx(tx.room, now=tx.now, correlation_id=tx.correlation_id)
    turn.update(
        PaymentRow(*table.payment_key(row.payment_id)),
        [stored.set(tx.now)],
        condition=stored.does_not_exist() | (stored <= latest),
        conflict=QueriedRecently(),
    )
    try:
        turn.commit()
    except QueriedRecently:
        return False
    row.queried_at = taken["turn"] = tx.now
    return True


def take_notice(tx: Tx, *, notification_id: str, seen: port.ProviderPayment) -> None:
    """Act on a proven notification about a payment, once. Raises NotFound for a payment that we never placed."""
    row, is_repeated = None, False
    if is_payment_id(seen.out_trade_no):
        row, is_repeated = table.find_payment_and_notification(seen.out_trade_no, notification_id)
    if row is None:
        observe.count("PaymentUnmatched")
        raise NotFound()
    if is_repeated:
        return
    outcome = _judge(tx, row, seen, is_closing=False, is_query=False)
    if outcome:
        tx.insert(
            table.NotificationRow(
                *table.notification_key(notification_id),
                about=row.payment_id,
                outcome=outcome,
                received_at=tx.now,
                ttl=tx.now + table.NOTIFICATION_KEPT,
            )
        )


def check_payment(tx: Tx, payment_id: str) -> None:
    """Ask the provider about a payment that nobody has told us of; close it once its time is over.

    Raises PaymentUnknown and PaymentRejected: the timer is then delivered again.
    """
    row = table.find_payment(payment_id)
    if row is None or not _needs_checking(row):
        return
    seen = _query(row)
    if seen is not None and seen.state.was_paid:
        _judge(tx, row, seen, is_closing=row.state == PaymentState.CLOSED)
    elif row.state == PaymentState.CREATED and row.expires_at <= tx.now:
        _close(tx, row)
    elif row.state == PaymentState.CREATED:
        row.checks += 1
        tx.save(row)
        _check_later(tx, row, checks=int(row.checks))


def _needs_checking(row: PaymentRow) -> bool:
    """An unpaid payment, or a closed one about which the provider said something strange."""
    if row.state == PaymentState.CREATED:
        return not row.mismatch
    return row.state == PaymentState.CLOSED and bool(row.mismatch) and row.suspense_fen is None


def close_payment(tx: Tx, order_id: str) -> None:
    """The order ended unpaid: see to it that nobody can pay any more, or book what was paid meanwhile.

    Raises PaymentUnknown and PaymentRejected: the event is then delivered again.
    """
    row = table.find_payment(ids.derived("pay", order_id))
    if row is None or row.state != PaymentState.CREATED:
        return
    seen = _query(row)
    if seen is not None and seen.state.was_paid:
        _judge(tx, row, seen, is_closing=True)
    else:
        _close(tx, row)


def _close(tx: Tx, row: PaymentRow) -> None:
    try:
        provider.wechat_pay().close(row.payment_id)
    except port.PaymentRejected as refusal:
        if not refusal.is_absent:
            raise
    row.state = move_payment(PaymentState(row.state), PaymentState.CLOSED)
    tx.save(row)


def _query(row: PaymentRow) -> port.ProviderPayment | None:
    """What the provider knows; None if the payment was never placed there."""
    try:
        return provider.wechat_pay().query(row.payment_id)
    except port.PaymentRejected as refusal:
        if refusal.is_absent:
            return None
        raise


def _judge(
    tx: Tx, row: PaymentRow, seen: port.ProviderPayment | None, *, is_closing: bool, is_query: bool = True
) -> str:
    """Book a payment that is in every respect ours; set one aside that is not. Returns what was done, or nothing.

    A payment that was set aside is not applied to its order any more. When the order is closed, the provider's answer
    to our own query decides: what then agrees is booked, so that it goes back to the client in full.
    """
    if seen is None or not seen.state.was_paid:
        return ""
    fields = differences(_our_claim(row), _their_claim(seen))
    if fields:
        return _set_aside(tx, row, seen, fields, is_query=is_query)
    if row.state == PaymentState.SUCCEEDED or (row.mismatch and not is_closing):
        return ""
    row.state = move_payment(PaymentState(row.state), PaymentState.SUCCEEDED)
    row.transaction_id = seen.transaction_id
    row.paid_at = seen.success_at or tx.now
    tx.save(row)
    if row.covers:
        book_supplement(tx, row)
        return "applied"
    post(
        tx,
        ledger.payment_received(payment_id=row.payment_id, order_id=row.order_id, amount_fen=row.amount_fen, at=tx.now),
    )
    tx.emit(
        PaymentSucceeded(
            payment_id=row.payment_id,
            order_id=row.order_id,
            client_id=row.client_id,
            amount_fen=row.amount_fen,
            paid_at=row.paid_at,
        )
    )
    return "applied"


def _set_aside(tx: Tx, row: PaymentRow, seen: port.ProviderPayment, fields: tuple[str, ...], *, is_query: bool) -> str:
    """Quarantine: nothing is applied, staff are told. Only a query proves what the provider holds for the suspense."""
    observe.count("PaymentMismatched")
    observe.logger().error("payment mismatched", extra={"payment_id": row.payment_id, "fields": fields})
    is_known = bool(row.mismatch)
    if row.state != PaymentState.SUCCEEDED:
        row.mismatch = fields
        if is_query and row.suspense_fen is None and seen.currency == CURRENCY and seen.amount_fen:
            row.suspense_fen = seen.amount_fen
            arrived = ledger.unexplained_payment(
                payment_id=row.payment_id, order_id=row.order_id, amount_fen=seen.amount_fen, at=tx.now
            )
            post(tx, arrived)
        tx.save(row)
        if row.state == PaymentState.CLOSED and not is_query:
            _check_later(tx, row, checks=0)
    if not is_known:
        tx.emit(PaymentMismatched(payment_id=row.payment_id, order_id=row.order_id))
    return "set aside"


def _check_later(tx: Tx, row: PaymentRow, *, checks: int) -> None:
    """The next look at the provider: after the policy's delay, or when the payment's time is over if that is sooner."""
    due_at = tx.now + table.policy().payment_check_after(checks)
    # A schedule has whole seconds: rounded up, so that the last look is never early.
    over_at = row.expires_at.replace(microsecond=0) + timedelta(seconds=1)
    if tx.now < over_at:
        due_at = min(due_at, over_at)
    tx.schedule(Timer(room="settlement", kind="check_payment", subject=row.payment_id, due_at=due_at))


def _our_claim(row: PaymentRow) -> Claim:
    merchant_id, app_id = provider.identity()
    return Claim(
        out_trade_no=row.payment_id,
        amount_fen=row.amount_fen,
        currency=CURRENCY,
        merchant_id=merchant_id,
        app_id=app_id,
    )


def _their_claim(seen: port.ProviderPayment) -> Claim:
    return Claim(
        out_trade_no=seen.out_trade_no,
        amount_fen=seen.amount_fen,
        currency=seen.currency,
        merchant_id=seen.merchant_id,
        app_id=seen.app_id,
    )
