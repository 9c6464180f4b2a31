"""What `care` hears: a visit that ended, and the hour after it."""

from typing import Any

from chalice.app import Blueprint

from functions.care import actions
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking.events import VisitProgressed

bus = Subscriptions("care")
bp = Blueprint("app")


@bp.lambda_function(name="care_events")
def care_events(event: dict[str, Any], context: Any) -> None:
    """One bus event or timer."""
    bus.handle(event)


@bus.on(VisitProgressed, where={"state": ("ended",)})
def expect_report(tx: Tx, event: VisitProgressed) -> None:
    """The last milestone starts the companion's hour."""
    actions.expect_report(tx, visit_id=event.visit_id)


@bus.timer("report_due")
def note_overdue(tx: Tx, timer: Timer) -> None:
    """The hour has run out."""
    actions.note_overdue(tx, visit_id=timer.subject)


@bus.timer("report_missing")
def give_up_waiting(tx: Tx, timer: Timer) -> None:
    """The order goes on without its report."""
    actions.give_up_waiting(tx, visit_id=timer.subject)
