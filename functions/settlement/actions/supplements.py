"""Overtime and expenses (B9): what a client approved is due, is paid beside the order's payment, and divided at once.

The companion's report waits for none of it. What stays unpaid is listed for finance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from functions.settlement import table
from functions.settlement.actions import tax
from functions.settlement.actions.income import DIVIDED, expect_income
from functions.settlement.actions.ledger import post
from functions.settlement.actions.refunds import owe_refund
from functions.settlement.events import SupplementOverdue, SupplementPaid
from functions.settlement.rules import ledger
from functions.settlement.rules.income import IncomeKind
from functions.settlement.rules.ledger import UNASSIGNED, Division
from functions.settlement.rules.payments import Payment
from functions.settlement.rules.refunds import RefundReason
from functions.settlement.rules.supplements import Item, ItemState, sums_of
from functions.settlement.table import OrderMoneyRow, PaymentRow
from functions.settlement.table import supplements as rows
from functions.settlement.table.supplements import ItemRow
from functions.shared import ids, observe
from functions.shared.caller import Caller
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_MAX_OVERDUE = 45
"""So many items fit one transaction; a visit has fewer."""


@dataclass(frozen=True)
class Supplement:
    """Everything that was approved for an order, and the payments that were started for it."""

    order_id: str
    items: Sequence[ItemRow]
    payments: Sequence[Payment]

    @property
    def due_fen(self) -> int:
        return sum(item.amount_fen for item in self.items if item.state != ItemState.PAID)


def owe_item(tx: Tx, item: Item) -> None:
    """The client approved something: it is due, once."""
    if rows.find_item(item.order_id, item.item_id) is not None:
        return
    row = rows.item_row(item)
    row.due_since = tx.now
    tx.insert(row)
    # A schedule has whole seconds: rounded up, so that the timer is never early.
    due_at = (tx.now + timedelta(seconds=table.policy().supplement_overdue_s + 1)).replace(microsecond=0)
    tx.schedule(Timer(room="settlement", kind="supplement_due", subject=item.order_id, due_at=due_at))


def note_overdue(tx: Tx, order_id: str) -> None:
    """What was approved long ago and is unpaid goes into finance's list, and its client is reminded, once."""
    latest = tx.now - timedelta(seconds=table.policy().supplement_overdue_s)
    overdue = [row for row in rows.items_of(order_id) if row.state == ItemState.DUE and row.due_since <= latest]
    for row in overdue[:_MAX_OVERDUE]:
        row.state = ItemState.OVERDUE
        tx.save(row)
        tx.insert(rows.overdue_row(row))
    if overdue:
        observe.count("SupplementOverdue")
        amount_fen = sum(row.amount_fen for row in overdue)
        tx.emit(SupplementOverdue(order_id=order_id, client_id=overdue[0].client_id, amount_fen=amount_fen))


def book_supplement(tx: Tx, payment: PaymentRow) -> None:
    """The supplement's money arrived: share and commission of it are booked with it, so that nothing of it is held.

    Money for something that another payment paid meanwhile goes back to the client in full.
    """
    order_id, amount_fen = payment.order_id, payment.amount_fen
    received = ledger.payment_received(
        payment_id=payment.payment_id, order_id=order_id, amount_fen=amount_fen, at=tx.now
    )
    money = OrderMoneyRow(*table.money_key(order_id, payment.payment_id))
    covered = rows.load_items(order_id, payment.covers or ())
    sums = sums_of(row.to_item() for row in covered)
    if sums.amount_fen != amount_fen or any(row.state == ItemState.PAID for row in covered):
        bearers = {ledger.funds_held(order_id): amount_fen}
        reason = RefundReason.PAID_TOO_LATE
        owe_refund(tx, payment=payment, money=money, bearers=bearers, reason=reason, together=(received,))
        tx.save(money)
        return
    companion_id = covered[0].companion_id
    assert all(row.companion_id == companion_id for row in covered), "a visit has one companion from its arrival on"
    split = ledger.supplement_split(
        payment_id=payment.payment_id,
        order_id=order_id,
        companion_id=companion_id,
        share_fen=sums.share_fen,
        commission_fen=sums.commission_fen,
        at=tx.now,
    )
    post(tx, received, split)
    for row in covered:
        row.state, row.payment_id, row.paid_at = ItemState.PAID, payment.payment_id, tx.now
        tx.save(row)
    money.settled, money.settled_at, money.companion_id = DIVIDED, tx.now, companion_id
    money.share_fen, money.commission_fen = sums.share_fen, sums.commission_fen
    tx.save(money)
    _expect(tx, payment, companion_id, sums.share_fen, sums.commission_fen, sums.expenses_fen)
    tax.reimburse(tx, companion_id, sums.expenses_fen)
    tx.emit(
        SupplementPaid(
            payment_id=payment.payment_id,
            order_id=order_id,
            client_id=payment.client_id,
            companion_id=companion_id,
            amount_fen=amount_fen,
            share_fen=sums.share_fen,
        )
    )


def _expect(
    tx: Tx, payment: PaymentRow, companion_id: str, share_fen: int, commission_fen: int, expenses_fen: int
) -> None:
    division = Division(
        companion_id=companion_id,
        insurer_id=UNASSIGNED,
        share_fen=share_fen,
        commission_fen=commission_fen,
        premium_fen=0,
    )
    expect_income(
        tx,
        order_id=payment.order_id,
        kind=IncomeKind.SUPPLEMENT,
        price_fen=payment.amount_fen,
        division=division,
        supplement_id=payment.payment_id,
        expenses_fen=expenses_fen,
    )


def read_supplement(order_id: str, *, caller: Caller) -> Supplement:
    """What came on top of the order, for its client, its companion and staff: two Queries.

    NotFound for everybody else, and for an order of which nothing was approved.
    """
    items = rows.items_of(order_id) if ids.is_id("ord", order_id) else ()
    if not items:
        raise NotFound()
    is_party = any(caller.subject in (item.client_id, item.companion_id) for item in items)
    if not (is_party or caller.is_staff):
        raise NotFound()
    return Supplement(order_id, items, [row.to_payment() for row in rows.payments_of(order_id)])


def overdue_items(month: str, *, limit: int, after: str | None) -> tuple[list[ItemRow], str | None]:
    """A page of what became overdue of a month's approvals (`2026-03`), as it stands now."""
    return rows.overdue_of(month, limit=limit, after=after)
