"""Manual bookings over HTTP: proposed by one person, decided by another."""

from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import DECIDERS, READERS, WRITERS, routes
from functions.settlement.rules import ledger
from functions.settlement.rules.approvals import AlreadyDecided, SamePerson
from functions.settlement.rules.ledger import NotReversible, Overdrawn
from functions.settlement.schemas.refunds import (
    Decision,
    ManualBookingView,
    ProposalsQuery,
    ProposalView,
    ProposeBooking,
)
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, decode_cursor, encode_cursor


@routes.post(
    "/manual-bookings",
    summary="提出人工调账",
    roles=WRITERS,
    body=ProposeBooking,
    reply=ManualBookingView,
    status=201,
    effect=True,
    problems=(NotFound, NotReversible),
)
def propose_booking(call: Call[ProposeBooking]) -> ManualBookingView:
    """填写借贷平衡的分录，或指定要冲正的分录；经另一位人员批准后才会入账。借方为正，贷方为负。"""
    reverses = call.body.reverses
    return ManualBookingView.of(
        actions.propose_booking(
            call.tx,
            proposed_by=call.caller.subject,
            reason=call.body.reason,
            lines=[(line.account, line.amount_fen) for line in call.body.lines],
            reverses=(reverses.subject, reverses.transaction_id) if reverses else None,
        )
    )


@routes.get(
    "/manual-bookings/{booking_id}",
    summary="一笔人工调账",
    roles=READERS,
    reply=ManualBookingView,
    problems=(NotFound,),
)
def get_manual_booking(call: Call[Any], booking_id: str) -> ManualBookingView:
    """分录、理由、提出人与审批人。"""
    return ManualBookingView.of(actions.find_proposal(booking_id, kind="mbk"))


@routes.post(
    "/manual-bookings/{booking_id}/approve",
    summary="批准人工调账",
    roles=DECIDERS,
    reply=ManualBookingView,
    effect=True,
    problems=(NotFound, AlreadyDecided, SamePerson, NotReversible, Overdrawn),
)
def approve_booking(call: Call[Any], booking_id: str) -> ManualBookingView:
    """必须由提出人以外的人批准；批准即入账，之后只能冲正。"""
    return ManualBookingView.of(
        actions.decide(call.tx, booking_id, kind="mbk", decided_by=call.caller.subject, is_approved=True)
    )


@routes.post(
    "/manual-bookings/{booking_id}/reject",
    summary="驳回人工调账",
    roles=DECIDERS,
    body=Decision,
    reply=ManualBookingView,
    effect=True,
    problems=(NotFound, AlreadyDecided, SamePerson),
)
def reject_booking(call: Call[Decision], booking_id: str) -> ManualBookingView:
    """驳回须说明理由；账目不变。"""
    return ManualBookingView.of(
        actions.decide(
            call.tx,
            booking_id,
            kind="mbk",
            decided_by=call.caller.subject,
            is_approved=False,
            reason=call.body.reason,
        )
    )


@routes.get("/proposals", summary="财务申请", roles=READERS, query=ProposalsQuery, reply=Page[ProposalView])
def list_proposals(call: Call[Any]) -> Page[ProposalView]:
    """一个月内提出的人工调账与退款申请，从新到旧，含待审批、已批准与已驳回。"""
    month = call.query.month or ledger.month_of(call.now)
    after = decode_cursor(call.query.cursor)
    proposals, last = actions.proposals_of(month, limit=call.query.limit, after=after)
    return Page(items=[ProposalView.of(each) for each in proposals], next_cursor=encode_cursor(last))
