"""The client's cancellation: quoted first, then done exactly as quoted (B3)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.booking import table
from functions.booking.actions import closing, dispatch, slots
from functions.booking.rules import cancellation as rules
from functions.booking.rules.cancellation import Cost, QuoteOutdated, TooLateToCancel
from functions.booking.rules.orders import ClosedReason, OrderState
from functions.booking.table import OrderRow
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_HOLDS_UNTIL: Mapping[OrderState, Callable[[OrderRow], datetime]] = {
    OrderState.AWAITING_PAYMENT: lambda order: order.hold_expires_at,
    OrderState.PAID: lambda order: order.starts_at,
    OrderState.DISPATCHING: lambda order: order.starts_at,
}
"""What ends a quote in these states, if no late fee begins before."""


@dataclass(frozen=True)
class CancellationQuote:
    """What cancelling costs now. It is done under `quote_id` as long as the same would be quoted again."""

    quote_id: str
    order_id: str
    cost: Cost
    paid_fen: int
    terms_version: str
    valid_until: datetime | None
    """None if only an event changes it: the companion sets out, or the service begins."""


def quote_cancellation(order_id: str, *, client_id: str, now: datetime) -> CancellationQuote:
    """One read. Raises NotFound, TooLateToCancel."""
    return _quote(own_order(order_id, client_id), now)


def cancel_order(tx: Tx, *, order_id: str, client_id: str, quote_id: str) -> OrderRow:
    """Cancel at the cost that was quoted: slot and offer are let go, the rest of the money goes back.

    Raises NotFound, TooLateToCancel, and QuoteOutdated (with the present quote as `latest`) if the cost has changed.
    """
    order = own_order(order_id, client_id)
    quote = _quote(order, tx.now)
    if quote.quote_id != quote_id:
        raise QuoteOutdated(latest=quote)
    cancel_now(tx, order, quote.cost)
    return order


def cancel_now(tx: Tx, order: OrderRow, cost: Cost) -> None:
    """Let go of everything that the order holds and end it at this cost; saves the order."""
    dispatch.withdraw(tx, order)
    slots.release(tx, order)
    closing.close(
        tx,
        order,
        OrderState.CANCELLED,
        ClosedReason.CANCELLED,
        companion_fee_fen=cost.companion_fee_fen,
        platform_fee_fen=cost.platform_fee_fen,
    )


def cost_of(order: OrderRow, now: datetime) -> Cost:
    """What cancelling the order costs now; TooLateToCancel."""
    if order.state not in rules.CANCELLABLE:
        raise TooLateToCancel()
    return rules.cost(
        order.terms,
        paid_fen=order.price.total_fen if order.payment_id else 0,
        premium_fen=order.price.premium_fen,
        starts_at=order.starts_at,
        now=now,
        assigned=order.state is OrderState.ASSIGNED,
        departed=order.departed_at is not None,
    )


def own_order(order_id: str, client_id: str) -> OrderRow:
    """The client's own order (one read); NotFound."""
    order = table.find_order(order_id) if ids.is_id("ord", order_id) else None
    if order is None or order.client_id != client_id:
        raise NotFound()
    return order


def _quote(order: OrderRow, now: datetime) -> CancellationQuote:
    cost = cost_of(order, now)
    holds = _HOLDS_UNTIL.get(order.state)
    until = holds(order) if holds else cost.until
    return CancellationQuote(
        quote_id=_name(order, cost),
        order_id=order.order_id,
        cost=cost,
        paid_fen=order.price.total_fen if order.payment_id else 0,
        terms_version=order.terms.version,
        valid_until=until if until is None or until >= now else None,
    )


def _name(order: OrderRow, cost: Cost) -> str:
    """The same words for the same cost of the same visit, so that nothing needs to be stored to honour a quote."""
    said = (
        *(order.order_id, order.starts_at.isoformat(), cost.reason),
        *(cost.refund_fen, cost.companion_fee_fen, cost.platform_fee_fen),
    )
    return "cxq_" + hashlib.sha256("|".join(map(str, said)).encode()).hexdigest()[:26].upper()
