"""WeChat Pay API v3 (JSAPI and Native) behind the port in `payments`.

The library `wechatpayv3` 2.0.4 builds and signs requests and decrypts notifications. What it leaves open is closed
here, for its answers and for notifications alike: the timestamp must be within five minutes, the serial must be the
one platform key that we hold (an unknown one makes the library call out and then crash), the signature type must be
present, header names count in any case, a bad signature is an error instead of None, probes signed with
`WECHATPAY/SIGNTEST/` fail, numbers that go into a URL are checked, and no logger is ever passed, for it would write
plaintext.

The library brings `requests` along, so both are imported when the first `WeChatPay` is made and not before.
"""

import re
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NoReturn, TypeVar

from functions.settlement.gateways.payments import (
    ForgedNotification,
    Notification,
    PaymentRejected,
    PaymentUnknown,
    Prepay,
    ProviderPayment,
    ProviderRefund,
)
from functions.settlement.gateways.wechatpay_messages import (
    CodeUrl,
    Envelope,
    Prepaid,
    Refusal,
    Sealed,
    Unreadable,
    read,
    read_notification,
    read_payment,
    read_refund,
)
from functions.shared.clock import now as present

T = TypeVar("T")

CHINA: Final = timezone(timedelta(hours=8))
TIMESTAMP_WINDOW: Final = timedelta(minutes=5)
TIMEOUT_S: Final = (1, 3)
"""Connect, read."""
SIGNATURE_TYPE: Final = "WECHATPAY2-SHA256-RSA2048"
_PROBE_PREFIX: Final = "WECHATPAY/SIGNTEST/"
_SIGNED_HEADERS: Final = (
    "Wechatpay-Signature",
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
)
_OUT_TRADE_NO: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_OUT_REFUND_NO: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_TOO_MANY_REQUESTS: Final = 429


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """Who we are to WeChat Pay. Keys are PEM texts (PKCS#8 private, SPKI public); never shown by `repr`."""

    app_id: str
    merchant_id: str
    certificate_serial: str
    private_key_pem: str = field(repr=False)
    apiv3_key: str = field(repr=False)
    platform_public_key_id: str
    """`PUB_KEY_ID_…`, the only serial that an answer or a notification may carry."""
    platform_public_key_pem: str


