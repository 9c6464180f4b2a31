"""免确认收款授权 as WeChat Pay keeps it: who agreed to be paid without confirming.

    POST /v3/fund-app/mch-transfer/user-confirm-authorization
    GET  /v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/<no>
    POST /v3/fund-app/mch-transfer/user-confirm-authorization/out-authorization-no/<no>/close
    POST /_control/confirm-authorization {"out_authorization_no"}            the payee agrees
    POST /_control/close-authorization {"out_authorization_no", "reason"}    the payee or WeChat ends it

A payee has one leave at a time in a scene; one that nobody confirmed within 24 hours is closed.
"""

import re
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from infra.local.standins.journal import Journal
from infra.local.standins.keys import PayKeys
from infra.local.standins.pay.books import CHINA, Refused

CONFIRM_WITHIN: Final = timedelta(hours=24)
REASONS: Final = frozenset(
    {"CLOSE_VIA_MCH_API", "USER_CLOSE", "USER_OVERDUE_UNCONFIRMED", "TRANSFER_RISK", "USER_ACCOUNT_ABNORMAL"}
)
_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_NOT_OVER: Final = ("WAIT_USER_CONFIRM", "TAKING_EFFECT")


class Leave(msgspec.Struct, kw_only=True):
    out_authorization_no: str
    openid: str
    transfer_scene_id: str
    user_display_name: str
    notify_url: str
    state: str
    created_at: str
    package_info: str
    authorization_id: str | None = None
    authorized_at: str | None = None
    closed_at: str | None = None
    close_reason: str | None = None


class Authorizations:
    """All leaves of one merchant; every method is one atomic step."""

    def __init__(self, journal: Journal, keys: PayKeys, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()

    def all(self) -> list[Leave]:
        """Oldest first."""
        return [self._expired(msgspec.convert(record, Leave)) for record in self._journal.all("authorization")]

    def apply(self, body: dict[str, Any]) -> Leave:
        """Take an application, or the same one again. Raises Refused."""
        self._check(body)
        number, openid = body["out_authorization_no"], body["openid"]
        with self._lock:
            if self._journal.get("authorization", number) is not None:
                return self.find(number)
            if any(leave.openid == openid and leave.state in _NOT_OVER for leave in self.all()):
                raise Refused(400, "INVALID_REQUEST", "用户在当前场景下的授权数量达到限制，不支持发起授权")
            return self._save(
                Leave(
                    out_authorization_no=number,
                    openid=openid,
                    transfer_scene_id=body["transfer_scene_id"],
                    user_display_name=body["user_display_name"],
                    notify_url=body["authorization_notify_url"],
                    state="WAIT_USER_CONFIRM",
                    created_at=self._now(),
                    package_info=secrets.token_urlsafe(24),
                )
            )

    def find(self, number: str) -> Leave:
        """As it stands. Raises Refused."""
        with self._lock:
            record = self._journal.get("authorization", number)
            if record is None:
                raise Refused(404, "NOT_FOUND", "授权单不存在")
            return self._expired(msgspec.convert(record, Leave))

    def confirm(self, number: str) -> Leave:
        """The payee agrees. Raises Refused."""
        with self._lock:
            leave = self.find(number)
            if leave.state != "WAIT_USER_CONFIRM":
                raise Refused(400, "INVALID_REQUEST", f"授权状态为 {leave.state}，不能确认")
            given = f"1450000{secrets.randbelow(10**20):020d}"
            return self._save(
                msgspec.structs.replace(leave, state="TAKING_EFFECT", authorization_id=given, authorized_at=self._now())
            )

    def close(self, number: str, reason: str = "CLOSE_VIA_MCH_API") -> Leave:
        """End it; what is closed stays so. Raises Refused."""
        if reason not in REASONS:
            raise Refused(400, "PARAM_ERROR", f"reason 应为 {'、'.join(sorted(REASONS))} 之一")
        with self._lock:
            leave = self.find(number)
            if leave.state == "CLOSED":
                return leave
            return self._save(
                msgspec.structs.replace(leave, state="CLOSED", closed_at=self._now(), close_reason=reason)
            )

    def require(self, authorization_id: str, openid: str) -> None:
        """Refused unless this payee's leave is in force."""
        for leave in self.all():
            if leave.authorization_id == authorization_id and leave.openid == openid:
                if leave.state == "TAKING_EFFECT":
                    return
                break
        raise Refused(400, "INVALID_REQUEST", "用户未授权，或授权已解除")

    def answer(self, leave: Leave, *, displayed: bool = True) -> dict[str, Any]:
        """The leave as the API answers it."""
        seen: dict[str, Any] = {
            "out_authorization_no": leave.out_authorization_no,
            "mchid": self._keys.merchant_id,
            "appid": self._keys.app_id,
            "openid": leave.openid,
            "user_display_name": leave.user_display_name,
            "transfer_scene_id": leave.transfer_scene_id,
            "state": leave.state,
            "create_time": leave.created_at,
        }
        if leave.authorization_id:
            seen |= {"authorization_id": leave.authorization_id, "authorize_time": leave.authorized_at}
        if leave.state == "WAIT_USER_CONFIRM" and displayed:
            seen["package_info"] = leave.package_info
        if leave.state == "CLOSED":
            seen["close_info"] = {"close_time": leave.closed_at, "close_reason": leave.close_reason}
        return seen

    def _check(self, body: dict[str, Any]) -> None:
        number, shown = body.get("out_authorization_no"), body.get("user_display_name")
        wrong = (
            (not isinstance(number, str) or not _NUMBER.fullmatch(number), "out_authorization_no 只能由数字、字母组成"),
            (body.get("transfer_scene_id") != "1005", "转账场景未开通"),
            (body.get("appid") != self._keys.app_id, "appid 与商户号不匹配"),
            (not body.get("openid"), "openid 必填"),
            (not isinstance(shown, str) or not 1 <= len(shown) <= 32, "user_display_name 应为 1 到 32 个字符"),
            (not body.get("authorization_notify_url"), "authorization_notify_url 必填"),
        )
        for is_wrong, message in wrong:
            if is_wrong:
                raise Refused(400, "PARAM_ERROR", message)

    def _expired(self, leave: Leave) -> Leave:
        age = self._clock() - datetime.fromisoformat(leave.created_at)
        if leave.state != "WAIT_USER_CONFIRM" or age <= CONFIRM_WITHIN:
            return leave
        late = msgspec.structs.replace(
            leave, state="CLOSED", closed_at=self._now(), close_reason="USER_OVERDUE_UNCONFIRMED"
        )
        return self._save(late)

    def _save(self, leave: Leave) -> Leave:
        self._journal.put("authorization", leave.out_authorization_no, msgspec.to_builtins(leave))
        return leave

    def _now(self) -> str:
        return self._clock().astimezone(CHINA).isoformat(timespec="seconds")
