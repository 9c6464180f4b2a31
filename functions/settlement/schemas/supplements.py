"""Answers about overtime and expenses. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.settlement.actions.supplements import Supplement
from functions.settlement.rules.supplements import ItemKind, ItemState
from functions.settlement.schemas.payments import PaymentView
from functions.settlement.table.supplements import ItemRow
from functions.shared import clock
from functions.shared.http.schemas import PageQuery, Reading


class SupplementItemView(Reading, frozen=True):
    """一笔已同意的延时或垫付。延时按分成比例分给陪诊师，垫付全额归陪诊师。"""

    item_id: str
    order_id: str
    kind: ItemKind
    amount_fen: int
    state: ItemState
    approved_at: datetime
    payment_id: str | None
    paid_at: datetime | None

    @classmethod
    def of(cls, row: ItemRow) -> "SupplementItemView":
        return cls(
            item_id=row.item_id,
            order_id=row.order_id,
            kind=ItemKind(row.item_kind),
            amount_fen=row.amount_fen,
            state=ItemState(row.state),
            approved_at=clock.china(row.approved_at),
            payment_id=row.payment_id,
            paid_at=clock.china(row.paid_at) if row.paid_at else None,
        )


class SupplementView(Reading, frozen=True):
    """订单的补充费用：`due_fen` 为待支付合计；`payments` 是为此发起过的支付。"""

    order_id: str
    due_fen: int
    items: list[SupplementItemView]
    payments: list[PaymentView]

    @classmethod
    def of(cls, supplement: Supplement) -> "SupplementView":
        return cls(
            order_id=supplement.order_id,
            due_fen=supplement.due_fen,
            items=[SupplementItemView.of(row) for row in supplement.items],
            payments=[PaymentView.of(payment) for payment in supplement.payments],
        )


class OverdueQuery(PageQuery, frozen=True):
    month: Annotated[str, msgspec.Meta(pattern=r"^(20\d{2}-(0[1-9]|1[0-2]))?$", description="同意的月份，默认本月")] = (
        ""
    )
