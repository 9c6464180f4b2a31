"""商家转账 as WeChat Pay keeps it: bills, what it refuses about them, and the payee's side of them.

    POST /v3/fund-app/mch-transfer/transfer-bills                              wait for the payee's confirmation
    POST /v3/fund-app/mch-transfer/transfer-bills/transfer                     by the payee's leave, no confirmation
    GET  /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/<no>
    POST /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/<no>/cancel
    POST /_control/confirm-transfer {"out_bill_no"}                            the payee accepts
    POST /_control/fail-transfer {"out_bill_no", "reason"}                     the payee's account does not take it

Codes follow the error tables of the documentation; `ALREADY_EXISTS` is what a changed repetition of a number gets.
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
from infra.local.standins.pay.authorizations import Authorizations
from infra.local.standins.pay.books import CHINA, Refused

CONFIRM_WITHIN: Final = timedelta(hours=24)
LIMITS_FEN: Final = (10, 20_000)
"""One transfer: 0.1 to 200 yuan, as a merchant begins with."""
NAME_FROM_FEN: Final = 200_000
_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_ASKED: Final = ("appid", "transfer_scene_id", "openid", "transfer_amount", "transfer_remark", "authorization_id")


class Bill(msgspec.Struct, kw_only=True):
    out_bill_no: str
    transfer_bill_no: str
    asked: dict[str, Any]
    amount_fen: int
    state: str
    created_at: str
    updated_at: str
    notify_url: str = ""
    package_info: str | None = None
    fail_reason: str | None = None


class Transfers:
    """All transfers of one merchant; every method is one atomic step."""

    def __init__(
        self, journal: Journal, keys: PayKeys, clock: Callable[[], datetime], authorizations: Authorizations
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._authorizations = authorizations
        self._lock = threading.RLock()

    def all(self) -> list[Bill]:
        """Oldest first."""
        return [self._expired(msgspec.convert(record, Bill)) for record in self._journal.all("transfer")]

    def place(self, body: dict[str, Any], *, authorized: bool) -> Bill:
        """Take a transfer, or the same one again. Raises Refused."""
        self._check(body, authorized=authorized)
        asked: dict[str, Any] = {name: body[name] for name in _ASKED if name in body}
        with self._lock:
            known = self._journal.get("transfer", body["out_bill_no"])
            if known is not None:
                bill = self._expired(msgspec.convert(known, Bill))
                if bill.asked != asked:
                    raise Refused(400, "ALREADY_EXISTS", "商户单号已存在，且请求参数与原单不一致")
                return bill
            if authorized:
                self._authorizations.require(str(body["authorization_id"]), body["openid"])
            now = self._now()
            return self._save(
                Bill(
                    out_bill_no=body["out_bill_no"],
                    transfer_bill_no=f"1330000{secrets.randbelow(10**20):020d}",
                    asked=asked,
                    amount_fen=body["transfer_amount"],
                    state="SUCCESS" if authorized else "WAIT_USER_CONFIRM",
                    created_at=now,
                    updated_at=now,
                    notify_url=body.get("notify_url") or "",
                    package_info=None if authorized else secrets.token_urlsafe(24),
                )
            )

    def find(self, number: str) -> Bill:
        """As it stands; one that nobody confirmed in time is closed. Raises Refused."""
        with self._lock:
            record = self._journal.get("transfer", number)
            if record is None:
                raise Refused(404, "NOT_FOUND", "转账单不存在")
            return self._expired(msgspec.convert(record, Bill))

    def cancel(self, number: str) -> Bill:
        """Call it back before it was confirmed. Raises Refused."""
        return self._move(number, "CANCELLED", only_from=("WAIT_USER_CONFIRM", "CANCELLED"))

    def confirm(self, number: str) -> Bill:
        """The payee accepts. Raises Refused."""
        return self._move(number, "SUCCESS", only_from=("WAIT_USER_CONFIRM",))

    def fail(self, number: str, reason: str) -> Bill:
        """It cannot be delivered. Raises Refused."""
        return self._move(number, "FAIL", only_from=("WAIT_USER_CONFIRM",), reason=reason)

    def answer(self, bill: Bill) -> dict[str, Any]:
        """The bill as the API answers it."""
        seen: dict[str, Any] = {
            "out_bill_no": bill.out_bill_no,
            "transfer_bill_no": bill.transfer_bill_no,
            "create_time": bill.created_at,
            "update_time": bill.updated_at,
            "state": bill.state,
            "transfer_amount": bill.amount_fen,
            "mch_id": self._keys.merchant_id,
            "appid": self._keys.app_id,
        }
        if bill.package_info and bill.state == "WAIT_USER_CONFIRM":
            seen["package_info"] = bill.package_info
        if bill.fail_reason:
            seen["fail_reason"] = bill.fail_reason
        return seen

    def _move(self, number: str, state: str, *, only_from: tuple[str, ...], reason: str | None = None) -> Bill:
        with self._lock:
            bill = self.find(number)
            if bill.state not in only_from:
                raise Refused(400, "INVALID_REQUEST", f"转账单状态为 {bill.state}，不能执行此操作")
            if bill.state == state:
                return bill
            return self._save(msgspec.structs.replace(bill, state=state, updated_at=self._now(), fail_reason=reason))

    def _expired(self, bill: Bill) -> Bill:
        created = datetime.fromisoformat(bill.created_at)
        if bill.state == "WAIT_USER_CONFIRM" and self._clock() - created > CONFIRM_WITHIN:
            return self._save(
                msgspec.structs.replace(
                    bill, state="CANCELLED", updated_at=self._now(), fail_reason="PAYEE_CONFIRM_OVERDUE"
                )
            )
        return bill

    def _check(self, body: dict[str, Any], *, authorized: bool) -> None:
        number, amount = body.get("out_bill_no"), body.get("transfer_amount")
        wrong = (
            (not isinstance(number, str) or not _NUMBER.fullmatch(number), "out_bill_no 只能由数字、大小写字母组成"),
            (type(amount) is not int, "transfer_amount 应为整数"),
            (body.get("transfer_scene_id") != "1005", "转账场景未开通"),
            (body.get("appid") != self._keys.app_id, "appid 与商户号不匹配"),
            (not body.get("openid") or not body.get("transfer_remark"), "openid、transfer_remark 必填"),
            (len(str(body.get("transfer_remark"))) > 32, "transfer_remark 最多 32 个字符"),
            (not body.get("transfer_scene_report_infos"), "转账场景报备信息必填"),
            (authorized and not body.get("authorization_id"), "authorization_id 必填"),
        )
        for is_wrong, message in wrong:
            if is_wrong:
                raise Refused(400, "PARAM_ERROR", message)
        assert isinstance(amount, int)
        if not LIMITS_FEN[0] <= amount <= LIMITS_FEN[1]:
            raise Refused(400, "INVALID_REQUEST", "单笔转账金额超出限额")
        if amount >= NAME_FROM_FEN and not body.get("user_name"):
            raise Refused(400, "PARAM_ERROR", "转账金额大于等于 2000 元时，收款用户姓名必填")

    def _save(self, bill: Bill) -> Bill:
        self._journal.put("transfer", bill.out_bill_no, msgspec.to_builtins(bill))
        return bill

    def _now(self) -> str:
        return self._clock().astimezone(CHINA).isoformat(timespec="seconds")
