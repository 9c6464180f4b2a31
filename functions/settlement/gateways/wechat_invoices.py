"""WeChat Pay's e-invoices (电子发票, new-tax-control-fapiao) behind the port in `invoices`.

Issuing is asked for and then queried; WeChat puts the invoice into the payer's card holder. Amounts are fen, a
quantity of one is 10^8, a tax rate is in ten-thousandths.
"""

from datetime import datetime
from typing import Final

import msgspec

from functions.settlement.gateways.invoices import InvoiceOrder, IssuedInvoice, IssueState
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.wechat_downloads import pieces
from functions.settlement.gateways.wechatpay import WeChatPay
from functions.settlement.rules.invoices import TitleKind

_ONE: Final = 100_000_000
_STATES: Final = {
    "ISSUE_ACCEPTED": IssueState.ISSUING,
    "ISSUED": IssueState.ISSUED,
    "REVERSE_ACCEPTED": IssueState.REVERSING,
    "REVERSED": IssueState.REVERSED,
}
_KINDS: Final = {TitleKind.INDIVIDUAL: "INDIVIDUAL", TitleKind.ORGANIZATION: "ORGANIZATION"}


class _Numbers(msgspec.Struct):
    fapiao_number: str = ""
    fapiao_time: str = ""


class _Fapiao(msgspec.Struct):
    fapiao_id: str
    status: str
    total_amount: int | None = None
    blue_fapiao: _Numbers | None = None
    red_fapiao: _Numbers | None = None


class _Answer(msgspec.Struct):
    fapiao_information: list[_Fapiao] = []


class _File(msgspec.Struct):
    fapiao_id: str
    download_url: str = ""
    status: str = ""


class _Files(msgspec.Struct):
    fapiao_download_info_list: list[_File] = []


class WeChatInvoices:
    """One merchant's invoices, asked for through its connection."""

    def __init__(self, pay: WeChatPay, *, base_url: str) -> None:
        self._pay = pay
        self._base_url = base_url.rstrip("/")

    def issue(self, order: InvoiceOrder) -> IssuedInvoice:
        """As the port says; a number that WeChat knows already is queried."""
        title = order.title
        buyer = {"type": _KINDS[title.kind], "name": title.name, "taxpayer_id": title.taxpayer_id, "email": title.email}
        line = {
            "tax_code": order.tax_code,
            "goods_name": order.item,
            "quantity": _ONE,
            "total_amount": order.amount_fen,
            "tax_rate": order.tax_rate_bp,
            "discount": False,
        }
        try:
            self._pay.ask(
                self._pay.library.fapiao_applications,
                fapiao_apply_id=order.number,
                buyer_information={name: value for name, value in buyer.items() if value},
                fapiao_information=[{"fapiao_id": order.number, "total_amount": order.amount_fen, "items": [line]}],
            )
        except PaymentRejected as refusal:
            if refusal.code != "ALREADY_EXISTS":
                raise
            return self.query(order.number)
        return IssuedInvoice(number=order.number, state=IssueState.ISSUING, amount_fen=order.amount_fen)

    def query(self, number: str) -> IssuedInvoice:
        """As the port says."""
        text = self._pay.ask(self._pay.library.fapiao_query, fapiao_apply_id=number)
        try:
            answer = msgspec.json.decode(text, type=_Answer)
            found = next(each for each in answer.fapiao_information if each.fapiao_id == number)
            blue, red = found.blue_fapiao or _Numbers(), found.red_fapiao or _Numbers()
            return IssuedInvoice(
                number=number,
                state=_STATES[found.status],
                amount_fen=found.total_amount,
                invoice_no=blue.fapiao_number,
                red_invoice_no=red.fapiao_number,
                issued_at=datetime.fromisoformat(blue.fapiao_time) if blue.fapiao_time else None,
            )
        except (msgspec.MsgspecError, StopIteration, KeyError, ValueError):
            raise PaymentUnknown("微信电子发票的应答格式无法识别") from None

    def reverse(self, number: str, *, invoice_no: str, reason: str) -> IssuedInvoice:
        """As the port says."""
        self._pay.ask(
            self._pay.library.fapiao_reverse,
            fapiao_apply_id=number,
            reverse_reason=reason,
            fapiao_information=[{"fapiao_id": number, "fapiao_number": invoice_no}],
        )
        return IssuedInvoice(number=number, state=IssueState.REVERSING, invoice_no=invoice_no)

    def file(self, number: str) -> bytes | None:
        """As the port says."""
        # The library's own function sends a POST, which WeChat does not take here.
        path = f"/v3/new-tax-control-fapiao/fapiao-applications/{number}/fapiao-files"
        text = self._pay.ask(self._pay.library._core.request, path=path)
        try:
            files = msgspec.json.decode(text, type=_Files).fapiao_download_info_list
        except msgspec.MsgspecError:
            raise PaymentUnknown("微信电子发票的应答格式无法识别") from None
        url = next((file.download_url for file in files if file.fapiao_id == number), "")
        return b"".join(pieces(self._pay, url, base_url=self._base_url)) if url else None
