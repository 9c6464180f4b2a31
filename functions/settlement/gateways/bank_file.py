"""Bank payouts by file, for operators whose bank takes a batch file and gives one back with the outcomes.

A transfer is a row of the day's batch; it is `processing` until the bank's answer file names its number. Both files
are UTF-8 CSV with a byte-order mark, amounts in yuan with two decimals, as online banking of Chinese banks reads them.
The file is made whole or not at all, by the payout run; what a number's row says never changes.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from functions.settlement.gateways.transfers import ProviderTransfer, TransferOrder, TransferState

COLUMNS: Final = ("商户流水号", "收款户名", "收款账号", "开户银行", "金额（元）", "用途")
OUTCOMES: Final = {
    "成功": TransferState.SUCCEEDED,
    "失败": TransferState.FAILED,
    "退票": TransferState.FAILED,
    "处理中": TransferState.PROCESSING,
}
_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class BadAnswerFile(Exception):
    """The bank's file cannot be read; the text names the line and what is wrong with it. Nothing of it was applied."""


def batch_file(orders: Iterable[TransferOrder]) -> bytes:
    """The batch as the bank takes it, in the order given: the same orders give the same bytes."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for order in orders:
        amount = f"{order.amount_fen // 100}.{order.amount_fen % 100:02d}"
        rows.writerow((order.bill_no, _cell(order.name), f"\t{order.account}", _cell(order.bank), amount, order.remark))
    return (_BOM + text.getvalue()).encode()


def read_answers(content: bytes) -> list[ProviderTransfer]:
    """What the bank says of each row: columns 商户流水号, 金额（元）, 结果, and if given 银行流水号 and 原因.

    Raises BadAnswerFile for anything unreadable, an unknown outcome or a number that stands there twice.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadAnswerFile("文件不是 UTF-8 编码") from None
    reader = csv.DictReader(io.StringIO(text))
    missing = {"商户流水号", "金额（元）", "结果"} - set(reader.fieldnames or ())
    if missing:
        raise BadAnswerFile(f"缺少列：{'、'.join(sorted(missing))}")
    answers = list(_answers(reader))
    twice = len(answers) - len({answer.bill_no for answer in answers})
    if twice:
        raise BadAnswerFile(f"有 {twice} 个流水号重复出现")
    return answers


def _answers(rows: Iterable[dict[str, str | None]]) -> Iterator[ProviderTransfer]:
    for number, row in enumerate(rows, 2):
        fields = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        state = OUTCOMES.get(fields["结果"])
        if state is None or not fields["商户流水号"]:
            raise BadAnswerFile(f"第 {number} 行：结果应为 {'、'.join(OUTCOMES)} 之一，流水号不能为空")
        yield ProviderTransfer(
            state=state,
            bill_no=fields["商户流水号"],
            provider_no=fields.get("银行流水号") or None,
            amount_fen=_fen(fields["金额（元）"], number),
            failure=fields.get("原因") or None,
        )


def _fen(yuan: str, number: int) -> int:
    try:
        fen = Decimal(yuan.replace(",", "")) * 100
    except InvalidOperation:
        raise BadAnswerFile(f"第 {number} 行：金额无法识别") from None
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise BadAnswerFile(f"第 {number} 行：金额应为两位小数")
    return int(fen)


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
