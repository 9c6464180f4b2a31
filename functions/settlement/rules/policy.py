"""Thresholds of this room, with the product's documented values; the stored row may say otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class InvoiceChannel(StrEnum):
    WECHAT = "wechat"
    FILE = "file"
    """The accountant, by files."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    complaint_window_s: int = 7 * 24 * 3600
    """How long after completion an income stays pending."""
    held_income_check_s: int = 6 * 3600
    """How often an income that is due is looked at while a complaint holds it."""
    payment_check_delays_s: tuple[int, ...] = (15, 30, 60, 180, 600, 1800)
    """When an unpaid payment is asked for at the provider, in seconds after it was created or last asked for.

    The last one repeats until the payment's time is over; then it is asked for once more and closed.
    """
    payment_query_gap_s: int = 3
    """How often a client who looks makes us ask the provider about one payment, at most."""
    refund_check_delays_s: tuple[int, ...] = (60, 300, 1800, 7200, 21600, 86400)
    """The same for a refund that is not through; the last one repeats until it is."""

    supplement_pay_s: int = 2 * 3600
    """How long a payment of overtime and expenses may be made; then the client starts another one (B9)."""
    supplement_overdue_s: int = 7 * 24 * 3600
    """After how long what was approved and is not paid is finance's business."""

    refund_second_person_above_fen: int = 20_000
    """What persons of finance order back of one order beyond this in all is carried out when a second one approved."""
    proof_parts: int = 4
    """Into how many parts, each proven by itself, the nightly proof of the ledger divides the table."""
    proof_rows: int = 2_000
    """How many rows it looks at in one go."""

    invoice_channel: InvoiceChannel = InvoiceChannel.FILE
    """Who issues e-invoices."""
    invoice_item: str = "陪诊服务费"
    invoice_tax_code: str = "3070500000000000000"
    """居民日常服务; the operator's tax adviser has the last word."""
    invoice_tax_rate_bp: int = 600

    @property
    def complaint_window(self) -> timedelta:
        return timedelta(seconds=self.complaint_window_s)

    @property
    def held_income_check(self) -> timedelta:
        return timedelta(seconds=self.held_income_check_s)

    def payment_check_after(self, checks: int) -> timedelta:
        """How long to wait after `checks` checks, as long as the payment may be paid."""
        return _seconds(self.payment_check_delays_s, min(checks, len(self.payment_check_delays_s) - 1))

    def refund_check_after(self, checks: int) -> timedelta:
        """How long to wait after `checks` checks; there is always another one, for money is owed."""
        return _seconds(self.refund_check_delays_s, min(checks, len(self.refund_check_delays_s) - 1))


def _seconds(delays_s: Sequence[int], index: int) -> timedelta:
    return timedelta(seconds=delays_s[index])
