"""Open sockets and what they follow."""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.shared.caller import Caller
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.visits import Visit, visit_key

_PAGE = 200


class Connection(TrackingRow, discriminator="live_connection"):
    """An open socket; its caller is who they say until `expires_at`."""

    caller: JsonAttribute[Caller] = JsonAttribute(Caller)
    expires_at = InstantAttribute()
    watching: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])


class Watcher(TrackingRow, discriminator="watcher"):
    """A socket's subscription to one visit."""

    caller: JsonAttribute[Caller] = JsonAttribute(Caller)
    expires_at = InstantAttribute()
    standing = UnicodeAttribute()

    @property
    def connection_id(self) -> str:
        return str(self.sk)

    @property
    def visit_id(self) -> str:
        return str(self.pk).removeprefix("WATCH#")


def connection_key(connection_id: str) -> tuple[str, str]:
    return f"CONNECTION#{connection_id}", "CONNECTION"


def watcher_key(visit_id: str, connection_id: str) -> tuple[str, str]:
    return f"WATCH#{visit_id}", connection_id


def desk_topic(hospital_id: str) -> str:
    """What a desk's sockets watch in place of a visit."""
    return f"DESK#{hospital_id}"


def find_connection(connection_id: str) -> Connection | None:
    return find(Connection, *connection_key(connection_id))


def find_watcher(visit_id: str, connection_id: str) -> Watcher | None:
    return find(Watcher, *watcher_key(visit_id, connection_id))


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
