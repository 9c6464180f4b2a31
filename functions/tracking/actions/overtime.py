"""Overtime (B9): proposed by the companion, answered by the client, or approved in advance up to a cap."""

from datetime import datetime

from functions.shared import ids
from functions.shared.caller import Caller
from functions.shared.errors import PreconditionFailed
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.visits import open_key
from functions.tracking.events import VisitOvertimeApproved, VisitOvertimeAsked, VisitOvertimeDeclined
from functions.tracking.rules import overtime as rules
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.overtime import OvertimeRequest, OvertimeState
from functions.tracking.rules.progress import VisitNotFound, VisitState, require_underway
from functions.tracking.table import extras as rows
from functions.tracking.table.extras import Extras

SEES_EXTRAS = frozenset({Standing.CLIENT, Standing.COMPANION, Standing.STAFF})
"""Guests follow the visit; what it costs is not theirs to see."""


def authorise(tx: Tx, *, visit_id: str, client_id: str, cap_fen: int, version: int) -> Extras:
    """Approve overtime in advance, up to `cap_fen` in all; 0 takes it back for what is asked from now on.

    Raises VisitNotFound, VisitNotRunning, PreconditionFailed.
    """
    visit, extras = load_extras(visit_id)
    if visit.client_id != client_id:
        raise VisitNotFound()
    if version != int(extras.version or 0):
        raise PreconditionFailed()
    require_underway(VisitState(visit.state))
    extras.cap_fen = cap_fen
    tx.save(extras)
    return extras


def propose(tx: Tx, *, visit_id: str, companion_id: str, minutes: int) -> OvertimeRequest:
    """Ask for more time; within the client's cap it is approved at once (one read here and one of the order).

    Raises VisitNotFound and what `rules.overtime.propose` raises.
    """
    from functions.booking import actions as booking

    visit, extras = load_extras(visit_id)
    if visit.companion_id != companion_id:
        raise VisitNotFound()
    extension = rules.propose(
        booking.overtime_terms(visit.order_id),
        extras.overtime,
        minutes=minutes,
        state=VisitState(visit.state),
        planned_end=visit.ends_at,
        ended_at=visit.ended_at,
        now=tx.now,
        policy=table.policy(),
    )
    automatic = rules.is_authorised(extras.cap_fen, extras.overtime, extension.amount_fen)
    request = OvertimeRequest(
        overtime_id=ids.new("ovt", tx.now),
        minutes=extension.minutes,
        amount_fen=extension.amount_fen,
        share_fen=extension.share_fen,
        commission_fen=extension.commission_fen,
        state=OvertimeState.APPROVED if automatic else OvertimeState.ASKED,
        asked_at=tx.now,
        answered_at=tx.now if automatic else None,
        automatic=automatic,
    )
    extras.overtime = (*extras.overtime, request)
    tx.save(extras)
    if automatic:
        tx.emit(_approved(visit, request))
    else:
        tx.emit(
            VisitOvertimeAsked(
                visit_id=visit_id,
                order_id=visit.order_id,
                client_id=visit.client_id,
                companion_id=companion_id,
                overtime_id=request.overtime_id,
                minutes=request.minutes,
                amount_fen=request.amount_fen,
            )
        )
    return request


def answer(
    tx: Tx, *, visit_id: str, overtime_id: str, client_id: str, is_approved: bool, reason: str | None = None
) -> OvertimeRequest:
    """The client's answer. Raises VisitNotFound, OvertimeNotFound, OvertimeAnswered."""
    visit, extras = load_extras(visit_id)
    if visit.client_id != client_id:
        raise VisitNotFound()
    sealed = open_key(visit).encrypt("overtime_reason", reason) if reason else None
    state = OvertimeState.APPROVED if is_approved else OvertimeState.DECLINED
    extras.overtime, answered = rules.answer(extras.overtime, overtime_id, state, at=tx.now, reason=sealed)
    tx.save(extras)
    if is_approved:
        tx.emit(_approved(visit, answered))
    else:
        tx.emit(
            VisitOvertimeDeclined(
                visit_id=visit_id,
                order_id=visit.order_id,
                client_id=client_id,
                companion_id=visit.companion_id,
                overtime_id=overtime_id,
                minutes=answered.minutes,
                amount_fen=answered.amount_fen,
            )
        )
    return answered


def read_overtime(visit_id: str, *, caller: Caller) -> tuple[table.Visit, Extras]:
    """The visit's overtime for its client, its companion and staff (one read); VisitNotFound for everybody else."""
    visit, extras = load_extras(visit_id)
    require_insider(visit, caller)
    return visit, extras


def reason_of(visit: table.Visit, request: OvertimeRequest) -> str | None:
    """Why the client declined."""
    return open_key(visit).decrypt("overtime_reason", request.sealed_reason) if request.sealed_reason else None


def require_insider(visit: table.Visit, caller: Caller) -> Standing:
    """The caller's part in the visit; VisitNotFound for guests and strangers."""
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing not in SEES_EXTRAS:
        raise VisitNotFound()
    return standing


def load_extras(visit_id: str) -> tuple[table.Visit, Extras]:
    """The visit and what came on top of it: one read. VisitNotFound."""
    visit, extras = rows.find_visit_and_extras(visit_id)
    if visit is None:
        raise VisitNotFound()
    return visit, extras


def _approved(visit: table.Visit, request: OvertimeRequest) -> VisitOvertimeApproved:
    answered_at: datetime | None = request.answered_at
    assert answered_at is not None, "an approved request was answered"
    return VisitOvertimeApproved(
        visit_id=visit.visit_id,
        order_id=visit.order_id,
        client_id=visit.client_id,
        companion_id=visit.companion_id,
        overtime_id=request.overtime_id,
        minutes=request.minutes,
        amount_fen=request.amount_fen,
        share_fen=request.share_fen,
        commission_fen=request.commission_fen,
        automatic=request.automatic,
        approved_at=answered_at,
    )