class WeChatPay:
    """One merchant's connection. Makes no network call until a method is used; safe to keep between invocations.

    `clock` tells the present instant for signing and for the age of answers; `base_url` may point at a stand-in.
    """

    def __init__(
        self,
        merchant: Merchant,
        *,
        base_url: str = "https://api.mch.weixin.qq.com",
        clock: Callable[[], datetime] = present,
    ) -> None:
        from requests.exceptions import RequestException
        from wechatpayv3 import WeChatPay as Library
        from wechatpayv3 import WeChatPayType

        self._merchant = merchant
        self._clock = clock
        self._types: Any = WeChatPayType
        self._network_errors = (RequestException,)
        self._library: Any = Library(
            wechatpay_type=WeChatPayType.JSAPI,
            mchid=merchant.merchant_id,
            private_key=str(merchant.private_key_pem),
            cert_serial_no=merchant.certificate_serial,
            appid=merchant.app_id,
            apiv3_key=str(merchant.apiv3_key),
            logger=None,
            timeout=TIMEOUT_S,
            public_key=merchant.platform_public_key_pem,
            public_key_id=merchant.platform_public_key_id,
        )
        core = self._library._core
        core._gate_way = base_url.rstrip("/")
        self._holds = core._verify_signature
        core._verify_signature = self._verify_answer

    @property
    def library(self) -> Any:
        """The library's object, for calls that have an adapter of their own; go through `ask`."""
        return self._library

    def prepay_jsapi(
        self,
        *,
        out_trade_no: str,
        description: str,
        amount_fen: int,
        openid: str,
        notify_url: str,
        expires_at: datetime,
    ) -> Prepay:
        """Place the payment and sign what the mini program needs to ask the client for it.

        Placing the same `out_trade_no` again with the same content is safe and gives a fresh signature. A prepay_id
        lives two hours. Raises PaymentRejected, PaymentUnknown.
        """
        text = self._place(
            self._types.MINIPROG,
            out_trade_no=out_trade_no,
            description=description,
            amount_fen=amount_fen,
            notify_url=notify_url,
            expires_at=expires_at,
            payer={"openid": openid},
        )
        return self._signed_for_client(_understood(lambda answer: read(answer, Prepaid), text).prepay_id)

    def prepay_native(
        self, *, out_trade_no: str, description: str, amount_fen: int, notify_url: str, expires_at: datetime
    ) -> str:
        """Place the payment and return the `weixin://…` link to show as a QR code. Raises as `prepay_jsapi`."""
        text = self._place(
            self._types.NATIVE,
            out_trade_no=out_trade_no,
            description=description,
            amount_fen=amount_fen,
            notify_url=notify_url,
            expires_at=expires_at,
            payer=None,
        )
        return _understood(lambda answer: read(answer, CodeUrl), text).code_url

    def query(self, out_trade_no: str) -> ProviderPayment:
        """The payment as WeChat knows it now. Raises PaymentRejected (`is_absent` if never placed), PaymentUnknown."""
        text = self.ask(self._library.query, out_trade_no=_checked(out_trade_no, _OUT_TRADE_NO))
        payment = _understood(read_payment, text)
        # The signature does not cover the question, so an older genuine answer could be played back for another order.
        if payment.out_trade_no != out_trade_no or payment.merchant_id != self._merchant.merchant_id:
            raise PaymentUnknown("微信支付的应答与所查询的订单不一致")
        return payment

    def close(self, out_trade_no: str) -> None:
        """See to it that nobody can pay this order any more; closing it again is fine.

        Raises PaymentRejected (`ORDERPAID` if the client was faster, `is_absent` if never placed), PaymentUnknown.
        """
        try:
            self.ask(self._library.close, out_trade_no=_checked(out_trade_no, _OUT_TRADE_NO))
        except PaymentRejected as refusal:
            if refusal.code not in ("ORDER_CLOSED", "ORDERCLOSED"):
                raise

    def refund(
        self,
        *,
        out_refund_no: str,
        out_trade_no: str,
        refund_fen: int,
        total_fen: int,
        reason: str,
        notify_url: str,
    ) -> ProviderRefund:
        """Give `refund_fen` of the payment's `total_fen` back; usually still processing when this returns.

        Safe to repeat under the same `out_refund_no`, which never refunds twice; another number would. `reason` is
        shown to the client, cut to 80 bytes. Raises PaymentRejected, PaymentUnknown.
        """
        if not 0 < _fen(refund_fen) <= _fen(total_fen):
            raise ValueError("退款金额应大于 0 且不超过原支付金额")
        text = self.ask(
            self._library.refund,
            out_refund_no=_checked(out_refund_no, _OUT_REFUND_NO),
            out_trade_no=_checked(out_trade_no, _OUT_TRADE_NO),
            amount={"refund": refund_fen, "total": total_fen, "currency": "CNY"},
            reason=_cut_bytes(reason, 80),
            notify_url=notify_url,
        )
        return self._same_refund(text, out_refund_no)

    def query_refund(self, out_refund_no: str) -> ProviderRefund:
        """The refund as WeChat knows it now. Raises PaymentRejected (`is_absent` if never asked), PaymentUnknown."""
        text = self.ask(self._library.query_refund, out_refund_no=_checked(out_refund_no, _OUT_REFUND_NO))
        return self._same_refund(text, out_refund_no)

    def parse_notification(self, headers: Mapping[str, str], body: bytes | str, now: datetime) -> Notification:
        """Prove, decrypt and read a notification that arrived at `now`.

        The caller still drops ids that it has seen, compares amount, app and merchant with its own record, and
        queries the order. Raises ForgedNotification for everything that is not provably WeChat's and readable.
        """
        try:
            text = body.decode() if isinstance(body, bytes) else body
        except UnicodeDecodeError:
            raise ForgedNotification("通知内容不是 UTF-8 文本") from None
        signed = self._proven(headers, now, refuse=_forged)
        if not self._holds(signed, text):
            _forged("通知的签名不正确")
        try:
            envelope = read(text, Envelope)
            return read_notification(envelope, self._decrypted(envelope.resource))
        except Unreadable as error:
            raise ForgedNotification(f"通知内容的格式无法识别：{error}") from None

    def _decrypted(self, sealed: Sealed) -> str:
        if sealed.algorithm != "AEAD_AES_256_GCM":
            _forged(f"不支持的加密方式：{sealed.algorithm}")
        from wechatpayv3.utils import aes_decrypt

        try:
            plain: str | None = aes_decrypt(
                sealed.nonce, sealed.ciphertext, sealed.associated_data, str(self._merchant.apiv3_key)
            )
        except ValueError:
            plain = None
        if plain is None:
            _forged("通知内容无法用 APIv3 密钥解密")
        return plain

    def _place(
        self,
        pay_type: object,
        *,
        out_trade_no: str,
        description: str,
        amount_fen: int,
        notify_url: str,
        expires_at: datetime,
        payer: dict[str, str] | None,
    ) -> str:
        if _fen(amount_fen) < 1:
            raise ValueError("支付金额至少 1 分")
        if not description or not notify_url:
            raise ValueError("支付说明和通知地址不能为空")
        return self.ask(
            self._library.pay,
            pay_type=pay_type,
            out_trade_no=_checked(out_trade_no, _OUT_TRADE_NO),
            description=_cut_bytes(description, 127),
            amount={"total": amount_fen, "currency": "CNY"},
            payer=payer,
            notify_url=notify_url,
            time_expire=expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
        )

    def _signed_for_client(self, prepay_id: str) -> Prepay:
        time_stamp = str(int(self._clock().timestamp()))
        nonce_str = secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return Prepay(
            app_id=self._merchant.app_id,
            time_stamp=time_stamp,
            nonce_str=nonce_str,
            package=package,
            sign_type="RSA",
            pay_sign=self._library.sign([self._merchant.app_id, time_stamp, nonce_str, package]),
            prepay_id=prepay_id,
        )

    def _same_refund(self, text: str, out_refund_no: str) -> ProviderRefund:
        refund = _understood(read_refund, text)
        if refund.out_refund_no != out_refund_no:
            raise PaymentUnknown("微信支付的应答与所查询的退款单不一致")
        return refund

    def ask(self, call: Callable[..., tuple[int, str | bytes]], **arguments: object) -> str:
        """The text of a 2xx answer whose signature held; a refusal or an unknown outcome as its error.

        `call` is one of the library's: `wechat_transfers` asks through here too, so that one place knows the defects.
        """
        try:
            status, content = call(**arguments)
        except self._network_errors as error:
            raise PaymentUnknown(f"微信支付没有应答（{type(error).__name__}）") from None
        text = content if isinstance(content, str) else content.decode(errors="replace")
        if 200 <= status < 300:
            return text
        if status < 400 or status >= 500 or status == _TOO_MANY_REQUESTS:
            raise PaymentUnknown(f"微信支付暂时不能处理（HTTP {status}）")
        try:
            refusal = read(text, Refusal)
        except Unreadable:
            raise PaymentUnknown(f"微信支付的应答无法识别（HTTP {status}）") from None
        raise PaymentRejected(refusal.code, refusal.message)

    def _verify_answer(self, headers: Mapping[str, str], body: str) -> bool:
        """Takes the place of the library's own check, so that an unproven answer counts as no answer."""
        if not self._holds(self._proven(headers, self._clock(), refuse=_unproven), body):
            _unproven("应答的签名不正确")
        return True

    def _proven(
        self, headers: Mapping[str, str], now: datetime, *, refuse: Callable[[str], NoReturn]
    ) -> dict[str, str]:
        """The five signature headers under their usual names, all acceptable but for the signature itself."""
        by_name = {name.lower(): value for name, value in headers.items()}
        signed = {name: by_name.get(name.lower(), "") for name in _SIGNED_HEADERS}
        missing = [name for name, value in signed.items() if not value]
        if missing:
            refuse(f"缺少签名信息：{'、'.join(missing)}")
        if signed["Wechatpay-Signature-Type"] != SIGNATURE_TYPE:
            refuse("签名类型不受支持")
        if signed["Wechatpay-Serial"] != self._merchant.platform_public_key_id:
            refuse("签名所用的平台公钥不是我方所持有的")
        if signed["Wechatpay-Signature"].startswith(_PROBE_PREFIX) or not _is_base64(signed["Wechatpay-Signature"]):
            refuse("签名不正确")
        stamp = signed["Wechatpay-Timestamp"]
        if not re.fullmatch(r"[0-9]{1,11}", stamp):
            refuse("签名时间无法识别")
        if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > TIMESTAMP_WINDOW:
            refuse("签名时间与当前时间相差超过 5 分钟")
        return signed


def _forged(reason: str) -> NoReturn:
    raise ForgedNotification(reason)


def _unproven(reason: str) -> NoReturn:
    raise PaymentUnknown(f"微信支付的应答未通过验签：{reason}")


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _understood(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except Unreadable:
        raise PaymentUnknown("微信支付的应答格式无法识别") from None


def _checked(number: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(number):
        raise ValueError(f"商户单号的格式不正确：{number!r}")
    return number


def _fen(amount: int) -> int:
    if type(amount) is not int:
        raise TypeError("金额应为整数（分）")
    return amount


def _cut_bytes(text: str, limit: int) -> str:
    """`text` cut to `limit` bytes of UTF-8 between characters."""
    return text.encode()[:limit].decode(errors="ignore")
