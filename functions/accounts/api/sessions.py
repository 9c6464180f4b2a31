"""Signing in, staying signed in, signing out. These need no idempotency key: signing in twice is two sessions."""

from typing import Any

import msgspec

from functions.accounts.actions import sessions
from functions.accounts.api.declared import routes
from functions.accounts.rules.guests import GuestAccessEnded, GuestAccessUsedUp, GuestTokenInvalid
from functions.accounts.rules.sessions import (
    AssertionRejected,
    BadCredentials,
    LoginLocked,
    NotACompanion,
    SessionRevoked,
    SignInCodeRejected,
    SignInUnavailable,
)
from functions.accounts.schemas.sessions import (
    GuestSignIn,
    Jwk,
    JwkSet,
    MachineSignIn,
    Me,
    RefreshSession,
    Session,
    StaffSignIn,
    WeChatSignIn,
)
from functions.shared import aws
from functions.shared.caller import Role
from functions.shared.http import PUBLIC, Accepted, Call


@routes.post(
    "/sessions/wechat",
    summary="微信登录",
    roles=PUBLIC,
    body=WeChatSignIn,
    reply=Session,
    status=201,
    problems=(SignInCodeRejected, NotACompanion, SignInUnavailable),
)
def sign_in_with_wechat(call: Call[WeChatSignIn]) -> Session:
    """首次登录自动建立账号。"""
    return Session.of(sessions.sign_in_with_wechat(call.tx, code=call.body.code, role=Role(call.body.as_)))


@routes.post(
    "/sessions/staff",
    summary="运营人员登录",
    roles=PUBLIC,
    body=StaffSignIn,
    reply=Session,
    status=201,
    problems=(BadCredentials, LoginLocked),
)
def sign_in_staff(call: Call[StaffSignIn]) -> Session:
    """连续五次密码错误后锁定 15 分钟；用户名是否存在，答复都一样。"""
    return Session.of(sessions.sign_in_staff(call.tx, username=call.body.username, password=call.body.password))


@routes.post(
    "/sessions/machine",
    summary="医院、保险公司登录",
    roles=PUBLIC,
    body=MachineSignIn,
    reply=Session,
    status=201,
    problems=(AssertionRejected,),
)
def sign_in_machine(call: Call[MachineSignIn]) -> Session:
    """每个断言只能用一次。"""
    return Session.of(sessions.sign_in_machine(call.tx, assertion=call.body.client_assertion))


@routes.post(
    "/sessions/guest",
    summary="家属凭分享链接登录",
    roles=PUBLIC,
    body=GuestSignIn,
    reply=Session,
    status=201,
    problems=(GuestTokenInvalid, GuestAccessEnded, GuestAccessUsedUp),
)
def sign_in_guest(call: Call[GuestSignIn]) -> Session:
    """令牌随分享一同失效；分享被撤销后立即不能再看。"""
    body = call.body
    return Session.of(sessions.sign_in_guest(call.tx, token=body.token, device_id=body.device_id, device=body.device))


@routes.post(
    "/sessions/refresh",
    summary="换取新令牌",
    roles=PUBLIC,
    body=RefreshSession,
    reply=Session,
    status=201,
    problems=(SessionRevoked,),
)
def refresh_session(call: Call[RefreshSession]) -> Session:
    """每次都换发新的 refresh_token。10 秒内重发同一个旧令牌得到同一个新令牌；此后再用旧令牌，整个登录随即失效。"""
    return Session.of(sessions.refresh(call.tx, refresh_token=call.body.refresh_token))


@routes.delete("/sessions/current", summary="退出登录", roles=frozenset(Role), reply=Accepted)
def sign_out(call: Call[Any]) -> Accepted:
    """refresh_token 立即失效；已发出的访问令牌最多再用 15 分钟。"""
    sessions.sign_out(call.tx, account_id=call.caller.subject, session_id=call.caller.session_id)
    return Accepted()


@routes.get("/me", summary="当前登录者", roles=frozenset(Role), reply=Me)
def get_me(call: Call[Any]) -> Me:
    """访客会看到自己可看的订单与内容。"""
    caller = call.caller
    return Me(
        account_id=caller.subject,
        roles=sorted(caller.roles),
        granted_roles=sorted(sessions.granted_roles(caller.subject) | caller.roles),
        order_id=caller.order_id or None,
        scopes=sorted(caller.scopes),
    )


@routes.get("/.well-known/jwks.json", summary="访问令牌的公钥", roles=PUBLIC, reply=JwkSet)
def get_jwks(call: Call[Any]) -> JwkSet:
    """JWK Set（RFC 7517）。"""
    return JwkSet(keys=msgspec.convert(aws.parameter("jwks")["keys"], list[Jwk]))
