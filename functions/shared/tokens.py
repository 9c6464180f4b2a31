"""Access tokens are ES256 JWTs of 15 minutes; here they are verified. (`accounts` issues them.)

The public keys are the SSM parameter `/zhenban/<stage>/jwks`: two live ones, so that rotating breaks no session.
"""

from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from functions.shared import aws, clock
from functions.shared.caller import Caller, Role
from functions.shared.errors import Unauthenticated

ISSUER = "zhenban"
_LEEWAY_S = 5


def verify(token: str, *, now: datetime) -> Caller:
    """The caller that `token` names; Unauthenticated if it is malformed, forged, expired or of an unknown key."""
    return verify_until(token, now=now)[0]


def verify_until(token: str, *, now: datetime) -> tuple[Caller, datetime]:
    """The same, and when the token expires: what outlives a request must ask for another by then."""
    try:
        claims = _decode(token)
        jwt.JWTClaimsRegistry(
            now=clock.epoch_s(now),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": ISSUER},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(claims)
        caller = Caller(
            subject=claims["sub"],
            roles=frozenset(Role(role) for role in claims["roles"]),
            session_id=claims.get("sid", ""),
            order_id=claims.get("order_id", ""),
            scopes=frozenset(claims.get("scopes", ())),
        )
        return caller, datetime.fromtimestamp(claims["exp"], UTC)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unauthenticated() from error


def _decode(token: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, _published_keys(), algorithms=["ES256"]).claims
    except ValueError:
        # A key published after we last looked: read the keys again, once.
        aws.forget_settings()
        return jwt.decode(token, _published_keys(), algorithms=["ES256"]).claims


def _published_keys() -> KeySet:
    return KeySet.import_key_set(aws.parameter("jwks"))
