"""What booking does when something happened elsewhere, and when a deadline of its own is reached."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from chalice.app import Blueprint

from functions.booking import actions
from functions.booking.actions import candidates, no_shows, preparation, remedies, unassignment
from functions.booking.rules.matching import Companion, Gender
from functions.booking.rules.policy import Tier
from functions.booking.rules.preparation import ReminderKind
from functions.care.events import ReportMissing, ReportSubmitted
from functions.companions.events import CompanionActivated, CompanionSuspended, ComplaintsTooOften
from functions.settlement.events import PaymentSucceeded
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx
from functions.tracking.events import VisitNoShow, VisitProgressed

bus = Subscriptions("booking")
bp = Blueprint("app")


@bp.lambda_function(name="booking_events")
def booking_events(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Bus events and timers of booking."""
    return bus.handle(event)


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
        specialties=frozenset(event.specialties),
    )
    actions.project_companion(tx, companion, sequence=event.sequence)


@bus.on(CompanionSuspended)
def withdraw_companion(tx: Tx, event: CompanionSuspended) -> None:
    actions.withdraw_companion(tx, companion_id=event.companion_id, sequence=event.sequence)


@bus.on(ComplaintsTooOften)
def begin_replacing(tx: Tx, event: ComplaintsTooOften) -> None:
    """The companion does not work for now: what they took for later is given to others, one by one."""
    tx.schedule(Timer(room="booking", kind="replace_companion", subject=event.companion_id, due_at=tx.now))


@bus.timer("replace_companion")
def replace_companion(tx: Tx, timer: Timer) -> None:
    """Each order is a transaction of its own; a repetition goes on with those that are left."""
    run = Run(bus.room, timer.kind, timer.due_at)
    for order_id in list(unassignment.visits_to_replace(timer.subject, now=tx.now)):
        run.act(order_id, partial(unassignment.replace_suspended, order_id=order_id, companion_id=timer.subject))


@bus.on(PaymentSucceeded)
def record_payment(tx: Tx, event: PaymentSucceeded) -> None:
    actions.record_payment(
        tx,
        order_id=event.order_id,
        payment_id=event.payment_id,
        amount_fen=event.amount_fen,
        paid_at=event.paid_at,
    )


@bus.on(VisitProgressed, where={"state": ("departed", "arrived")})
def follow_visit(tx: Tx, event: VisitProgressed) -> None:
    actions.follow_visit(tx, order_id=event.order_id, companion_id=event.companion_id, departed_only=event.first)


@bus.on(VisitNoShow)
def close_for_no_show(tx: Tx, event: VisitNoShow) -> None:
    """Somebody did not come: the order ends, at the cost of its terms."""
    no_shows.close_for_no_show(tx, order_id=event.order_id, companion_id=event.companion_id, absent=event.absent)


@bus.on(ReportSubmitted)
def complete_order(tx: Tx, event: ReportSubmitted) -> None:
    actions.complete_order(tx, order_id=event.order_id)


@bus.on(ReportMissing)
def complete_without_report(tx: Tx, event: ReportMissing) -> None:
    """The companion owes a report; the order does not wait for it for ever."""
    actions.complete_order(tx, order_id=event.order_id)


@bus.timer("hold_expires")
def expire_hold(tx: Tx, timer: Timer) -> None:
    """The hold is over: an unpaid order closes and lets go of its companion and slot."""
    actions.expire_hold(tx, order_id=timer.subject)


@bus.timer("offer_expires")
def expire_offer(tx: Tx, timer: Timer) -> None:
    """The companion did not answer in time: the next one is asked."""
    actions.expire_offer(tx, offer_id=timer.subject)


@bus.timer("newcomer_turn")
def take_turn(tx: Tx, timer: Timer) -> None:
    """A newcomer's places in the index are drawn anew."""
    candidates.take_turn(tx, companion_id=timer.subject)


@bus.timer("dispatch_round")
def run_round(tx: Tx, timer: Timer) -> None:
    """The city's waiting orders are given out together: each offer is a transaction of its own."""
    run = Run(bus.room, timer.kind, timer.due_at)
    for step in actions.plan_round(timer.subject):
        run.act(step.order_id, partial(actions.take_step, step=step))


@bus.timer("dispatch_sweep")
def sweep_waiting_order(tx: Tx, timer: Timer) -> None:
    """An order that its round did not take is cared for by itself."""
    actions.sweep(tx, order_id=timer.subject, due_at=timer.due_at)


@bus.timer("hall_closes")
def close_hall(tx: Tx, timer: Timer) -> None:
    """The order's time in the hall is over: somebody is asked, or it ends without a companion."""
    actions.close_hall(tx, order_id=timer.subject, due_at=timer.due_at)


@bus.timer("visit_reminder")
def remind_the_day_before(tx: Tx, timer: Timer) -> None:
    """The visit is tomorrow: its client and companion are reminded."""
    preparation.remind(tx, subject=timer.subject, kind=ReminderKind.DAY_BEFORE)


@bus.timer("visit_morning")
def remind_in_the_morning(tx: Tx, timer: Timer) -> None:
    """The visit is today: its client and companion are reminded."""
    preparation.remind(tx, subject=timer.subject, kind=ReminderKind.MORNING)


@bus.timer("companion_confirmation")
def confirm_companion(tx: Tx, timer: Timer) -> None:
    """The companion is asked to confirm, then reminded, then the visit goes to somebody else."""
    actions.take_confirmation_step(tx, order_id=timer.subject, due_at=timer.due_at)


@bus.timer("series_payment_due")
def remind_of_payment(tx: Tx, timer: Timer) -> None:
    """An order of a series is still unpaid: its client is reminded before its time is let go."""
    actions.remind_of_payment(tx, order_id=timer.subject)


@bus.step("complaint.cancel_order")
def cancel_for_complaint(tx: Tx, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A complaint was upheld: the order ends for nothing."""
    return remedies.cancel(tx, order_id=asked["order_id"], decision_id=asked["decision_id"])


@bus.step("complaint.reassign_order")
def reassign_for_complaint(tx: Tx, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A complaint was upheld: somebody else comes, perhaps at another time."""
    to = datetime.fromisoformat(asked["starts_at"]) if asked["starts_at"] else None
    return remedies.reassign(tx, order_id=asked["order_id"], decision_id=asked["decision_id"], to=to)
