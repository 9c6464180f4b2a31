"""What the schemas of booking have in common."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.rules.pricing import LineItem, LineKind
from functions.shared import clock
from functions.shared.http import Reading

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, Meta(tz=True)]
Language = Annotated[
    str, Meta(min_length=1, max_length=40, description="语言代码，例如 mandarin、cantonese、sign_language")
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


def china_or_none(instant: datetime | None) -> datetime | None:
    """The instant on a Chinese wall clock, if there is one."""
    return clock.china(instant) if instant else None
