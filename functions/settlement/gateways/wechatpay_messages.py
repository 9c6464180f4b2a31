"""WeChat Pay's JSON read into the port's words. Unknown fields are ignored, missing or mistyped ones are `Unreadable`.

Field names and states as in https://pay.weixin.qq.com/doc/v3/merchant/4013070356 and its neighbours. Amounts are
integer fen there as here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from functions.settlement.gateways.payments import (
    Notification,
    NotificationKind,
    PaymentState,
    ProviderPayment,
    ProviderRefund,
    RefundState,
)

T = TypeVar("T")

PAYMENT_STATES: Final[Mapping[str, PaymentState]] = {
    "NOTPAY": PaymentState.AWAITING,
    "USERPAYING": PaymentState.AWAITING,
    "ACCEPT": PaymentState.AWAITING,
    "SUCCESS": PaymentState.SUCCEEDED,
    "REFUND": PaymentState.REFUNDED,
    "CLOSED": PaymentState.CLOSED,
    "REVOKED": PaymentState.CLOSED,
    "PAYERROR": PaymentState.FAILED,
}
REFUND_STATES: Final[Mapping[str, RefundState]] = {
    "PROCESSING": RefundState.PROCESSING,
    "SUCCESS": RefundState.SUCCEEDED,
    "CLOSED": RefundState.CLOSED,
    "ABNORMAL": RefundState.ABNORMAL,
}


class Unreadable(Exception):
    """The text is not the message that it should be."""


class Prepaid(msgspec.Struct):
    prepay_id: str


class CodeUrl(msgspec.Struct):
    code_url: str


class Refusal(msgspec.Struct):
    """The body of every 4xx."""

    code: str
    message: str = ""


class Sealed(msgspec.Struct):
    """An encrypted resource: Base64 AES-256-GCM with its nonce and associated data."""

    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str = ""


class Envelope(msgspec.Struct):
    id: str
    event_type: str
    create_time: datetime
    resource: Sealed


class _Amount(msgspec.Struct):
    total: int
    currency: str = "CNY"


class _Transaction(msgspec.Struct):
    mchid: str
    out_trade_no: str
    trade_state: str
    appid: str | None = None
    transaction_id: str | None = None
    success_time: str | None = None
    amount: _Amount | None = None


class _RefundAmount(msgspec.Struct):
    total: int
    refund: int


class _Refund(msgspec.Struct):
    """The state is `status` in answers and `refund_status` in notifications."""

    refund_id: str
    out_refund_no: str
    out_trade_no: str
    transaction_id: str
    amount: _RefundAmount
    status: str | None = None
    refund_status: str | None = None
    success_time: str | None = None


def read(content: str | bytes, kind: type[T]) -> T:
    """`content` as a `kind`. Raises Unreadable."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from None


def read_payment(content: str) -> ProviderPayment:
    """An answer to a query, or a decrypted payment notification. Raises Unreadable."""
    seen = read(content, _Transaction)
    return ProviderPayment(
        state=_state(PAYMENT_STATES, seen.trade_state),
        transaction_id=seen.transaction_id or None,
        amount_fen=seen.amount.total if seen.amount else None,
        currency=seen.amount.currency if seen.amount else None,
        merchant_id=seen.mchid,
        app_id=seen.appid,
        out_trade_no=seen.out_trade_no,
        success_at=_instant(seen.success_time),
    )


def read_refund(content: str) -> ProviderRefund:
    """An answer about a refund, or a decrypted refund notification. Raises Unreadable."""
    seen = read(content, _Refund)
    return ProviderRefund(
        state=_state(REFUND_STATES, seen.status or seen.refund_status),
        refund_id=seen.refund_id,
        out_refund_no=seen.out_refund_no,
        out_trade_no=seen.out_trade_no,
        transaction_id=seen.transaction_id,
        refund_fen=seen.amount.refund,
        total_fen=seen.amount.total,
        success_at=_instant(seen.success_time),
    )


def read_notification(envelope: Envelope, plain: str) -> Notification:
    """A notification whose resource was decrypted to `plain`. Raises Unreadable."""
    family = envelope.event_type.partition(".")[0]
    return Notification(
        id=envelope.id,
        event_type=envelope.event_type,
        kind=_KINDS.get(family, NotificationKind.OTHER),
        created_at=envelope.create_time,
        resource=read(plain, dict[str, object]),
        payment=read_payment(plain) if family == "TRANSACTION" else None,
        refund=read_refund(plain) if family == "REFUND" else None,
    )


_KINDS: Final[Mapping[str, NotificationKind]] = {
    "TRANSACTION": NotificationKind.PAYMENT,
    "REFUND": NotificationKind.REFUND,
}


def _state(states: Mapping[str, T], name: str | None) -> T:
    if name is None or name not in states:
        raise Unreadable(f"unknown state {name!r}")
    return states[name]


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if instant.tzinfo is None:
        raise Unreadable(f"{text!r} has no time zone")
    return instant
