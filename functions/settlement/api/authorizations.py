"""Leave to be paid without confirming each receipt, over HTTP (F26)."""

from typing import Any

from functions.settlement.actions import authorizations as actions
from functions.settlement.api.declared import routes
from functions.settlement.rules.authorizations import AuthorizationClosing, AuthorizationRefused
from functions.settlement.schemas.authorizations import AuthorizationView
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call

_OWNER = {Role.COMPANION}


@routes.post(
    "/payout-authorization",
    summary="开通免确认收款",
    roles=_OWNER,
    reply=AuthorizationView,
    status=201,
    effect=True,
    problems=(NotFound, AuthorizationRefused, AuthorizationClosing),
)
def ask_authorization(call: Call[Any]) -> AuthorizationView:
    """以 `confirmation` 作为 `package` 调起 `wx.requestMerchantTransfer`，24 小时内确认；之后的微信提现直接到账。

    尚未确认时再次申请得到同一次授权；微信暂时没有应答时 `confirmation` 为空，稍后再查。
    """
    return AuthorizationView.of(actions.ask_authorization(call.tx, companion_id=call.caller.subject))


@routes.get(
    "/payout-authorization", summary="我的免确认收款", roles=_OWNER, reply=AuthorizationView, problems=(NotFound,)
)
def get_authorization(call: Call[Any]) -> AuthorizationView:
    """等待确认时会向微信支付查询，几秒内最多一次。"""
    return AuthorizationView.of(actions.look_up_authorization(call.tx, companion_id=call.caller.subject))


@routes.delete(
    "/payout-authorization", summary="解除免确认收款", roles=_OWNER, reply=AuthorizationView, problems=(NotFound,)
)
def end_authorization(call: Call[Any]) -> AuthorizationView:
    """立即不再使用，并通知微信支付解除；此后的提现需逐笔确认。"""
    return AuthorizationView.of(actions.end_authorization(call.tx, companion_id=call.caller.subject))
