"""What `support` hears: orders completed, words checked, refunds made; and the end of its patience."""

from typing import Any

from chalice.app import Blueprint

from functions.accounts.events import ContentChecked
from functions.booking.events import OrderCompleted
from functions.settlement.events import RefundOrderCarriedOut, RefundOrderRejected
from functions.shared import ids
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support import actions
from functions.support.actions import complaints
from functions.support.events import ComplaintFiled
from functions.support.rules.complaints import Part as ComplaintPart
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


@bus.on(ContentChecked, where={"part": (ComplaintPart.COMPLAINT, ComplaintPart.ANSWER)})
def settle_complaint_check(tx: Tx, event: ContentChecked) -> None:
    """What one side of a complaint says was checked."""
    complaints.check_words(tx, complaint_id=event.subject, part=event.part, verdict=event.verdict)


@bus.on(ComplaintFiled)
def gather_facts(tx: Tx, event: ComplaintFiled) -> None:
    """Read what the records say, and ask the companion."""
    complaints.gather_facts(tx, complaint_id=event.complaint_id)


@bus.on(RefundOrderCarriedOut)
def note_executed(tx: Tx, event: RefundOrderCarriedOut) -> None:
    """A refund is owed and under way; whether it is one of ours is looked up."""
    complaints.note_executed(tx, decision_id=ids.derived("dec", event.refund_order_id))


@bus.on(RefundOrderRejected)
def note_refused(tx: Tx, event: RefundOrderRejected) -> None:
    """A refund will not be made; whether it is one of ours is looked up."""
    complaints.note_refused(tx, decision_id=ids.derived("dec", event.refund_order_id))


@bus.timer("complaint_due")
def pass_complaint_deadline(tx: Tx, timer: Timer) -> None:
    """Whoever was to act did not: the complaint goes on."""
    complaints.pass_deadline(tx, complaint_id=timer.subject, due_at=timer.due_at)
