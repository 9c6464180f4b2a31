"""The port to whoever issues e-invoices, in our words. Amounts are integer fen.

As with payments, a call returns, is refused (`PaymentRejected`: nothing happened) or ends unknown (`PaymentUnknown`:
ask again under the same number, which never issues twice).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from functions.settlement.rules.invoices import Title


class IssueState(StrEnum):
    """Where the issuer says an invoice stands."""

    ISSUING = "issuing"
    ISSUED = "issued"
    REVERSING = "reversing"
    REVERSED = "reversed"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class InvoiceOrder:
    """What the issuer is told. `number` is ours; `item` is what was sold, at `tax_rate_bp` of tax within the amount."""

    number: str
    title: Title
    item: str
    tax_code: str
    tax_rate_bp: int
    amount_fen: int
    payment_number: str
    openid: str


@dataclass(frozen=True, kw_only=True)
class IssuedInvoice:
    """An invoice as the issuer knows it; numbers are empty until it has them."""

    number: str
    state: IssueState
    amount_fen: int | None = None
    invoice_no: str = ""
    red_invoice_no: str = ""
    issued_at: datetime | None = None
    reason: str = ""


class InvoiceIssuer(Protocol):
    """Whoever issues."""

    def issue(self, order: InvoiceOrder) -> IssuedInvoice:
        """Have the invoice issued; usually still `issuing` when this returns."""

    def query(self, number: str) -> IssuedInvoice:
        """The invoice as it is now."""

    def reverse(self, number: str, *, invoice_no: str, reason: str) -> IssuedInvoice:
        """Have the red invoice issued."""

    def file(self, number: str) -> bytes | None:
        """The issued invoice as a PDF; None if it is not there yet."""
