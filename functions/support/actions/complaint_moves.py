"""A complaint's moves: its state, its deadline, its place in the queue and its end, all in one transaction."""

from functions.shared import ids
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support.events import ComplaintClosed, ComplaintDecided
from functions.support.rules import complaints as rules
from functions.support.rules.complaints import ComplaintState, Entry, Outcome, Step
from functions.support.table import base
from functions.support.table import complaints as table
from functions.support.table.complaints import ComplaintRow

ROOM = "support"
BY_RULE = "rule"


def move(tx: Tx, row: ComplaintRow, step: Step, *, why: str = "") -> None:
    """Take the step and save: a new deadline, in the queue if an agent is next (`why`), out of it if not.

    Raises IllegalStep.
    """
    row.state = rules.move(ComplaintState(row.state), step)
    row.history = (*row.history, Entry(at=tx.now, step=step, state=ComplaintState(row.state)))
    if row.state == ComplaintState.AWAITING_CLIENT and row.appeal is not None:
        row.state = rules.move(ComplaintState(row.state), Step.FINISHED)
        row.history = (*row.history, Entry(at=tx.now, step=Step.FINISHED, state=ComplaintState.CLOSED))
    unqueue(tx, row)
    set_deadline(tx, row)
    if row.state == ComplaintState.AWAITING_AGENT:
        queue(tx, row, why=why)
    if row.state == ComplaintState.CLOSED:
        _close(tx, row)
    tx.save(row)


def set_deadline(tx: Tx, row: ComplaintRow) -> None:
    """Until when the next one has to act, counted from now."""
    row.due_at = rules.deadline(ComplaintState(row.state), tx.now, base.policy().complaints)
    if row.due_at is not None:
        tx.schedule(Timer(room=ROOM, kind="complaint_due", subject=row.complaint_id, due_at=row.due_at))


def queue(tx: Tx, row: ComplaintRow, *, why: str) -> None:
    """An agent should look at it until it is due; nobody has taken it."""
    assert row.due_at is not None, "what waits for an agent has a deadline"
    row.queued_at = row.due_at
    tx.insert(
        table.QueuedRow(
            *table.queued_key(row.due_at, row.complaint_id),
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            category=row.category,
            why=why,
            due_at=row.due_at,
        )
    )


def unqueue(tx: Tx, row: ComplaintRow) -> None:
    """Nobody need look at it any more, and nobody holds it."""
    queued, load = table.places_of(row)
    if queued is not None:
        tx.delete(queued)
    if load is not None and row.complaint_id in load.held:
        load.held = tuple(held for held in load.held if held != row.complaint_id)
        tx.save(load)
    row.queued_at = row.taken_by = None


def decide(tx: Tx, row: ComplaintRow, step: Step, *, refund_fen: int, reason: str, decided_by: str) -> None:
    """The decision with an id of its own, which settlement carries out once."""
    row.outcome = Outcome.REFUND if refund_fen else Outcome.REJECT
    row.refund_fen, row.reason, row.decided_by = refund_fen, reason, decided_by
    row.decision_id = ids.new("dec", tx.now)
    tx.insert(table.DecisionRow(*table.decision_key(row.decision_id), complaint_id=row.complaint_id))
    tx.emit(
        ComplaintDecided(
            complaint_id=row.complaint_id,
            decision_id=row.decision_id,
            order_id=row.order_id,
            client_id=row.client_id,
            companion_id=row.companion_id,
            refund_fen=refund_fen,
            decided_by=decided_by,
        )
    )
    move(tx, row, step)


def _close(tx: Tx, row: ComplaintRow) -> None:
    held = table.find_open(row.order_id, row.category)
    if held is not None:
        tx.delete(held)
    tx.emit(
        ComplaintClosed(
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            client_id=row.client_id,
            companion_id=row.companion_id,
            category=row.category,
            upheld=bool(row.refunded_fen),
        )
    )
