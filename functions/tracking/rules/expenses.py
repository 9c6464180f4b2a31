"""What the companion paid for the patient (B9): each with its receipt, each approved or declined by the client."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound
from functions.shared.money import yuan
from functions.tracking.rules.overtime import ON_SITE
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import VisitNotRunning, VisitState


class ExpenseKind(StrEnum):
    """What was paid for."""

    REGISTRATION = "registration"
    MEDICINE = "medicine"
    EXAMINATION = "examination"
    TRANSPORT = "transport"
    OTHER = "other"


EXPENSE_TITLES: Mapping[ExpenseKind, str] = {
    ExpenseKind.REGISTRATION: "挂号费",
    ExpenseKind.MEDICINE: "药费",
    ExpenseKind.EXAMINATION: "检查费",
    ExpenseKind.TRANSPORT: "交通费",
    ExpenseKind.OTHER: "其他垫付",
}


class ExpenseState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


class ExpenseNotFound(NotFound):
    """There is no such expense in this visit."""

    code = "expense_not_found"
    title = "没有找到这笔垫付"


class ExpenseAnswered(Conflict):
    """An expense is answered once."""

    code = "expense_answered"
    title = "这笔垫付已经答复过了"


class ExpenseTooLarge(Conflict):
    """More than a companion may lay out in one visit."""

    code = "expense_too_large"
    title = "垫付金额超过上限，请由用户直接支付"


class ReceiptAlreadyUsed(Conflict):
    """The same receipt stands for another expense that was not declined."""

    code = "receipt_already_used"
    title = "这张凭证已经用于另一笔垫付"


def check_claimable(
    state: VisitState, *, ended_at: datetime | None, amount_fen: int, claimed_fen: int, now: datetime, policy: Policy
) -> None:
    """Raises VisitNotRunning, or ExpenseTooLarge for more than the policy allows: in one go, or with `claimed_fen`."""
    latest = ended_at + timedelta(seconds=policy.extras_after_end_s) if ended_at else now
    if state not in ON_SITE | {VisitState.ENDED, VisitState.REPORTED} or now > latest:
        raise VisitNotRunning()
    if amount_fen > policy.expense_max_fen:
        raise ExpenseTooLarge(f"单笔垫付最多 {yuan(policy.expense_max_fen)}")
    if claimed_fen + amount_fen > policy.expenses_max_fen:
        raise ExpenseTooLarge(f"一次陪诊最多垫付 {yuan(policy.expenses_max_fen)}")


def require_asked(state: ExpenseState) -> None:
    """ExpenseAnswered unless the client has not answered yet."""
    if state is not ExpenseState.ASKED:
        raise ExpenseAnswered()
