"""The visit, its history, its evidence of presence."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.rules.presence import Fence
from functions.tracking.rules.progress import Milestone
from functions.tracking.rules.sharing import SharedPosition
from functions.tracking.table.base import TrackingRow

_PAGE = 200


class Visit(TrackingRow, discriminator="visit"):
    """One visit. `wrapped_key` opens what is sealed in the rows of this visit (owner: the patient)."""

    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    department_id = UnicodeAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    ended_at = InstantAttribute(null=True)
    fence: JsonAttribute[Fence] = JsonAttribute(Fence)
    milestones: JsonAttribute[tuple[Milestone, ...]] = JsonAttribute(tuple[Milestone, ...])
    checked_in: JsonAttribute[dict[str, datetime]] = JsonAttribute(dict[str, datetime])
    """When an accepted check-in was received, by milestone code."""
    photos: JsonAttribute[dict[str, str] | None] = JsonAttribute(dict[str, str] | None, null=True)
    """Hashes of this visit's photos, each with the milestone that it proves."""
    state = UnicodeAttribute()
    sequence = NumberAttribute()
    """Number of changes so far; the latest history row has this number."""
    companion_revision = NumberAttribute(default=0)
    time_revision = NumberAttribute(default=0)
    """Which revision of the order said who comes, and when: news of an older one changes nothing."""
    shared: JsonAttribute[SharedPosition | None] = JsonAttribute(SharedPosition | None, null=True)
    wrapped_key = UnicodeAttribute()

    @property
    def visit_id(self) -> str:
        return str(self.pk)


class Closure(TrackingRow, discriminator="visit_closure"):
    """The order closed; a visit that is announced later must not come to life."""


class History(TrackingRow, discriminator="visit_history"):
    """One change: the milestone as it was then; `change`, `step` are absent when no milestone caused it.

    `device_at` is the phone's time, `skew_s` how far its clock ran ahead, if it said so. `actor` is staff's id.
    """

    sequence = NumberAttribute()
    state = UnicodeAttribute()
    change = UnicodeAttribute(null=True)
    step: JsonAttribute[Milestone | None] = JsonAttribute(Milestone | None, null=True)
    reason = UnicodeAttribute(null=True)
    actor = UnicodeAttribute(null=True)
    received_at = InstantAttribute()
    device_at = InstantAttribute(null=True)
    skew_s = NumberAttribute(null=True)
    sealed_note = UnicodeAttribute(null=True)


class CheckIn(TrackingRow, discriminator="check_in"):
    """An attempt; the place and its distance are sealed, as evidence.

    `captured_at` is by our clock, `device_at` by the phone's, which ran `skew_s` ahead (None: it did not say).
    """

    code = UnicodeAttribute()
    refusal = UnicodeAttribute(null=True)
    captured_at = InstantAttribute()
    device_at = InstantAttribute()
    skew_s = NumberAttribute(null=True)
    is_doubtful = BooleanAttribute(default=False)
    received_at = InstantAttribute()
    sealed_reading = UnicodeAttribute()


class VisitPhoto(TrackingRow, discriminator="visit_photo"):
    """A milestone's photo; `reused_from` is the other order in which the same picture was used before.

    `file_key` is the file as it came, which is evidence; `shown_key` the picture without where and when it was taken.
    """

    code = UnicodeAttribute()
    title = UnicodeAttribute()
    file_key = UnicodeAttribute()
    shown_key = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size_bytes = NumberAttribute()
    sha256 = UnicodeAttribute()
    received_at = InstantAttribute()
    reused_from = UnicodeAttribute(null=True)


class PhotoUse(TrackingRow, discriminator="photo_use"):
    """The first order that a picture proved something in."""

    order_id = UnicodeAttribute()
    code = UnicodeAttribute()


def visit_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "VISIT"


def closure_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "CLOSED"


def history_key(visit_id: str, sequence: int) -> tuple[str, str]:
    return visit_id, f"HISTORY#{sequence:06d}"


def check_in_key(visit_id: str, at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("CHECKIN", at).replace("_", "#")


def photo_key(visit_id: str, code: str, revision: int) -> tuple[str, str]:
    """Of the companion whom this revision of the order named: another one, who begins anew, has photos of their own."""
    return visit_id, f"PHOTO#{code}#{revision}"


def photo_use_key(sha256: str) -> tuple[str, str]:
    return f"PHOTO#{sha256}", "FIRST"


def find_visit_row(visit_id: str) -> Visit | None:
    return find(Visit, *visit_key(visit_id))


def find_visit_or_closure(visit_id: str) -> tuple[Visit | None, bool]:
    """The visit, and whether its order closed before it: one BatchGetItem."""
    rows = find_all(TrackingRow, [visit_key(visit_id), closure_key(visit_id)])
    visit = rows.get(visit_key(visit_id))
    assert visit is None or isinstance(visit, Visit)
    return visit, closure_key(visit_id) in rows


def find_for_recording(visit_id: str, sha256: str | None) -> tuple[Visit | None, PhotoUse | None]:
    """The visit, and where the picture with this hash was used first: one read round trip."""
    if sha256 is None:
        return find_visit_row(visit_id), None
    rows = find_all(TrackingRow, [visit_key(visit_id), photo_use_key(sha256)])
    visit, use = rows.get(visit_key(visit_id)), rows.get(photo_use_key(sha256))
    assert visit is None or isinstance(visit, Visit)
    assert use is None or isinstance(use, PhotoUse)
    return visit, use


def check_ins_of(visit_id: str, *, limit: int, after: str | None) -> tuple[Sequence[CheckIn], str | None]:
    """Attempts to prove presence, newest first, and where to go on: one Query."""
    return query_page(CheckIn, visit_id, prefix="CHECKIN#", limit=limit, after=after, newest_first=True)


def photos_of(visit_id: str) -> Sequence[VisitPhoto]:
    """The visit's photos by milestone code: one Query."""
    rows, _ = query_page(VisitPhoto, visit_id, prefix="PHOTO#", limit=_PAGE)
    return rows


def find_history(visit_id: str, sequence: int) -> History | None:
    return find(History, *history_key(visit_id, sequence))


def history_after(visit_id: str, sequence: int) -> Sequence[History]:
    """Every change after `sequence`, in order: one Query (a visit has far fewer changes than a page)."""
    after = history_key(visit_id, sequence)[1]
    rows, _ = query_page(History, visit_id, prefix="HISTORY#", limit=_PAGE, after=after)
    return rows
