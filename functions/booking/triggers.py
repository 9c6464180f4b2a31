"""What booking does when something happened elsewhere, and when a deadline of its own is reached."""

from typing import Any

from chalice.app import Blueprint

from functions.booking import actions
from functions.booking.rules.matching import Companion, Gender
from functions.booking.rules.policy import Tier
from functions.care.events import ReportSubmitted
from functions.companions.events import CompanionActivated
from functions.settlement.events import PaymentSucceeded
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking.events import VisitProgressed

bus = Subscriptions("booking")
bp = Blueprint("app")


@bp.lambda_function(name="booking_events")
def booking_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of booking."""
    bus.handle(event)


@bus.on(CompanionActivated)
def project_companion(tx: Tx, event: CompanionActivated) -> None:
    companion = Companion(
        companion_id=event.companion_id,
        display_name=event.display_name,
        city=event.city,
        tier=Tier(event.tier),
        gender=Gender(event.gender),
        languages=frozenset(event.languages),
        first_aid_certified=event.first_aid_certified,
        rating_hundredths=event.rating_hundredths,
        completed_visits=event.completed_visits,
        cases_by_department=event.cases_by_department,
        serves={served.hospital_id: frozenset(served.department_ids) for served in event.serves},
    )
    actions.project_companion(tx, companion)


@bus.on(PaymentSucceeded)
def record_payment(tx: Tx, event: PaymentSucceeded) -> None:
    actions.record_payment(
        tx,
        order_id=event.order_id,
        payment_id=event.payment_id,
        amount_fen=event.amount_fen,
        paid_at=event.paid_at,
    )


@bus.on(VisitProgressed)
def begin_service(tx: Tx, event: VisitProgressed) -> None:
    if event.first:
        actions.begin_service(tx, order_id=event.order_id)


@bus.on(ReportSubmitted)
def complete_order(tx: Tx, event: ReportSubmitted) -> None:
    actions.complete_order(tx, order_id=event.order_id)


@bus.timer("hold_expires")
def expire_hold(tx: Tx, timer: Timer) -> None:
    """The hold is over: an unpaid order closes and lets go of its companion and slot."""
    actions.expire_hold(tx, order_id=timer.subject)


@bus.timer("offer_expires")
def expire_offer(tx: Tx, timer: Timer) -> None:
    """The companion did not answer in time: the next one is asked."""
    actions.expire_offer(tx, offer_id=timer.subject)


@bus.timer("visit_reminder")
def remind_of_visit(tx: Tx, timer: Timer) -> None:
    """The visit is near: its client and companion are reminded."""
    actions.remind_of_visit(tx, order_id=timer.subject)
