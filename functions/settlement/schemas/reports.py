"""Answers about reports. Amounts are integer fen; days are of China."""

from datetime import date
from typing import Annotated

import msgspec

from functions.settlement.actions.reports import Line
from functions.settlement.rules.reports import Dimension, Figures
from functions.settlement.table.reports import FactsRow
from functions.shared.http.schemas import Body, Reading


class FiguresView(Reading, frozen=True):
    """实收＋补贴＋优惠券＋补偿＝退款＋陪诊师收入＋平台抽成＋保费＋代管变动。"""

    gross_fen: int
    refund_fen: int
    subsidy_fen: int
    coupon_fen: int
    goodwill_fen: int
    share_fen: int
    commission_fen: int
    premium_fen: int
    held_fen: int
    tax_fen: int
    provider_fee_fen: int
    suspense_fen: int
    paid_orders: int

    @classmethod
    def of(cls, figures: Figures) -> "FiguresView":
        return cls(**{name: getattr(figures, name) for name in cls.__struct_fields__})


class ReportQuery(Body, frozen=True):
    from_: date = msgspec.field(name="from")
    to: date
    by: Annotated[Dimension, msgspec.Meta(description="按合计、城市、套餐或医院")] = Dimension.TOTAL
    daily: Annotated[bool, msgspec.Meta(description="true：逐日列出；false：整段合计")] = False


class ReportLineView(Reading, frozen=True):
    """One line; `day` is null where the days are summed."""

    day: str | None
    value: str
    title: str
    figures: FiguresView

    @classmethod
    def of(cls, line: Line) -> "ReportLineView":
        figures = FiguresView.of(line.figures)
        return cls(day=line.day or None, value=line.value, title=line.title, figures=figures)


class ReportView(Reading, frozen=True):
    """The lines by day and value."""

    lines: list[ReportLineView]


class FactsView(Reading, frozen=True):
    """One order (or withdrawal, manual booking, bill) of a day, and what it came to."""

    subject: str
    city: str
    package_id: str
    hospital_id: str
    figures: FiguresView

    @classmethod
    def of(cls, row: FactsRow) -> "FactsView":
        place = row.place
        return cls(
            subject=row.subject,
            city=place.city,
            package_id=place.package,
            hospital_id=place.hospital,
            figures=FiguresView.of(row.figures),
        )
