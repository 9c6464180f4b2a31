"""What insurers call: their own claims, and what they decide (B13). They sign in with `POST /sessions/machine`."""

from collections.abc import Callable
from typing import Any

import msgspec

from functions.insurance.actions import claim_handling as actions
from functions.insurance.actions.requests import RequestIdReused, answer_once
from functions.insurance.api.declared import routes
from functions.insurance.rules import claims as rules
from functions.insurance.rules.policies import IllegalMove
from functions.insurance.schemas.claims import (
    Acknowledgement,
    ClaimDecision,
    ClaimPayment,
    ClaimsQuery,
    ClaimStanding,
    EvidenceRequest,
    InsurersClaim,
    InsurersClaimLine,
)
from functions.insurance.table.claims import ClaimRow
from functions.shared.caller import Role
from functions.shared.errors import Invalid
from functions.shared.http import Call, Page, decode_cursor, encode_cursor

_INSURER = frozenset({Role.INSURER})
_ANSWER = (rules.ClaimNotFound, IllegalMove, RequestIdReused)


@routes.get(
    "/insurer/claims",
    summary="保险公司：收到的报案",
    roles=_INSURER,
    query=ClaimsQuery,
    reply=Page[InsurersClaimLine],
    problems=(Invalid,),
)
def list_insurers_claims(call: Call[Any]) -> Page[InsurersClaimLine]:
    """只有本公司的，按收到的先后。"""
    query: ClaimsQuery = call.query
    found, last = actions.claims_of(
        call.caller.subject, query.month, limit=query.limit, after=decode_cursor(query.cursor)
    )
    return Page(items=[InsurersClaimLine.of(claim) for claim in found], next_cursor=encode_cursor(last))


@routes.get(
    "/insurer/claims/{claim_id}",
    summary="保险公司：报案内容",
    roles=_INSURER,
    reply=InsurersClaim,
    problems=(rules.ClaimNotFound,),
)
def read_insurers_claim(call: Call[Any], claim_id: str) -> InsurersClaim:
    """投保人同意出示的凭证，逐条带哈希；材料链接五分钟内有效。"""
    return InsurersClaim.of(actions.insurers_claim(claim_id, call.caller.subject))


@routes.post(
    "/insurer/claims/{claim_id}/acknowledgement",
    summary="保险公司：受理",
    roles=_INSURER,
    body=Acknowledgement,
    reply=ClaimStanding,
    problems=_ANSWER,
)
def acknowledge(call: Call[Acknowledgement], claim_id: str) -> ClaimStanding:
    """同一 request_id 重发得到同一应答，内容不同则为 409。"""
    return _once(
        call, claim_id, lambda: actions.acknowledge(call.tx, claim_id=claim_id, insurer_id=call.caller.subject)
    )


@routes.post(
    "/insurer/claims/{claim_id}/evidence-requests",
    summary="保险公司：要求补充材料",
    roles=_INSURER,
    body=EvidenceRequest,
    reply=ClaimStanding,
    problems=_ANSWER,
)
def request_evidence(call: Call[EvidenceRequest], claim_id: str) -> ClaimStanding:
    """投保人会收到通知。"""
    return _once(
        call,
        claim_id,
        lambda: actions.request_evidence(
            call.tx, claim_id=claim_id, insurer_id=call.caller.subject, wanted=call.body.wanted
        ),
    )


@routes.post(
    "/insurer/claims/{claim_id}/decision",
    summary="保险公司：结论",
    roles=_INSURER,
    body=ClaimDecision,
    reply=ClaimStanding,
    problems=(*_ANSWER, rules.AmountTooHigh, Invalid),
)
def decide(call: Call[ClaimDecision], claim_id: str) -> ClaimStanding:
    """赔付金额不超过限额与免赔额允许的范围。"""
    body = call.body
    return _once(
        call,
        claim_id,
        lambda: actions.decide(
            call.tx,
            claim_id=claim_id,
            insurer_id=call.caller.subject,
            is_approved=body.decision == "approve",
            amount_fen=body.amount_fen,
            reason=body.reason,
        ),
    )


@routes.post(
    "/insurer/claims/{claim_id}/payment",
    summary="保险公司：确认付款",
    roles=_INSURER,
    body=ClaimPayment,
    reply=ClaimStanding,
    problems=(*_ANSWER, Invalid),
)
def confirm_payment(call: Call[ClaimPayment], claim_id: str) -> ClaimStanding:
    """赔款由保险公司直接付给投保人，金额须与结论一致。"""
    body = call.body
    return _once(
        call,
        claim_id,
        lambda: actions.confirm_payment(
            call.tx,
            claim_id=claim_id,
            insurer_id=call.caller.subject,
            amount_fen=body.amount_fen,
            reference=body.reference,
        ),
    )


def _once(call: Call[Any], claim_id: str, act: Callable[[], ClaimRow]) -> ClaimStanding:
    kind = type(call.body).__name__
    return answer_once(
        call.tx,
        insurer_id=call.caller.subject,
        request_id=call.body.request_id,
        said=msgspec.json.encode([kind, claim_id, call.body]),
        reply=ClaimStanding,
        act=lambda: ClaimStanding.of(act()),
    )
