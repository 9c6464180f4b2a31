"""Claims by their insurer (B13): taken up, asked more about, decided, paid."""

from collections.abc import Sequence

from functions.insurance.actions.claims import move
from functions.insurance.rules import claims as rules
from functions.insurance.rules.claims import ClaimNotFound, ClaimState
from functions.insurance.table import claims as table
from functions.insurance.table.claims import ClaimRow
from functions.shared.errors import FieldError, Invalid
from functions.shared.tx import Tx


def insurers_claim(claim_id: str, insurer_id: str) -> ClaimRow:
    """A claim that was handed in to this insurer; ClaimNotFound for another's, and for a draft."""
    claim = table.find_claim(claim_id)
    if claim is None or claim.insurer_id != insurer_id or claim.digest is None:
        raise ClaimNotFound()
    return claim


def claims_of(insurer_id: str, month: str, *, limit: int, after: str | None) -> tuple[Sequence[ClaimRow], str | None]:
    """A page of what the insurer was given in a month, oldest first: a Query, and a read for each."""
    places, last = table.claims_of_insurer(insurer_id, month, limit=limit, after=after)
    found = [table.find_claim(place.claim_id) for place in places]
    return [claim for claim in found if claim is not None], last


def acknowledge(tx: Tx, *, claim_id: str, insurer_id: str) -> ClaimRow:
    """The insurer has taken it up. ClaimNotFound, IllegalMove."""
    claim = insurers_claim(claim_id, insurer_id)
    move(tx, claim, ClaimState.UNDER_REVIEW, by="insurer")
    return claim


def request_evidence(tx: Tx, *, claim_id: str, insurer_id: str, wanted: str) -> ClaimRow:
    """Ask the client for more, in words. ClaimNotFound, IllegalMove."""
    claim = insurers_claim(claim_id, insurer_id)
    claim.sealed_request = claim.seal("request", wanted)
    move(tx, claim, ClaimState.EVIDENCE_REQUESTED, by="insurer")
    return claim


def decide(
    tx: Tx, *, claim_id: str, insurer_id: str, is_approved: bool, amount_fen: int | None, reason: str
) -> ClaimRow:
    """Approve an amount, or reject with a reason that the client reads.

    Raises ClaimNotFound, IllegalMove, AmountTooHigh, Invalid if the amount does not fit the decision.
    """
    claim = insurers_claim(claim_id, insurer_id)
    if is_approved != (amount_fen is not None):
        raise Invalid(errors=(FieldError("amount_fen", "同意赔付时必填，不予赔付时不填"),))
    most_fen = rules.payable_fen(
        int(claim.amount_fen), limit_fen=int(claim.limit_fen), deductible_fen=int(claim.deductible_fen)
    )
    if amount_fen is not None and amount_fen > most_fen:
        raise rules.AmountTooHigh(errors=(FieldError("amount_fen", f"最多 {most_fen} 分"),))
    claim.approved_fen, claim.sealed_reason = amount_fen, claim.seal("reason", reason)
    move(tx, claim, ClaimState.APPROVED if is_approved else ClaimState.REJECTED, by="insurer")
    return claim


def confirm_payment(tx: Tx, *, claim_id: str, insurer_id: str, amount_fen: int, reference: str) -> ClaimRow:
    """The insurer has paid the client. ClaimNotFound, IllegalMove, Invalid for another amount than was approved."""
    claim = insurers_claim(claim_id, insurer_id)
    if claim.at is ClaimState.APPROVED and amount_fen != claim.approved_fen:
        raise Invalid(errors=(FieldError("amount_fen", "与同意赔付的金额不一致"),))
    claim.paid_fen, claim.payment_reference = amount_fen, reference
    move(tx, claim, ClaimState.PAID, by="insurer")
    return claim
