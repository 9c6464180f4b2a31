"""What comes on top of a visit's price: overtime, and what the companion laid out."""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.shared import ids
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.rules.overtime import OvertimeRequest
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.visits import Visit, visit_key

_PAGE = 100


class Extras(TrackingRow, discriminator="visit_extras"):
    """One row for the whole visit, so that two requests at once cannot both be within a limit."""

    cap_fen = FenAttribute(default=0)
    """Up to how much overtime the client approved in advance."""
    overtime: JsonAttribute[tuple[OvertimeRequest, ...]] = JsonAttribute(tuple[OvertimeRequest, ...])
    claimed_fen = FenAttribute(default=0)
    """Expenses that were asked for and not declined."""


class Expense(TrackingRow, discriminator="visit_expense"):
    """Money that the companion laid out; words are sealed with the visit's key, the receipt lies in the bucket."""

    expense_id = UnicodeAttribute()
    expense_kind = UnicodeAttribute()
    amount_fen = FenAttribute()
    state = UnicodeAttribute()
    asked_at = InstantAttribute()
    answered_at = InstantAttribute(null=True)
    sealed_note = UnicodeAttribute(null=True)
    sealed_reason = UnicodeAttribute(null=True)
    file_key = UnicodeAttribute()
    content_type = UnicodeAttribute()
    sha256 = UnicodeAttribute()


class ReceiptUse(TrackingRow, discriminator="receipt_use"):
    """The expense that a receipt stands for, by its hash."""

    visit_id = UnicodeAttribute()
    expense_id = UnicodeAttribute()


def extras_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "EXTRAS"


def expense_key(visit_id: str, expense_id: str) -> tuple[str, str]:
    return visit_id, f"EXPENSE#{expense_id}"


def receipt_key(sha256: str) -> tuple[str, str]:
    return f"RECEIPT#{sha256}", "USE"


def new_extras(visit_id: str, *, cap_fen: int = 0) -> Extras:
    return Extras(*extras_key(visit_id), cap_fen=cap_fen, overtime=())


def find_visit_and_extras(visit_id: str) -> tuple[Visit | None, Extras]:
    """The visit and what came on top of it (a new row if nothing did): one BatchGetItem."""
    if not ids.is_id("vis", visit_id):
        return None, new_extras(visit_id)
    rows = find_all(TrackingRow, [visit_key(visit_id), extras_key(visit_id)])
    visit, extras = rows.get(visit_key(visit_id)), rows.get(extras_key(visit_id))
    assert visit is None or isinstance(visit, Visit)
    return visit, extras if isinstance(extras, Extras) else new_extras(visit_id)


def find_expense(visit_id: str, expense_id: str) -> Expense | None:
    return find(Expense, *expense_key(visit_id, expense_id)) if ids.is_id("exp", expense_id) else None


def find_receipt_use(sha256: str) -> ReceiptUse | None:
    return find(ReceiptUse, *receipt_key(sha256))


def expenses_of(visit_id: str) -> Sequence[Expense]:
    """The visit's expenses, oldest first: one Query."""
    rows, _ = query_page(Expense, visit_id, prefix="EXPENSE#", limit=_PAGE)
    return rows
