"""What the companion laid out for the patient (B9): claimed with a receipt, answered one by one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.shared import audit, files, ids
from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit
from functions.tracking.actions.overtime import load_extras, require_insider
from functions.tracking.actions.visits import open_key
from functions.tracking.events import VisitExpenseApproved, VisitExpenseAsked, VisitExpenseDeclined
from functions.tracking.rules import expenses as rules
from functions.tracking.rules.access import Standing
from functions.tracking.rules.expenses import ExpenseKind, ExpenseState
from functions.tracking.rules.progress import VisitNotFound, VisitState
from functions.tracking.table import extras as rows
from functions.tracking.table.extras import Expense

ROOM = "tracking"


@dataclass(frozen=True)
class Claim:
    """An expense with its words and a link of five minutes to its receipt."""

    expense: Expense
    note: str | None
    reason: str | None
    receipt_url: str


def allow_evidence(*, visit_id: str, caller: Caller, content_type: str, now: datetime) -> files.Upload:
    """Leave for client or companion to upload a receipt or a photo in five minutes (one read).

    Raises VisitNotFound, Invalid.
    """
    visit = load_visit(visit_id)
    if require_insider(visit, caller) is Standing.STAFF:
        raise VisitNotFound()
    return files.allow_upload(ROOM, owner=visit_id, content_type=content_type, kinds=files.DOCUMENTS, now=now)


def claim(
    tx: Tx,
    *,
    visit_id: str,
    companion_id: str,
    kind: ExpenseKind,
    amount_fen: int,
    receipt_file_id: str,
    note: str | None,
) -> Claim:
    """Ask the client to give back what was laid out (two reads and a look into the bucket).

    Raises VisitNotFound, VisitNotRunning, ExpenseTooLarge, ReceiptAlreadyUsed, UploadMissing, UploadRefused.
    """
    visit, extras = load_extras(visit_id)
    if visit.companion_id != companion_id:
        raise VisitNotFound()
    rules.check_claimable(
        VisitState(visit.state),
        ended_at=visit.ended_at,
        amount_fen=amount_fen,
        claimed_fen=extras.claimed_fen,
        now=tx.now,
        policy=table.policy(),
    )
    stored = tx.once(f"receipt#{receipt_file_id}", lambda: _inspected(visit_id, receipt_file_id))
    expense = Expense(
        *rows.expense_key(visit_id, ids.new("exp", tx.now)),
        expense_kind=kind,
        amount_fen=amount_fen,
        state=ExpenseState.ASKED,
        asked_at=tx.now,
        sealed_note=open_key(visit).encrypt("expense_note", note) if note else None,
        file_key=stored.key,
        content_type=stored.content_type,
        sha256=stored.sha256,
    )
    expense.expense_id = str(expense.sk).removeprefix("EXPENSE#")
    _use_receipt(tx, visit_id, expense)
    tx.insert(expense)
    extras.claimed_fen += amount_fen
    tx.save(extras)
    tx.emit(VisitExpenseAsked(**_facts(visit, expense)))
    return _claim(visit, expense)


def answer(
    tx: Tx, *, visit_id: str, expense_id: str, client_id: str, is_approved: bool, reason: str | None = None
) -> Claim:
    """The client's answer to one expense. Raises VisitNotFound, ExpenseNotFound, ExpenseAnswered."""
    visit, extras = load_extras(visit_id)
    if visit.client_id != client_id:
        raise VisitNotFound()
    expense = rows.find_expense(visit_id, expense_id)
    if expense is None:
        raise rules.ExpenseNotFound()
    rules.require_asked(ExpenseState(expense.state))
    expense.state = ExpenseState.APPROVED if is_approved else ExpenseState.DECLINED
    expense.answered_at = tx.now
    expense.sealed_reason = open_key(visit).encrypt("expense_reason", reason) if reason else None
    tx.save(expense)
    if is_approved:
        tx.emit(VisitExpenseApproved(**_facts(visit, expense), approved_at=tx.now))
    else:
        extras.claimed_fen -= expense.amount_fen
        tx.save(extras)
        tx.emit(VisitExpenseDeclined(**_facts(visit, expense)))
    return _claim(visit, expense)


def read_expenses(tx: Tx, *, visit_id: str, caller: Caller) -> list[Claim]:
    """The visit's expenses, oldest first (two reads), for its client, its companion and staff, whose look is recorded.

    VisitNotFound for everybody else.
    """
    visit = load_visit(visit_id)
    if require_insider(visit, caller) is Standing.STAFF:
        audit.record(tx, actor=caller.subject, act="visit_expenses.viewed", subject=visit_id)
    return [_claim(visit, expense) for expense in rows.expenses_of(visit_id)]


def _use_receipt(tx: Tx, visit_id: str, expense: Expense) -> None:
    """A receipt stands for one expense; after that was declined it may be handed in again for the same visit."""
    use = rows.find_receipt_use(expense.sha256)
    if use is None:
        use = rows.ReceiptUse(*rows.receipt_key(expense.sha256))
    else:
        earlier = rows.find_expense(use.visit_id, use.expense_id)
        if use.visit_id != visit_id or earlier is None or earlier.state != ExpenseState.DECLINED:
            raise rules.ReceiptAlreadyUsed()
    use.visit_id, use.expense_id = visit_id, expense.expense_id
    tx.save(use)


def _inspected(visit_id: str, file_id: str) -> files.Stored:
    stored = files.inspect(ROOM, owner=visit_id, file_id=file_id, kinds=files.DOCUMENTS, field="receipt_file_id")
    files.keep(stored)
    return stored


def _facts(visit: table.Visit, expense: Expense) -> dict[str, Any]:
    return {
        "visit_id": visit.visit_id,
        "order_id": visit.order_id,
        "client_id": visit.client_id,
        "companion_id": visit.companion_id,
        "expense_id": expense.expense_id,
        "expense_kind": expense.expense_kind,
        "amount_fen": expense.amount_fen,
    }


def _claim(visit: table.Visit, expense: Expense) -> Claim:
    key = open_key(visit)
    return Claim(
        expense,
        note=key.decrypt("expense_note", expense.sealed_note) if expense.sealed_note else None,
        reason=key.decrypt("expense_reason", expense.sealed_reason) if expense.sealed_reason else None,
        receipt_url=files.link(expense.file_key),
    )
