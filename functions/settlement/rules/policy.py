"""Thresholds of this room, with the product's documented values; the stored row may say otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Policy:
    complaint_window_s: int = 7 * 24 * 3600
    """How long after completion an income stays pending."""
    payment_check_delays_s: tuple[int, ...] = (60, 180, 600)
    """When an unpaid payment is asked for at the provider, in seconds after it was created or last asked for."""
    refund_check_delays_s: tuple[int, ...] = (60, 300, 1800, 7200, 21600, 86400)
    """The same for a refund that is not through; the last one repeats until it is."""

    @property
    def complaint_window(self) -> timedelta:
        return timedelta(seconds=self.complaint_window_s)

    def payment_check_after(self, checks: int) -> timedelta | None:
        """How long to wait after `checks` checks; None when enough were made."""
        return _seconds(self.payment_check_delays_s, checks) if checks < len(self.payment_check_delays_s) else None

    def refund_check_after(self, checks: int) -> timedelta:
        """How long to wait after `checks` checks; there is always another one, for money is owed."""
        return _seconds(self.refund_check_delays_s, min(checks, len(self.refund_check_delays_s) - 1))


def _seconds(delays_s: Sequence[int], index: int) -> timedelta:
    return timedelta(seconds=delays_s[index])
