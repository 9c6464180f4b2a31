"""What people do with a complaint: file it, answer, take and decide it, accept or appeal (F17).

What follows from it is the workflow's: `complaint_flow`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.shared import audit, files, ids
from functions.shared.caller import Caller, Role
from functions.shared.errors import NotFound
from functions.shared.tx import Tx
from functions.support.actions import complaint_desk as desk
from functions.support.actions import complaint_moves as moves
from functions.support.actions import evidence
from functions.support.events import ComplaintFiled, ComplaintWritten
from functions.support.rules import complaint_problems as problems
from functions.support.rules import complaints as rules
from functions.support.rules.complaints import (
    Category,
    ComplaintState,
    Entry,
    Outcome,
    Part,
    Remedy,
    Step,
)
from functions.support.rules.reviews import Verdict
from functions.support.table import base
from functions.support.table import complaints as table
from functions.support.table import reviews as visited
from functions.support.table.complaints import ComplaintRow


def allow_evidence(*, order_id: str, client_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave for the order's client to upload one file. OrderNotFound, Invalid."""
    _complained_of(order_id, client_id=client_id)
    return files.allow_upload(moves.ROOM, owner=order_id, content_type=content_type, kinds=files.DOCUMENTS, now=now)


def file_complaint(
    tx: Tx,
    *,
    order_id: str,
    client_id: str,
    category: Category,
    remedy: Remedy,
    text: str,
    evidence_ids: Sequence[str],
    other_times: Sequence[datetime] = (),
) -> ComplaintRow:
    """The client's complaint of a visit that is completed, or that a companion has taken and not begun.

    `other_times`: when somebody else might come as well. One read, another for a visit ahead, two for other times, and
    the files. OrderNotFound, NotComplainable, RemedyNotPossible, TimeNotNamed, Invalid (a time at which the visit is
    not offered), ComplaintOpen, UploadMissing, UploadRefused.
    """
    visit = _complained_of(order_id, client_id=client_id)
    for at in other_times:
        rules.require_named(at, remedy, named=other_times)
    if visit.completed_at is None:
        rules.require_possible_ahead(remedy)
        _require_offered(order_id, other_times, tx.now)
    else:
        policy = base.policy().complaints
        rules.require_complainable(completed_at=visit.completed_at, remedy=remedy, now=tx.now, policy=policy)
    complaint_id = ids.new("cpl", tx.now)
    row = ComplaintRow(
        *table.complaint_key(complaint_id),
        order_id=order_id,
        client_id=client_id,
        companion_id=visit.companion_id,
        category=category,
        is_ahead=visit.completed_at is None,
        remedy=remedy,
        other_times=tuple(sorted(set(other_times))),
        text=text,
        evidence=tuple(evidence.kept(tx, order_id, file_id) for file_id in evidence_ids),
        state=ComplaintState.FILED,
        filed_at=tx.now,
        history=(Entry(at=tx.now, step="filed", state=ComplaintState.FILED),),
    )
    held = table.OpenComplaintRow(*table.open_key(order_id, category), complaint_id=complaint_id)
    tx.insert(held, taken=problems.ComplaintOpen())
    moves.watch(tx, row)
    tx.insert(row)
    tx.insert(
        table.OrderComplaintRow(
            *table.of_order_key(order_id, complaint_id),
            complaint_id=complaint_id,
            client_id=client_id,
            companion_id=visit.companion_id,
            category=category,
            filed_at=tx.now,
        )
    )
    tx.emit(ComplaintWritten(complaint_id=complaint_id, part=Part.COMPLAINT))
    tx.emit(
        ComplaintFiled(
            complaint_id=complaint_id,
            order_id=order_id,
            client_id=client_id,
            companion_id=visit.companion_id,
            category=category,
        )
    )
    return row


def answer(tx: Tx, *, complaint_id: str, companion_id: str, text: str, contests: bool) -> ComplaintRow:
    """The companion's side, once; what is not contested may be decided by rule.

    ComplaintNotFound, IllegalStep.
    """
    row = _stored(complaint_id)
    if row.companion_id != companion_id:
        raise problems.ComplaintNotFound()
    if row.state != ComplaintState.AWAITING_COMPANION:
        raise problems.IllegalStep()
    row.answer, row.is_contested = text, contests
    tx.emit(ComplaintWritten(complaint_id=complaint_id, part=Part.ANSWER))
    _step(tx, row, Step.ANSWERED)
    return row


