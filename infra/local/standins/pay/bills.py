"""The daily trade bill as WeChat Pay makes it, of what the stand-in's books say, with mistakes on demand.

GET  /v3/bill/tradebill?bill_date=2026-03-02&bill_type=ALL&tar_type=GZIP
GET  /v3/billdownload/file?token=…                       the file; carries no signature
POST /_control/bill {"omit": [number], "amounts": {number: fen}, "add": {number: fen}, "cut": true}
     mistakes in every bill from now on; an empty object takes them back
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from infra.local.standins.pay.books import CHINA, Books, Order, Refund, Refused

HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTALS: Final = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_RATE: Final = Decimal("0.006")
_READY_HOUR: Final = 10
FIELDS: Final = ("omit", "amounts", "add", "cut")


@dataclass(frozen=True)
class Mistakes:
    """What is wrong with the bills, by the merchant's number."""

    omit: frozenset[str] = frozenset()
    amounts: dict[str, int] = field(default_factory=dict)
    add: dict[str, int] = field(default_factory=dict)
    cut: bool = False
    """The file ends in the middle."""

    @classmethod
    def of(cls, body: dict[str, Any]) -> "Mistakes":
        return cls(frozenset(body.get("omit", ())), body.get("amounts", {}), body.get("add", {}), bool(body.get("cut")))


class Bills:
    """The bills over one merchant's books."""

    def __init__(self, books: Books, clock: Callable[[], datetime]) -> None:
        self._books = books
        self._clock = clock
        self.mistakes = Mistakes()

    def apply_for(self, day: str, bill_type: str, tar_type: str, base_url: str) -> dict[str, str]:
        """Where the bill of `day` lies, and what it hashes to. Raises Refused."""
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            raise Refused(400, "PARAM_ERROR", "账单日期格式错误") from None
        if bill_type != "ALL" or tar_type != "GZIP":
            raise Refused(400, "PARAM_ERROR", "替身只提供 ALL 类型的 GZIP 账单")
        now = self._clock().astimezone(CHINA)
        if (now.date() - wanted).days < 1 or ((now.date() - wanted).days == 1 and now.hour < _READY_HOUR):
            raise Refused(400, "STATEMENT_CREATING", "账单生成中，请稍后再试")
        rows = self._rows(wanted)
        if not rows:
            raise Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(_text(rows), usedforsecurity=False).hexdigest(),
            "download_url": f"{base_url}/v3/billdownload/file?token={wanted}",
        }

    def file(self, token: str) -> bytes:
        """The file behind an address that was given out."""
        packed = gzip.compress(_text(self._rows(date.fromisoformat(token))))
        return packed[: len(packed) // 2] if self.mistakes.cut else packed

    def _rows(self, day: date) -> list[list[str]]:
        wrong = self.mistakes
        rows = [
            _paid(order.success_at, order.out_trade_no, order.transaction_id or "", self._amount(order), order.payer)
            for order in self._books.orders()
            if _is_of(order.success_at, day) and order.out_trade_no not in wrong.omit
        ]
        rows += [_paid(f"{day}T12:00:00+08:00", number, f"4200{number}", fen, "o") for number, fen in wrong.add.items()]
        rows += [
            _back(refund, wrong.amounts.get(refund.out_refund_no, refund.refund_fen))
            for refund in self._books.refunds()
            if _is_of(refund.created_at, day) and refund.out_refund_no not in wrong.omit
        ]
        return rows

    def _amount(self, order: Order) -> int:
        return self.mistakes.amounts.get(order.out_trade_no, order.amount_fen)


def _is_of(instant: str | None, day: date) -> bool:
    return bool(instant) and datetime.fromisoformat(str(instant)).astimezone(CHINA).date() == day


def _paid(at: str | None, number: str, transaction_id: str, fen: int, payer: str | None) -> list[str]:
    head = [_time(at), "wx", "1", "", "", transaction_id, number, payer or "", "JSAPI", "SUCCESS", "OTHERS", "CNY"]
    return [
        *head,
        _yuan(fen),
        "0.00",
        "0",
        "0",
        "0.00",
        "0.00",
        "",
        "",
        "诊伴陪诊",
        "",
        _fee(fen),
        "0.60%",
        _yuan(fen),
        "0.00",
        "",
    ]


def _back(refund: Refund, fen: int) -> list[str]:
    head = [_time(refund.created_at), "wx", "1", "", "", "4200", refund.out_trade_no, "o", "JSAPI", "REFUND", "OTHERS"]
    numbers = [refund.refund_id, refund.out_refund_no, _yuan(fen), "0.00", "ORIGINAL", refund.status]
    return [*head, "CNY", "0.00", "0.00", *numbers, "诊伴陪诊", "", f"-{_fee(fen)}", "0.60%", "0.00", _yuan(fen), ""]


def _text(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    text.write(f"\ufeff{HEADER}\r\n")
    writer = csv.writer(text)
    listed = list(rows)
    for row in listed:
        writer.writerow([f"`{value}" for value in row])
    paid, fees, back = (sum((Decimal(row[place]) for row in listed), Decimal(0)) for place in (24, 22, 25))
    text.write(f"{TOTALS}\r\n")
    totals = (len(listed), f"{paid:.2f}", f"{back:.2f}", "0.00", f"{fees:.5f}", f"{paid:.2f}", f"{back:.2f}")
    writer.writerow([f"`{value}" for value in totals])
    return text.getvalue().encode()


def _time(instant: str | None) -> str:
    return f"{datetime.fromisoformat(str(instant)).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}"


def _fee(fen: int) -> str:
    return f"{(Decimal(fen) / 100 * _RATE).quantize(Decimal('0.01'))}"
