"""E-invoices by file, for operators whose accountant issues them in the tax office's own software.

The batch is a CSV of what is to be issued or made red; the answer is a CSV with what became of each number. Both are
UTF-8 with a byte-order mark, amounts in yuan.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.settlement.gateways.invoices import InvoiceOrder, IssuedInvoice, IssueState
from functions.settlement.rules.invoices import TitleKind
from functions.shared.clock import CHINA

COLUMNS: Final = (
    "商户发票单号",
    "类型",
    "抬头类型",
    "抬头名称",
    "纳税人识别号",
    "项目名称",
    "税收编码",
    "价税合计（元）",
    "税率",
    "原发票号码",
    "邮箱",
)
_ANSWER: Final = ("商户发票单号", "结果", "发票号码", "开票日期", "原因")
_OUTCOMES: Final = {"已开具": IssueState.ISSUED, "已红冲": IssueState.REVERSED, "不予开具": IssueState.REFUSED}
_KINDS: Final = {TitleKind.INDIVIDUAL: "个人", TitleKind.ORGANIZATION: "单位"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
MAX_ANSWERS: Final = 40


class BadInvoiceAnswers(Exception):
    """The file cannot be read; the text names the line. Nothing of it was applied."""


@dataclass(frozen=True)
class BatchLine:
    """One thing for the accountant to do; `reverses` is the number of the invoice to be made red, or empty."""

    order: InvoiceOrder
    reverses: str = ""


def batch_file(lines: Iterable[BatchLine]) -> str:
    """The batch, in the order given."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for line in lines:
        order, title = line.order, line.order.title
        amount = f"{'-' if line.reverses else ''}{order.amount_fen // 100}.{order.amount_fen % 100:02d}"
        rate = f"{order.tax_rate_bp / 100:g}%"
        kind = "红字" if line.reverses else "蓝字"
        cells = (
            order.number,
            kind,
            _KINDS[title.kind],
            title.name,
            title.taxpayer_id,
            order.item,
            f"\t{order.tax_code}",
        )
        rows.writerow([*map(_cell, cells[:6]), cells[6], amount, rate, line.reverses, _cell(title.email)])
    return "\ufeff" + text.getvalue()


def read_answers(text: str) -> list[IssuedInvoice]:
    """What became of each number. Raises BadInvoiceAnswers."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = set(_ANSWER[:3]) - set(reader.fieldnames or ())
    if missing:
        raise BadInvoiceAnswers(f"缺少列：{'、'.join(sorted(missing))}")
    answers = list(_answers(reader))
    if len(answers) > MAX_ANSWERS:
        raise BadInvoiceAnswers(f"一次最多 {MAX_ANSWERS} 行，请分批导入")
    if len({answer.number for answer in answers}) < len(answers):
        raise BadInvoiceAnswers("有单号重复出现")
    return answers


def _answers(reader: "csv.DictReader[str]") -> Iterator[IssuedInvoice]:
    for line, row in enumerate(reader, 2):
        values = {name: (row.get(name) or "").strip() for name in _ANSWER}
        state = _OUTCOMES.get(values["结果"])
        if state is None:
            raise BadInvoiceAnswers(f"第 {line} 行：结果应为 {'、'.join(_OUTCOMES)} 之一")
        if state is not IssueState.REFUSED and not values["发票号码"].isdecimal():
            raise BadInvoiceAnswers(f"第 {line} 行：发票号码应为数字")
        is_red = state is IssueState.REVERSED
        yield IssuedInvoice(
            number=values["商户发票单号"],
            state=state,
            invoice_no="" if is_red else values["发票号码"],
            red_invoice_no=values["发票号码"] if is_red else "",
            issued_at=_day(values["开票日期"], line) if values["开票日期"] else None,
            reason=values["原因"],
        )


def _day(text: str, line: int) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA)
    except ValueError:
        raise BadInvoiceAnswers(f"第 {line} 行：开票日期应写作 2026-03-02") from None


def _cell(text: str) -> str:
    """`text`, behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
