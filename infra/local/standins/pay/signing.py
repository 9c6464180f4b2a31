"""WeChat Pay v3's cryptography from the provider's side: prove requests, sign answers, seal resources."""

import json
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from infra.local.standins.keys import PayKeys

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
CLOCK_SKEW: Final = timedelta(minutes=5)
_FIELDS: Final = ("mchid", "nonce_str", "timestamp", "serial_no", "signature")


class Flaw(StrEnum):
    """Ways in which a message of ours can be made unacceptable on purpose."""

    FORGED = "forged"
    """The signature is that of other content."""
    SIGNTEST = "signtest"
    """The signature is a probe: `WECHATPAY/SIGNTEST/…`."""
    UNKNOWN_SERIAL = "unknown_serial"
    STALE = "stale"
    """Signed ten minutes ago."""
    NO_SIGNATURE_TYPE = "no_signature_type"


class SignatureRefused(Exception):
    """The request does not prove that it comes from the merchant; the text says why."""


@dataclass(frozen=True)
class Signer:
    """Both sides' keys as WeChat Pay holds them."""

    keys: PayKeys

    def prove_request(self, method: str, url: str, authorization: str, body: str, now: datetime) -> None:
        """Check the `Authorization` of a request; `url` is path and query as sent. Raises SignatureRefused."""
        scheme, _, rest = authorization.partition(" ")
        if scheme != SCHEME:
            raise SignatureRefused("Authorization 的认证类型不正确")
        fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        missing = [name for name in _FIELDS if not fields.get(name)]
        if missing:
            raise SignatureRefused(f"Authorization 缺少 {'、'.join(missing)}")
        if fields["mchid"] != self.keys.merchant_id or fields["serial_no"] != self.keys.certificate_serial:
            raise SignatureRefused("商户号或商户证书序列号不正确")
        if not fields["timestamp"].isdecimal() or abs(now.timestamp() - int(fields["timestamp"])) > CLOCK_SKEW.seconds:
            raise SignatureRefused("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        message = f"{method}\n{url}\n{fields['timestamp']}\n{fields['nonce_str']}\n{body}\n"
        if not verifies(self.keys.merchant_public_key, message, fields["signature"]):
            raise SignatureRefused("签名错误，请检查后再试")

    def proves_client_parameters(self, app_id: str, time_stamp: str, nonce_str: str, package: str, sign: str) -> bool:
        """Whether `paySign` of `wx.requestPayment` is the merchant's."""
        message = f"{app_id}\n{time_stamp}\n{nonce_str}\n{package}\n"
        return verifies(self.keys.merchant_public_key, message, sign)

    def headers(self, body: str, now: datetime, flaw: Flaw | None = None) -> dict[str, str]:
        """The signature headers for an answer or a notification with this body, flawed if asked for."""
        at = now - timedelta(minutes=10) if flaw is Flaw.STALE else now
        stamp = str(int(at.timestamp()))
        nonce = secrets.token_hex(16)
        signed_body = f"{body}。" if flaw is Flaw.FORGED else body
        signature = self.keys.platform_private_key.sign(
            f"{stamp}\n{nonce}\n{signed_body}\n".encode(), PKCS1v15(), SHA256()
        )
        text = b64encode(signature).decode()
        headers = {
            "Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{text}" if flaw is Flaw.SIGNTEST else text,
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self.keys.platform_public_key_id,
            "Wechatpay-Signature-Type": SCHEME,
        }
        if flaw is Flaw.UNKNOWN_SERIAL:
            headers["Wechatpay-Serial"] = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
        if flaw is Flaw.NO_SIGNATURE_TYPE:
            del headers["Wechatpay-Signature-Type"]
        return headers

    def sealed(self, resource: dict[str, Any], kind: str) -> dict[str, str]:
        """`resource` encrypted with the APIv3 key as a notification carries it."""
        nonce = secrets.token_hex(6)
        plain = json.dumps(resource, ensure_ascii=False).encode()
        cipher = AESGCM(self.keys.apiv3_key.encode()).encrypt(nonce.encode(), plain, kind.encode())
        return {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": b64encode(cipher).decode(),
            "associated_data": kind,
            "nonce": nonce,
        }


def verifies(key: RSAPublicKey, message: str, signature: str) -> bool:
    """Whether `signature`, Base64 of SHA256-RSA2048, is that of `message`."""
    try:
        key.verify(b64decode(signature, validate=True), message.encode(), PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True
