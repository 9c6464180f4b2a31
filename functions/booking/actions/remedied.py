"""Telling that an order which a complaint took from its companion has another, or has ended."""

from dataclasses import replace

from functions.booking.events import OrderRemedied
from functions.booking.table import OrderRow
from functions.shared.tx import Tx


def tell(tx: Tx, order: OrderRow, *, companion_id: str | None, refund_fen: int = 0) -> None:
    """Say so, once; nothing for an order of which nobody complained. The caller saves the order afterwards."""
    if order.remedy is None or not order.remedy.is_open:
        return
    order.remedy = replace(order.remedy, is_open=False)
    tx.emit(
        OrderRemedied(
            order_id=order.order_id,
            decision_id=order.remedy.decision_id,
            companion_id=companion_id,
            refund_fen=refund_fen,
        )
    )
