"""The port to whoever moves the client's money: its answers in our words, and the three ways it can fail.

Amounts are integer fen. Instants are timezone-aware. Nothing here knows WeChat's field names or codes.

Every call ends in one of four ways, and the caller treats each differently:

- it returns: the provider said so and its signature held;
- `PaymentRejected`: the provider refused and did nothing; the reason is in `code`;
- `PaymentUnknown`: nobody knows whether it took effect; ask again under the same number, never under a new one;
- `ForgedNotification`: a message that claims to come from the provider but does not prove it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class PaymentState(StrEnum):
    """Where the provider says a payment stands."""

    AWAITING = "awaiting"
    """Placed, not paid yet."""
    SUCCEEDED = "succeeded"
    """Paid in full, nothing refunded."""
    REFUNDED = "refunded"
    """Paid, and since then refunded in part or in whole: still proof that the client paid."""
    CLOSED = "closed"
    """Never paid and never will be."""
    FAILED = "failed"
    """The client tried and the bank refused."""

    @property
    def was_paid(self) -> bool:
        """Whether the client's money did arrive."""
        return self in (PaymentState.SUCCEEDED, PaymentState.REFUNDED)


class RefundState(StrEnum):
    """Where the provider says a refund stands."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"
    """The provider gave the refund up; the money stays with the merchant."""
    ABNORMAL = "abnormal"
    """The client's card or account does not take it: staff settle it by hand on the merchant platform."""


class NotificationKind(StrEnum):
    """What a notification is about; `OTHER` is genuine but none of ours to act on."""

    PAYMENT = "payment"
    REFUND = "refund"
    OTHER = "other"


@dataclass(frozen=True)
class Prepay:
    """What the mini program passes to `wx.requestPayment`; the fields' values go there unchanged.

    `time_stamp` is seconds since 1970 as text, `package` is `prepay_id=…`, `sign_type` is `RSA`.
    """

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str
    prepay_id: str


@dataclass(frozen=True)
class ProviderPayment:
    """One payment as the provider knows it. The caller compares amount, currency, merchant and app with its own.

    `transaction_id`, `currency`, `amount_fen` and `success_at` are None until the provider states them; an unpaid
    order may come without an amount.
    """

    state: PaymentState
    transaction_id: str | None
    amount_fen: int | None
    currency: str | None
    merchant_id: str
    app_id: str | None
    out_trade_no: str
    success_at: datetime | None


@dataclass(frozen=True)
class ProviderRefund:
    """One refund as the provider knows it; `total_fen` is the amount of the payment that it is part of."""

    state: RefundState
    refund_id: str
    out_refund_no: str
    out_trade_no: str
    transaction_id: str
    refund_fen: int
    total_fen: int
    success_at: datetime | None


@dataclass(frozen=True)
class Notification:
    """A message whose signature, age and encryption held. The same `id` may come many times: act on it once.

    `resource` is the provider's content, decrypted and unchanged; `payment` or `refund` is the same in our words,
    according to `kind`.
    """

    id: str
    event_type: str
    kind: NotificationKind
    created_at: datetime
    resource: Mapping[str, object]
    payment: ProviderPayment | None = None
    refund: ProviderRefund | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "resource", MappingProxyType(dict(self.resource)))


class PaymentUnknown(Exception):
    """No trustworthy answer: the call may or may not have taken effect. Query under the same number."""


class PaymentRejected(Exception):
    """The provider refused and nothing happened. `code` is the provider's, `message` its Chinese explanation."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message}（{code}）")
        self.code = code
        self.message = message

    @property
    def is_absent(self) -> bool:
        """Whether the provider says that it knows no such order, refund or transfer."""
        return self.code in _ABSENT


_ABSENT = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND"})


class ForgedNotification(Exception):
    """The message does not prove that it comes from the provider; answer it with 401 and do nothing."""
