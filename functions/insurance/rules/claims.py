"""A claim (F36): from the client's draft to the insurer's word and payment, and the evidence in between.

What an insurer is shown is exactly what the client saw and agreed to: every item has its hash, and the bundle a digest
that is handed in with the consent.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.insurance.rules.policies import IllegalMove, Peril, Policy
from functions.shared.errors import Conflict, FieldError, Invalid, NotFound


class ClaimState(StrEnum):
    """Where a claim stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    EVIDENCE_REQUESTED = "evidence_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


_S = ClaimState
CLAIM_MOVES: Mapping[ClaimState, frozenset[ClaimState]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED, _S.WITHDRAWN}),
    _S.SUBMITTED: frozenset({_S.UNDER_REVIEW, _S.WITHDRAWN}),
    _S.UNDER_REVIEW: frozenset({_S.EVIDENCE_REQUESTED, _S.APPROVED, _S.REJECTED, _S.WITHDRAWN}),
    _S.EVIDENCE_REQUESTED: frozenset({_S.UNDER_REVIEW, _S.REJECTED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.PAID}),
    _S.REJECTED: frozenset({_S.APPEALED}),
    _S.APPEALED: frozenset({_S.APPROVED, _S.REJECTED, _S.WITHDRAWN}),
    _S.PAID: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
TITLES: Mapping[ClaimState, str] = {
    _S.DRAFT: "草稿",
    _S.SUBMITTED: "已提交，等待保险公司受理",
    _S.UNDER_REVIEW: "保险公司审核中",
    _S.EVIDENCE_REQUESTED: "请补充材料",
    _S.APPROVED: "同意赔付，等待到账",
    _S.REJECTED: "不予赔付",
    _S.APPEALED: "已申诉，等待复核",
    _S.PAID: "已赔付",
    _S.WITHDRAWN: "已撤回",
}
MAY_CHANGE = frozenset({_S.DRAFT, _S.EVIDENCE_REQUESTED})
"""When the client may still change what is handed in."""


class ClaimNotFound(NotFound):
    """There is no such claim, or it is somebody else's."""

    code = "claim_not_found"
    title = "没有找到这次报案"


class NotCovered(Conflict):
    """The policy does not cover this, not yet or not any more."""

    code = "not_covered"
    title = "这种情况不在保障范围内"


class FilingClosed(Conflict):
    """It is too late, or too early, to file."""

    code = "filing_closed"
    title = "现在不能报案"


class ClaimExists(Conflict):
    """The same loss of the same order is claimed once."""

    code = "claim_exists"
    title = "这一项已经报过案"


class EvidenceChanged(Conflict):
    """What would be shown is no longer what the client agreed to."""

    code = "evidence_changed"
    title = "材料有变化，请重新查看后再提交"


class AppealedBefore(Conflict):
    """A decision is appealed once."""

    code = "appealed_before"
    title = "每次报案只能申诉一次"


class AmountTooHigh(Invalid):
    """More than was lost, or than the policy pays."""

    code = "amount_too_high"
    title = "金额超过可赔付的上限"


@dataclass(frozen=True, kw_only=True)
class EvidenceItem:
    """One thing that the insurer is shown. `detail` is JSON; `sha256` is of kind, instant, title and detail."""

    kind: str
    at: datetime
    title: str
    detail: str

    @property
    def sha256(self) -> str:
        said = json.dumps([self.kind, self.at.isoformat(), self.title, self.detail], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ClaimFile:
    """A document that the client uploaded."""

    file_id: str
    key: str
    title: str
    content_type: str
    size_bytes: int
    sha256: str
    added_at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """One move of a claim, and who made it: client, insurer or system."""

    state: ClaimState
    at: datetime
    by: str


def digest_of(items: Sequence[EvidenceItem], files: Sequence[ClaimFile], story: str, amount_fen: int) -> str:
    """What the client agrees to: the hash over everything that is shown, in its order."""
    said = [story, amount_fen, *(item.sha256 for item in items), *(file.sha256 for file in files)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def check_filing(policy: Policy, peril_code: str, amount_fen: int, *, has_begun: bool, now: datetime) -> Peril:
    """What is claimed, if the policy covers it now; a visit may begin before its planned time.

    Raises NotCovered, FilingClosed, AmountTooHigh.
    """
    peril = policy.terms.peril(peril_code) if policy.terms else None
    if policy.terms is None or peril is None or not policy.is_in_force:
        raise NotCovered()
    covered_from = policy.issued_at + timedelta(hours=policy.terms.waiting_h)
    if now < covered_from or not (has_begun or now >= policy.starts_at):
        raise FilingClosed("陪诊开始后才能报案")
    if now >= policy.filing_until:
        raise FilingClosed("已超过报案期限")
    if amount_fen > peril.limit_fen + peril.deductible_fen:
        raise AmountTooHigh(errors=(FieldError("amount_fen", "超过这一项的限额"),))
    return peril


def check_handing_in(policy: Policy, *, now: datetime) -> None:
    """A draft may have lain for long: the policy must still be in force. Raises NotCovered, FilingClosed."""
    if now >= policy.filing_until:
        raise FilingClosed("已超过报案期限")
    if not policy.is_in_force:
        raise NotCovered("保单已经终止")


def was_handed_in(state: ClaimState) -> bool:
    """The insurer has it, or has answered it."""
    return state not in {_S.DRAFT, _S.WITHDRAWN}


def payable_fen(amount_fen: int, *, limit_fen: int, deductible_fen: int) -> int:
    """The most that the insurer may pay of a loss."""
    return min(limit_fen, max(0, amount_fen - deductible_fen))


def move_claim(state: ClaimState, to: ClaimState) -> ClaimState:
    """`to`, if a claim may go there from `state`; otherwise IllegalMove."""
    if to not in CLAIM_MOVES[state]:
        raise IllegalMove(f"报案{TITLES[state]}，不能这样操作")
    return to


def is_over(state: ClaimState, *, was_appealed: bool) -> bool:
    """Nothing follows any more: the evidence need not be kept for it."""
    return state in {_S.PAID, _S.WITHDRAWN} or (state is _S.REJECTED and was_appealed)
