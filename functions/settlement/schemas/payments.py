"""Bodies and answers about payments. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.settlement.gateways.payments import Prepay
from functions.settlement.rules.payments import Payment, PaymentMethod, PaymentState
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class StartPayment(Body, frozen=True):
    """How the client wants to pay. The amount is the order's and is not asked for."""

    method: Annotated[
        PaymentMethod, msgspec.Meta(description="jsapi：小程序内的微信支付；native：网页展示二维码，用微信扫码支付")
    ]


class JsapiParameters(Reading, frozen=True, rename="camel"):
    """What `wx.requestPayment` takes, unchanged."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str

    @classmethod
    def of(cls, prepay: Prepay) -> "JsapiParameters":
        return cls(
            app_id=prepay.app_id,
            time_stamp=prepay.time_stamp,
            nonce_str=prepay.nonce_str,
            package=prepay.package,
            sign_type=prepay.sign_type,
            pay_sign=prepay.pay_sign,
        )


class StartedPayment(Reading, frozen=True):
    """A payment that waits for the client, until `expires_at`: `jsapi` or `code_url`, according to its method."""

    payment_id: str
    order_id: str
    method: PaymentMethod
    state: PaymentState
    amount_fen: int
    expires_at: datetime
    jsapi: JsapiParameters | None
    code_url: str | None
    """To be shown as a QR code."""

    @classmethod
    def of(cls, payment: Payment, placed: Prepay | str) -> "StartedPayment":
        return cls(
            payment_id=payment.payment_id,
            order_id=payment.order_id,
            method=payment.method,
            state=payment.state,
            amount_fen=payment.amount_fen,
            expires_at=clock.china(payment.expires_at),
            jsapi=JsapiParameters.of(placed) if isinstance(placed, Prepay) else None,
            code_url=placed if isinstance(placed, str) else None,
        )


class PaymentView(Reading, frozen=True):
    """A payment. `is_under_review`: the provider's words contradict ours and staff are looking."""

    payment_id: str
    order_id: str
    method: PaymentMethod
    state: PaymentState
    amount_fen: int
    is_under_review: bool
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    version: int

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        return cls(
            payment_id=payment.payment_id,
            order_id=payment.order_id,
            method=payment.method,
            state=payment.state,
            amount_fen=payment.amount_fen,
            is_under_review=payment.is_quarantined,
            created_at=clock.china(payment.created_at),
            expires_at=clock.china(payment.expires_at),
            paid_at=clock.china(payment.paid_at) if payment.paid_at else None,
            version=payment.version,
        )
