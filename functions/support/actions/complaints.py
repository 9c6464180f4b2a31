"""Complaints: filed, answered, decided by rule or by an agent, accepted or appealed once (F17).

What the records say is read when the complaint is filed; money is given back by settlement, which hears the decision.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from functions.shared import audit, files, ids
from functions.shared.caller import Caller, Role
from functions.shared.errors import Problem
from functions.shared.tx import Tx
from functions.support.actions import complaint_moves as moves
from functions.support.events import ComplaintAnswerAsked, ComplaintFiled, ComplaintWritten
from functions.support.rules import complaints as rules
from functions.support.rules.complaints import (
    Category,
    ComplaintState,
    Entry,
    Evidence,
    Facts,
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

_DECIDED: Mapping[Outcome, Step] = {Outcome.REFUND: Step.DECIDED_REFUND, Outcome.REJECT: Step.DECIDED_REJECT}


def allow_evidence(*, order_id: str, client_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave for the order's client to upload one file. NotComplainable, Invalid."""
    _completed(order_id, client_id=client_id)
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
) -> ComplaintRow:
    """The client's complaint about a completed visit: one read, and the files.

    NotComplainable, RemedyNotPossible, ComplaintOpen, UploadMissing, UploadRefused.
    """
    visit = _completed(order_id, client_id=client_id)
    policy = base.policy().complaints
    rules.require_complainable(completed_at=visit.completed_at, remedy=remedy, now=tx.now, policy=policy)
    complaint_id = ids.new("cpl", tx.now)
    row = ComplaintRow(
        *table.complaint_key(complaint_id),
        order_id=order_id,
        client_id=client_id,
        companion_id=visit.companion_id,
        category=category,
        remedy=remedy,
        text=text,
        evidence=tuple(_kept(tx, order_id, file_id) for file_id in evidence_ids),
        state=ComplaintState.FILED,
        filed_at=tx.now,
        history=(Entry(at=tx.now, step="filed", state=ComplaintState.FILED),),
    )
    held = table.OpenComplaintRow(*table.open_key(order_id, category), complaint_id=complaint_id)
    tx.insert(held, taken=rules.ComplaintOpen())
    moves.set_deadline(tx, row)
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


def gather_facts(tx: Tx, *, complaint_id: str) -> None:
    """Read what the other rooms know of the visit, and ask the companion; a second time changes nothing."""
    row = table.find_complaint(complaint_id)
    if row is None or row.state != ComplaintState.FILED:
        return
    row.facts = _facts_of(row.order_id)
    moves.move(tx, row, Step.FACTS_GATHERED)
    assert row.due_at is not None, "the companion has a deadline"
    tx.emit(
        ComplaintAnswerAsked(
            complaint_id=complaint_id, order_id=row.order_id, companion_id=row.companion_id, answer_by=row.due_at
        )
    )


def answer(tx: Tx, *, complaint_id: str, companion_id: str, text: str, contests: bool) -> ComplaintRow:
    """The companion's side, once; what is not contested is decided by rule where a rule holds.

    ComplaintNotFound, IllegalStep.
    """
    row = _stored(complaint_id)
    if row.companion_id != companion_id:
        raise rules.ComplaintNotFound()
    if row.state != ComplaintState.AWAITING_COMPANION:
        raise rules.IllegalStep()
    row.answer, row.is_contested = text, contests
    tx.emit(ComplaintWritten(complaint_id=complaint_id, part=Part.ANSWER))
    _rule_or_ask(tx, row, Step.ANSWERED)
    return row