def take(tx: Tx, *, complaint_id: str, agent_id: str) -> ComplaintRow:
    """The agent will decide it. ComplaintNotFound, IllegalStep, OtherAgentDecides, TooManyTaken."""
    row = _stored(complaint_id)
    queued = table.find_queued(row)
    if row.state != ComplaintState.AWAITING_AGENT or queued is None:
        raise problems.IllegalStep()
    if row.taken_by not in (None, agent_id) or row.appealed_from == agent_id:
        raise problems.OtherAgentDecides()
    agent = table.find_agent(agent_id)
    if complaint_id in agent.held:
        return row
    if len(agent.held) >= base.policy().complaints.agent_most:
        raise problems.TooManyTaken()
    queued.taken_by = agent_id
    tx.save(queued)
    desk.put_on_desk(tx, row, agent)
    tx.save(row)
    audit.record(tx, actor=agent_id, act="complaint.taken", subject=complaint_id, reason="领取申诉")
    return row


def decide(
    tx: Tx,
    *,
    complaint_id: str,
    agent_id: str,
    outcome: Outcome,
    refund_fen: int | None,
    reason: str,
    moved_to: datetime | None = None,
) -> ComplaintRow:
    """The agent who has it decides, with a reason. `refund_fen` null with a refund: all that was not given back yet.

    `moved_to`: the time, of those that the client named, at which somebody else comes; null is the visit's own.
    ComplaintNotFound, IllegalStep, NotTaken, OtherAgentDecides, RemedyNotPossible, TimeNotNamed, RefundOutOfRange.
    """
    row = _stored(complaint_id)
    if row.state != ComplaintState.AWAITING_AGENT:
        raise problems.IllegalStep()
    rules.require_agent(agent_id, taken_by=row.taken_by, earlier_decider=row.appealed_from)
    rules.require_outcome(outcome, is_ahead=bool(row.is_ahead))
    rules.require_named(moved_to, outcome, named=row.other_times)
    assert row.facts is not None, "an agent decides on facts"
    left_fen = row.facts.total_fen - row.refunded_fen
    amount_fen = rules.checked_refund_fen(outcome, refund_fen, total_fen=left_fen)
    step = Step.REJECTED if outcome is Outcome.REJECT else Step.DECIDED
    moves.decide(
        tx,
        row,
        step,
        outcome=outcome,
        refund_fen=amount_fen,
        reason=reason,
        decided_by=agent_id,
        moved_to=moved_to,
    )
    moves.wake(tx, row)
    tx.save(row)
    audit.record(tx, actor=agent_id, act=f"complaint.{outcome}", subject=complaint_id, reason=reason)
    return row


def accept(tx: Tx, *, complaint_id: str, client_id: str) -> ComplaintRow:
    """The client is content: it closes. ComplaintNotFound, IllegalStep."""
    row = _own(complaint_id, client_id=client_id)
    _step(tx, row, Step.ACCEPTED)
    return row


def appeal(tx: Tx, *, complaint_id: str, client_id: str, text: str) -> ComplaintRow:
    """The client wants another agent to look at it, once. ComplaintNotFound, AppealedAlready, IllegalStep."""
    row = _own(complaint_id, client_id=client_id)
    if row.appeal is not None:
        raise problems.AppealedAlready()
    if row.state != ComplaintState.AWAITING_CLIENT:
        raise problems.IllegalStep()
    row.appeal, row.appealed_from = text, row.decided_by
    _step(tx, row, Step.APPEALED, why="appealed")
    return row


def check_words(tx: Tx, *, complaint_id: str, part: str, verdict: str) -> None:
    """The content check's answer: what passes is read by the other side, all else by agents alone."""
    row = table.find_complaint(complaint_id)
    if row is None or verdict != Verdict.PASS:
        return
    if part == Part.COMPLAINT:
        row.is_text_shown = True
    else:
        row.is_answer_shown = True
    tx.save(row)


