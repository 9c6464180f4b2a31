"""The `tracking` table.

| pk                   | sk                 | kind            | what                                                   |
|----------------------|--------------------|-----------------|--------------------------------------------------------|
| `<visit_id>`         | `VISIT`            | visit           | parties, times, fence, milestones, shared cell, key    |
| `<visit_id>`         | `CLOSED`           | visit_closure   | its order closed before the visit existed; expires     |
| `<visit_id>`         | `HISTORY#<number>` | visit_history   | one change of the visit, as watchers are told of it    |
| `<visit_id>`         | `CHECKIN#<ulid>`   | check_in        | an attempt to prove presence; place sealed; expires    |
| `<visit_id>`         | `PHOTO#<code>`     | visit_photo     | the photo that proves a milestone, by its file's key   |
| `PHOTO#<sha256>`     | `FIRST`            | photo_use       | where a picture was seen first                         |
| `<visit_id>`         | `TRAIL#<ulid>`     | position_trail  | a batch of exact positions, sealed; expires            |
| `WATCH#<visit_id>`   | `<connection_id>`  | watcher         | a socket that follows the visit; expires               |
| `CONNECTION#<id>`    | `CONNECTION`       | live_connection | an open socket: who, and what it follows; expires      |
| `CONFIG`             | `policy`           | tracking_policy | thresholds                                             |

Kinds are unique in the whole product: PynamoDB keeps one register of them for all rooms.
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.shared import ids
from functions.shared.caller import Caller
from functions.shared.table import InstantAttribute, JsonAttribute, Row, find, find_all, keep, query_page
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.presence import Fence
from functions.tracking.rules.progress import Milestone
from functions.tracking.rules.sharing import SharedPosition

_PAGE = 200


class TrackingRow(Row):
    class Meta:
        table_name = "tracking"


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
    """One change: `code`, `title`, `recorded_at`, `recorded_by` are absent when no milestone caused it."""

    sequence = NumberAttribute()
    state = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    recorded_at = InstantAttribute(null=True)
    recorded_by = UnicodeAttribute(null=True)
    received_at = InstantAttribute()
    sealed_note = UnicodeAttribute(null=True)


class CheckIn(TrackingRow, discriminator="check_in"):
    """An attempt; the place and its distance are sealed, as evidence."""

    code = UnicodeAttribute()
    refusal = UnicodeAttribute(null=True)
    captured_at = InstantAttribute()
    received_at = InstantAttribute()
    sealed_reading = UnicodeAttribute()


class VisitPhoto(TrackingRow, discriminator="visit_photo"):
    """A milestone's photo; `reused_from` is the other order in which the same picture was used before."""

    code = UnicodeAttribute()
    title = UnicodeAttribute()
    file_key = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size_bytes = NumberAttribute()
    sha256 = UnicodeAttribute()
    received_at = InstantAttribute()
    reused_from = UnicodeAttribute(null=True)


class PhotoUse(TrackingRow, discriminator="photo_use"):
    """The first order that a picture proved something in."""

    order_id = UnicodeAttribute()
    code = UnicodeAttribute()


class Trail(TrackingRow, discriminator="position_trail"):
    """A batch of positions as it came; batches may overlap and are merged by instant when read."""

    received_at = InstantAttribute()
    sealed_readings = UnicodeAttribute()


class Connection(TrackingRow, discriminator="live_connection"):
    """An open socket."""

    caller: JsonAttribute[Caller] = JsonAttribute(Caller)
    watching: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])


class Watcher(TrackingRow, discriminator="watcher"):
    """A socket's subscription to one visit."""

    caller: JsonAttribute[Caller] = JsonAttribute(Caller)
    standing = UnicodeAttribute()

    @property
    def connection_id(self) -> str:
        return str(self.sk)

    @property
    def visit_id(self) -> str:
        return str(self.pk).removeprefix("WATCH#")


class PolicyRow(TrackingRow, discriminator="tracking_policy"):
    """The room's thresholds."""

    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


# keys -------------------------------------------------------------------------------------------------------------
def visit_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "VISIT"


def closure_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "CLOSED"


def history_key(visit_id: str, sequence: int) -> tuple[str, str]:
    return visit_id, f"HISTORY#{sequence:06d}"


def check_in_key(visit_id: str, at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("CHECKIN", at).replace("_", "#")


def photo_key(visit_id: str, code: str) -> tuple[str, str]:
    return visit_id, f"PHOTO#{code}"


def photo_use_key(sha256: str) -> tuple[str, str]:
    return f"PHOTO#{sha256}", "FIRST"


def trail_key(visit_id: str, first_at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("TRAIL", first_at).replace("_", "#")


def connection_key(connection_id: str) -> tuple[str, str]:
    return f"CONNECTION#{connection_id}", "CONNECTION"


def watcher_key(visit_id: str, connection_id: str) -> tuple[str, str]:
    return f"WATCH#{visit_id}", connection_id


_POLICY_KEY = ("CONFIG", "policy")


# access patterns --------------------------------------------------------------------------------------------------
def find_visit_row(visit_id: str) -> Visit | None:
    return find(Visit, *visit_key(visit_id))


def find_visit_or_closure(visit_id: str) -> tuple[Visit | None, bool]:
    """The visit, and whether its order closed before it: one BatchGetItem."""
    rows = find_all(TrackingRow, [visit_key(visit_id), closure_key(visit_id)])
    visit = rows.get(visit_key(visit_id))
    assert visit is None or isinstance(visit, Visit)
    return visit, closure_key(visit_id) in rows


def find_photo_use(sha256: str) -> PhotoUse | None:
    return find(PhotoUse, *photo_use_key(sha256))


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


def find_connection(connection_id: str) -> Connection | None:
    return find(Connection, *connection_key(connection_id))


def find_for_watching(connection_id: str, visit_id: str) -> tuple[Connection | None, Visit | None, Watcher | None]:
    """The socket, the visit, and the socket's subscription to it: one BatchGetItem."""
    keys = (connection_key(connection_id), visit_key(visit_id), watcher_key(visit_id, connection_id))
    rows = find_all(TrackingRow, keys)
    connection, visit, watcher = (rows.get(key) for key in keys)
    assert connection is None or isinstance(connection, Connection)
    assert visit is None or isinstance(visit, Visit)
    assert watcher is None or isinstance(watcher, Watcher)
    return connection, visit, watcher


def find_watchers_of_connection(connection: Connection) -> Sequence[Watcher]:
    """The subscriptions of one socket: one BatchGetItem."""
    connection_id = str(connection.pk).removeprefix("CONNECTION#")
    rows = find_all(TrackingRow, [watcher_key(visit_id, connection_id) for visit_id in connection.watching])
    return [row for row in rows.values() if isinstance(row, Watcher)]


def watchers_of(visit_id: str) -> Sequence[Watcher]:
    """Every socket that follows the visit, whole partition."""
    watchers: list[Watcher] = []
    after: str | None = None
    while True:
        rows, after = query_page(Watcher, watcher_key(visit_id, "")[0], limit=_PAGE, after=after)
        watchers += rows
        if after is None:
            return watchers


def policy() -> Policy:
    """The thresholds in force, read at most once a minute by each process."""
    row = keep(PolicyRow, *_POLICY_KEY)
    return row.policy if row else Policy()


def find_policy_row() -> PolicyRow:
    """The stored policy row, or a new one."""
    return find(PolicyRow, *_POLICY_KEY) or PolicyRow(*_POLICY_KEY, policy=Policy())
