"""Proposals of finance: made by one person, decided by another, carried out in the same transaction (B10, B11)."""

from collections.abc import Sequence
from datetime import datetime

from functions.settlement import table
from functions.settlement.actions.ledger import post
from functions.settlement.actions.refund_orders import carry_out
from functions.settlement.events import RefundOrderCarriedOut, RefundOrderRejected
from functions.settlement.rules import ledger
from functions.settlement.rules.approvals import (
    BookingProposal,
    Proposal,
    ProposalState,
    checked_lines,
    require_second_person,
)
from functions.settlement.rules.ledger import NotReversible, Transaction
from functions.settlement.table import ProposalRow
from functions.shared import audit, ids
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.tx import Tx


def propose_booking(
    tx: Tx, *, proposed_by: str, reason: str, lines: Sequence[tuple[str, int]], reverses: tuple[str, str] | None
) -> Proposal:
    """Propose lines (account as text, signed fen), or the reversal of a transaction (its subject and id).

    Nothing is booked before a second person approves. Raises Invalid, NotFound, NotReversible.
    """
    if bool(lines) == bool(reverses):
        raise Invalid(errors=(FieldError("lines", "请填写分录，或者填写要冲正的分录，二者选一"),))
    if reverses:
        wanted = BookingProposal(reverses_subject=reverses[0], reverses_id=reverses[1])
        _reversal(wanted, at=tx.now)
    else:
        wanted = BookingProposal(lines=checked_lines(lines))
    row = _row(ids.new("mbk", tx.now), tx.now, proposed_by=proposed_by, reason=reason)
    row.booking = wanted
    tx.insert(row)
    tx.insert(row.entry)
    audit.record(tx, actor=proposed_by, act="booking.proposed", subject=row.proposal_id, reason=reason)
    return row.to_proposal()


def decide(tx: Tx, proposal_id: str, *, kind: str, decided_by: str, is_approved: bool, reason: str = "") -> Proposal:
    """Approve a proposal, which carries it out, or reject it. `kind` is the id's (`mbk` bookings, `rfo` refunds).

    Raises NotFound, AlreadyDecided, SamePerson, and what stands in the way by now: Overdrawn, NotReversible,
    RefundTooLarge.
    """
    row = table.find_proposal(proposal_id) if ids.is_id(kind, proposal_id) else None
    if row is None:
        raise NotFound()
    require_second_person(row.to_proposal(), decided_by=decided_by)
    row.state = ProposalState.APPROVED if is_approved else ProposalState.REJECTED
    row.decided_by, row.decided_at = decided_by, tx.now
    if is_approved and row.booking is not None:
        post(tx, _booking(row, at=tx.now))
    if is_approved and row.refund is not None:
        row.refund = carry_out(tx, row.refund)
    if row.refund is not None:
        told = RefundOrderCarriedOut if is_approved else RefundOrderRejected
        tx.emit(told(refund_order_id=proposal_id, order_id=row.refund.order_id))
    tx.save(row)
    what = "booking" if row.booking is not None else "refund"
    act = f"{what}.{row.state}"
    audit.record(tx, actor=decided_by, act=act, subject=proposal_id, reason=reason or row.reason)
    return row.to_proposal()


def _booking(row: ProposalRow, *, at: datetime) -> Transaction:
    if row.booking.lines:
        return ledger.manual_booking(booking_id=row.proposal_id, amounts=row.booking.amounts, at=at)
    return _reversal(row.booking, at=at)


def _reversal(wanted: BookingProposal, *, at: datetime) -> Transaction:
    """The reversal of a transaction that exists and was not reversed before."""
    subject, transaction_id = wanted.reverses_subject, wanted.reverses_id
    reversed_ = table.find_transaction(subject, transaction_id)
    if reversed_ is None:
        raise NotFound()
    if table.find_transaction(subject, f"reversal#{transaction_id}") is not None:
        raise NotReversible("这笔分录已经冲正过了")
    return ledger.reversal(reversed_, at=at)


def _row(proposal_id: str, at: datetime, *, proposed_by: str, reason: str) -> ProposalRow:
    return ProposalRow(
        *table.proposal_key(proposal_id),
        proposal_id=proposal_id,
        state=ProposalState.AWAITING_APPROVAL,
        reason=reason,
        proposed_by=proposed_by,
        proposed_at=at,
    )


def find_proposal(proposal_id: str, *, kind: str) -> Proposal:
    """The proposal of this kind (`mbk`, `rfo`) as it stands; NotFound."""
    row = table.find_proposal(proposal_id) if ids.is_id(kind, proposal_id) else None
    if row is None:
        raise NotFound()
    return row.to_proposal()


def proposals_of(month: str, *, limit: int, after: str | None) -> tuple[list[Proposal], str | None]:
    """A page of what was proposed in a China month (`2026-03`), latest first."""
    rows, last = table.proposals_of(month, limit=limit, after=after)
    return [row.to_proposal() for row in rows], last
