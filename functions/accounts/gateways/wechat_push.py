"""What WeChat pushes to us: proven by its signature, opened with the key that only it and we have (安全模式).

https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from functions.accounts.gateways.wechat import ModerationVerdict, verdict_of

_AGE: Final = timedelta(minutes=10)
_RANDOM_BYTES: Final = 16
_BLOCK: Final = 32
MEDIA_CHECKED: Final = "wxa_media_check"


class ForgedPush(Exception):
    """Not from WeChat, not for this mini program, or too old."""


@dataclass(frozen=True)
class PushKeys:
    """The mini program's id, and the token and EncodingAESKey of its message push."""

    app_id: str
    token: str
    aes_key: str


@dataclass(frozen=True)
class MediaVerdict:
    """What WeChat says of a picture or a voice that it was asked about as `trace_id`."""

    trace_id: str
    verdict: ModerationVerdict


class _Sealed(msgspec.Struct):
    Encrypt: str


class _Suggested(msgspec.Struct):
    suggest: str = ""


class _Pushed(msgspec.Struct):
    Event: str = ""
    trace_id: str = ""
    errcode: int = 0
    result: _Suggested = msgspec.field(default_factory=_Suggested)


def check_setup(query: Mapping[str, Any], keys: PushKeys) -> str:
    """What to answer when the address is entered in WeChat's console. Raises ForgedPush."""
    signed = _signature(keys.token, query.get("timestamp", ""), query.get("nonce", ""))
    if not hmac.compare_digest(signed, str(query.get("signature", ""))):
        raise ForgedPush("signature")
    return str(query.get("echostr", ""))


def open_push(query: Mapping[str, Any], body: bytes, keys: PushKeys, *, now: datetime) -> MediaVerdict | None:
    """What was pushed; None for an event of another kind. Raises ForgedPush."""
    try:
        sealed = msgspec.json.decode(body, type=_Sealed).Encrypt
        sent_at = datetime.fromtimestamp(int(query["timestamp"]), UTC)
    except (msgspec.DecodeError, KeyError, ValueError, OverflowError, OSError) as error:
        raise ForgedPush("not a push") from error
    signed = _signature(keys.token, str(query["timestamp"]), str(query.get("nonce", "")), sealed)
    if not hmac.compare_digest(signed, str(query.get("msg_signature", ""))):
        raise ForgedPush("signature")
    if abs(now - sent_at) > _AGE:
        raise ForgedPush("too old")
    try:
        pushed = msgspec.json.decode(_opened(sealed, keys), type=_Pushed)
    except msgspec.DecodeError as error:
        raise ForgedPush("not an event") from error
    if pushed.Event != MEDIA_CHECKED or not pushed.trace_id:
        return None
    # WeChat could not fetch or judge it: a person looks.
    verdict = ModerationVerdict.REVIEW if pushed.errcode else verdict_of(pushed.result.suggest)
    return MediaVerdict(pushed.trace_id, verdict)


def _signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's algorithm


def _opened(sealed: str, keys: PushKeys) -> bytes:
    """16 random bytes, the length, the message, the app id; padded to 32 bytes (AES-256-CBC)."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    try:
        key = base64.b64decode(keys.aes_key + "=", validate=True)
        opener = Cipher(AES(key), CBC(key[:16])).decryptor()
        padded = opener.update(base64.b64decode(sealed, validate=True)) + opener.finalize()
    except ValueError as error:
        raise ForgedPush("cannot be opened") from error
    padding = padded[-1] if padded else 0
    content = padded[_RANDOM_BYTES : len(padded) - padding]
    if not 1 <= padding <= _BLOCK or len(content) < 4:
        raise ForgedPush("padding")
    (length,) = struct.unpack(">I", content[:4])
    message, app_id = content[4 : 4 + length], content[4 + length :]
    if app_id != keys.app_id.encode():
        raise ForgedPush("another mini program")
    return message
