"""What always holds of the money, read from the rows and from what the provider has: each proof fails by itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from functions.settlement import ledger_check
from functions.settlement.rules import ledger
from functions.settlement.rules.ledger import Account, Code, Transaction
from functions.settlement.rules.withdrawals import PartState, TransferPart
from functions.settlement.table import BalanceRow, SettlementRow, TransactionRow
from functions.settlement.table.payouts import WithdrawalRow
from tests.settlement.makers import Order, Till

_STAYED_WITH_US = {"FAIL", "CANCELLED"}


@dataclass
class Money:
    """Everything that was booked, beside the provider's books."""

    till: Till
    orders: Sequence[Order]
    bank_paid_fen: Mapping[str, int]
    """What the bank said that it paid, by the transfer's number."""

    @cached_property
    def rows(self) -> list[SettlementRow]:
        return list(SettlementRow.scan(consistent_read=True))

    @cached_property
    def transactions(self) -> list[Transaction]:
        return [row.to_transaction() for row in self.rows if isinstance(row, TransactionRow)]

    @cached_property
    def balances(self) -> dict[Account, int]:
        return ledger.fold(self.transactions)

    @cached_property
    def withdrawals(self) -> list[WithdrawalRow]:
        return [row for row in self.rows if isinstance(row, WithdrawalRow)]

    @cached_property
    def parts(self) -> dict[str, TransferPart]:
        """Every planned transfer by its number; a number is planned once."""
        parts = [part for row in self.withdrawals for part in row.transfers]
        assert len({part.bill_no for part in parts}) == len(parts)
        return {part.bill_no: part for part in parts}

    # after every step ---------------------------------------------------------------------------------------------
    def holds(self) -> None:
        """All of it."""
        assert ledger_check.findings(self.rows) == []
        self._no_one_gave_what_they_had_not()
        for order in self.orders:
            self._of_an_order(order)
        self._refunds_were_owed_first()
        self._transfers_agree()
        self._withdrawals_add_up()
        self._nobody_was_paid_more_than_was_earned()

    def _no_one_gave_what_they_had_not(self) -> None:
        for account, balance_fen in self.balances.items():
            if account.may_not_overdraw:
                assert balance_fen * account.code.kind.natural_sign >= 0, account

    def _of_an_order(self, order: Order) -> None:
        """What the client paid is held, was given back or divided; never more than once, never more than was paid."""
        booked = self._booked(order)
        events = Counter(each.event for each in booked)
        assert events["payment"] <= 1
        assert events["split"] + events["fees"] <= 1
        held = ledger.funds_held(order.order_id)
        came_fen = -sum(_on(each, held) for each in booked if each.event == "payment")
        assert came_fen in (0, order.total_fen)
        if came_fen:
            assert self.till.desk.books.order(order.payment_id).success_at is not None
        owed_fen = sum(-_on(each, ledger.refund_payable(order.order_id)) for each in booked if _is_owed(each))
        assert owed_fen <= came_fen
        went_fen = sum(_on(each, held) for each in booked if each.event != "payment")
        assert came_fen - went_fen == -self.balances.get(held, 0)

    def _refunds_were_owed_first(self) -> None:
        """The provider gives back only what is booked as owed, under one number, and not more than came in."""
        owed = {each.id.partition("#")[2]: each for each in self.transactions if _is_owed(each)}
        paid = {each.id.partition("#")[2] for each in self.transactions if each.event == "refund_paid"}
        back = Counter[str]()
        for refund in self.till.desk.books.refunds():
            booked = owed[refund.out_refund_no]
            assert _on(booked, ledger.refund_payable(booked.subject)) == -refund.refund_fen
            back[refund.out_trade_no] += refund.refund_fen if refund.status != "CLOSED" else 0
            if refund.out_refund_no in paid:
                assert refund.status == "SUCCESS"
        for number, amount_fen in back.items():
            assert amount_fen <= self.till.desk.books.order(number).amount_fen

    def _transfers_agree(self) -> None:
        """What we call paid arrived, what we gave back did not, and nothing went out that no plan names."""
        at_provider = {bill.out_bill_no: bill for bill in self.till.desk.transfers.all()}
        for number, bill in at_provider.items():
            assert bill.amount_fen == self.parts[number].amount_fen
            if self.parts[number].state is PartState.RETURNED:
                assert bill.state in _STAYED_WITH_US
        for number, part in self.parts.items():
            if part.state is PartState.PAID:
                arrived = number in at_provider and at_provider[number].state == "SUCCESS"
                assert arrived or self.bank_paid_fen[number] == part.amount_fen

    def _withdrawals_add_up(self) -> None:
        booked = Counter(each.id for each in self.transactions if each.event.startswith("withdrawal_"))
        assert set(booked.values()) <= {1}
        for row in self.withdrawals:
            states = {PartState.PAID: "withdrawal_paid", PartState.RETURNED: "withdrawal_returned"}
            settled = [f"{states[part.state]}#{part.bill_no}" for part in row.transfers if part.state in states]
            called_back = [f"withdrawal_returned#{row.withdrawal_id}"] if row.settled_at and not settled else []
            ours = {each.id for each in self.transactions if each.subject == row.withdrawal_id} - {
                f"withdrawal#{row.withdrawal_id}"
            }
            assert ours == {*settled, *called_back}
        left_fen = sum(row.amount_fen - row.paid_fen - row.returned_fen for row in self.withdrawals)
        assert left_fen == -sum(self._total(Code.COMPANION_WITHDRAWING).values())

    def _nobody_was_paid_more_than_was_earned(self) -> None:
        earned = Counter[str]()
        for each in self.transactions:
            if each.event in ("split", "fees"):
                for posting in each.postings:
                    if posting.account.code is Code.COMPANION_PENDING:
                        earned[posting.account.owner] -= posting.amount_fen
        went = Counter[str]()
        of = {part.bill_no: row.companion_id for row in self.withdrawals for part in row.transfers}
        for bill in self.till.desk.transfers.all():
            went[of[bill.out_bill_no]] += bill.amount_fen if bill.state == "SUCCESS" else 0
        for number, amount_fen in self.bank_paid_fen.items():
            went[of[number]] += amount_fen
        said = {row.pk: row.paid_fen for row in self.rows if isinstance(row, BalanceRow) and row.paid_fen}
        assert sum(said.values()) == sum(p.amount_fen for p in self.parts.values() if p.state is PartState.PAID)
        for companion_id, amount_fen in went.items():
            assert amount_fen <= earned[companion_id]

    # when everything has come to rest -------------------------------------------------------------------------------
    def is_all_there(self, ended: set[str]) -> None:
        """No fen is lost: what the provider has of each order and each payout is what the books say."""
        for order in self.orders:
            booked = self._booked(order)
            if any(each.event == "suspense" for each in booked):
                continue
            ours_fen = sum(_on(each, ledger.PROVIDER_CLEARING) for each in booked)
            assert ours_fen == self._at_provider_fen(order)
            if order.order_id in ended:
                assert self.balances.get(ledger.funds_held(order.order_id), 0) == 0
        for part in self.parts.values():
            assert part.state is not PartState.AWAITING_CONFIRMATION
        arrived = {bill.out_bill_no for bill in self.till.desk.transfers.all() if bill.state == "SUCCESS"}
        paid = {number for number, part in self.parts.items() if part.state is PartState.PAID}
        assert paid == arrived | set(self.bank_paid_fen)

    def _at_provider_fen(self, order: Order) -> int:
        orders = {each.out_trade_no: each for each in self.till.desk.books.orders()}
        placed = orders.get(order.payment_id)
        came_fen = placed.amount_fen if placed is not None and placed.success_at is not None else 0
        back = [each for each in self.till.desk.books.refunds() if each.out_trade_no == order.payment_id]
        return came_fen - sum(each.refund_fen for each in back if each.status == "SUCCESS")

    def _booked(self, order: Order) -> list[Transaction]:
        return [each for each in self.transactions if each.subject == order.order_id]

    def _total(self, code: Code) -> dict[Account, int]:
        return {account: amount for account, amount in self.balances.items() if account.code is code}


def _on(transaction: Transaction, account: Account) -> int:
    return sum(posting.amount_fen for posting in transaction.postings if posting.account == account)


def _is_owed(transaction: Transaction) -> bool:
    return transaction.event == "refund_requested"
