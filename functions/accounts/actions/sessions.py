"""Signing in, staying signed in, signing out.

A refusal that must leave a trace (a wrong password, a stolen refresh token) commits the trace itself before it raises,
because the edge commits nothing when an action raises.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from functions.accounts import clients
from functions.accounts.actions.guests import note_look
from functions.accounts.actions.voip import keep_session_key
from functions.accounts.rules import guests as guest_rules
from functions.accounts.rules import sessions as rules
from functions.accounts.rules.policy import Policy
from functions.accounts.rules.sessions import Refresh
from functions.accounts.table import base, guests, identities
from functions.shared import clock, ids, observe
from functions.shared.caller import Role
from functions.shared.tx import Tx

if TYPE_CHECKING:
    from functions.accounts.gateways.wechat import WeChatSession

AUDIENCE = "zhenban"
_ID_MAX = 128


@dataclass(frozen=True)
class SignedIn:
    """Tokens for one session; guests and institutions get no refresh token."""

    account_id: str
    roles: frozenset[Role]
    access_token: str
    expires_in_s: int
    refresh_token: str | None = None


def sign_in_with_wechat(tx: Tx, *, code: str, role: Role) -> SignedIn:
    """Trade a wx.login code for a session as client or companion; a new WeChat user becomes a client.

    SignInCodeRejected, SignInUnavailable, NotACompanion.
    """
    session = tx.once("session", lambda: _wechat_session_of(code))
    openid = session.openid
    known = identities.find_openid(openid)
    if role is Role.COMPANION:
        account = identities.find_account(known.account_id) if known else None
        if account is None or Role.COMPANION not in account.roles:
            raise rules.NotACompanion()
    account_id = known.account_id if known else ids.new("acc", tx.now)
    keep_session_key(tx, account_id=account_id, app_id=clients.wechat_app_id(), session_key=session.session_key)
    if known is not None:
        return _open_session(tx, account_id=account_id, roles=frozenset({role}))
    # Two first sign-ins at once: the later insert finds the key taken, runs again and sees the account.
    tx.insert(identities.openid_row(openid, account_id=account_id))
    tx.insert(identities.account_row(account_id, now=tx.now, roles=frozenset({Role.CLIENT}), openid=openid))
    return _open_session(tx, account_id=account_id, roles=frozenset({role}))


def sign_in_staff(tx: Tx, *, username: str, password: str) -> SignedIn:
    """A session for staff; BadCredentials counts towards LoginLocked, for names that do not exist as well."""
    policy = base.policy()
    login, failures = identities.find_login(username)
    if rules.is_locked(int(failures.failures), failures.last_failed_at, now=tx.now, policy=policy):
        raise rules.LoginLocked()
    matches = rules.password_matches(password, login.password_hash if login else None)
    account = identities.find_account(login.account_id) if login and matches else None
    if account is None:
        remembered = rules.remembers(failures.last_failed_at, now=tx.now, policy=policy)
        failures.failures = int(failures.failures) + 1 if remembered else 1
        failures.last_failed_at = tx.now
        failures.ttl = tx.now + timedelta(seconds=policy.login_lock_s)
        tx.save(failures)
        tx.commit()
        observe.count("StaffLoginFailed")
        raise rules.BadCredentials()
    if failures.version:
        tx.delete(failures)
    return _open_session(tx, account_id=account.account_id, roles=account.roles)


def sign_in_machine(tx: Tx, *, assertion: str) -> SignedIn:
    """A session for the hospital or insurer that signed `assertion` (RFC 7523); each works once. AssertionRejected."""
    policy = base.policy()
    issuer = _unverified_issuer(assertion)
    institution = identities.find_institution(issuer)
    if institution is None:
        raise rules.AssertionRejected()
    claims = _verified(assertion, institution.public_jwk, issuer=issuer, now_s=clock.epoch_s(tx.now), policy=policy)
    until = tx.now + timedelta(seconds=2 * policy.assertion_max_s)
    tx.insert(
        identities.spent_assertion_row(issuer, claims["jti"], until=until),
        taken=rules.AssertionRejected("该断言已使用过"),
    )
    return _mint(tx, subject=issuer, roles=frozenset({Role(institution.role)}))


def sign_in_guest(tx: Tx, *, token: str, device_id: str = "", device: str = "") -> SignedIn:
    """A session for who holds the link (`token`) or scanned the mini code (its scene), never longer than the access.

    GuestTokenInvalid, GuestAccessEnded, GuestAccessUsedUp.
    """
    if "." in token:
        row = guests.find_guest_access_by_id(guest_rules.read_link_token(token, clients.link_key()))
    else:
        row = guests.find_guest_access_by_scene(token)
    if row is None:
        raise guest_rules.GuestTokenInvalid()
    access = row.to_guest_access()
    access.check_open(tx.now)
    note_look(tx, row, device_id=device_id, device=device)
    ends_at = access.token_ends_at(tx.now, access_token_s=base.policy().access_token_s)
    return _mint(
        tx,
        subject=access.guest_access_id,
        roles=frozenset({Role.GUEST}),
        lasts=ends_at - tx.now,
        order_id=access.order_id,
        scopes=access.scopes,
    )


def refresh(tx: Tx, *, refresh_token: str) -> SignedIn:
    """The next pair of tokens. An old token ends the session, unless its successor was issued within the grace.

    SessionRevoked for everything that does not lead to tokens.
    """
    account_id, session_id, secret = _parts(refresh_token)
    presented = rules.token_hash(secret)
    account, session, rotated = identities.find_refresh(account_id, session_id, presented)
    if account is None or session is None:
        raise rules.SessionRevoked()
    policy = base.policy()
    verdict = rules.judge_refresh(
        _state(session), presented, seen_before=rotated is not None, now=tx.now, policy=policy
    )
    successor = rules.successor_secret(secret, session_id=session_id, key=clients.link_key())
    if verdict is Refresh.ROTATE:
        _rotate(tx, session, presented, rules.token_hash(successor), policy)
    elif verdict is Refresh.REVOKE:
        _revoke(tx, session)
        tx.commit()
        observe.count("RefreshTokenReused")
        raise rules.SessionRevoked("旧的刷新令牌被再次使用，为安全起见已退出登录")
    elif verdict is Refresh.REFUSE or rules.token_hash(successor) != session.current_hash:
        raise rules.SessionRevoked()
    roles = session.roles & _roles_of(account)
    if not roles:
        raise rules.SessionRevoked()
    return _mint(
        tx,
        subject=account_id,
        roles=roles,
        session_id=session_id,
        refresh_token=_refresh_token(account_id, session_id, successor),
    )


def sign_out(tx: Tx, *, account_id: str, session_id: str) -> None:
    """End the session: its refresh token works no more. (Access tokens already issued run out within 15 minutes.)"""
    session = identities.find_session(account_id, session_id) if session_id else None
    if session is not None and session.revoked_at is None:
        _revoke(tx, session)


def granted_roles(account_id: str) -> frozenset[Role]:
    """Everything that this account may sign in as; empty for who has no account (guests, institutions)."""
    account = identities.find_account(account_id)
    return _roles_of(account) if account else frozenset()


def _roles_of(account: identities.AccountRow) -> frozenset[Role]:
    """Whoever signs in with WeChat may be a client, companions too."""
    return account.roles | {Role.CLIENT} if account.openid else account.roles


def _wechat_session_of(code: str) -> "WeChatSession":
    from functions.accounts.gateways.wechat import CodeRejected, WeChatUnavailable

    try:
        return clients.wechat().sign_in(code)
    except CodeRejected as error:
        raise rules.SignInCodeRejected() from error
    except WeChatUnavailable as error:
        raise rules.SignInUnavailable() from error


def _open_session(tx: Tx, *, account_id: str, roles: frozenset[Role]) -> SignedIn:
    session_id, secret = ids.new("ses", tx.now), secrets.token_urlsafe(32)
    expires_at = rules.session_end(created_at=tx.now, now=tx.now, policy=base.policy())
    tx.insert(
        identities.session_row(
            session_id,
            account_id=account_id,
            roles=roles,
            current_hash=rules.token_hash(secret),
            now=tx.now,
            expires_at=expires_at,
        )
    )
    return _mint(
        tx,
        subject=account_id,
        roles=roles,
        session_id=session_id,
        refresh_token=_refresh_token(account_id, session_id, secret),
    )


def _rotate(tx: Tx, session: identities.SessionRow, old_hash: str, new_hash: str, policy: Policy) -> None:
    session.previous_hash, session.current_hash = old_hash, new_hash
    session.rotated_at = tx.now
    session.expires_at = rules.session_end(created_at=session.created_at, now=tx.now, policy=policy)
    session.ttl = session.expires_at + timedelta(days=1)
    tx.save(session)
    tx.insert(identities.rotated_row(session, old_hash, now=tx.now))


def _revoke(tx: Tx, session: identities.SessionRow) -> None:
    session.revoked_at = tx.now
    tx.save(session)


def _state(session: identities.SessionRow) -> rules.RefreshState:
    return rules.RefreshState(
        current_hash=session.current_hash,
        previous_hash=session.previous_hash,
        rotated_at=session.rotated_at,
        expires_at=session.expires_at,
        revoked=session.revoked_at is not None,
    )


def _mint(
    tx: Tx,
    *,
    subject: str,
    roles: frozenset[Role],
    lasts: timedelta | None = None,
    refresh_token: str | None = None,
    **claims: Any,
) -> SignedIn:
    from functions.accounts.minting import access_token

    lasts = lasts or timedelta(seconds=base.policy().access_token_s)
    token = access_token(subject, roles=roles, now=tx.now, expires_at=tx.now + lasts, **claims)
    return SignedIn(subject, roles, token, int(lasts.total_seconds()), refresh_token)


def _refresh_token(account_id: str, session_id: str, secret: str) -> str:
    return f"{account_id}.{session_id}.{secret}"


def _parts(refresh_token: str) -> tuple[str, str, str]:
    parts = refresh_token.split(".")
    if len(parts) != 3:
        raise rules.SessionRevoked()
    return parts[0], parts[1], parts[2]


def _unverified_issuer(assertion: str) -> str:
    """Whose key to check the signature with."""
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        issuer = json.loads(jws.extract_compact(assertion.encode()).payload)["iss"]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise rules.AssertionRejected() from error
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _ID_MAX:
        raise rules.AssertionRejected()
    return issuer


def _verified(
    assertion: str, public_jwk: Mapping[str, Any], *, issuer: str, now_s: int, policy: Policy
) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey

    try:
        claims = jwt.decode(assertion, ECKey.import_key(dict(public_jwk)), algorithms=["ES256"]).claims
        jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=5,
            iss={"essential": True, "value": issuer},
            sub={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            jti={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError) as error:
        raise rules.AssertionRejected() from error
    jti_fits = 0 < len(claims["jti"]) <= _ID_MAX
    if not jti_fits or not rules.assertion_is_timely(claims.get("exp"), now_s=now_s, policy=policy):
        raise rules.AssertionRejected()
    return claims
