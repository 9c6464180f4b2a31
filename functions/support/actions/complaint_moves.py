"""A complaint's moves: its state, its deadline, its place in the queue and its end, all in one transaction."""

from datetime import datetime

from functions.shared import ids
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support.actions import client_standing
from functions.support.actions import complaint_desk as desk
from functions.support.events import ComplaintClosed, ComplaintDecided, ComplaintMoved
from functions.support.rules import complaints as rules
from functions.support.rules.complaints import ComplaintState, Entry, Outcome, Step
from functions.support.table import base, rectifications
from functions.support.table import complaints as table
from functions.support.table.complaints import ComplaintRow

ROOM = "support"
BY_RULE = "rule"
_HISTORY_MOST = 50


def move(tx: Tx, row: ComplaintRow, step: Step, *, why: str = "") -> None:
    """Take the step; nobody is asked for anything any more. `why`: an agent should look at it now.

    The caller saves the row. Raises IllegalStep.
    """
    row.state = rules.move(ComplaintState(row.state), step)
    note(tx, row, step)
    if row.state == ComplaintState.AWAITING_CLIENT and row.appeal is not None:
        row.state = rules.move(ComplaintState(row.state), Step.FINISHED)
        note(tx, row, Step.FINISHED)
    unqueue(tx, row)
    row.due_at, row.why = None, why
    if row.state == ComplaintState.CLOSED:
        _close(tx, row)


def note(tx: Tx, row: ComplaintRow, step: str) -> None:
    """A line of the complaint's history."""
    row.history = (*row.history, Entry(at=tx.now, step=step, state=ComplaintState(row.state)))[-_HISTORY_MOST:]


def wake(tx: Tx, row: ComplaintRow) -> None:
    """Somebody acted: the workflow, which waits for it, goes on, or is begun anew. The caller saves the row."""
    tx.emit(ComplaintMoved(complaint_id=row.complaint_id, wait=int(row.waits)))
    watch(tx, row)


def watch(tx: Tx, row: ComplaintRow) -> None:
    """See to it that the workflow goes on when whoever is asked did not act; at once if nobody is asked."""
    at = (row.due_at or rules.deadline(tx.now, 0)) + base.policy().complaints.watch
    tx.schedule(Timer(room=ROOM, kind="complaint_watch", subject=row.complaint_id, due_at=at))


def queue(tx: Tx, row: ComplaintRow, *, due_at: datetime, give: bool) -> None:
    """An agent should look at it until then: with `give` one who is on duty, else anybody. The caller saves."""
    row.queued_at = due_at
    if give:
        desk.give(tx, row)
    tx.insert(
        table.QueuedRow(
            *table.queued_key(due_at, row.complaint_id),
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            category=row.category,
            why=row.why,
            due_at=due_at,
            taken_by=row.taken_by,
        )
    )


def unqueue(tx: Tx, row: ComplaintRow) -> None:
    """Nobody need look at it any more, and nobody holds it. The caller saves."""
    queued = table.find_queued(row)
    if queued is not None:
        tx.delete(queued)
    desk.clear(tx, row)
    row.queued_at = None


def decide(
    tx: Tx,
    row: ComplaintRow,
    step: Step,
    *,
    outcome: Outcome,
    refund_fen: int,
    reason: str,
    decided_by: str,
    moved_to: datetime | None = None,
) -> None:
    """The decision, with an id of its own under which the other rooms carry it out once. The caller saves."""
    row.outcome, row.refund_fen, row.reason, row.decided_by = outcome, refund_fen, reason, decided_by
    row.moved_to = moved_to
    row.decision_id = ids.new("dec", tx.now)
    tx.insert(table.DecisionRow(*table.decision_key(row.decision_id), complaint_id=row.complaint_id))
    tx.emit(
        ComplaintDecided(
            complaint_id=row.complaint_id,
            decision_id=row.decision_id,
            order_id=row.order_id,
            client_id=row.client_id,
            companion_id=row.companion_id,
            outcome=outcome,
            refund_fen=refund_fen,
            decided_by=decided_by,
        )
    )
    move(tx, row, step)


def _close(tx: Tx, row: ComplaintRow) -> None:
    held = table.find_open(row.order_id, row.category)
    if held is not None:
        tx.delete(held)
    tx.insert(
        rectifications.ClosedComplaintRow(
            *rectifications.closed_key(row.companion_id, tx.now, row.complaint_id),
            complaint_id=row.complaint_id,
            category=row.category,
            is_upheld=bool(row.is_upheld),
            decided_by=row.decided_by,
            closed_at=tx.now,
        )
    )
    if not row.is_upheld:
        client_standing.count_rejected(tx, client_id=row.client_id)
    tx.emit(
        ComplaintClosed(
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            client_id=row.client_id,
            companion_id=row.companion_id,
            category=row.category,
            upheld=bool(row.is_upheld),
        )
    )
