"""What the complaint's workflow asks of this room, and what wakes the workflow (F17).

Every act may be repeated, and a workflow that was begun anew repeats them all: each looks first where the complaint
stands, does what is still to be done, and answers with what is to follow. Whoever waits is found by the token that the
complaint keeps.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.shared import observe
from functions.shared.tx import Tx
from functions.support.actions import complaint_moves as moves
from functions.support.actions.complaint_facts import facts_of
from functions.support.events import ComplaintAnswerAsked, ComplaintOverdue
from functions.support.gateways import workflow
from functions.support.rules import complaints as rules
from functions.support.rules.complaint_problems import ComplaintNotFound
from functions.support.rules.complaints import Act, Category, ComplaintState, Outcome, Remedy, Step
from functions.support.table import base
from functions.support.table import complaints as table
from functions.support.table.complaints import ComplaintRow

Stage = Mapping[str, Any]
"""Where a complaint stands, as the workflow's states read it: `act` is what follows."""
_EARLY = timedelta(minutes=1)
"""The workflow's clock starts a little before ours."""


def start(tx: Tx, *, complaint_id: str) -> None:
    """Begin the walk."""
    row = table.find_complaint(complaint_id)
    if row is not None and not row.is_finished:
        tx.once("start", _starter(row, tx.correlation_id))


def gather(tx: Tx, *, complaint_id: str) -> Stage:
    """Read what the other rooms know of the visit."""
    row = _found(complaint_id)
    if row.facts is None:
        row.facts = facts_of(row.order_id)
        tx.save(row)
    return stage(row)


def ask_companion(tx: Tx, *, complaint_id: str, token: str, due_in_s: int) -> None:
    """Wait for the companion's side."""
    row = _found(complaint_id)
    if row.state == ComplaintState.FILED:
        moves.move(tx, row, Step.ASKED)
        row.due_at = rules.deadline(tx.now, due_in_s)
        tx.emit(
            ComplaintAnswerAsked(
                complaint_id=complaint_id, order_id=row.order_id, companion_id=row.companion_id, answer_by=row.due_at
            )
        )
    _wait(tx, row, ComplaintState.AWAITING_COMPANION, token, due_in_s)


def judge(tx: Tx, *, complaint_id: str) -> Stage:
    """What the records decide is decided; the rest is an agent's. A companion who said nothing contests nothing."""
    row = _found(complaint_id)
    if row.state == ComplaintState.AWAITING_COMPANION and _is_over(row, tx.now):
        moves.move(tx, row, Step.COMPANION_SILENT)
    if row.state != ComplaintState.JUDGING:
        return stage(row)
    verdict = row.facts and rules.verdict_by_rule(
        Category(row.category),
        facts_of(row.order_id) if row.is_ahead else row.facts,
        wanted=Remedy(row.remedy),
        contested=bool(row.is_contested),
        now=tx.now,
        policy=base.policy().complaints,
    )
    if verdict:
        moves.decide(
            tx,
            row,
            Step.RULED,
            outcome=verdict.outcome,
            refund_fen=verdict.refund_fen if verdict.outcome is Outcome.REFUND else 0,
            reason=verdict.reason,
            decided_by=moves.BY_RULE,
        )
    else:
        moves.move(tx, row, Step.UNDECIDED, why="undecided")
    tx.save(row)
    return stage(row)


def ask_agent(tx: Tx, *, complaint_id: str, token: str, due_in_s: int) -> None:
    """Wait for an agent: whoever has least to do is given it, with nobody on duty anybody may take it."""
    row = _found(complaint_id)
    if row.state == ComplaintState.AWAITING_AGENT and row.queued_at is None:
        row.due_at = rules.deadline(tx.now, due_in_s)
        moves.queue(tx, row, due_at=row.due_at, give=True)
    _wait(tx, row, ComplaintState.AWAITING_AGENT, token, due_in_s)


def await_remedy(tx: Tx, *, complaint_id: str, token: str, due_in_s: int) -> None:
    """Wait until another room has carried out what was decided."""
    row = _found(complaint_id)
    if row.state == ComplaintState.EXECUTING and row.due_at is None:
        row.due_at = rules.deadline(tx.now, due_in_s)
    _wait(tx, row, ComplaintState.EXECUTING, token, due_in_s)


def ask_client(tx: Tx, *, complaint_id: str, token: str, due_in_s: int) -> None:
    """Wait for the client to accept or to appeal."""
    row = _found(complaint_id)
    if row.state == ComplaintState.AWAITING_CLIENT and row.due_at is None:
        row.due_at = rules.deadline(tx.now, due_in_s)
    _wait(tx, row, ComplaintState.AWAITING_CLIENT, token, due_in_s)


def look(tx: Tx, *, complaint_id: str) -> Stage:
    """An agent or another room acted, or their time is over: then it leaves the desk, for anybody, and is counted."""
    row = _found(complaint_id)
    is_stuck = row.state == ComplaintState.EXECUTING
    if not _is_over(row, tx.now) or not (is_stuck or row.state == ComplaintState.AWAITING_AGENT):
        return stage(row)
    row.why = "stuck" if is_stuck else "overdue"
    moves.note(tx, row, row.why)
    moves.unqueue(tx, row)
    row.escalations = int(row.escalations) + 1
    row.due_at = None
    if is_stuck:
        moves.queue(tx, row, due_at=tx.now, give=False)
    tx.save(row)
    tx.emit(ComplaintOverdue(complaint_id=complaint_id, order_id=row.order_id, is_stuck=is_stuck))
    observe.count("ComplaintOverdue")
    return stage(row)


