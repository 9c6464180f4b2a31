"""Payments: states, and when the provider's words are ours."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict, Unauthenticated, Unavailable

CURRENCY = "CNY"


class PaymentState(StrEnum):
    """Where a payment stands with us."""

    CREATED = "created"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"


class PaymentMethod(StrEnum):
    """How the client pays."""

    JSAPI = "jsapi"
    """Within the mini program."""
    NATIVE = "native"
    """By scanning a code that a web page shows."""


PAYMENT_MOVES: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.CREATED: frozenset({PaymentState.SUCCEEDED, PaymentState.CLOSED}),
    # The client may have paid in the moment before the provider closed: money that arrived is always booked.
    PaymentState.CLOSED: frozenset({PaymentState.SUCCEEDED}),
    PaymentState.SUCCEEDED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment as callers see it. `is_quarantined`: the provider contradicted itself or us, staff must look."""

    payment_id: str
    order_id: str
    client_id: str
    amount_fen: int
    method: PaymentMethod
    state: PaymentState
    is_quarantined: bool
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    version: int


class OrderNotPayable(Conflict):
    """The order is paid, over, or its hold has run out."""

    code = "order_not_payable"
    title = "订单当前不能支付"


class PaymentMethodFixed(Conflict):
    """The provider holds the payment under another method; one payment cannot be placed in two ways."""

    code = "payment_method_fixed"
    title = "这笔支付已用另一种方式发起，请用原方式完成"


class QueriedRecently(Conflict):
    """The provider was asked about this payment a moment ago; the stored state is the answer."""

    code = "queried_recently"
    title = "刚刚查询过，请稍后再试"


class PaymentRefused(Conflict):
    """The provider refused the payment; `detail` is its own explanation."""

    code = "payment_refused"
    title = "支付渠道拒绝了本次支付"


class PaymentProviderSilent(Unavailable):
    """The provider gave no trustworthy answer. The same request may be repeated: its number stays the same."""

    code = "payment_provider_unavailable"
    title = "支付渠道暂时没有应答，请稍后重试"
    retry_after_s = 3


class NotificationRefused(Unauthenticated):
    """A notification that does not prove that it comes from the provider."""

    code = "notification_forged"
    title = "通知未通过验签"


class IllegalMove(Conflict):
    """The object's state does not lead to the wanted one."""

    code = "illegal_state"
    title = "当前状态不允许此操作"


def move_payment(state: PaymentState, to: PaymentState) -> PaymentState:
    """`to`, if a payment may go there from `state`; otherwise IllegalMove."""
    if to not in PAYMENT_MOVES[state]:
        raise IllegalMove(f"支付单状态不能从 {state} 变为 {to}")
    return to


def require_payable(*, order_state: str, amount_fen: int, hold_expires_at: datetime, now: datetime) -> None:
    """Raises OrderNotPayable unless the order waits for a payment and its hold still runs (B1)."""
    if order_state != "awaiting_payment" or hold_expires_at <= now:
        raise OrderNotPayable()
    if amount_fen <= 0:
        raise OrderNotPayable("订单金额为零，无需支付")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who paid what to whom: ours from the order, theirs from the provider."""

    out_trade_no: str
    amount_fen: int | None
    currency: str | None
    merchant_id: str
    app_id: str | None


def differences(ours: Claim, theirs: Claim) -> tuple[str, ...]:
    """Names of the fields in which the provider's claim contradicts ours; empty if the money is what we asked for."""
    return tuple(field.name for field in fields(Claim) if getattr(ours, field.name) != getattr(theirs, field.name))
