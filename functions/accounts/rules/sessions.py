"""Sessions: refresh tokens that rotate, the lock on wrong passwords, what an institution's assertion must say."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from functions.accounts.rules.policy import Policy
from functions.shared.errors import Forbidden, Problem, Unauthenticated, Unavailable

_SCRYPT = {"n": 2**14, "r": 8, "p": 5, "dklen": 32}
"""OWASP's parameters for 16 MB of memory, which the smallest function has to spare."""
SALT_BYTES = 16
PASSWORD_MIN = 12


class BadCredentials(Unauthenticated):
    """User name or password is wrong; which of them is not said."""

    code = "bad_credentials"
    title = "用户名或密码不对"


class LoginLocked(Problem):
    """Too many wrong passwords for this user name, existing or not."""

    status = 429
    code = "login_locked"
    title = "密码错误次数过多，请 15 分钟后再试"
    retry_after_s = 900


class SignInCodeRejected(Unauthenticated):
    """WeChat does not know the code, or it was used or is too old: call wx.login again."""

    code = "sign_in_code_rejected"
    title = "微信登录凭证已失效，请重新登录"


class SignInUnavailable(Unavailable):
    """WeChat did not answer; the code may be spent, so fetch another."""

    code = "wechat_unavailable"
    title = "微信暂时没有响应，请重新登录"


class NotACompanion(Forbidden):
    """The person is not (or no longer) a companion."""

    code = "not_a_companion"
    title = "该微信还没有开通陪诊师身份"


class SessionRevoked(Unauthenticated):
    """The session was ended, or an old refresh token was used again and somebody may have stolen it."""

    code = "session_revoked"
    title = "登录已失效，请重新登录"


class AssertionRejected(Unauthenticated):
    """The client assertion is not from this institution, not for us, too old, too long-lived, or was used before."""

    code = "assertion_rejected"
    title = "客户端断言无效"


class OpenidTaken(Forbidden):
    """This WeChat user already belongs to another account."""

    code = "openid_taken"
    title = "该微信已绑定其他账号"


class Refresh(Enum):
    """What to do with a refresh token."""

    ROTATE = auto()
    REPEAT = auto()
    """It was rotated a moment ago: answer with the same successor again."""
    REVOKE = auto()
    """An old one came back: end the whole session."""
    REFUSE = auto()
    """The session has ended, or this never was one of its tokens."""


@dataclass(frozen=True)
class RefreshState:
    """A session as far as refreshing is concerned; hashes are of tokens, which are not stored."""

    current_hash: str
    previous_hash: str | None
    rotated_at: datetime | None
    expires_at: datetime
    revoked: bool


def judge_refresh(
    state: RefreshState, presented_hash: str, *, seen_before: bool, now: datetime, policy: Policy
) -> Refresh:
    """What a presented token means. `seen_before`: it was rotated away at some time.

    A token that was rotated within the grace is a client that lost our answer, or two tabs at once; it gets the same
    successor, so that no second line of tokens exists and a thief is still found out at the next rotation.
    """
    if state.revoked or now >= state.expires_at:
        return Refresh.REFUSE
    if hmac.compare_digest(presented_hash, state.current_hash):
        return Refresh.ROTATE
    if not seen_before:
        return Refresh.REFUSE
    grace = timedelta(seconds=policy.refresh_grace_s)
    if presented_hash == state.previous_hash and state.rotated_at is not None and now - state.rotated_at <= grace:
        return Refresh.REPEAT
    return Refresh.REVOKE


def session_end(*, created_at: datetime, now: datetime, policy: Policy) -> datetime:
    """When a session ends if it is not refreshed again."""
    idle_until = now + timedelta(days=policy.refresh_idle_days)
    return min(idle_until, created_at + timedelta(days=policy.session_max_days))


def token_hash(token: str) -> str:
    """What is stored instead of a token of 256 random bits: its SHA-256, base64."""
    return base64.b64encode(hashlib.sha256(token.encode()).digest()).decode()


def successor_secret(secret: str, *, session_id: str, key: bytes) -> str:
    """The refresh secret that follows `secret`: the same each time; nobody can tell it without `secret` and `key`."""
    mac = hmac.new(key, f"refresh\n{session_id}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def is_locked(failures: int, last_failed_at: datetime | None, *, now: datetime, policy: Policy) -> bool:
    """Whether this user name must wait; failures older than the lock are forgiven."""
    return failures >= policy.login_failures and remembers(last_failed_at, now=now, policy=policy)


def remembers(last_failed_at: datetime | None, *, now: datetime, policy: Policy) -> bool:
    """Whether failures up to then still count."""
    return last_failed_at is not None and now - last_failed_at < timedelta(seconds=policy.login_lock_s)


def password_hash(password: str, salt: bytes) -> str:
    """`scrypt$<salt>$<hash>`, base64, for storing."""
    digest = hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; it takes as long when nothing is stored."""
    if stored is None:
        password_hash(password, b"\0" * SALT_BYTES)
        return False
    salt = base64.b64decode(stored.split("$")[1])
    return hmac.compare_digest(password_hash(password, salt), stored)


def assertion_is_timely(expires_at_s: object, *, now_s: int, policy: Policy) -> bool:
    """Whether an assertion has not expired and does not live longer than allowed (a little skew is forgiven)."""
    skew_s = 5
    if isinstance(expires_at_s, bool) or not isinstance(expires_at_s, int | float):
        return False
    return now_s - skew_s < expires_at_s <= now_s + policy.assertion_max_s + skew_s
