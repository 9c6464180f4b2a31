"""Accounts that nobody signs up for: staff, institutions, companions; and the texts of notices.

Each puts what it is given in place of what is there, and doing it again changes nothing.
"""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

from functions.accounts.rules import notices as notice_rules
from functions.accounts.rules import sessions as session_rules
from functions.accounts.rules.notices import Audience, NoticeTemplate
from functions.accounts.rules.policy import Policy
from functions.accounts.table import base, identities, notices
from functions.shared.caller import STAFF, Role
from functions.shared.table import Row, find
from functions.shared.tx import Tx


def put_account(tx: Tx, *, account_id: str, openid: str, roles: Collection[Role]) -> None:
    """A person who can sign in with WeChat; roles are added to those that the account has. OpenidTaken."""
    owner = identities.find_openid(openid)
    if owner is None:
        tx.insert(identities.openid_row(openid, account_id=account_id))
    elif owner.account_id != account_id:
        raise session_rules.OpenidTaken()
    account = identities.find_account(account_id) or identities.account_row(account_id, now=tx.now)
    if not account.version or account.openid != openid or not account.roles >= set(roles):
        account.openid = openid
        account.roles = account.roles | frozenset(roles)
        tx.save(account)


def link_companion(tx: Tx, *, companion_id: str, openid: str) -> None:
    """Let a companion sign in with this WeChat user; the role itself comes with companion.activated."""
    put_account(tx, account_id=companion_id, openid=openid, roles=())


def grant_companion(tx: Tx, *, account_id: str) -> None:
    """The account may act as companion; it is created if this is the first that we hear of it."""
    account = identities.find_account(account_id) or identities.account_row(account_id, now=tx.now)
    if Role.COMPANION not in account.roles:
        account.roles = account.roles | {Role.COMPANION}
        tx.save(account)


def put_staff(
    tx: Tx, *, staff_id: str, username: str, password: str, roles: Collection[Role], display_name: str
) -> None:
    """A member of staff with a password of at least 12 characters; roles are agent, finance, admin."""
    if not roles or not STAFF.issuperset(roles):
        raise ValueError(f"{sorted(roles)} are not roles of staff")
    if len(password) < session_rules.PASSWORD_MIN:
        raise ValueError(f"a password has at least {session_rules.PASSWORD_MIN} characters")
    account = identities.account_row(staff_id, now=tx.now, roles=frozenset(roles), display_name=display_name)
    before = identities.find_account(staff_id)
    if before is None or (before.roles, before.display_name) != (account.roles, account.display_name):
        _replace(tx, account, before)
    login, _ = identities.find_login(username)
    if login is None or not session_rules.password_matches(password, login.password_hash):
        salt = secrets.token_bytes(session_rules.SALT_BYTES)
        hashed = session_rules.password_hash(password, salt)
        _replace(tx, identities.login_row(username, account_id=staff_id, password_hash=hashed), login)


def put_institution(tx: Tx, *, institution_id: str, role: Role, name: str, public_jwk: Mapping[str, Any]) -> None:
    """A hospital or insurer that signs its assertions with the private half of this P-256 key."""
    if role not in (Role.HOSPITAL, Role.INSURER):
        raise ValueError(f"{role} is not an institution's role")
    if "d" in public_jwk:
        raise ValueError("this is a private key; only the public half may leave the institution")
    row = identities.institution_row(institution_id, role=role, name=name, public_jwk=dict(public_jwk))
    _replace(tx, row, identities.find_institution(institution_id))


def put_notice_template(
    tx: Tx, *, code: str, audience: str, title: str, body: str, message: Mapping[str, str] | None = None
) -> None:
    """A notice's text, in the shape of the seed; `message` maps the WeChat template's keys. TemplateInvalid."""
    wechat = {} if message is None else {"message": dict(message)}
    template = notice_rules.checked(NoticeTemplate(code, Audience(audience), title, body, **wechat))
    row = notices.template_row(template)
    _replace(tx, row, find(notices.NoticeTemplateRow, row.pk, row.sk))


def put_policy(tx: Tx, policy: Policy) -> None:
    """The room's thresholds; processes follow within a minute."""
    row = base.PolicyRow("CONFIG", "policy", policy=policy)
    _replace(tx, row, find(base.PolicyRow, row.pk, row.sk))


def _replace(tx: Tx, row: Row, before: Row | None) -> None:
    row.version = before.version if before else 0
    tx.save(row)
