"""免确认收款授权 of WeChat Pay: the payee agrees once, and transfers of the scene arrive without a confirmation.

Asked for with a number of ours, agreed to in WeChat within 24 hours, ended by either side or by WeChat itself. The
library does not know these requests, but signs and proves any. Calls end as those of `payments` do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.wechat_transfers import SCENE, checked_number
from functions.settlement.gateways.wechatpay import WeChatPay
from functions.settlement.gateways.wechatpay_messages import Unreadable, read

_PATH: Final = "/v3/fund-app/mch-transfer/user-confirm-authorization"
_KNOWN: Final = frozenset({"ALREADY_EXISTS", "ALREADY_EXIST"})


class LeaveState(StrEnum):
    """Where WeChat says a leave stands."""

    WAITING = "WAIT_USER_CONFIRM"
    ACTIVE = "TAKING_EFFECT"
    CLOSED = "CLOSED"


@dataclass(frozen=True, kw_only=True)
class ProviderAuthorization:
    """One leave as WeChat knows it. `confirmation` is what the payee's app needs to show it, while it waits."""

    number: str
    state: LeaveState
    authorization_id: str | None
    openid: str | None = field(repr=False)
    confirmation: str | None
    closed_reason: str | None


class _CloseInfo(msgspec.Struct):
    close_reason: str = ""


class _Leave(msgspec.Struct):
    out_authorization_no: str
    state: LeaveState
    authorization_id: str | None = None
    openid: str | None = None
    package_info: str | None = None
    close_info: _CloseInfo | None = None


class WeChatAuthorizations:
    """One merchant's leaves, asked for through its connection."""

    def __init__(self, connection: WeChatPay, *, merchant_id: str, notify_url: str) -> None:
        self._pay = connection
        self._merchant_id = merchant_id
        self._notify_url = notify_url

    def apply(self, number: str, *, openid: str, shown_as: str) -> ProviderAuthorization:
        """Ask for leave, or learn what became of this number. `shown_as` tells the payee's accounts with us apart.

        Raises PaymentRejected, PaymentUnknown.
        """
        body = {
            "appid": self._pay.library._appid,
            "out_authorization_no": checked_number(number),
            "openid": openid,
            "transfer_scene_id": SCENE,
            "user_display_name": shown_as[:32],
            "authorization_notify_url": self._notify_url,
        }
        try:
            text = self._ask(_PATH, body, is_post=True)
        except PaymentRejected as refusal:
            if refusal.code not in _KNOWN:
                raise
            return self.query(number)
        return self._same(text, number)

    def query(self, number: str) -> ProviderAuthorization:
        """The leave as it stands. PaymentRejected (`is_absent` if it was never asked for), PaymentUnknown."""
        path = f"{_PATH}/out-authorization-no/{checked_number(number)}?is_display_authorization=true"
        return self._same(self._ask(path), number)

    def close(self, number: str) -> ProviderAuthorization:
        """End it. PaymentRejected, PaymentUnknown."""
        path = f"{_PATH}/out-authorization-no/{checked_number(number)}/close"
        return self._same(self._ask(path, is_post=True), number)

    def read_notice(self, resource: Mapping[str, object]) -> ProviderAuthorization | None:
        """A notification's decrypted content; None for what cannot be read or is another merchant's."""
        if self._merchant_id not in (resource.get("mchid"), resource.get("mch_id")):
            return None
        try:
            return _seen(msgspec.convert(dict(resource), _Leave))
        except msgspec.ValidationError:
            return None

    def _ask(self, path: str, body: dict[str, Any] | None = None, *, is_post: bool = False) -> str:
        from wechatpayv3.type import RequestType

        method = RequestType.POST if is_post else RequestType.GET
        return self._pay.ask(self._pay.library._core.request, path=path, method=method, data=body)

    def _same(self, text: str, number: str) -> ProviderAuthorization:
        try:
            leave = read(text, _Leave)
        except Unreadable:
            raise PaymentUnknown("微信支付的应答格式无法识别") from None
        # The signature does not cover the question: an older genuine answer could be played back for another number.
        if leave.out_authorization_no != number:
            raise PaymentUnknown("微信支付的应答与所查询的授权单不一致")
        return _seen(leave)


def _seen(leave: _Leave) -> ProviderAuthorization:
    return ProviderAuthorization(
        number=leave.out_authorization_no,
        state=leave.state,
        authorization_id=leave.authorization_id,
        openid=leave.openid,
        confirmation=leave.package_info,
        closed_reason=leave.close_info.close_reason if leave.close_info else None,
    )
