"""What companions does when something happened elsewhere, when a deadline of its own is reached, and at night."""

from functools import partial
from typing import Any

from chalice.app import Blueprint

from functions.booking.events import OrderCompleted, OrderUnassigned, UnassignedReason
from functions.companions.actions import standing, tiers
from functions.shared import clock
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx
from functions.support.events import CompanionRated, ComplaintClosed, RectificationClosed
from functions.tracking.events import VisitNoShow

bus = Subscriptions("companions")
bp = Blueprint("app")


@bp.lambda_function(name="companions_events")
def companions_events(event: dict[str, Any], context: Any) -> None:
    """Bus events, timers and nightly work of this room."""
    bus.handle(event)


@bus.on(OrderCompleted)
def count_visit(tx: Tx, event: OrderCompleted) -> None:
    """A visit more on the companion's record."""
    tiers.count_visit(tx, companion_id=event.companion_id, order_id=event.order_id)


@bus.on(OrderUnassigned, where={"reason": (UnassignedReason.COMPANION_CANCELLED, UnassignedReason.NOT_CONFIRMED)})
def count_cancellation(tx: Tx, event: OrderUnassigned) -> None:
    """The companion will not come after all: it counts against their tier. (A complaint counts by itself.)"""
    tiers.count_cancellation(tx, companion_id=event.companion_id)


@bus.on(CompanionRated)
def take_rating(tx: Tx, event: CompanionRated) -> None:
    """What clients' reviews say of the companion now."""
    tiers.take_rating(
        tx,
        companion_id=event.companion_id,
        sequence=event.sequence,
        rating_hundredths=event.rating_hundredths,
    )


@bus.on(ComplaintClosed)
def count_complaint(tx: Tx, event: ComplaintClosed) -> None:
    """A complaint that was upheld counts against the companion; one that was rejected hardly does."""
    tiers.count_complaint(tx, companion_id=event.companion_id, upheld=event.upheld)


@bus.on(RectificationClosed)
def end_rectification(tx: Tx, event: RectificationClosed) -> None:
    """What was complained of was put right, or never will be."""
    if event.is_lifted:
        tiers.note_rectified(tx, companion_id=event.companion_id)
    else:
        tiers.remove(tx, companion_id=event.companion_id)


@bus.on(VisitNoShow)
def count_absence(tx: Tx, event: VisitNoShow) -> None:
    """The companion did not come: it counts against their tier like an order given up."""
    if event.absent == "companion":
        tiers.count_cancellation(tx, companion_id=event.companion_id)


@bus.timer("credential_check")
def check_credentials(tx: Tx, timer: Timer) -> None:
    """A credential is about to expire, or has: its companion is warned, or may not work."""
    standing.check_credentials(tx, companion_id=timer.subject)


@bus.recurring("tier_review", "cron(0/5 2-5 * * ? *)")
def review_tiers(run: Run) -> None:
    """Part of the night's review: pages of the roster, as many as one call has time for."""
    for page in tiers.pages_to_review(clock.service_date(run.at)):
        for companion_id in page.due:
            run.act(f"companion#{companion_id}", partial(tiers.review, companion_id=companion_id))
        run.act(f"page#{page.shard}#{page.after}", partial(tiers.note_reviewed, page=page))
