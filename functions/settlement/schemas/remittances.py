"""An insurer's month: the premiums that it is owed. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime

from functions.settlement.actions.ledger import StatementPage
from functions.shared import clock
from functions.shared.http.schemas import Reading, encode_cursor


class RemittanceLineView(Reading, frozen=True, kw_only=True):
    """一笔：某订单的保费（正数），或冲减与结付（负数）。"""

    subject: str
    at: datetime
    premium_fen: int


class RemittanceView(Reading, frozen=True, kw_only=True):
    """对账单的一页：期初应付、逐笔、这一页之后的应付；`next_cursor` 为空时即为期末。"""

    month: str
    opening_fen: int
    items: list[RemittanceLineView]
    closing_fen: int
    next_cursor: str | None

    @classmethod
    def of(cls, month: str, page: StatementPage) -> "RemittanceView":
        sign = page.account.code.kind.natural_sign
        return cls(
            month=month,
            opening_fen=page.opening_fen * sign,
            items=[
                RemittanceLineView(subject=line.subject, at=clock.china(line.at), premium_fen=line.amount_fen * sign)
                for line in page.lines
            ],
            closing_fen=page.closing_fen * sign,
            next_cursor=encode_cursor(page.next),
        )
