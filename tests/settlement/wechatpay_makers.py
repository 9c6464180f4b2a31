"""What the tests of the WeChat Pay adapter ask for, with only what matters to a test spelled out."""

from datetime import UTC, datetime

from functions.settlement.gateways.payments import (
    Notification,
    Prepay,
    RefundState,
)
from functions.settlement.gateways.wechatpay import Merchant, WeChatPay
from infra.local.standins.pay.signing import Flaw
from tests.standins.servers import Received, Standin

ORDER = "ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"
REFUND = "rfd_01JD8Z2M6Q4T7W9Y3B5C7D9F1G"
OPENID = "oWang"
FLAWS = {
    Flaw.FORGED: "签名不正确",
    Flaw.SIGNTEST: "签名不正确",
    Flaw.UNKNOWN_SERIAL: "平台公钥",
    Flaw.STALE: "5 分钟",
    Flaw.NO_SIGNATURE_TYPE: "Wechatpay-Signature-Type",
}


def merchant_of(standin: Standin) -> Merchant:
    pay = standin.keys.pay
    folder = standin.keys_dir / "keys"
    return Merchant(
        app_id=pay.app_id,
        merchant_id=pay.merchant_id,
        certificate_serial=pay.certificate_serial,
        private_key_pem=(folder / "merchant_private.pem").read_text(),
        apiv3_key=pay.apiv3_key,
        platform_public_key_id=pay.platform_public_key_id,
        platform_public_key_pem=(folder / "platform_public.pem").read_text(),
    )


EXPIRES_AT = datetime(2099, 1, 1, tzinfo=UTC)


def place(
    wechat_pay: WeChatPay,
    *,
    amount_fen: int = 22_000,
    notify_url: str = "http://127.0.0.1:9/notify",
    expires_at: datetime = EXPIRES_AT,
) -> Prepay:
    return wechat_pay.prepay_jsapi(
        out_trade_no=ORDER,
        description="半日陪诊　上海瑞金医院",
        amount_fen=amount_fen,
        openid=OPENID,
        notify_url=notify_url,
        expires_at=expires_at,
    )


def pay(wechat_pay: WeChatPay, standin: Standin, *, notify_url: str = "http://127.0.0.1:9/notify") -> None:
    place(wechat_pay, notify_url=notify_url)
    standin.control("pay", out_trade_no=ORDER)


def refund(
    wechat_pay: WeChatPay, *, refund_fen: int = 22_000, number: str = REFUND, notify_url: str = "http://127.0.0.1:9/r"
) -> RefundState:
    return wechat_pay.refund(
        out_refund_no=number,
        out_trade_no=ORDER,
        refund_fen=refund_fen,
        total_fen=22_000,
        reason="退单",
        notify_url=notify_url,
    ).state


def read(wechat_pay: WeChatPay, received: Received, now: datetime | None = None) -> Notification:
    return wechat_pay.parse_notification(received.headers, received.body, now or datetime.now(UTC))
