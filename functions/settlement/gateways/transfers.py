"""The port to whoever carries a companion's income to them: one transfer under one number, whatever happens.

Amounts are integer fen, instants timezone-aware. Calls end as those of `payments` do: they return, or raise
`PaymentRejected` (refused, nothing happened) or `PaymentUnknown` (query under the same number, never send another).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class TransferState(StrEnum):
    """Where the channel says a transfer stands."""

    PROCESSING = "processing"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """The payee has to accept it first."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """It will never arrive; the money stayed with us."""
    CANCELLED = "cancelled"
    """Called back or not confirmed in time; the money stayed with us."""

    @property
    def is_final(self) -> bool:
        return self in (TransferState.SUCCEEDED, TransferState.FAILED, TransferState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class TransferOrder:
    """What is to be sent. `account` is an openid or a card number; `name` the payee's, for the channel to compare."""

    bill_no: str
    amount_fen: int
    account: str = field(repr=False)
    name: str = field(repr=False)
    bank: str = ""
    authorization: str = ""
    """The payee's standing leave to be paid without confirming each time, if the channel knows such a thing."""
    remark: str


@dataclass(frozen=True, kw_only=True)
class ProviderTransfer:
    """One transfer as the channel knows it."""

    state: TransferState
    bill_no: str
    provider_no: str | None
    """The channel's own number, None until it has given one."""
    amount_fen: int | None
    """None where the channel's answer does not repeat it."""
    confirmation: str | None = None
    """What the payee's app needs to show the receipt to confirm."""
    failure: str | None = None
    """The channel's code for why it failed."""
    updated_at: datetime | None = None


class TransferChannel(Protocol):
    """WeChat (`wechat_transfers`) or a bank (`bank_file`)."""

    def transfer(self, order: TransferOrder) -> ProviderTransfer:
        """Send it, or learn what became of it if this number was sent before. PaymentRejected, PaymentUnknown."""

    def query(self, bill_no: str) -> ProviderTransfer:
        """The transfer as it stands. PaymentRejected (`is_absent` if it was never sent), PaymentUnknown."""

    def cancel(self, bill_no: str) -> ProviderTransfer:
        """Call back what the payee has not confirmed. PaymentRejected if it is too late, PaymentUnknown."""