def note_refused(tx: Tx, *, decision_id: str) -> ComplaintRow | None:
    """What was decided cannot be done, or finance would not: an agent decides again."""
    row = _decided(decision_id)
    if row is not None:
        moves.move(tx, row, Step.REFUSED, why="refused")
        moves.wake(tx, row)
        tx.save(row)
    return row


def note_executed(tx: Tx, *, decision_id: str, refunded_fen: int | None = None) -> ComplaintRow | None:
    """What was decided is done; `refunded_fen` if it is not what the decision said. The client is asked."""
    row = _decided(decision_id)
    if row is not None:
        row.refunded_fen += row.refund_fen if refunded_fen is None else refunded_fen
        row.is_upheld = True
        moves.move(tx, row, Step.EXECUTED)
        moves.wake(tx, row)
        tx.save(row)
    return row


def refuse(tx: Tx, *, complaint_id: str, decision_id: str) -> Stage:
    """The workflow heard that it cannot be done."""
    return stage(note_refused(tx, decision_id=decision_id) or _found(complaint_id))


def execute(tx: Tx, *, complaint_id: str, decision_id: str, refunded_fen: int) -> Stage:
    """The workflow heard that it is done."""
    row = note_executed(tx, decision_id=decision_id, refunded_fen=refunded_fen)
    return stage(row or _found(complaint_id))


def take_for_accepted(tx: Tx, *, complaint_id: str) -> Stage:
    """The client said nothing in time: that is accepting."""
    row = _found(complaint_id)
    if row.state == ComplaintState.AWAITING_CLIENT and _is_over(row, tx.now):
        moves.move(tx, row, Step.CLIENT_SILENT)
        tx.save(row)
    return stage(row)


def finish(tx: Tx, *, complaint_id: str) -> Stage:
    """Nothing is held on its account any more."""
    row = _found(complaint_id)
    if not row.is_finished:
        row.is_finished = True
        tx.save(row)
    return stage(row)


def resume(tx: Tx, *, complaint_id: str, wait: int) -> None:
    """Wake the workflow if it still waits as it did when somebody acted."""
    row = table.find_complaint(complaint_id)
    if row is not None and row.token and row.waits == wait:
        token = str(row.token)
        tx.once("wake", lambda: workflow.wake(token))


def keep_going(tx: Tx, *, complaint_id: str) -> None:
    """The workflow should have gone on by now: wake it, or begin anew if there is none that waits."""
    row = table.find_complaint(complaint_id)
    if row is None or row.is_finished or (row.due_at is not None and tx.now < row.due_at):
        return
    token = str(row.token or "")
    if token and tx.once("wake", lambda: workflow.wake(token)):
        return
    observe.count("ComplaintWorkflowRestarted")
    row.runs = int(row.runs) + 1
    tx.once("start", _starter(row, tx.correlation_id))
    row.token = None
    moves.watch(tx, row)
    tx.save(row)


def stage(row: ComplaintRow) -> Stage:
    """What the workflow's states read."""
    act = rules.next_act(
        ComplaintState(row.state), is_ahead=bool(row.is_ahead), outcome=Outcome(row.outcome) if row.outcome else None
    )
    is_decided = act in (Act.GIVE_BACK, Act.CANCEL_ORDER, Act.REASSIGN_ORDER)
    return {
        "act": act.value,
        "state": str(row.state),
        "decision_id": str(row.decision_id) if is_decided else "",
        "refund_fen": int(row.refund_fen) if is_decided else 0,
        "decided_by": str(row.decided_by) if is_decided else "",
        "starts_at": row.moved_to.isoformat() if is_decided and row.moved_to else "",
    }


def _wait(tx: Tx, row: ComplaintRow, state: ComplaintState, token: str, due_in_s: int) -> None:
    """The workflow waits with this token; if there is nothing to wait for, or no longer, it goes on at once."""
    if row.state != state or (row.due_at is not None and row.due_at <= tx.now):
        tx.once("wake", lambda: workflow.wake(token))
        return
    row.token, row.waits = token, int(row.waits) + 1
    moves.watch(tx, row)
    tx.save(row)


def _starter(row: ComplaintRow, correlation_id: str) -> Callable[[], None]:
    about: dict[str, Any] = {"complaint_id": row.complaint_id, "order_id": str(row.order_id), "run": int(row.runs)}
    return lambda: workflow.start(**about, correlation_id=correlation_id)


def _is_over(row: ComplaintRow, now: datetime) -> bool:
    return row.due_at is not None and now >= row.due_at - _EARLY


def _found(complaint_id: str) -> ComplaintRow:
    row = table.find_complaint(complaint_id)
    if row is None:
        raise ComplaintNotFound()
    return row


def _decided(decision_id: str) -> ComplaintRow | None:
    """The complaint whose decision in force this is, while it is being carried out."""
    decision = table.find_decision(decision_id)
    row = table.find_complaint(decision.complaint_id) if decision else None
    if row is None or row.decision_id != decision_id or row.state != ComplaintState.EXECUTING:
        return None
    return row
