"""What `settlement` says about money. Amounts are integer fen."""

from datetime import datetime

from functions.shared.events import Event


class PaymentSucceeded(Event, frozen=True, kw_only=True, tag="payment.succeeded"):
    """The client's money arrived in full and is in the ledger; said once per payment, also when the order is closed."""

    payment_id: str
    order_id: str
    client_id: str
    amount_fen: int
    paid_at: datetime


class SupplementPaid(Event, frozen=True, kw_only=True, tag="supplement.paid"):
    """Overtime and expenses of an order were paid (B9); the companion's part is income."""

    payment_id: str
    order_id: str
    client_id: str
    companion_id: str
    amount_fen: int
    share_fen: int


class SupplementOverdue(Event, frozen=True, kw_only=True, tag="supplement.overdue"):
    """Something that the client approved is unpaid for longer than the policy allows; finance see it in their list."""

    order_id: str
    client_id: str
    amount_fen: int


class PaymentMismatched(Event, frozen=True, kw_only=True, tag="payment.mismatched"):
    """The provider's words about a payment contradict ours; nothing was applied and staff must look."""

    payment_id: str
    order_id: str


class RefundRequested(Event, frozen=True, kw_only=True, tag="refund.requested"):
    """A refund is in the ledger and will be asked of the provider under `refund_id`."""

    refund_id: str
    payment_id: str
    order_id: str
    client_id: str
    amount_fen: int


class RefundOrderCarriedOut(Event, frozen=True, kw_only=True, tag="refund_order.carried_out"):
    """What a person or a rule ordered back is owed to the client, and is being asked of the provider."""

    refund_order_id: str
    order_id: str


class RefundOrderRejected(Event, frozen=True, kw_only=True, tag="refund_order.rejected"):
    """It is not given back: finance said no, or there was not so much left."""

    refund_order_id: str
    order_id: str


class RefundSucceeded(Event, frozen=True, kw_only=True, tag="refund.succeeded"):
    """The client has the money back."""

    refund_id: str
    payment_id: str
    order_id: str
    client_id: str
    amount_fen: int


class InvoiceIssued(Event, frozen=True, kw_only=True, tag="invoice.issued"):
    """The client's e-invoice is there."""

    invoice_id: str
    order_id: str
    client_id: str
    amount_fen: int


class InvoiceReversed(Event, frozen=True, kw_only=True, tag="invoice.reversed"):
    """A refund made the client's e-invoice red; another one over the rest follows if there is any."""

    invoice_id: str
    order_id: str
    client_id: str
    amount_fen: int


class InvoiceRefused(Event, frozen=True, kw_only=True, tag="invoice.refused"):
    """The issuer would not; the client may ask again with another title."""

    invoice_id: str
    order_id: str
    client_id: str


class IncomeReleased(Event, frozen=True, kw_only=True, tag="income.released"):
    """The complaint window of an order is over: the companion may withdraw the income."""

    order_id: str
    companion_id: str
    amount_fen: int


class WithdrawalAwaitingConfirmation(Event, frozen=True, kw_only=True, tag="withdrawal.awaiting_confirmation"):
    """A transfer to the companion waits for their confirmation in WeChat, for a day; then it comes back."""

    withdrawal_id: str
    companion_id: str
    amount_fen: int
    """What is sent, after tax."""


class WithdrawalPaid(Event, frozen=True, kw_only=True, tag="withdrawal.paid"):
    """A withdrawal was settled and this much of it arrived."""

    withdrawal_id: str
    companion_id: str
    amount_fen: int
    """What was sent, after tax."""


class WithdrawalReturned(Event, frozen=True, kw_only=True, tag="withdrawal.returned"):
    """A withdrawal was settled and this much of it did not arrive: it is available again."""

    withdrawal_id: str
    companion_id: str
    amount_fen: int
