"""What the room does when something happened elsewhere: it tells the people concerned."""

from typing import Any

from chalice.app import Blueprint

from functions.accounts.actions import pushes
from functions.accounts.actions.facts import OrderFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.actions.seeding import grant_companion
from functions.accounts.events import NoticeWritten
from functions.booking.events import (
    ClosedReason,
    OfferMade,
    OrderAssigned,
    OrderClosed,
    OrderCompleted,
    OrderPaid,
    VisitReminder,
)
from functions.care.events import ReportSubmitted
from functions.companions.events import CompanionActivated
from functions.insurance.events import PolicyIssued
from functions.settlement.events import IncomeReleased, RefundSucceeded
from functions.shared.consumer import Subscriptions
from functions.shared.tx import Tx
from functions.tracking.events import VisitProgressed

bp = Blueprint("app")
bus = Subscriptions("accounts")


@bus.on(CompanionActivated)
def let_companion_sign_in(tx: Tx, event: CompanionActivated) -> None:
    """The account gets the role."""
    grant_companion(tx, account_id=event.companion_id)


@bus.on(NoticeWritten)
def send_wechat_message(tx: Tx, event: NoticeWritten) -> None:
    """At most once; raises while WeChat cannot be reached, so that it is tried again."""
    pushes.push_notice(tx, account_id=event.account_id, notice_id=event.notice_id)


@bus.on(OrderPaid)
def tell_paid(tx: Tx, event: OrderPaid) -> None:
    """To the client: the payment arrived."""
    facts = OrderFacts(
        order_id=event.order_id,
        amount_fen=event.total_fen,
        companion_id=event.companion_id,
        hospital_id=event.hospital_id,
        department_id=event.department_id,
        starts_at=event.starts_at,
    )
    write_notice(tx, account_id=event.client_id, code="order_paid", facts=facts)


@bus.on(OrderAssigned)
def tell_assigned(tx: Tx, event: OrderAssigned) -> None:
    """To the client: who will come."""
    facts = OrderFacts(
        order_id=event.order_id,
        companion_id=event.companion_id,
        hospital_id=event.hospital_id,
        department_id=event.department_id,
        starts_at=event.starts_at,
    )
    write_notice(tx, account_id=event.client_id, code="order_assigned", facts=facts)


@bus.on(OrderClosed)
def tell_closed(tx: Tx, event: OrderClosed) -> None:
    """To the client: the hold ran out. (Of a paid order, the refund tells; a cancellation is the client's own.)"""
    if event.reason is ClosedReason.HOLD_EXPIRED:
        facts = OrderFacts(order_id=event.order_id)
        write_notice(tx, account_id=event.client_id, code="order_closed_hold_expired", facts=facts)


@bus.on(RefundSucceeded)
def tell_refunded(tx: Tx, event: RefundSucceeded) -> None:
    """To the client: the money is back."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code="order_refunded", facts=facts)


@bus.on(VisitReminder)
def tell_reminder(tx: Tx, event: VisitReminder) -> None:
    """To the client: the visit is tomorrow."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, starts_at=event.starts_at)
    write_notice(tx, account_id=event.client_id, code="visit_reminder_24h", facts=facts)


@bus.on(VisitProgressed)
def tell_progress(tx: Tx, event: VisitProgressed) -> None:
    """To the client: the visit began, or ended. What lies between is followed live."""
    if event.first or event.last:
        facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
        code = "visit_ended" if event.last else "visit_started"
        write_notice(tx, account_id=event.client_id, code=code, facts=facts)


@bus.on(ReportSubmitted)
def tell_report(tx: Tx, event: ReportSubmitted) -> None:
    """To the client: the report can be read."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id)
    write_notice(tx, account_id=event.client_id, code="report_ready", facts=facts)


@bus.on(PolicyIssued)
def tell_policy(tx: Tx, event: PolicyIssued) -> None:
    """To the client: the order is insured."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.premium_fen)
    write_notice(tx, account_id=event.client_id, code="policy_issued", facts=facts)


@bus.on(OfferMade)
def tell_offer(tx: Tx, event: OfferMade) -> None:
    """To the companion: an order to take or leave."""
    facts = OrderFacts(order_id=event.order_id, companion_id=event.companion_id, earned=True)
    write_notice(tx, account_id=event.companion_id, code="offer_received", facts=facts)


@bus.on(OrderCompleted)
def tell_income_pending(tx: Tx, event: OrderCompleted) -> None:
    """To the companion: what the visit earned."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.split.share_fen)
    write_notice(tx, account_id=event.companion_id, code="income_pending", facts=facts)


@bus.on(IncomeReleased)
def tell_income_available(tx: Tx, event: IncomeReleased) -> None:
    """To the companion: the income can be withdrawn."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.companion_id, code="income_available", facts=facts)


@bp.lambda_function(name="accounts_events")
def accounts_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)
