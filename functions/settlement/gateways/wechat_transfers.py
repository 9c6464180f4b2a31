"""商家转账 of WeChat Pay (scene 1005, 佣金报酬) behind the port in `transfers`.

Without leave the payee confirms each receipt in WeChat within 24 hours; with leave (收款授权) the money arrives by
itself. After any answer but 200 the same number is queried; another number would pay twice.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.transfers import ProviderTransfer, TransferOrder, TransferState
from functions.settlement.gateways.wechatpay import WeChatPay
from functions.settlement.gateways.wechatpay_messages import Unreadable, read

SCENE: Final = "1005"
_REPORT: Final = [
    {"info_type": "岗位类型", "info_content": "陪诊师"},
    {"info_type": "报酬说明", "info_content": "陪诊服务报酬"},
]
"""What scene 1005 must be told of."""
_BILL_NO: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_AUTHORIZED_PATH: Final = "/v3/fund-app/mch-transfer/transfer-bills/transfer"
_NAME_FROM_FEN: Final = 30
"""Below this the channel does not take a name."""
STATES: Final = {
    "ACCEPTED": TransferState.PROCESSING,
    "PROCESSING": TransferState.PROCESSING,
    "WAIT_USER_CONFIRM": TransferState.AWAITING_CONFIRMATION,
    "TRANSFERING": TransferState.PROCESSING,
    "CANCELING": TransferState.PROCESSING,
    "SUCCESS": TransferState.SUCCEEDED,
    "FAIL": TransferState.FAILED,
    "CANCELLED": TransferState.CANCELLED,
}


class _Bill(msgspec.Struct):
    out_bill_no: str
    state: str
    transfer_bill_no: str | None = None
    transfer_amount: int | None = None
    package_info: str | None = None
    fail_reason: str | None = None
    update_time: str | None = None


class WeChatTransfers:
    """One merchant's transfers, asked for through its connection."""

    def __init__(self, connection: WeChatPay, *, merchant_id: str, notify_url: str) -> None:
        self._pay = connection
        self._merchant_id = merchant_id
        self._notify_url = notify_url

    def transfer(self, order: TransferOrder) -> ProviderTransfer:
        """As the port says; a number that WeChat knows already comes back as it stands."""
        if type(order.amount_fen) is not int or order.amount_fen < 1:
            raise ValueError("转账金额应为正整数（分）")
        bill_no = checked_number(order.bill_no)
        try:
            text = self._send_authorized(order) if order.authorization else self._send(order)
        except PaymentRejected as refusal:
            if refusal.code != "ALREADY_EXISTS":
                raise
            return self.query(bill_no)
        return self._same(text, bill_no)

    def query(self, bill_no: str) -> ProviderTransfer:
        """As the port says."""
        library = self._pay.library
        return self._same(self._pay.ask(library.mch_transfer_bills_query, out_bill_no=checked_number(bill_no)), bill_no)

    def cancel(self, bill_no: str) -> ProviderTransfer:
        """As the port says; usually still `processing` when this returns."""
        library = self._pay.library
        return self._same(
            self._pay.ask(library.mch_transfer_bills_cancel, out_bill_no=checked_number(bill_no)), bill_no
        )

    def _send(self, order: TransferOrder) -> str:
        return self._pay.ask(
            self._pay.library.mch_transfer_bills,
            out_bill_no=order.bill_no,
            transfer_scene_id=SCENE,
            openid=order.account,
            transfer_amount=order.amount_fen,
            transfer_remark=order.remark[:32],
            user_name=order.name,
            transfer_scene_report_infos=_REPORT,
            notify_url=self._notify_url,
        )

    def _send_authorized(self, order: TransferOrder) -> str:
        """The library does not know transfers by leave, but signs and proves any request."""
        from wechatpayv3.type import RequestType

        core = self._pay.library._core
        body: dict[str, Any] = {
            "appid": self._pay.library._appid,
            "out_bill_no": order.bill_no,
            "authorization_id": order.authorization,
            "transfer_scene_id": SCENE,
            "openid": order.account,
            "transfer_amount": order.amount_fen,
            "transfer_remark": order.remark[:32],
            "transfer_scene_report_infos": _REPORT,
            "notify_url": self._notify_url,
        }
        if order.amount_fen >= _NAME_FROM_FEN:
            body["user_name"] = core.encrypt(order.name)
        return self._pay.ask(
            core.request, path=_AUTHORIZED_PATH, method=RequestType.POST, data=body, cipher_data="user_name" in body
        )

    def read_notice(self, resource: Mapping[str, object]) -> ProviderTransfer | None:
        """A notification's decrypted content; None for what cannot be read or is another merchant's."""
        if resource.get("mch_id") != self._merchant_id:
            return None
        try:
            return _seen(msgspec.convert(dict(resource), _Bill))
        except (msgspec.ValidationError, KeyError, ValueError):
            return None

    def _same(self, text: str, bill_no: str) -> ProviderTransfer:
        try:
            bill = read(text, _Bill)
            seen = _seen(bill)
        except (Unreadable, KeyError, ValueError):
            raise PaymentUnknown("微信支付的应答格式无法识别") from None
        # The signature does not cover the question: an older genuine answer could be played back for another number.
        if bill.out_bill_no != bill_no:
            raise PaymentUnknown("微信支付的应答与所查询的转账单不一致")
        return seen


def _seen(bill: _Bill) -> ProviderTransfer:
    """The bill in our words. KeyError, ValueError for a state or time that is none."""
    return ProviderTransfer(
        state=STATES[bill.state],
        bill_no=bill.out_bill_no,
        provider_no=bill.transfer_bill_no,
        amount_fen=bill.transfer_amount,
        confirmation=bill.package_info,
        failure=bill.fail_reason,
        updated_at=datetime.fromisoformat(bill.update_time) if bill.update_time else None,
    )


def checked_number(bill_no: str) -> str:
    """`bill_no`, if WeChat takes it and it cannot change an address; otherwise ValueError."""
    if not _BILL_NO.fullmatch(bill_no):
        raise ValueError(f"转账单号的格式不正确：{bill_no!r}")
    return bill_no