def take(tx: Tx, *, complaint_id: str, agent_id: str) -> ComplaintRow:
    """The agent will decide it. ComplaintNotFound, IllegalStep, OtherAgentDecides, TooManyTaken."""
    row = _stored(complaint_id)
    if row.state != ComplaintState.AWAITING_AGENT:
        raise rules.IllegalStep()
    if row.taken_by not in (None, agent_id) or row.appealed_from == agent_id:
        raise rules.OtherAgentDecides()
    load = table.find_load(agent_id)
    if complaint_id in load.held:
        return row
    if len(load.held) >= base.policy().complaints.agent_most:
        raise rules.TooManyTaken()
    queued, _ = table.places_of(row)
    if queued is not None:
        queued.taken_by = agent_id
        tx.save(queued)
    row.taken_by, load.held = agent_id, (*load.held, complaint_id)
    tx.save(load)
    tx.save(row)
    audit.record(tx, actor=agent_id, act="complaint.taken", subject=complaint_id, reason="领取申诉")
    return row


def decide(
    tx: Tx, *, complaint_id: str, agent_id: str, outcome: Outcome, refund_fen: int | None, reason: str
) -> ComplaintRow:
    """The agent who took it decides, with a reason. `refund_fen` null with a refund: all that was not given back yet.

    ComplaintNotFound, IllegalStep, NotTaken, OtherAgentDecides, RefundOutOfRange.
    """
    row = _stored(complaint_id)
    if row.state != ComplaintState.AWAITING_AGENT:
        raise rules.IllegalStep()
    rules.require_agent(agent_id, taken_by=row.taken_by, earlier_decider=row.appealed_from)
    assert row.facts is not None, "an agent decides on facts"
    left_fen = row.facts.total_fen - row.refunded_fen
    amount_fen = rules.checked_refund_fen(outcome, refund_fen, total_fen=left_fen)
    moves.decide(tx, row, _DECIDED[outcome], refund_fen=amount_fen, reason=reason, decided_by=agent_id)
    audit.record(tx, actor=agent_id, act=f"complaint.{outcome}", subject=complaint_id, reason=reason)
    return row


def accept(tx: Tx, *, complaint_id: str, client_id: str) -> ComplaintRow:
    """The client is content: it closes. ComplaintNotFound, IllegalStep."""
    row = _own(complaint_id, client_id=client_id)
    moves.move(tx, row, Step.ACCEPTED)
    return row


def appeal(tx: Tx, *, complaint_id: str, client_id: str, text: str) -> ComplaintRow:
    """The client wants another agent to look at it, once. ComplaintNotFound, AppealedAlready, IllegalStep."""
    row = _own(complaint_id, client_id=client_id)
    if row.appeal is not None:
        raise rules.AppealedAlready()
    if row.state != ComplaintState.AWAITING_CLIENT:
        raise rules.IllegalStep()
    row.appeal, row.appealed_from = text, row.decided_by
    moves.move(tx, row, Step.APPEALED, why="appealed")
    return row


def note_executed(tx: Tx, *, decision_id: str) -> None:
    """Settlement owes the client what was decided: the client is asked whether that will do."""
    row = _decided(decision_id)
    if row is not None:
        row.refunded_fen += row.refund_fen
        moves.move(tx, row, Step.EXECUTED)


def note_refused(tx: Tx, *, decision_id: str) -> None:
    """Settlement cannot give that back, or finance would not: an agent decides again."""
    row = _decided(decision_id)
    if row is not None:
        moves.move(tx, row, Step.REFUSED, why="refused")


def pass_deadline(tx: Tx, *, complaint_id: str, due_at: datetime) -> None:
    """Nobody acted in time: the complaint goes on without them. A deadline that was met changes nothing."""
    row = table.find_complaint(complaint_id)
    if row is None or row.due_at != due_at:
        return
    match ComplaintState(row.state):
        case ComplaintState.FILED:
            gather_facts(tx, complaint_id=complaint_id)
        case ComplaintState.AWAITING_COMPANION:
            _rule_or_ask(tx, row, Step.COMPANION_SILENT)
        case ComplaintState.AWAITING_AGENT:
            _escalate(tx, row, why="overdue")
        case ComplaintState.EXECUTING:
            _escalate(tx, row, why="stuck")
        case ComplaintState.AWAITING_CLIENT:
            moves.move(tx, row, Step.CLIENT_SILENT)


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
        raise rules.ComplaintNotFound()
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
        raise rules.ComplaintNotFound()
    if is_agent:
        audit.record(
            tx, actor=caller.subject, act="complaint.evidence_read", subject=complaint_id, reason="处理申诉时查看证据"
        )
    return files.link(stored.key)


