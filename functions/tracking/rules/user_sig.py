"""UserSig: with it Tencent's real-time communication (TRTC) lets a user in. Version 2.0, HMAC-SHA256.

https://cloud.tencent.com/document/product/647/17275
"""

import base64
import hashlib
import hmac
import json
import zlib

_URL_SAFE = str.maketrans("+/=", "*-_")
MAX_USER_ID = 32
"""Bytes that a user id may have: letters, digits, underscore, hyphen."""


def user_sig(*, sdk_app_id: int, secret_key: str, user_id: str, issued_at_s: int, expires_in_s: int) -> str:
    """The token: JSON of the claims and their signature, deflated, in base64 with `*-_` for `+/=`."""
    assert len(user_id.encode()) <= MAX_USER_ID, "TRTC knows only short user ids"
    signed = {
        "TLS.identifier": user_id,
        "TLS.sdkappid": sdk_app_id,
        "TLS.time": issued_at_s,
        "TLS.expire": expires_in_s,
    }
    text = "".join(f"{name}:{value}\n" for name, value in signed.items())
    signature = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()
    claims = {"TLS.ver": "2.0", **signed, "TLS.sig": base64.b64encode(signature).decode()}
    packed = zlib.compress(json.dumps(claims, separators=(",", ":")).encode())
    return base64.b64encode(packed).decode().translate(_URL_SAFE)
