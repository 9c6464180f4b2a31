"""What `support` hears: orders completed, words checked, remedies carried out; and what its workflow asks of it."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from functions.accounts.events import ContentChecked
from functions.booking.events import OrderCompleted, OrderRemedied
from functions.companions.events import ComplaintsTooOften
from functions.settlement.events import RefundOrderCarriedOut, RefundOrderRejected
from functions.shared import ids
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support import actions
from functions.support.actions import complaint_flow as flow
from functions.support.actions import complaints, rectifications
from functions.support.events import ComplaintFiled, ComplaintMoved
from functions.support.rules.complaints import Part as ComplaintPart
from functions.support.rules.rectification import Figures
from functions.support.rules.reviews import Part

bus = Subscriptions("support")
bp = Blueprint("app")


@bp.lambda_function(name="support_events")
def support_events(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """One bus event or timer."""
    return bus.handle(event)


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
def start_complaint(tx: Tx, event: ComplaintFiled) -> None:
    """Begin the complaint's workflow."""
    flow.start(tx, complaint_id=event.complaint_id)


@bus.on(ComplaintMoved)
def resume_complaint(tx: Tx, event: ComplaintMoved) -> None:
    """Somebody acted: the workflow goes on."""
    flow.resume(tx, complaint_id=event.complaint_id, wait=event.wait)


@bus.on(RefundOrderCarriedOut)
def note_executed(tx: Tx, event: RefundOrderCarriedOut) -> None:
    """A refund is owed and under way; whether it is one of ours is looked up."""
    flow.note_executed(tx, decision_id=ids.derived("dec", event.refund_order_id))


@bus.on(RefundOrderRejected)
def note_refused(tx: Tx, event: RefundOrderRejected) -> None:
    """A refund will not be made; whether it is one of ours is looked up."""
    flow.note_refused(tx, decision_id=ids.derived("dec", event.refund_order_id))


@bus.on(OrderRemedied)
def note_reassigned(tx: Tx, event: OrderRemedied) -> None:
    """Another companion took the order, or it ended with everything given back."""
    flow.note_executed(tx, decision_id=event.decision_id, refunded_fen=event.refund_fen)


@bus.on(ComplaintsTooOften)
def issue_rectification(tx: Tx, event: ComplaintsTooOften) -> None:
    """Clients complain too often of a companion, who does not work until that is put right."""
    figures = Figures(upheld=event.upheld, visits=event.visits, window_days=event.window_days, rate_bp=event.rate_bp)
    rectifications.issue(tx, companion_id=event.companion_id, figures=figures)


@bus.timer("rectification_due")
def note_rectification_due(tx: Tx, timer: Timer) -> None:
    """The companion's time, or the inspecting agent's, is over."""
    rectifications.note_due(tx, subject=timer.subject)


@bus.timer("complaint_watch")
def keep_complaint_going(tx: Tx, timer: Timer) -> None:
    """The complaint's workflow should have gone on by now: it is woken, or begun anew if it is no more."""
    flow.keep_going(tx, complaint_id=timer.subject)


@bus.step("complaint.gather")
def gather(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.gather(tx, complaint_id=asked["complaint_id"])


@bus.step("complaint.ask_companion")
def ask_companion(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    flow.ask_companion(tx, **_waiting(asked))
    return {}


@bus.step("complaint.judge")
def judge(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.judge(tx, complaint_id=asked["complaint_id"])


@bus.step("complaint.ask_agent")
def ask_agent(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    flow.ask_agent(tx, **_waiting(asked))
    return {}


@bus.step("complaint.look")
def look(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.look(tx, complaint_id=asked["complaint_id"])


@bus.step("complaint.await_remedy")
def await_remedy(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    flow.await_remedy(tx, **_waiting(asked))
    return {}


@bus.step("complaint.executed")
def execute(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.execute(
        tx,
        complaint_id=asked["complaint_id"],
        decision_id=asked["decision_id"],
        refunded_fen=asked["refunded_fen"],
    )


@bus.step("complaint.refused")
def refuse(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.refuse(tx, complaint_id=asked["complaint_id"], decision_id=asked["decision_id"])


@bus.step("complaint.ask_client")
def ask_client(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    flow.ask_client(tx, **_waiting(asked))
    return {}


@bus.step("complaint.take_for_accepted")
def take_for_accepted(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.take_for_accepted(tx, complaint_id=asked["complaint_id"])


@bus.step("complaint.finish")
def finish(tx: Tx, asked: Mapping[str, Any]) -> flow.Stage:
    return flow.finish(tx, complaint_id=asked["complaint_id"])


def _waiting(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("complaint_id", "token", "due_in_s")}
