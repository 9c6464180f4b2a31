"""People, their sign-ins and sessions, staff logins, institutions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from functions.accounts.table.base import AccountsRow
from functions.shared.caller import Role
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all

_NO_ROLES: frozenset[Role] = frozenset()


class AccountRow(AccountsRow, discriminator="account"):
    account_id = UnicodeAttribute()
    roles: JsonAttribute[frozenset[Role]] = JsonAttribute(frozenset[Role])
    openid = UnicodeAttribute(null=True)
    display_name = UnicodeAttribute(null=True)
    """Of staff only; clients' names are their patients'."""
    created_at = InstantAttribute()


class OpenidRow(AccountsRow, discriminator="openid"):
    account_id = UnicodeAttribute()


class SessionRow(AccountsRow, discriminator="session"):
    session_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    roles: JsonAttribute[frozenset[Role]] = JsonAttribute(frozenset[Role])
    current_hash = UnicodeAttribute()
    previous_hash = UnicodeAttribute(null=True)
    rotated_at = InstantAttribute(null=True)
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    revoked_at = InstantAttribute(null=True)


class RotatedRow(AccountsRow, discriminator="rotated_refresh"):
    rotated_at = InstantAttribute()


class LoginRow(AccountsRow, discriminator="login"):
    account_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()


class LoginFailuresRow(AccountsRow, discriminator="login_failures"):
    failures = NumberAttribute(default=0)
    last_failed_at = InstantAttribute(null=True)


class InstitutionRow(AccountsRow, discriminator="institution"):
    institution_id = UnicodeAttribute()
    role = UnicodeAttribute()
    name = UnicodeAttribute()
    public_jwk: JsonAttribute[dict[str, Any]] = JsonAttribute(dict[str, Any])


class SpentAssertionRow(AccountsRow, discriminator="spent_assertion"):
    pass


class WeChatTokenRow(AccountsRow, discriminator="wechat_token"):
    token = UnicodeAttribute()
    expires_at = InstantAttribute()


class WeChatSessionRow(AccountsRow, discriminator="wechat_session"):
    """The session key of the latest sign-in, sealed."""

    app_id = UnicodeAttribute()
    wrapped_key = UnicodeAttribute()
    key_sealed = UnicodeAttribute()
    signed_in_at = InstantAttribute()


def wechat_session_row(account_id: str) -> WeChatSessionRow:
    return WeChatSessionRow(f"ACCOUNT#{account_id}", "WECHAT")


def wechat_session_changes(values: Mapping[str, str], *, now: datetime) -> list[Action]:
    """What replaces an earlier key, or makes the row."""
    row = WeChatSessionRow
    sealed = [getattr(row, name).set(value) for name, value in values.items()]
    return [*sealed, row.signed_in_at.set(now), row.version.set(1)]


def find_wechat_session(account_id: str) -> WeChatSessionRow | None:
    return find(WeChatSessionRow, f"ACCOUNT#{account_id}", "WECHAT")


def account_row(
    account_id: str,
    *,
    now: datetime,
    roles: frozenset[Role] = _NO_ROLES,
    openid: str | None = None,
    display_name: str | None = None,
) -> AccountRow:
    return AccountRow(
        f"ACCOUNT#{account_id}",
        "ACCOUNT",
        account_id=account_id,
        roles=roles,
        openid=openid,
        display_name=display_name,
        created_at=now,
    )


def find_account(account_id: str) -> AccountRow | None:
    return find(AccountRow, f"ACCOUNT#{account_id}", "ACCOUNT")


def openid_row(openid: str, *, account_id: str) -> OpenidRow:
    return OpenidRow(f"OPENID#{openid}", "OPENID", account_id=account_id)


def find_openid(openid: str) -> OpenidRow | None:
    return find(OpenidRow, f"OPENID#{openid}", "OPENID")


def session_row(
    session_id: str, *, account_id: str, roles: frozenset[Role], current_hash: str, now: datetime, expires_at: datetime
) -> SessionRow:
    return SessionRow(
        f"ACCOUNT#{account_id}",
        f"SESSION#{session_id}",
        session_id=session_id,
        account_id=account_id,
        roles=roles,
        current_hash=current_hash,
        created_at=now,
        expires_at=expires_at,
        ttl=expires_at + timedelta(days=1),
    )


def rotated_row(session: SessionRow, token_hash: str, *, now: datetime) -> RotatedRow:
    """Kept as long as the session can last, for that is how long its return means theft."""
    return RotatedRow(session.pk, _rotated_sk(session.session_id, token_hash), rotated_at=now, ttl=session.ttl)


def find_session(account_id: str, session_id: str) -> SessionRow | None:
    return find(SessionRow, f"ACCOUNT#{account_id}", f"SESSION#{session_id}")


def find_refresh(
    account_id: str, session_id: str, token_hash: str
) -> tuple[AccountRow | None, SessionRow | None, RotatedRow | None]:
    """All that decides on a refresh, in one round trip."""
    pk = f"ACCOUNT#{account_id}"
    keys = [(pk, "ACCOUNT"), (pk, f"SESSION#{session_id}"), (pk, _rotated_sk(session_id, token_hash))]
    rows = find_all(AccountsRow, keys)
    account, session, rotated = (rows.get(key) for key in keys)
    return (
        account if isinstance(account, AccountRow) else None,
        session if isinstance(session, SessionRow) else None,
        rotated if isinstance(rotated, RotatedRow) else None,
    )


def login_row(username: str, *, account_id: str, password_hash: str) -> LoginRow:
    return LoginRow(f"LOGIN#{username}", "LOGIN", account_id=account_id, password_hash=password_hash)


def find_login(username: str) -> tuple[LoginRow | None, LoginFailuresRow]:
    """The login of that name, if there is one, and its wrong passwords so far, in one round trip."""
    pk = f"LOGIN#{username}"
    rows = find_all(AccountsRow, [(pk, "LOGIN"), (pk, "FAILURES")])
    login, failures = rows.get((pk, "LOGIN")), rows.get((pk, "FAILURES"))
    return (
        login if isinstance(login, LoginRow) else None,
        failures if isinstance(failures, LoginFailuresRow) else LoginFailuresRow(pk, "FAILURES"),
    )


def institution_row(institution_id: str, *, role: Role, name: str, public_jwk: dict[str, Any]) -> InstitutionRow:
    return InstitutionRow(
        f"INSTITUTION#{institution_id}",
        "INSTITUTION",
        institution_id=institution_id,
        role=role,
        name=name,
        public_jwk=public_jwk,
    )


def find_institution(institution_id: str) -> InstitutionRow | None:
    return find(InstitutionRow, f"INSTITUTION#{institution_id}", "INSTITUTION")


def spent_assertion_row(institution_id: str, jti: str, *, until: datetime) -> SpentAssertionRow:
    return SpentAssertionRow(f"INSTITUTION#{institution_id}", f"SPENT#{jti}", ttl=until)


def find_wechat_token(app_id: str) -> WeChatTokenRow | None:
    return find(WeChatTokenRow, "WECHAT", f"TOKEN#{app_id}")


def save_wechat_token(app_id: str, token: str, expires_at: datetime) -> None:
    """A cache that anybody may overwrite, so it is written at once and without a version."""
    WeChatTokenRow("WECHAT", f"TOKEN#{app_id}", token=token, expires_at=expires_at, ttl=expires_at).save()


def _rotated_sk(session_id: str, token_hash: str) -> str:
    return f"ROTATED#{session_id}#{token_hash}"
