"""What people are told of refunds, policies, income, withdrawals and invoices."""

from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.triggers.declared import bus
from functions.insurance.events import PolicyIssued
from functions.settlement.events import (
    IncomeReleased,
    InvoiceIssued,
    InvoiceRefused,
    InvoiceReversed,
    RefundSucceeded,
    WithdrawalAwaitingConfirmation,
    WithdrawalPaid,
    WithdrawalReturned,
)
from functions.shared import money
from functions.shared.tx import Tx


@bus.on(RefundSucceeded)
def tell_refunded(tx: Tx, event: RefundSucceeded) -> None:
    """To the client: the money is back."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="order_refunded", facts=facts)


@bus.on(PolicyIssued)
def tell_policy(tx: Tx, event: PolicyIssued) -> None:
    """To the client: the order is insured."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.premium_fen)
    write_notice(tx, account_id=event.client_id, code="policy_issued", facts=facts)


@bus.on(IncomeReleased)
def tell_income_available(tx: Tx, event: IncomeReleased) -> None:
    """To the companion: the income can be withdrawn."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.companion_id, code="income_available", facts=facts)


@bus.on(WithdrawalAwaitingConfirmation)
def tell_to_confirm(tx: Tx, event: WithdrawalAwaitingConfirmation) -> None:
    """To the companion: WeChat wants them to accept the money."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_to_confirm", event.amount_fen)


@bus.on(WithdrawalPaid)
def tell_withdrawal_paid(tx: Tx, event: WithdrawalPaid) -> None:
    """To the companion: the money arrived."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_paid", event.amount_fen)


@bus.on(WithdrawalReturned)
def tell_withdrawal_returned(tx: Tx, event: WithdrawalReturned) -> None:
    """To the companion: the money came back; why stands in the withdrawal."""
    _tell_withdrawal(tx, event.companion_id, "withdrawal_returned", event.amount_fen)


@bus.on(InvoiceIssued)
def tell_invoice_issued(tx: Tx, event: InvoiceIssued) -> None:
    """To the client: the invoice can be fetched."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="invoice_issued", facts=facts)


@bus.on(InvoiceReversed)
def tell_invoice_reversed(tx: Tx, event: InvoiceReversed) -> None:
    """To the client, who may have handed the invoice in: it is red."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="invoice_reversed", facts=facts)


@bus.on(InvoiceRefused)
def tell_invoice_refused(tx: Tx, event: InvoiceRefused) -> None:
    """To the client: the title is looked at again."""
    write_notice(tx, account_id=event.client_id, code="invoice_refused", facts=OrderFacts(order_id=event.order_id))


def _tell_withdrawal(tx: Tx, companion_id: str, code: str, amount_fen: int) -> None:
    write_notice(tx, account_id=companion_id, code=code, facts=OwnFacts({"amount_text": money.yuan(amount_fen)}))