def find_complaint_words(complaint_id: str, *, part: str) -> tuple[str, str] | None:
    """For the content check: who wrote, and what."""
    row = table.find_complaint(complaint_id)
    if row is None:
        return None
    if part == Part.ANSWER:
        return (row.companion_id, row.answer) if row.answer else None
    return row.client_id, row.text


def find_complaint(*, complaint_id: str, caller: Caller) -> ComplaintRow:
    """For its two parties and for agents: one read. ComplaintNotFound."""
    row = _stored(complaint_id)
    if not _may_read(row.client_id, row.companion_id, caller):
        raise problems.ComplaintNotFound()
    return row


def complaints_of_order(order_id: str, *, caller: Caller) -> Sequence[table.OrderComplaintRow]:
    """The order's complaints that the caller may read, latest first."""
    if not ids.is_id("ord", order_id):
        return []
    return [row for row in table.of_order(order_id) if _may_read(row.client_id, row.companion_id, caller)]


def list_queued(*, limit: int, after: str | None) -> tuple[Sequence[table.QueuedRow], str | None]:
    """What agents should decide, due soonest first."""
    return table.queued(limit=limit, after=after)


def link_evidence(tx: Tx, *, complaint_id: str, file_id: str, caller: Caller) -> str:
    """An address of one file for the client, or for an agent, which is written down. ComplaintNotFound."""
    row = find_complaint(complaint_id=complaint_id, caller=caller)
    stored = next((each for each in row.evidence if each.file_id == file_id), None)
    is_agent = bool(caller.roles & {Role.AGENT, Role.ADMIN})
    if stored is None or not (is_agent or caller.subject == row.client_id):
        raise problems.ComplaintNotFound()
    if is_agent:
        audit.record(
            tx, actor=caller.subject, act="complaint.evidence_read", subject=complaint_id, reason="处理申诉时查看证据"
        )
    return files.link(stored.key)


def _step(tx: Tx, row: ComplaintRow, step: Step, *, why: str = "") -> None:
    moves.move(tx, row, step, why=why)
    moves.wake(tx, row)
    tx.save(row)


@dataclass(frozen=True)
class _Visit:
    """What is complained of; `completed_at` is None for a visit that is ahead."""

    companion_id: str
    completed_at: datetime | None


def _complained_of(order_id: str, *, client_id: str) -> _Visit:
    """The client's completed visit, or one that a companion has taken. OrderNotFound, NotComplainable."""
    from functions.booking import actions as booking
    from functions.booking.rules.orders import OrderState

    if not ids.is_id("ord", order_id):
        raise problems.OrderNotFound()
    done = visited.find_review(visited.review_id_of(order_id))
    if done is not None and done.client_id == client_id:
        return _Visit(done.companion_id, done.completed_at)
    try:
        order = booking.find_order(order_id)
    except NotFound:
        raise problems.OrderNotFound() from None
    if done is not None or order.client_id != client_id:
        raise problems.OrderNotFound()
    if order.companion_id is None or order.state is not OrderState.ASSIGNED:
        raise problems.NotComplainable()
    return _Visit(order.companion_id, None)


def _require_offered(order_id: str, times: Sequence[datetime], now: datetime) -> None:
    from functions.booking.actions import remedies

    if times:
        remedies.require_offered(order_id, times, field="other_times", now=now)


def _stored(complaint_id: str) -> ComplaintRow:
    row = table.find_complaint(complaint_id) if ids.is_id("cpl", complaint_id) else None
    if row is None:
        raise problems.ComplaintNotFound()
    return row


def _own(complaint_id: str, *, client_id: str) -> ComplaintRow:
    row = _stored(complaint_id)
    if row.client_id != client_id:
        raise problems.ComplaintNotFound()
    return row


def _may_read(client_id: str, companion_id: str, caller: Caller) -> bool:
    own = {Role.CLIENT: client_id, Role.COMPANION: companion_id}
    is_party = any(role in caller.roles and caller.subject == account for role, account in own.items())
    return is_party or bool(caller.roles & {Role.AGENT, Role.ADMIN})
