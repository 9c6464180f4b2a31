"""Booking in the store: nothing twice, nothing overdrawn, everything provable."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from functions.settlement import ledger_check, table
from functions.settlement.actions import account_statement, order_ledger
from functions.settlement.actions.ledger import StatementPage, post
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Code, Overdrawn, Posting, Transaction
from functions.settlement.table import SettlementRow, TransactionRow
from functions.shared import clock
from functions.shared.errors import NotFound
from functions.shared.tx import StaleRead
from tests.harness.world import World
from tests.settlement.makers import commit

ORDER = "ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"


def paid(number: int = 1, amount_fen: int = 100, order_id: str = ORDER) -> Transaction:
    return ledger.payment_received(payment_id=f"pay_{number}", order_id=order_id, amount_fen=amount_fen, at=clock.now())


def book(*transactions: Transaction) -> None:
    for transaction in transactions:
        commit("settlement", partial(post, transaction=transaction))


def statement_of(account: Account, *, limit: int = 10, after: str | None = None, **span: datetime) -> StatementPage:
    return account_statement(account, start=span.get("start"), end=span.get("end"), limit=limit, after=after)


def findings() -> list[str]:
    return ledger_check.findings(SettlementRow.scan(consistent_read=True))


@pytest.mark.usefixtures("world")
class TestBooking:
    @pytest.mark.feature("B10")
    def test_the_same_event_is_booked_once(self) -> None:
        book(paid())
        with pytest.raises(StaleRead):
            book(paid())
        assert table.find_balances([ledger.funds_held(ORDER)]) == [-100]

    @pytest.mark.feature("B10")
    def test_an_account_never_gives_more_than_it_holds(self) -> None:
        book(paid(amount_fen=100))
        out = ledger.refund_requested(refund_id="rfd_1", order_id=ORDER, amount_fen=101, at=clock.now())
        with pytest.raises(Overdrawn):
            book(out)
        assert order_ledger(ORDER) == [paid(amount_fen=100)]

    def test_an_account_that_never_held_anything_gives_nothing(self) -> None:
        with pytest.raises(Overdrawn):
            book(ledger.income_released(order_id=ORDER, companion_id="acc_1", amount_fen=1, at=clock.now()))

    @pytest.mark.feature("B10")
    def test_a_correction_is_a_reversal(self) -> None:
        arrived = ledger.unexplained_payment(payment_id="pay_1", order_id=ORDER, amount_fen=100, at=clock.now())
        book(arrived, ledger.reversal(arrived, at=clock.now()))
        assert [booked.event for booked in order_ledger(ORDER)] == ["suspense", "reversal"]
        assert account_statement(ledger.SUSPENSE, start=None, end=None, limit=5, after=None).closing_fen == 0
        assert findings() == []

    def test_an_order_without_bookings_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            order_ledger(ORDER)


class TestStatement:
    def test_a_statement_is_in_order_of_time_and_in_pages(self, world: World) -> None:
        for number, amount_fen in enumerate((300, 20, 1)):
            book(paid(number, amount_fen))
            world.travel.shift(timedelta(seconds=1))
        first = statement_of(ledger.funds_held(ORDER), limit=2)
        rest = statement_of(ledger.funds_held(ORDER), limit=2, after=first.next)
        assert [line.amount_fen for line in (*first.lines, *rest.lines)] == [-300, -20, -1]
        assert [line.balance_fen for line in (*first.lines, *rest.lines)] == [-300, -320, -321]
        assert (first.opening_fen, first.closing_fen, rest.opening_fen, rest.next) == (0, -320, -320, None)

    def test_a_statement_of_some_days_begins_with_what_went_before(self, world: World) -> None:
        for number in range(3):
            book(paid(number, 100))
            world.travel.shift(timedelta(days=1))
        since = clock.now() - timedelta(days=2, hours=1)
        for account in (ledger.funds_held(ORDER), ledger.PROVIDER_CLEARING):
            page = statement_of(account, start=since, end=since + timedelta(days=1))
            sign = 1 if account == ledger.PROVIDER_CLEARING else -1
            assert (page.opening_fen, len(page.lines), page.closing_fen) == (sign * 100, 1, sign * 200)

    @pytest.mark.usefixtures("world")
    def test_a_platforms_statement_brings_its_parts_together(self) -> None:
        orders = [f"ord_{number}" for number in range(5)]
        for number, order_id in enumerate(orders):
            book(paid(number, order_id=order_id))
        page = statement_of(ledger.PROVIDER_CLEARING)
        assert {line.subject for line in page.lines} == set(orders)
        assert page.closing_fen == 500


class TestRoutes:
    def test_finance_sees_the_orders_ledger(self, world: World) -> None:
        book(paid())
        reply = world.get(f"/orders/{ORDER}/ledger", as_=world.person("finance"))
        (transaction,) = reply.body["transactions"]
        assert (transaction["id"], transaction["event"]) == ("payment#pay_1", "payment")
        assert {posting["account"]: posting["amount_fen"] for posting in transaction["postings"]} == {
            "provider_clearing": 100,
            f"client_funds_held:{ORDER}": -100,
        }

    def test_the_trial_balance_balances_over_many_orders(self, world: World) -> None:
        for number in range(20):
            book(paid(number, amount_fen=1 + number, order_id=f"ord_{number}"))
        body = world.get("/ledger/trial-balance", as_=world.person("admin")).body
        assert (body["debit_fen"], body["credit_fen"], body["is_balanced"]) == (210, 210, True)
        assert {entry["code"] for entry in body["accounts"]} == set(Code)

    @pytest.mark.parametrize("path", [f"/orders/{ORDER}/ledger", "/ledger/trial-balance"])
    @pytest.mark.parametrize("role", ["client", "companion", "agent", "hospital", "insurer", "guest"])
    def test_nobody_else_sees_it(self, world: World, path: str, role: str) -> None:
        assert world.get(path, as_=world.person(role)).status == 403
        assert world.get(path).status == 401

    def test_an_unknown_order_is_404(self, world: World) -> None:
        assert world.get("/orders/x/ledger", as_=world.person("finance")).status == 404


@pytest.mark.usefixtures("world")
class TestCheck:
    def test_a_sound_ledger_has_no_findings(self) -> None:
        book(paid())
        assert findings() == []
        assert ledger_check.main() == 0

    def test_a_changed_balance_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        book(paid())
        row = table.BalanceRow(*table.balance_key(ledger.funds_held(ORDER)))
        commit("settlement", lambda tx: tx.update(row, [table.BalanceRow.balance_fen.add(5)]))
        assert findings() == [f"balance of ACCOUNT#client_funds_held:{ORDER} is -95 fen, its lines say -100"]
        assert ledger_check.main() == 1
        assert ORDER in capsys.readouterr().err

    def test_a_changed_total_is_named(self) -> None:
        book(paid())
        row = table.TotalsRow(*table.totals_key(ledger.shard_of(ORDER), ledger.month_of(clock.now())))
        commit("settlement", lambda tx: tx.update(row, [table.TotalsRow.suspense.add(7)]))
        part, month = f"{ledger.shard_of(ORDER):02d}", ledger.month_of(clock.now())
        assert set(findings()) == {
            f"totals of part {part} in {month} sum to 7 fen instead of zero",
            f"total of suspense in part {part} in {month} is 7 fen, its lines say 0",
            f"suspense in TOTALS#{part} TOTALS#{month} is 7 fen, its postings say 0",
            "the totals sum to 7 fen instead of zero",
        }

    def test_a_missing_line_is_named(self) -> None:
        book(paid())
        (line,) = table.lines_of(ledger.funds_held(ORDER), limit=1)
        line.delete()
        missing, summed = findings()
        assert missing == f"line of payment#pay_1 in ACCOUNT#client_funds_held:{ORDER} is 0 fen, its posting says -100"
        assert "its lines say 0" in summed

    def test_a_missing_journal_entry_is_named(self) -> None:
        book(paid())
        day, shard = clock.service_date(clock.now()), ledger.shard_of(ORDER)
        key = table.journal_key(clock.now(), "payment#pay_1", shard)
        assert list(table.journal_of(day, shard)) == [(ORDER, "payment#pay_1")]
        table.JournalRow(*key).delete()
        assert findings() == [f"journal entry of payment#pay_1 in {key[0]} is missing"]

    def test_a_transaction_that_does_not_sum_to_zero_is_named(self) -> None:
        row = TransactionRow(
            *table.transaction_key(ORDER, "payment#pay_1"),
            id="payment#pay_1",
            subject=ORDER,
            at=clock.now(),
            postings=(Posting(Account(Code.SUSPENSE), 3),),
        )
        commit("settlement", lambda tx: tx.insert(row))
        assert f"transaction payment#pay_1 of {ORDER} sums to 3 fen instead of zero" in findings()
