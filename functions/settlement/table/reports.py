"""Rows of the reports.

REPORT#<China month>    <dimension>#<value>#<China day>   the day's figures
FACTS#<China day>       <order>                           an order's figures of the day, and where it belongs
"""

from collections.abc import Sequence
from datetime import date

from pynamodb.attributes import UnicodeAttribute

from functions.settlement.rules.reports import Dimension, Figures, Place
from functions.settlement.table.keys import Key
from functions.settlement.table.rows import SettlementRow
from functions.shared.table import JsonAttribute, find, find_all, query_page

_MONTHS_ROWS = 1_000


class ReportRow(SettlementRow, discriminator="finance_report"):
    day = UnicodeAttribute()
    dimension = UnicodeAttribute()
    value = UnicodeAttribute(default="")
    figures: JsonAttribute[Figures] = JsonAttribute(Figures)


class FactsRow(SettlementRow, discriminator="order_figures"):
    subject = UnicodeAttribute()
    """The order; a withdrawal, a manual booking or a day's bill where the money belongs to no order."""
    place: JsonAttribute[Place] = JsonAttribute(Place)
    figures: JsonAttribute[Figures] = JsonAttribute(Figures)


def report_key(day: date, dimension: Dimension, value: str) -> Key:
    return f"REPORT#{day:%Y-%m}", f"{dimension}#{value}#{day}"


def facts_key(day: date, subject: str) -> Key:
    return f"FACTS#{day}", subject


def is_made(day: date) -> bool:
    """Whether the day's report is complete: its total is written last."""
    return find(ReportRow, *report_key(day, Dimension.TOTAL, "")) is not None


def reports_of(month: str, dimension: Dimension) -> list[ReportRow]:
    """A month's figures in one dimension, by value and day."""
    rows: list[ReportRow] = []
    after: str | None = None
    while True:
        page, after = query_page(ReportRow, f"REPORT#{month}", prefix=f"{dimension}#", limit=_MONTHS_ROWS, after=after)
        rows += page
        if after is None:
            return rows


def facts_of(day: date, *, limit: int, after: str | None) -> tuple[list[FactsRow], str | None]:
    """A page of a day's objects: one Query."""
    rows, last = query_page(FactsRow, f"FACTS#{day}", limit=limit, after=after)
    return list(rows), last


def missing(rows: Sequence[SettlementRow]) -> list[SettlementRow]:
    """Those that are not written yet: one BatchGetItem for 100."""
    stored = find_all(SettlementRow, [(row.pk, row.sk) for row in rows])
    return [row for row in rows if (row.pk, row.sk) not in stored]
