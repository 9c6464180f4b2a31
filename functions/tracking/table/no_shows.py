"""Reports that somebody did not come, one after another."""

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, find, query_page
from functions.tracking.table.base import TrackingRow

_MAX_CASES = 99


class NoShowCase(TrackingRow, discriminator="no_show_case"):
    """One report; notes are sealed with the visit's key, photos lie in the bucket."""

    case_id = UnicodeAttribute()
    number = NumberAttribute()
    order_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    """Who was to come when it was said; another one since makes the report void."""
    absent = UnicodeAttribute()
    state = UnicodeAttribute()
    reported_at = InstantAttribute()
    waits_until = InstantAttribute()
    sealed_note = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    contested_at = InstantAttribute(null=True)
    sealed_answer = UnicodeAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    decided_at = InstantAttribute(null=True)

    @property
    def visit_id(self) -> str:
        return str(self.pk)


def case_id_of(visit_id: str, number: int) -> str:
    return f"{ids.derived('nsh', visit_id)}-{number}"


def case_key(visit_id: str, number: int) -> tuple[str, str]:
    return visit_id, f"NOSHOW#{number:02d}"


def find_case(case_id: str) -> NoShowCase | None:
    """The case of this id; None for what is no id."""
    first, _, number = case_id.partition("-")
    if not ids.is_id("nsh", first) or not number.isdecimal():
        return None
    return find(NoShowCase, *case_key(ids.derived("vis", first), int(number)))


def cases_of(visit_id: str) -> Sequence[NoShowCase]:
    """The visit's reports, the latest first: one Query."""
    rows, _ = query_page(NoShowCase, visit_id, prefix="NOSHOW#", limit=_MAX_CASES, newest_first=True)
    return rows
