"""What the schemas of booking have in common."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.rules.conditions import ConditionType
from functions.booking.rules.pricing import Discount, LineItem, LineKind, Overtime
from functions.shared import clock
from functions.shared.http import Reading

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, Meta(tz=True)]
Language = Annotated[
    str, Meta(min_length=1, max_length=40, description="语言代码，例如 mandarin、cantonese、sign_language")
]

WantedExpertise = Annotated[
    ConditionType, Meta(description="就诊类型，见 GET /condition-types；擅长的陪诊师优先，不填不影响排序")
]


class LineItemView(Reading, frozen=True, kw_only=True):
    """价格明细中的一行。"""

    kind: LineKind
    code: str
    title: str
    amount_fen: int

    @classmethod
    def of(cls, item: LineItem) -> "LineItemView":
        return cls(kind=item.kind, code=item.code, title=item.title, amount_fen=item.amount_fen)


class OvertimeView(Reading, frozen=True, kw_only=True):
    """超出计划结束时间的计费：免费 `free_min` 分钟后，每满或不满 `unit_min` 分钟收 `unit_fen`。"""

    free_min: int
    unit_min: int
    unit_fen: int

    @classmethod
    def of(cls, rate: Overtime | None) -> "OvertimeView | None":
        return cls(free_min=rate.free_min, unit_min=rate.unit_min, unit_fen=rate.unit_fen) if rate else None


class DiscountView(Reading, frozen=True, kw_only=True):
    """一项优惠。"""

    kind: LineKind
    source_id: str
    """所用的补贴资格或优惠券的编号。"""
    programme_id: str
    """补贴项目或优惠活动的编号。"""
    title: str
    amount_fen: int
    """减免的金额，为正数。"""

    @classmethod
    def of(cls, discount: Discount) -> "DiscountView":
        return cls(
            kind=discount.kind,
            source_id=discount.source_id,
            programme_id=discount.programme_id,
            title=discount.title,
            amount_fen=discount.amount_fen,
        )


def china_or_none(instant: datetime | None) -> datetime | None:
    """The instant on a Chinese wall clock, if there is one."""
    return clock.china(instant) if instant else None
