"""Sharing an order."""

import base64
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.accounts.actions.guests import SharedAccess, is_open
from functions.accounts.rules.guests import GuestAccessState, Scope
from functions.accounts.table.guests import GuestViewRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

OrderId = Annotated[str, Meta(min_length=1, max_length=64)]


class GrantGuestAccess(Body, frozen=True, kw_only=True):
    """把一个订单分享给家属。"""

    order_id: OrderId
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4, description="可看的内容")]
    expires_in_h: Annotated[int, Meta(ge=1, le=168, description="几小时后失效，最长七天")]
    label: Annotated[str, Meta(min_length=1, max_length=20, description="给自己看的备注，例如 妹妹")]
    max_uses: Annotated[int, Meta(ge=1, le=100, description="最多几台设备可以打开；不写则不限")] | None = None


class GuestAccessQuery(Body, frozen=True, kw_only=True):
    """查询一个订单的分享。"""

    order_id: OrderId


class GuestAccessGranted(Reading, frozen=True, kw_only=True):
    """新的分享。`token` 用于家属登录；`link` 是小程序页面，`mini_code_scene` 用于生成小程序码。"""

    guest_access_id: str
    order_id: str
    token: str
    link: str
    mini_code_scene: str
    scopes: list[Scope]
    expires_at: datetime

    @classmethod
    def of(cls, shared: SharedAccess) -> "GuestAccessGranted":
        access = shared.access
        return cls(
            guest_access_id=access.guest_access_id,
            order_id=access.order_id,
            token=shared.token,
            link=shared.link,
            mini_code_scene=shared.scene,
            scopes=sorted(access.scopes),
            expires_at=clock.china(access.expires_at),
        )


class GuestAccessView(Reading, frozen=True, kw_only=True):
    """一次分享；仍有效时带着链接，可以再次转发。"""

    guest_access_id: str
    label: str
    scopes: list[Scope]
    state: GuestAccessState
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    max_uses: int | None
    uses: int
    link: str | None

    @classmethod
    def of(cls, shared: SharedAccess, now: datetime) -> "GuestAccessView":
        access = shared.access
        return cls(
            guest_access_id=access.guest_access_id,
            label=access.label,
            scopes=sorted(access.scopes),
            state=access.state(now),
            created_at=clock.china(access.created_at),
            expires_at=clock.china(access.expires_at),
            revoked_at=clock.china(access.revoked_at) if access.revoked_at else None,
            max_uses=access.max_uses,
            uses=access.uses,
            link=shared.link if is_open(access, now) else None,
        )


class GuestAccessList(Reading, frozen=True, kw_only=True):
    """一个订单的全部分享，含已失效的。"""

    items: list[GuestAccessView]


class GuestViewView(Reading, frozen=True, kw_only=True):
    """有人看过：时间与设备自称的名称。持续查看时每 10 分钟至多一条。"""

    viewed_at: datetime
    device: str

    @classmethod
    def of(cls, row: GuestViewRow) -> "GuestViewView":
        return cls(viewed_at=clock.china(row.viewed_at), device=row.device or "未知设备")


class MiniCodeView(Reading, frozen=True, kw_only=True):
    """小程序码图片，base64。"""

    content_type: str
    picture: str

    @classmethod
    def of(cls, picture: bytes) -> "MiniCodeView":
        content_type = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
        return cls(content_type=content_type, picture=base64.b64encode(picture).decode())
