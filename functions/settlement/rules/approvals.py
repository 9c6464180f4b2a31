"""Four eyes: what one person of finance proposes, another one decides (B10, B11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.ledger import Account, Code, parse_account
from functions.settlement.rules.refunds import RefundKind
from functions.shared.errors import Conflict, FieldError, Forbidden, Invalid
from functions.shared.money import fen


class ProposalState(StrEnum):
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    REJECTED = "rejected"


class SamePerson(Forbidden):
    """Whoever proposed it does not decide it."""

    code = "same_person"
    title = "提出人不能审批自己的申请，请由另一位财务人员处理"


class AlreadyDecided(Conflict):
    """The proposal was approved or rejected before."""

    code = "already_decided"
    title = "该申请已经处理过了"


@dataclass(frozen=True)
class BookingLine:
    """Account as text (`suspense`, `companion_debt:acc_…`) and signed fen."""

    account: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class BookingProposal:
    """Lines to be booked, or the transaction that shall be reversed."""

    lines: tuple[BookingLine, ...] = ()
    reverses_subject: str = ""
    reverses_id: str = ""

    @property
    def amounts(self) -> dict[Account, int]:
        return {parse_account(line.account): line.amount_fen for line in self.lines}


@dataclass(frozen=True, kw_only=True)
class RefundProposal:
    """A refund of an order with those who bear it: their parts sum to `amount_fen`."""

    order_id: str
    kind: RefundKind
    amount_fen: int
    from_companion_fen: int
    from_platform_fen: int
    from_goodwill_fen: int
    refund_id: str = ""
    """Set once it is carried out."""
    supplement_id: str = ""
    """The supplementary payment that is given back; empty for the order's own."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    proposal_id: str
    state: ProposalState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    """None for what needed no second person."""
    decided_at: datetime | None
    booking: BookingProposal | None
    refund: RefundProposal | None
    version: int


def require_second_person(proposal: Proposal, *, decided_by: str) -> None:
    """Raises AlreadyDecided, SamePerson."""
    if proposal.state is not ProposalState.AWAITING_APPROVAL:
        raise AlreadyDecided()
    if proposal.proposed_by == decided_by:
        raise SamePerson()


def _is_for_hands(account: Account) -> bool:
    """Rows beside the ledger know what is held, pending or under way; by hand only the ledger would change."""
    return account.is_sharded or account.code in (Code.COMPANION_AVAILABLE, Code.COMPANION_DEBT)


def checked_lines(lines: Sequence[tuple[str, int]]) -> tuple[BookingLine, ...]:
    """The lines, if they name accounts that exist, each once, and sum to zero. Raises Invalid with every mistake."""
    errors: list[FieldError] = []
    seen: set[Account] = set()
    for number, (text, amount_fen) in enumerate(lines):
        try:
            account = parse_account(text)
        except ValueError:
            errors.append(FieldError(f"lines[{number}].account", "没有这个科目，或科目缺少归属"))
            continue
        if not _is_for_hands(account):
            errors.append(FieldError(f"lines[{number}].account", "该科目由业务流程记账，不能人工调整"))
        if account in seen:
            errors.append(FieldError(f"lines[{number}].account", "同一科目只能出现一次"))
        seen.add(account)
        if not fen(amount_fen):
            errors.append(FieldError(f"lines[{number}].amount_fen", "金额不能为零"))
    rest = sum(amount_fen for _, amount_fen in lines)
    if rest:
        errors.append(FieldError("lines", f"借贷不平，相差 {rest} 分"))
    if errors:
        raise Invalid(errors=tuple(errors))
    return tuple(BookingLine(account, amount_fen) for account, amount_fen in lines)
