"""Video calls of a visit."""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.rules.calls import VideoCall
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.visits import Visit, visit_key

_PAGE = 50


class CallRow(TrackingRow, discriminator="video_call"):
    """One call, from the first ring to its end."""

    order_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    call: JsonAttribute[VideoCall] = JsonAttribute(VideoCall)

    @property
    def visit_id(self) -> str:
        return str(self.pk)

    @property
    def call_id(self) -> str:
        return str(self.sk).removeprefix("CALL#")


class OpenCallRow(TrackingRow, discriminator="video_call_open"):
    """Which call of the visit is open, and when its timer closes it: unanswered, or never hung up."""

    call_id = UnicodeAttribute()
    until = InstantAttribute()


def call_key(visit_id: str, call_id: str) -> tuple[str, str]:
    return visit_id, f"CALL#{call_id}"


def open_call_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "CALL_OPEN"


def find_visit_and_call(visit_id: str, call_id: str) -> tuple[Visit | None, CallRow | None, OpenCallRow | None]:
    """The visit, one of its calls (none for an empty id), and which call is open: one BatchGetItem."""
    if not ids.is_id("vis", visit_id):
        return None, None, None
    keys = (visit_key(visit_id), call_key(visit_id, call_id), open_call_key(visit_id))
    rows = find_all(TrackingRow, keys)
    visit, call, opened = (rows.get(key) for key in keys)
    return (
        visit if isinstance(visit, Visit) else None,
        call if isinstance(call, CallRow) else None,
        opened if isinstance(opened, OpenCallRow) else None,
    )


def find_call(visit_id: str, call_id: str) -> CallRow | None:
    return find(CallRow, *call_key(visit_id, call_id))


def find_open_call(visit_id: str) -> OpenCallRow | None:
    return find(OpenCallRow, *open_call_key(visit_id))


def calls_of(visit_id: str) -> Sequence[CallRow]:
    """The visit's calls, newest first: one Query."""
    rows, _ = query_page(CallRow, visit_id, prefix="CALL#", limit=_PAGE, newest_first=True)
    return rows
