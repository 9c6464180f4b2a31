"""A statement as a file that a spreadsheet opens cleanly: CSV with a byte order mark, or XLSX."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from functions.settlement.rules.income import Income
from functions.settlement.rules.statements import Format, Row, Statement
from functions.shared import clock

Cell = str | Decimal
"""Text, or an amount in yuan."""
HEADER = (
    "时间",
    "事项",
    "单号",
    "客户支付",
    "补贴",
    "优惠券",
    "保费",
    "平台抽成",
    "分成",
    "代扣个税",
    "待结算变动",
    "可提现变动",
    "提现中变动",
    "待扣回变动",
)
_WIDTHS = (18, 18, 32, *([12] * 11))
_MADE_UP_OF = 6
"""Columns that say how an income was made up."""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(statement: Statement) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads the Chinese; text that a formula could begin with is quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in cells(statement):
        writer.writerow([harmless(cell) if isinstance(cell, str) else f"{cell:.2f}" for cell in row])
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """`text`, behind an apostrophe where a spreadsheet would take it for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def as_xlsx(statement: Statement) -> bytes:
    """One sheet with amounts as numbers; text is never a formula or a link. Written row by row in constant memory."""
    import xlsxwriter

    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("对账单")
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(cells(statement)):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell, bold if number == 0 else None)
                else:
                    sheet.write_number(number, column, cell, money)
    return file.getvalue()


RENDERERS: Mapping[Format, tuple[str, Callable[[Statement], bytes]]] = {
    Format.CSV: (CSV_TYPE, as_csv),
    Format.XLSX: (XLSX_TYPE, as_xlsx),
}


def cells(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    """Header, opening balances, one row for each transaction, closing balances."""
    yield HEADER
    yield ("", "期初余额", "", *_blank(), "", *_yuan(statement.opening))
    for row in statement.rows:
        yield _cells_of(row)
    yield ("", "期末余额", "", *_blank(), "", *_yuan(statement.closing))


def _cells_of(row: Row) -> tuple[Cell, ...]:
    at = f"{clock.china(row.at):%Y-%m-%d %H:%M}"
    made_up = _made_up_of(row.income) if row.income else _blank()
    tax = _yuan([row.tax_fen]) if row.tax_fen else ("",)
    return (at, row.title, row.subject, *made_up, *tax, *_yuan(row.changes))


def _made_up_of(income: Income) -> tuple[Cell, ...]:
    amounts = (
        income.price_fen,
        income.subsidy_fen,
        income.coupon_fen,
        income.premium_fen,
        income.commission_fen,
        income.share_fen,
    )
    return _yuan(amounts)


def _blank() -> tuple[Cell, ...]:
    return ("",) * _MADE_UP_OF


def _yuan(amounts_fen: Iterable[int]) -> tuple[Cell, ...]:
    return tuple(Decimal(amount) / 100 for amount in amounts_fen)
