"""WeChat Pay's daily trade bill (type ALL), line by line as it is downloaded.

Source: the merchant documentation of /v3/bill/tradebill. CSV in UTF-8, every value behind a backtick, amounts in yuan;
after the lines a header of totals and one line of totals, against which the lines are checked. The file may have a
million lines: nothing here keeps more than one.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from functions.settlement.rules.reconciliation import BillLine, LineKind
from functions.shared.clock import CHINA

HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
).split(",")
TOTALS_HEADER: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
).split(",")
_AT: Final = {name: place for place, name in enumerate(HEADER)}
_REFUNDS: Final = frozenset({"REFUND", "REVOKED"})


class BadBill(Exception):
    """The bill is not what it should be: nothing of it may be reconciled. The text names the line."""


@dataclass
class _Sums:
    count: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    fee_fen: int = 0


def lines_of(text: Iterable[str]) -> Iterator[BillLine]:
    """The bill's lines, in its order. Raises BadBill: at a bad line, or at the end if the totals disagree."""
    rows = csv.reader(_unmarked(text))
    header = next(rows, None)
    if header is None or [name.strip().lstrip("\ufeff") for name in header] != HEADER:
        raise BadBill("第 1 行：表头与微信支付交易账单不一致")
    sums = _Sums()
    for number, row in enumerate(rows, 2):
        if row and row[0].strip() == TOTALS_HEADER[0]:
            _check_totals(next(rows, []), sums, number + 1)
            return
        yield _line(row, sums, number)
    raise BadBill("账单没有合计行，文件不完整")


def _unmarked(text: Iterable[str]) -> Iterator[str]:
    """Without the backticks that keep spreadsheets from rounding numbers; a title may hold one of its own."""
    for line in text:
        yield line.removeprefix("`").replace(",`", ",")


def _line(row: list[str], sums: _Sums, number: int) -> BillLine:
    if len(row) != len(HEADER):
        raise BadBill(f"第 {number} 行：应有 {len(HEADER)} 列，实有 {len(row)} 列")
    fields = [value.strip() for value in row]
    status = fields[_AT["交易状态"]]
    is_refund = status in _REFUNDS
    if fields[_AT["货币种类"]] != "CNY":
        raise BadBill(f"第 {number} 行：货币不是人民币")
    paid_fen = 0 if is_refund else _fen(fields[_AT["订单金额"]], number)
    refunded_fen = _fen(fields[_AT["申请退款金额"]], number) if is_refund else 0
    fee_fen = _fen(fields[_AT["手续费"]], number)
    sums.count += 1
    sums.paid_fen += paid_fen
    sums.refunded_fen += refunded_fen
    sums.fee_fen += fee_fen
    return BillLine(
        kind=LineKind.REFUND if is_refund else LineKind.PAYMENT,
        number=fields[_AT["商户退款单号" if is_refund else "商户订单号"]],
        provider_no=fields[_AT["微信退款单号" if is_refund else "微信订单号"]],
        amount_fen=refunded_fen if is_refund else paid_fen,
        fee_fen=fee_fen,
        is_done=(fields[_AT["退款状态"]] if is_refund else status) == "SUCCESS",
        at=_instant(fields[_AT["交易时间"]], number),
    )


def _check_totals(row: list[str], sums: _Sums, number: int) -> None:
    if len(row) < len(TOTALS_HEADER):
        raise BadBill(f"第 {number} 行：合计不完整")
    count, _, _, _, fee, paid, refunded = (value.strip() for value in row[: len(TOTALS_HEADER)])
    found = (str(sums.count), sums.paid_fen, sums.refunded_fen, sums.fee_fen)
    said = (count, _fen(paid, number), _fen(refunded, number), _fen(fee, number))
    if found != said:
        raise BadBill(f"合计与明细不符：账单写 {said}，明细合计 {found}")


def _fen(yuan: str, number: int) -> int:
    """Yuan with up to two decimals as fen; a fee may have five, and is rounded as WeChat's statement is."""
    try:
        amount = Decimal(yuan) * 100
    except InvalidOperation:
        raise BadBill(f"第 {number} 行：金额 {yuan!r} 无法识别") from None
    if not amount.is_finite():
        raise BadBill(f"第 {number} 行：金额 {yuan!r} 无法识别")
    return int(amount.to_integral_value())


def _instant(text: str, number: int) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA)
    except ValueError:
        raise BadBill(f"第 {number} 行：时间 {text!r} 无法识别") from None