def _rule_or_ask(tx: Tx, row: ComplaintRow, step: Step) -> None:
    """What the records decide is decided; the rest waits for an agent."""
    verdict = row.facts and rules.verdict_by_rule(
        Category(row.category),
        row.facts,
        contested=bool(row.is_contested),
        now=tx.now,
        policy=base.policy().complaints,
    )
    if verdict:
        moves.decide(
            tx, row, Step.RULED, refund_fen=verdict.refund_fen, reason=verdict.reason, decided_by=moves.BY_RULE
        )
    else:
        moves.move(tx, row, step, why="undecided")


def _escalate(tx: Tx, row: ComplaintRow, *, why: str) -> None:
    """Back into the queue for anybody, with a new deadline."""
    moves.unqueue(tx, row)
    row.escalations = int(row.escalations) + 1
    row.history = (*row.history, Entry(at=tx.now, step=why, state=ComplaintState(row.state)))[-_HISTORY_MOST:]
    moves.set_deadline(tx, row)
    moves.queue(tx, row, why=why)
    tx.save(row)


_HISTORY_MOST = 50


def _facts_of(order_id: str) -> Facts:
    from functions.booking import actions as booking
    from functions.care import actions as care
    from functions.tracking import actions as tracking

    order = booking.find_order(order_id)
    visit_id = ids.derived("vis", order_id)
    visit = tracking.find_visit(visit_id)
    report = care.report_times(visit_id, ended_at=visit.ended_at) if visit.ended_at else None
    return Facts(
        starts_at=order.starts_at,
        ended_at=visit.ended_at,
        arrived_at=visit.arrived_at,
        report_at=report.submitted_at if report else None,
        report_due_at=report.due_at if report else None,
        total_fen=order.total_fen,
    )


def _kept(tx: Tx, order_id: str, file_id: str) -> Evidence:
    stored = tx.once(f"evidence#{file_id}", lambda: _inspected(order_id, file_id))
    if isinstance(stored, Problem):
        raise stored
    return stored


def _inspected(order_id: str, file_id: str) -> Evidence | Problem:
    try:
        stored = files.inspect(moves.ROOM, owner=order_id, file_id=file_id, kinds=files.DOCUMENTS, field="evidence_ids")
    except (files.UploadMissing, files.UploadRefused) as problem:
        return problem
    files.keep(stored)
    return Evidence(file_id=file_id, key=stored.key, content_type=stored.content_type, sha256=stored.sha256)


def _completed(order_id: str, *, client_id: str) -> visited.ReviewRow:
    visit = visited.find_review(visited.review_id_of(order_id)) if ids.is_id("ord", order_id) else None
    if visit is None or visit.client_id != client_id:
        raise rules.OrderNotFound()
    return visit


def _stored(complaint_id: str) -> ComplaintRow:
    row = table.find_complaint(complaint_id) if ids.is_id("cpl", complaint_id) else None
    if row is None:
        raise rules.ComplaintNotFound()
    return row


def _own(complaint_id: str, *, client_id: str) -> ComplaintRow:
    row = _stored(complaint_id)
    if row.client_id != client_id:
        raise rules.ComplaintNotFound()
    return row


def _decided(decision_id: str) -> ComplaintRow | None:
    """The complaint whose decision in force this is, while it is being carried out."""
    decision = table.find_decision(decision_id)
    row = table.find_complaint(decision.complaint_id) if decision else None
    if row is None or row.decision_id != decision_id or row.state != ComplaintState.EXECUTING:
        return None
    return row


def _may_read(client_id: str, companion_id: str, caller: Caller) -> bool:
    own = {Role.CLIENT: client_id, Role.COMPANION: companion_id}
    is_party = any(role in caller.roles and caller.subject == account for role, account in own.items())
    return is_party or bool(caller.roles & {Role.AGENT, Role.ADMIN})
