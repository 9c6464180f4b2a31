"""What settlement does when something happened elsewhere, or when a deadline is reached."""

from typing import Any

from chalice.app import Blueprint

from functions.booking.events import OrderClosed, OrderCompleted, OrderPaidTooLate
from functions.insurance.events import PolicyIssued
from functions.settlement import actions
from functions.settlement.events import RefundRequested
from functions.settlement.rules.refunds import RefundReason
from functions.shared import ids
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx

bp = Blueprint("app")
bus = Subscriptions("settlement")


@bp.lambda_function(name="settlement_events")
def settlement_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)


@bus.on(OrderClosed)
def settle_closed_order(tx: Tx, event: OrderClosed) -> None:
    """Give back what was paid, or see to it that nothing can be paid any more."""
    if event.paid:
        actions.request_refund(tx, order_id=event.order_id, reason=RefundReason.ORDER_CLOSED)
    else:
        actions.close_payment(tx, event.order_id)


@bus.on(OrderPaidTooLate)
def refund_late_payment(tx: Tx, event: OrderPaidTooLate) -> None:
    """The money came after the order had ended: it goes back in full."""
    actions.request_refund(tx, order_id=event.order_id, reason=RefundReason.PAID_TOO_LATE)


@bus.on(RefundRequested)
def ask_for_refund(tx: Tx, event: RefundRequested) -> None:
    """The refund is in the ledger: ask the provider for it."""
    actions.pursue_refund(tx, order_id=event.order_id, refund_id=event.refund_id)


@bus.on(OrderCompleted)
def divide_completed_order(tx: Tx, event: OrderCompleted) -> None:
    """Divide the price as it was frozen when the order was placed."""
    actions.divide_order(
        tx,
        order_id=event.order_id,
        companion_id=event.companion_id,
        total_fen=event.total_fen,
        share_fen=event.split.share_fen,
        commission_fen=event.split.commission_fen,
        premium_fen=event.split.premium_fen,
        subsidy_fen=event.split.subsidy_fen,
    )


@bus.on(PolicyIssued)
def note_insurer(tx: Tx, event: PolicyIssued) -> None:
    """Now it is known to whom the order's premium is owed."""
    actions.assign_insurer(tx, order_id=event.order_id, insurer_id=event.insurer_id)


@bus.timer("check_payment")
def check_payment(tx: Tx, timer: Timer) -> None:
    """A payment is still open: ask the provider, in case its notification was lost."""
    actions.check_payment(tx, timer.subject)


@bus.timer("check_refund")
def check_refund(tx: Tx, timer: Timer) -> None:
    """A refund is not through yet: ask the provider how it stands."""
    actions.pursue_refund(tx, order_id=ids.derived("ord", timer.subject), refund_id=timer.subject)


@bus.timer("release_income")
def release_income(tx: Tx, timer: Timer) -> None:
    """The complaint window of an order is over: its income may be withdrawn."""
    actions.release_income(tx, timer.subject)
