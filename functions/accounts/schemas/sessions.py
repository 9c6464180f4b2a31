"""Signing in and staying signed in."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from functions.accounts.actions.sessions import SignedIn
from functions.shared.caller import Role
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class WeChatSignIn(Body, frozen=True, kw_only=True):
    """用 wx.login 得到的 code 登录；`as` 为 companion 时须已开通陪诊师身份。"""

    code: Annotated[str, Meta(min_length=1, max_length=128, description="wx.login 的 code，一次有效")]
    as_: Literal["client", "companion"] = msgspec.field(name="as")


class StaffSignIn(Body, frozen=True, kw_only=True):
    """运营人员登录。"""

    username: Annotated[str, Meta(pattern=r"^[a-z0-9._-]{3,32}$")]
    password: Annotated[str, Meta(min_length=1, max_length=128)]


class MachineSignIn(Body, frozen=True, kw_only=True):
    """医院或保险公司登录（RFC 7523）。"""

    client_assertion: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=4096,
            description="ES256 断言：iss 与 sub 为机构编号，aud 为 zhenban，exp 至多 5 分钟，jti 一次有效",
        ),
    ]


class GuestSignIn(Body, frozen=True, kw_only=True):
    """家属登录：分享链接中的 token，或小程序码的 scene。"""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    device_id: Annotated[str, Meta(max_length=64, description="小程序在本机随机生成并保存；同一设备只计一次使用")] = ""
    device: Annotated[str, Meta(max_length=40, description="设备名称，分享者可以看到，例如 iPhone 15")] = ""


class RefreshSession(Body, frozen=True, kw_only=True):
    """换取新的一对令牌；旧的随即失效。"""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256)]


class Session(Reading, frozen=True, kw_only=True):
    """登录结果。访客与机构没有 `refresh_token`，到期后重新登录。"""

    access_token: str
    refresh_token: str | None
    expires_in_s: int
    account_id: str
    roles: list[Role]

    @classmethod
    def of(cls, signed_in: SignedIn) -> "Session":
        return cls(
            access_token=signed_in.access_token,
            refresh_token=signed_in.refresh_token,
            expires_in_s=signed_in.expires_in_s,
            account_id=signed_in.account_id,
            roles=sorted(signed_in.roles),
        )


class Me(Reading, frozen=True, kw_only=True):
    """当前登录者。`roles` 是这次登录的身份，`granted_roles` 是该账号可以用来登录的全部身份。"""

    account_id: str
    roles: list[Role]
    granted_roles: list[Role]
    order_id: str | None
    scopes: list[str]


class Jwk(Reading, frozen=True, kw_only=True):
    """一把公钥（RFC 7517）。"""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str = "sig"
    alg: str = "ES256"


class JwkSet(Reading, frozen=True, kw_only=True):
    """验证访问令牌的公钥：轮换期间两把同时有效。"""

    keys: list[Jwk]
