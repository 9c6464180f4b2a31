"""Issues access tokens; `shared.tokens` verifies them."""

import uuid
from collections.abc import Collection
from datetime import datetime

from joserfc import jwt
from joserfc.jwk import ECKey

from functions.shared import aws, clock
from functions.shared.caller import Role
from functions.shared.tokens import ISSUER


def access_token(
    subject: str,
    *,
    roles: Collection[Role],
    now: datetime,
    expires_at: datetime,
    session_id: str = "",
    order_id: str = "",
    scopes: Collection[str] = (),
) -> str:
    """An ES256 token under the active key of the secret `token-keys`: {"keys": [private JWKs], "active": kid}."""
    keys = aws.secret("token-keys")
    private = next(key for key in keys["keys"] if key["kid"] == keys["active"])
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": subject,
        "roles": sorted(roles),
        "iat": clock.epoch_s(now),
        "exp": clock.epoch_s(expires_at),
        "jti": uuid.uuid4().hex,
    }
    claims |= {"sid": session_id} if session_id else {}
    claims |= {"order_id": order_id, "scopes": sorted(scopes)} if order_id else {}
    return jwt.encode({"alg": "ES256", "kid": keys["active"]}, claims, ECKey.import_key(private))
