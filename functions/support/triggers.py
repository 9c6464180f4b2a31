"""What `support` hears: orders that were completed, words that were checked; and the end of its patience."""

from typing import Any

from chalice.app import Blueprint

from functions.accounts.events import ContentChecked
from functions.booking.events import OrderCompleted
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support import actions
from functions.support.rules.reviews import Part

bus = Subscriptions("support")
bp = Blueprint("app")


@bp.lambda_function(name="support_events")
def support_events(event: dict[str, Any], context: Any) -> None:
    """One bus event or timer."""
    bus.handle(event)


@bus.on(OrderCompleted)
def invite_review(tx: Tx, event: OrderCompleted) -> None:
    """The client may review the visit."""
    actions.invite(tx, order_id=event.order_id, client_id=event.client_id, companion_id=event.companion_id)


@bus.on(ContentChecked, where={"part": (Part.REVIEW, Part.ANSWER)})
def settle_check(tx: Tx, event: ContentChecked) -> None:
    """What a review says was checked."""
    actions.check(tx, review_id=event.subject, part=event.part, revision=event.revision, verdict=event.verdict)


@bus.timer("review_check")
def give_up_checking(tx: Tx, timer: Timer) -> None:
    """The content check did not answer in time: a person looks."""
    actions.give_up_checking(tx, review_id=timer.subject)
