"""Rows of the daily reconciliation.

RECONCILIATIONS#<China month>   <China day>     how the day's comparison came out
RECONCILIATION#<China day>      <case>          one difference and what became of it
BOOKINGUSE#<manual booking>     USE             the one difference that a booking put right
"""

from collections.abc import Iterator
from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.settlement.rules.reconciliation import CaseState, Difference
from functions.settlement.table.keys import Key
from functions.settlement.table.rows import SettlementRow
from functions.shared.table import InstantAttribute, JsonAttribute, SumFenAttribute, find, query_page

_PAGE = 100


class ReconciliationRow(SettlementRow, discriminator="reconciliation"):
    day = UnicodeAttribute()
    state = UnicodeAttribute()
    at = InstantAttribute()
    """When it was last compared, or tried to."""
    reason = UnicodeAttribute(null=True)
    """Why it failed."""
    matched = NumberAttribute(default=0)
    matched_fen = SumFenAttribute(default=0)
    fees_fen = SumFenAttribute(default=0)
    cases = NumberAttribute(default=0)
    off_fen = SumFenAttribute(default=0)
    signed_by = UnicodeAttribute(null=True)
    signed_at = InstantAttribute(null=True)


class CaseRow(SettlementRow, discriminator="reconciliation_case"):
    case_id = UnicodeAttribute()
    state = UnicodeAttribute()
    difference: JsonAttribute[Difference] = JsonAttribute(Difference)
    found_at = InstantAttribute()
    resolution = UnicodeAttribute(null=True)
    booking_id = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    resolved_by = UnicodeAttribute(null=True)
    resolved_at = InstantAttribute(null=True)


class BookingUseRow(SettlementRow, discriminator="booking_use"):
    case_id = UnicodeAttribute()


def booking_use_row(booking_id: str, case_id: str) -> BookingUseRow:
    return BookingUseRow(f"BOOKINGUSE#{booking_id}", "USE", case_id=case_id)


def day_key(day: date) -> Key:
    return f"RECONCILIATIONS#{day:%Y-%m}", day.isoformat()


def case_key(day: date, case_id: str) -> Key:
    return f"RECONCILIATION#{day}", case_id


def find_day(day: date) -> ReconciliationRow | None:
    return find(ReconciliationRow, *day_key(day))


def days_of(month: str) -> list[ReconciliationRow]:
    """The month's days, latest first: one Query."""
    rows, _ = query_page(ReconciliationRow, f"RECONCILIATIONS#{month}", limit=_PAGE, newest_first=True)
    return list(rows)


def find_case(day: date, case_id: str) -> CaseRow | None:
    return find(CaseRow, *case_key(day, case_id))


def cases_of(day: date, *, limit: int, after: str | None) -> tuple[list[CaseRow], str | None]:
    """A page of a day's differences: one Query."""
    rows, last = query_page(CaseRow, f"RECONCILIATION#{day}", limit=limit, after=after)
    return list(rows), last


def open_cases_of(day: date) -> Iterator[CaseRow]:
    """Every difference of the day that nobody resolved yet."""
    rows = CaseRow.query(f"RECONCILIATION#{day}", page_size=_PAGE, consistent_read=True)
    return (row for row in rows if row.state == CaseState.OPEN)
