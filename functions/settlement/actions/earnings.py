"""What a companion sees of the money (F25): now, per order, and as a statement to keep."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from functions.settlement import table
from functions.settlement.actions.income import income_of_order
from functions.settlement.rules import ledger, statements
from functions.settlement.rules.income import Earnings, Income, IncomeState, Release
from functions.settlement.rules.ledger import Account
from functions.settlement.rules.statements import Format, Movement, Period, Statement
from functions.settlement.spreadsheets import RENDERERS
from functions.settlement.table import StatementFileRow, tax
from functions.shared import clock, files, ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_MARGIN = timedelta(days=1)
_PAGE = 500


def earnings_of(companion_id: str, now: datetime) -> Earnings:
    """What the companion is owed and has received, as the ledger has it: one read, and one for what is pending."""
    accounts = statements.accounts_of(companion_id)
    rows, year = tax.find_balances_and_year(accounts, companion_id, clock.service_date(now).year)
    signed = {account.code: int(rows[account].balance_fen) if account in rows else 0 for account in accounts}
    withdrawing = rows.get(ledger.companion_withdrawing(companion_id))
    pending_fen = -signed[ledger.Code.COMPANION_PENDING]
    return Earnings(
        pending_fen=pending_fen,
        available_fen=-signed[ledger.Code.COMPANION_AVAILABLE],
        withdrawing_fen=-signed[ledger.Code.COMPANION_WITHDRAWING],
        paid_fen=int(withdrawing.paid_fen) if withdrawing else 0,
        tax_this_year_fen=year.paid_tax_fen,
        debt_fen=signed[ledger.Code.COMPANION_DEBT],
        releases=_releases(companion_id, now) if pending_fen else (),
    )


def _releases(companion_id: str, now: datetime) -> tuple[Release, ...]:
    """What is pending was completed within the complaint window, but for a timer that is a little late."""
    since = now - table.policy().complaint_window - _MARGIN
    incomes = table.incomes_between(companion_id, since, now + _MARGIN)
    pending = [each for each in incomes if each.state is IncomeState.PENDING and each.net_fen]
    return tuple(Release(each.release_at, each.net_fen) for each in sorted(pending, key=lambda each: each.release_at))


def incomes_of(companion_id: str, *, limit: int, after: str | None) -> tuple[list[Income], str | None]:
    """A page of the companion's incomes, latest completion first."""
    return table.incomes_of(companion_id, limit=limit, after=after)


def find_income(companion_id: str, order_id: str) -> Income:
    """The companion's income of one order; NotFound."""
    row = income_of_order(order_id)
    if row is None or row.companion_id != companion_id:
        raise NotFound()
    return row.to_income()


def make_statement(tx: Tx, *, companion_id: str, period: Period, format: Format) -> tuple[StatementFileRow, str]:
    """Write the companion's statement of a period to the bucket; its row, and a link that opens it for five minutes.

    Raises Invalid for a period that has not begun.
    """
    statements.require_begun(period, tx.now)
    file_id = tx.once("file_id", lambda: ids.new("fil", tx.now))
    content_type, render = RENDERERS[format]
    key = tx.once("file", lambda: _put(companion_id, file_id, render(_statement(companion_id, period)), content_type))
    row = StatementFileRow(
        f"COMPANION#{companion_id}",
        f"STATEMENT#{file_id}",
        companion_id=companion_id,
        period=period.text,
        file_key=key,
        made_at=tx.now,
    )
    tx.insert(row)
    return row, files.link(key, name=f"诊伴收入对账单_{period.text}.{format}")


def _put(companion_id: str, file_id: str, content: bytes, content_type: str) -> str:
    return files.put("settlement", owner=companion_id, file_id=file_id, content=content, content_type=content_type)


def _statement(companion_id: str, period: Period) -> Statement:
    """From the ledger's lines alone; the incomes only explain them."""
    accounts = statements.accounts_of(companion_id)
    # Each account is one partition; read side by side, a statement takes as long as its longest one.
    with ThreadPoolExecutor(len(accounts)) as pool:
        openings = dict(pool.map(lambda account: (account.code, table.balance_before(account, period.start)), accounts))
        movements = [
            each for found in pool.map(lambda account: _movements(account, period), accounts) for each in found
        ]
    incomes = table.incomes_between(companion_id, period.start, period.end)
    taxes = _taxes_of(movements)
    return statements.statement(period, openings=openings, movements=movements, incomes=incomes, taxes=taxes)


def _taxes_of(movements: Sequence[Movement]) -> dict[str, int]:
    """What was withheld (given back, if negative) with the payouts among these movements, by transaction."""
    about_tax = [(each.subject, each.transaction_id) for each in movements if statements.may_be_taxed(each)]
    return {
        transaction.id: -sum(
            posting.amount_fen for posting in transaction.postings if posting.account == ledger.TAX_WITHHELD
        )
        for transaction in table.load_transactions(about_tax)
    }


def _movements(account: Account, period: Period) -> list[Movement]:
    lines = table.lines_of(account, start=period.start, end=period.end, limit=None)
    return [Movement(line.transaction_id, line.subject, line.at, account.code, line.amount_fen) for line in lines]
