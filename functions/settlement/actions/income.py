"""Dividing what an order brought, and releasing the companion's part (F25)."""

from collections.abc import Mapping
from datetime import timedelta

from functions.settlement import table
from functions.settlement.actions.ledger import post
from functions.settlement.events import IncomeReleased
from functions.settlement.rules import ledger
from functions.settlement.rules.income import IncomeKind, IncomeState, move_income
from functions.settlement.rules.ledger import UNASSIGNED, Division, SplitMismatch
from functions.settlement.rules.supplements import number_of
from functions.settlement.table import IncomeRow, MoneyOfOrder
from functions.shared import ids
from functions.shared.events import Timer
from functions.shared.tx import Tx

DIVIDED = "divided"
CLOSED = "closed"


def money_of(order_id: str, supplement_id: str = "") -> MoneyOfOrder:
    """What decides about an order's money, or about that of one of its supplementary payments: one read."""
    held = ledger.funds_held(order_id)
    payment_id = supplement_id or ids.derived("pay", order_id)
    return table.find_money_of_order(order_id, payment_id=payment_id, held=held, supplement_id=supplement_id)


def divide_order(
    tx: Tx,
    *,
    order_id: str,
    companion_id: str,
    total_fen: int,
    share_fen: int,
    commission_fen: int,
    premium_fen: int,
    subsidies: Mapping[str, int],
    coupon_fen: int,
) -> None:
    """The visit is done: what is held becomes income, commission and premium, once; the income is released later.

    `subsidies` are fen by programme. Raises SplitMismatch unless the parts are exactly what is held: the event is then
    delivered again.
    """
    facts = money_of(order_id)
    money = facts.money
    if money.settled == DIVIDED:
        return
    if total_fen != facts.held_fen:
        raise SplitMismatch(f"订单 {total_fen} 分，代管 {facts.held_fen} 分")
    division = Division(
        companion_id=companion_id,
        insurer_id=money.insurer_id or UNASSIGNED,
        share_fen=share_fen,
        commission_fen=commission_fen,
        premium_fen=premium_fen,
        subsidies=subsidies,
        coupon_fen=coupon_fen,
    )
    post(tx, ledger.order_split(order_id=order_id, held_fen=facts.held_fen, division=division, at=tx.now))
    money.settled, money.settled_at = DIVIDED, tx.now
    money.companion_id, money.premium_fen = companion_id, premium_fen
    money.share_fen, money.commission_fen = share_fen, commission_fen
    tx.save(money)
    expect_income(tx, order_id=order_id, kind=IncomeKind.VISIT, price_fen=total_fen, division=division)


def expect_income(
    tx: Tx,
    *,
    order_id: str,
    kind: IncomeKind,
    price_fen: int,
    division: Division,
    supplement_id: str | None = None,
    expenses_fen: int = 0,
) -> None:
    """The companion will have this income when the complaint window is over."""
    source_id = supplement_id or order_id
    # A schedule has whole seconds: rounded up, so that the timer is never early.
    release_at = (tx.now + table.policy().complaint_window).replace(microsecond=0) + timedelta(seconds=1)
    tx.insert(
        IncomeRow(
            *table.income_key(division.companion_id, source_id, tx.now),
            order_id=order_id,
            companion_id=division.companion_id,
            income_kind=kind,
            price_fen=price_fen,
            subsidy_fen=division.subsidy_fen,
            coupon_fen=division.coupon_fen,
            commission_fen=division.commission_fen,
            premium_fen=division.premium_fen,
            share_fen=division.share_fen,
            expenses_fen=expenses_fen,
            supplement_id=supplement_id,
            state=IncomeState.PENDING,
            completed_at=tx.now,
            release_at=release_at,
        )
    )
    tx.schedule(Timer(room="settlement", kind="release_income", subject=source_id, due_at=release_at))


def assign_insurer(tx: Tx, *, order_id: str, insurer_id: str) -> None:
    """Remember to whom the order's premium is owed; move it there if it was booked before this was known."""
    money = table.find_money(order_id) or table.OrderMoneyRow(*table.money_key(order_id))
    if money.insurer_id:
        return
    money.insurer_id = insurer_id
    tx.save(money)
    if money.premium_fen:
        premium_fen = money.premium_fen
        moved = ledger.premium_assigned(order_id=order_id, insurer_id=insurer_id, amount_fen=premium_fen, at=tx.now)
        post(tx, moved)


def owe_kept_premium(tx: Tx, *, order_id: str, insurer_id: str, premium_fen: int) -> None:
    """The order ended and its client was paid back, premium and all; the insurer keeps it, so the platform bears it.

    Once for each order.
    """
    money = table.find_money(order_id) or table.OrderMoneyRow(*table.money_key(order_id))
    if money.premium_kept_fen:
        return
    money.premium_kept_fen = premium_fen
    tx.save(money)
    post(tx, ledger.premium_kept(order_id=order_id, insurer_id=insurer_id, amount_fen=premium_fen, at=tx.now))


def release_income(tx: Tx, source_id: str) -> None:
    """The complaint window is over: the income of this order (or supplementary payment) becomes available, once.

    A debt is repaid first. While a complaint is open it waits, and is looked at again.
    """
    order_id = ids.derived("ord", source_id)
    supplement_id = source_id if number_of(source_id) else ""
    money = table.find_money(order_id, supplement_id)
    income = _income_behind(money, supplement_id or order_id)
    if income is None or income.state == IncomeState.AVAILABLE:
        return
    of_order = table.find_money(order_id) if supplement_id else money
    if of_order is not None and of_order.is_held:
        again_at = tx.now.replace(microsecond=0) + table.policy().held_income_check
        tx.schedule(Timer(room="settlement", kind="release_income", subject=source_id, due_at=again_at))
        return
    income.state = move_income(IncomeState(income.state), IncomeState.AVAILABLE)
    net_fen = income.share_fen - income.clawed_fen
    if net_fen:
        (debt_fen,) = table.find_balances([ledger.companion_debt(income.companion_id)])
        income.repaid_fen = min(net_fen, debt_fen)
        released = ledger.income_released(
            order_id=order_id,
            companion_id=income.companion_id,
            amount_fen=net_fen,
            repaid_fen=income.repaid_fen,
            supplement_id=supplement_id,
            at=tx.now,
        )
        post(tx, released, is_decided_on_balances=True)
    tx.save(income)
    tx.emit(IncomeReleased(order_id=order_id, companion_id=income.companion_id, amount_fen=net_fen - income.repaid_fen))


def income_of_order(order_id: str, supplement_id: str = "") -> IncomeRow | None:
    """The income that came of an order, or of one of its supplementary payments, if any: two reads."""
    return _income_behind(table.find_money(order_id, supplement_id), supplement_id or order_id)


def _income_behind(money: table.OrderMoneyRow | None, number: str) -> IncomeRow | None:
    """The income that this money brought, under the order's or the payment's number."""
    if money is None or money.companion_id is None or money.settled_at is None:
        return None
    return table.find_income(money.companion_id, number, money.settled_at)
