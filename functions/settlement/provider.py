"""The one connection to the payment provider, made from the `wechat-pay` secret when first needed."""

from functools import lru_cache
from typing import Any

from functions.settlement.gateways.wechat_authorizations import WeChatAuthorizations
from functions.settlement.gateways.wechat_bills import WeChatBills
from functions.settlement.gateways.wechat_invoices import WeChatInvoices
from functions.settlement.gateways.wechat_transfers import WeChatTransfers
from functions.settlement.gateways.wechatpay import Merchant, WeChatPay
from functions.shared import aws, clock

PAYMENTS_PATH = "/webhooks/wechat-pay/payments"
REFUNDS_PATH = "/webhooks/wechat-pay/refunds"
TRANSFERS_PATH = "/webhooks/wechat-pay/transfers"
TRANSFER_EVENTS = "MCHTRANSFER."
"""How the types of notifications about transfers begin, and"""
AUTHORIZATION_EVENTS = "MCHTRANSFER.AUTHORIZATION."
"""of those about the leave to be paid without confirming."""


def wechat_pay() -> WeChatPay:
    """The merchant's connection; a rotated secret gives a new one within five minutes. No network call."""
    return _connect(tuple(sorted(_secret().items())))


def wechat_transfers() -> WeChatTransfers:
    """The same connection, for sending companions their money."""
    return WeChatTransfers(wechat_pay(), merchant_id=_secret()["merchant_id"], notify_url=notify_url(TRANSFERS_PATH))


def wechat_authorizations() -> WeChatAuthorizations:
    """The same connection, for the leave to pay companions without their confirmation."""
    merchant_id, url = _secret()["merchant_id"], notify_url(TRANSFERS_PATH)
    return WeChatAuthorizations(wechat_pay(), merchant_id=merchant_id, notify_url=url)


def wechat_bills() -> WeChatBills:
    """The same connection, for the daily bill."""
    return WeChatBills(wechat_pay(), base_url=_secret()["base_url"])


def wechat_invoices() -> WeChatInvoices:
    """The same connection, for e-invoices."""
    return WeChatInvoices(wechat_pay(), base_url=_secret()["base_url"])


def identity() -> tuple[str, str]:
    """Merchant id and app id: to whom a payment must have been made."""
    secret = _secret()
    return secret["merchant_id"], secret["app_id"]


def notify_url(path: str) -> str:
    """The public address at which the provider reaches us."""
    return str(aws.parameter("public-urls")["pay_notify"]).rstrip("/") + path


def _secret() -> dict[str, Any]:
    secret: dict[str, Any] = aws.secret("wechat-pay")
    return secret


@lru_cache(maxsize=1)
def _connect(settings: tuple[tuple[str, str], ...]) -> WeChatPay:
    secret = dict(settings)
    merchant = Merchant(
        app_id=secret["app_id"],
        merchant_id=secret["merchant_id"],
        certificate_serial=secret["certificate_serial"],
        private_key_pem=secret["private_key_pem"],
        apiv3_key=secret["api_v3_key"],
        platform_public_key_id=secret["public_key_id"],
        platform_public_key_pem=secret["public_key_pem"],
    )
    return WeChatPay(merchant, base_url=secret["base_url"], clock=clock.now)
