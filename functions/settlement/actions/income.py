"""Dividing a completed order's money, and the companion's income (F25)."""

from datetime import timedelta

from functions.settlement import table
from functions.settlement.actions.ledger import post
from functions.settlement.events import IncomeReleased
from functions.settlement.rules import ledger
from functions.settlement.rules.income import Earnings, Income, IncomeState, move_income
from functions.settlement.rules.ledger import UNASSIGNED, Division, SplitMismatch
from functions.settlement.table import IncomeRow, OrderMoneyRow
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx


def divide_order(
    tx: Tx,
    *,
    order_id: str,
    companion_id: str,
    total_fen: int,
    share_fen: int,
    commission_fen: int,
    premium_fen: int,
    subsidy_fen: int = 0,
) -> None:
    """The visit is done: what is held becomes income, commission and premium, once; the income is released later.

    Raises SplitMismatch unless the parts are exactly what is held: the event is then delivered again.
    """
    facts = table.find_money_of_order(
        order_id,
        payment_id=ids.derived("pay", order_id),
        refund_id=ids.derived("rfd", order_id),
        held=ledger.funds_held(order_id),
    )
    money = facts.money or OrderMoneyRow(*table.money_key(order_id))
    if money.companion_id:
        return
    if total_fen != facts.held_fen:
        raise SplitMismatch(f"订单 {total_fen} 分，代管 {facts.held_fen} 分")
    division = Division(
        companion_id=companion_id,
        insurer_id=money.insurer_id or UNASSIGNED,
        share_fen=share_fen,
        commission_fen=commission_fen,
        premium_fen=premium_fen,
        subsidy_fen=subsidy_fen,
    )
    post(tx, ledger.order_split(order_id=order_id, held_fen=facts.held_fen, division=division, at=tx.now))
    money.companion_id, money.premium_fen = companion_id, premium_fen
    tx.save(money)
    _expect_income(tx, order_id=order_id, price_fen=total_fen, division=division)


def _expect_income(tx: Tx, *, order_id: str, price_fen: int, division: Division) -> None:
    # A schedule has whole seconds: rounded up, so that the timer is never early.
    release_at = (tx.now + table.policy().complaint_window).replace(microsecond=0) + timedelta(seconds=1)
    tx.insert(
        IncomeRow(
            *table.income_key(division.companion_id, order_id),
            order_id=order_id,
            companion_id=division.companion_id,
            price_fen=price_fen,
            subsidy_fen=division.subsidy_fen,
            commission_fen=division.commission_fen,
            premium_fen=division.premium_fen,
            share_fen=division.share_fen,
            state=IncomeState.PENDING,
            completed_at=tx.now,
            release_at=release_at,
        )
    )
    tx.schedule(Timer(room="settlement", kind="release_income", subject=order_id, due_at=release_at))


def assign_insurer(tx: Tx, *, order_id: str, insurer_id: str) -> None:
    """Remember to whom the order's premium is owed; move it there if it was booked before this was known."""
    money = table.find_money(order_id) or OrderMoneyRow(*table.money_key(order_id))
    if money.insurer_id:
        return
    money.insurer_id = insurer_id
    tx.save(money)
    if money.premium_fen:
        premium_fen = money.premium_fen
        moved = ledger.premium_assigned(order_id=order_id, insurer_id=insurer_id, amount_fen=premium_fen, at=tx.now)
        post(tx, moved)


def release_income(tx: Tx, order_id: str) -> None:
    """The complaint window is over: the income of this order becomes available, once."""
    money = table.find_money(order_id)
    income = table.find_income(money.companion_id, order_id) if money and money.companion_id else None
    if income is None or income.state == IncomeState.AVAILABLE:
        return
    income.state = move_income(IncomeState(income.state), IncomeState.AVAILABLE)
    tx.save(income)
    if income.share_fen:
        post(
            tx,
            ledger.income_released(
                order_id=order_id, companion_id=income.companion_id, amount_fen=income.share_fen, at=tx.now
            ),
        )
    tx.emit(IncomeReleased(order_id=order_id, companion_id=income.companion_id, amount_fen=income.share_fen))


def earnings_of(companion_id: str) -> Earnings:
    """What the companion is owed now, as the ledger has it: one read."""
    pending, available = table.find_balances(
        [ledger.companion_pending(companion_id), ledger.companion_available(companion_id)]
    )
    return Earnings(pending_fen=-pending, available_fen=-available)


def incomes_of(companion_id: str, *, limit: int, after: str | None) -> tuple[list[Income], str | None]:
    """A page of the companion's incomes, latest order first."""
    return table.incomes_of(companion_id, limit=limit, after=after)


def find_income(companion_id: str, order_id: str) -> Income:
    """The companion's income of one order; NotFound."""
    row = table.find_income(companion_id, order_id)
    if row is None:
        raise NotFound()
    return row.to_income()
