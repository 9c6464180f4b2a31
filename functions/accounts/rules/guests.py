"""Guest access: a family member follows one order without an account (F11).

The link's token is `<guest_access_id>.<mac>`; the mini code's scene is a shorter MAC, for WeChat takes 32 characters.
Both are computed from the id under a key of ours, so nothing that opens the access is stored.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable

_SCENE_BYTES = 18
"""144 bits, 24 characters."""


class Scope(StrEnum):
    """What a guest may see of the order."""

    PROGRESS = "progress"
    POSITION = "position"
    CHAT = "chat"
    REPORT = "report"


class GuestAccessState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class GuestTokenInvalid(Unauthenticated):
    """The link is not one of ours."""

    code = "guest_token_invalid"
    title = "分享链接无效"


class GuestAccessEnded(Forbidden):
    """The access was revoked or has expired."""

    code = "guest_access_ended"
    title = "分享已结束"


class GuestAccessUsedUp(Forbidden):
    """As many devices as the client allowed have opened it."""

    code = "guest_access_used_up"
    title = "分享的使用次数已用完"


class MiniCodeUnavailable(Unavailable):
    """WeChat gave no picture of the mini code."""

    code = "mini_code_unavailable"
    title = "小程序码暂时无法生成，请稍后再试"


class ScopeNotGranted(Forbidden):
    """The client did not share this."""

    code = "scope_not_granted"
    title = "对方没有分享这项内容"


class TooManyGuestAccesses(Conflict):
    """The order was shared too often."""

    code = "too_many_guest_accesses"
    title = "该订单的分享次数已达上限"


@dataclass(frozen=True)
class GuestAccess:
    """What a client shared of an order, and until when."""

    guest_access_id: str
    order_id: str
    client_id: str
    label: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    max_uses: int | None = None
    """How many devices may open it; None is any number."""
    uses: int = 0

    def state(self, now: datetime) -> GuestAccessState:
        """Whether it opens anything at `now`."""
        if self.revoked_at is not None:
            return GuestAccessState.REVOKED
        return GuestAccessState.ACTIVE if now < self.expires_at else GuestAccessState.EXPIRED

    def check_open(self, now: datetime) -> None:
        """GuestAccessEnded unless it is active."""
        if self.state(now) is not GuestAccessState.ACTIVE:
            raise GuestAccessEnded()

    def check_allows(self, scope: str, *, order_id: str, now: datetime) -> None:
        """NotFound for another order, GuestAccessEnded, ScopeNotGranted."""
        if order_id != self.order_id:
            raise NotFound()
        self.check_open(now)
        if scope not in self.scopes:
            raise ScopeNotGranted()

    def check_may_open(self) -> None:
        """GuestAccessUsedUp if another device would be one too many."""
        if self.max_uses is not None and self.uses >= self.max_uses:
            raise GuestAccessUsedUp()

    def token_ends_at(self, now: datetime, *, access_token_s: int) -> datetime:
        """A guest's access token never outlives the access."""
        return min(now + timedelta(seconds=access_token_s), self.expires_at)


def link_token(guest_access_id: str, key: bytes) -> str:
    """The token in the link."""
    return f"{guest_access_id}.{_mac('guest', guest_access_id, key)}"


def read_link_token(token: str, key: bytes) -> str:
    """The guest access id in a link's token; GuestTokenInvalid unless we made it."""
    guest_access_id, _, _ = token.partition(".")
    if not hmac.compare_digest(token.encode(), link_token(guest_access_id, key).encode()):
        raise GuestTokenInvalid()
    return guest_access_id


def scene(guest_access_id: str, key: bytes) -> str:
    """The mini code's scene: 24 characters that WeChat allows."""
    return _mac("scene", guest_access_id, key, length=_SCENE_BYTES)


def _mac(purpose: str, guest_access_id: str, key: bytes, *, length: int = 32) -> str:
    mac = hmac.new(key, f"{purpose}\n{guest_access_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:length]).rstrip(b"=").decode()
