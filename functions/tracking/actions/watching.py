"""The live channel's bookkeeping: open sockets, what they follow, what they missed (F10, F11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from functions.shared import ids
from functions.shared.caller import Caller, Role
from functions.shared.errors import Conflict, Forbidden, NotFound, Unauthenticated
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit, require_pass, require_viewer
from functions.tracking.rules.access import SEES_POSITION, Scope, Standing
from functions.tracking.rules.progress import RUNNING, VisitNotFound
from functions.tracking.rules.sharing import SharedPosition

_SOCKET_LIFE = timedelta(hours=2, minutes=10)
"""API Gateway closes a socket after two hours; its rows outlive it a little."""
MAX_WATCHED = 10
_MAX_PRUNED = 90
"""So many rows fit one transaction beside its marker; what is left over is pruned at the next push."""


class AlreadyConnected(Conflict):
    """API Gateway repeated the call that opens a socket."""

    code = "already_connected"
    title = "连接已建立"


class TooManyWatched(Conflict):
    """One socket follows only so many visits."""

    code = "too_many_watched"
    title = "一个连接最多同时关注 10 次陪诊"


@dataclass(frozen=True)
class Subscription:
    """A socket's interest in one visit, and in what capacity."""

    visit_id: str
    caller: Caller
    standing: Standing


@dataclass(frozen=True)
class Missed:
    """What a new watcher is told first: the changes after its last one, and the position if it may see it."""

    sequence: int
    changes: Sequence[table.History]
    position: SharedPosition | None


@dataclass(frozen=True)
class Audience:
    """Who follows a visit when something is pushed: those who may hear it; guests whose pass ended; and those whose
    token ran out, who have to show another."""

    hearing: Sequence[table.Watcher]
    ended: Sequence[table.Watcher]
    expired: Sequence[table.Watcher]


def open_connection(tx: Tx, *, connection_id: str, caller: Caller, expires_at: datetime) -> None:
    """Remember who is on a new socket, and until when that is proven; AlreadyConnected if it is known."""
    row = table.Connection(*table.connection_key(connection_id), caller=caller, expires_at=expires_at, watching=())
    row.ttl = tx.now + _SOCKET_LIFE
    tx.insert(row, taken=AlreadyConnected())


def renew_connection(tx: Tx, *, connection_id: str, caller: Caller, expires_at: datetime) -> None:
    """The same caller showed a newer token: the socket and what it follows go on. Two reads.

    Unauthenticated if the socket is not known or is somebody else's.
    """
    connection = table.find_connection(connection_id)
    if connection is None or not _is_same(connection.caller, caller):
        raise Unauthenticated()
    connection.caller, connection.expires_at = caller, expires_at
    tx.save(connection)
    for watcher in table.find_watchers_of_connection(connection):
        watcher.caller, watcher.expires_at = caller, expires_at
        tx.save(watcher)


def require_connection(connection_id: str, *, now: datetime) -> None:
    """Unauthenticated unless the socket's caller is still proven. One read."""
    connection = table.find_connection(connection_id)
    if connection is None or connection.expires_at <= now:
        raise Unauthenticated()


def _is_same(one: Caller, other: Caller) -> bool:
    return (one.subject, one.roles, one.order_id) == (other.subject, other.roles, other.order_id)


def close_connection(tx: Tx, *, connection_id: str) -> None:
    """Forget a socket and its subscriptions; a socket that is not known is forgotten already."""
    connection = table.find_connection(connection_id)
    if connection is None:
        return
    for watcher in table.find_watchers_of_connection(connection):
        tx.delete(watcher)
    tx.delete(connection)


def watch(tx: Tx, *, connection_id: str, visit_id: str) -> Subscription:
    """Follow a visit on this socket, from now on. One read, and one more for a guest.

    Raises Unauthenticated (the socket is not known), VisitNotFound, TooManyWatched, what `accounts` says of a pass.
    """
    if not ids.is_id("vis", visit_id):
        raise VisitNotFound()
    connection, visit, watcher = table.find_for_watching(connection_id, visit_id)
    if connection is None or connection.expires_at <= tx.now:
        raise Unauthenticated()
    if visit is None:
        raise VisitNotFound()
    standing = require_viewer(visit, connection.caller, Scope.PROGRESS, tx.now)
    if visit_id not in connection.watching:
        if len(connection.watching) >= MAX_WATCHED:
            raise TooManyWatched()
        connection.watching = (*connection.watching, visit_id)
        tx.save(connection)
    if watcher is None:
        row = table.Watcher(
            *table.watcher_key(visit_id, connection_id),
            caller=connection.caller,
            expires_at=connection.expires_at,
            standing=standing,
        )
        row.ttl = tx.now + _SOCKET_LIFE
        tx.insert(row)
    return Subscription(visit_id, connection.caller, standing)


def watch_desk(tx: Tx, *, connection_id: str) -> str:
    """Tell this socket of emergency calls at its hospital's desk; returns the hospital's id. Two reads.

    Raises Unauthenticated, Forbidden for whoever is not a hospital.
    """
    connection = table.find_connection(connection_id)
    if connection is None or connection.expires_at <= tx.now:
        raise Unauthenticated()
    if Role.HOSPITAL not in connection.caller.roles:
        raise Forbidden()
    hospital_id = connection.caller.subject
    topic = table.desk_topic(hospital_id)
    if topic not in connection.watching:
        connection.watching = (*connection.watching, topic)
        tx.save(connection)
    if table.find_watcher(topic, connection_id) is None:
        row = table.Watcher(
            *table.watcher_key(topic, connection_id),
            caller=connection.caller,
            standing=Standing.DESK,
            expires_at=connection.expires_at,
        )
        row.ttl = tx.now + _SOCKET_LIFE
        tx.insert(row)
    return hospital_id


def find_missed(subscription: Subscription, *, after_sequence: int, now: datetime) -> Missed:
    """What the watcher has not seen: one GetItem and one Query, and one read more for a guest.

    Read after the subscription is stored, so that nothing falls in between: a change may then be told twice, and its
    sequence number says so.
    """
    visit = load_visit(subscription.visit_id)
    position = None
    if visit.shared and visit.state in RUNNING:
        sees = _may_see(subscription.standing, subscription.caller, Scope.POSITION, now)
        position = visit.shared if sees else None
    return Missed(int(visit.sequence), table.history_after(visit.visit_id, after_sequence), position)


def find_change(visit_id: str, sequence: int) -> table.History | None:
    """One change of the visit, as watchers are told of it."""
    return table.find_history(visit_id, sequence)


def unwatch(tx: Tx, *, connection_id: str, visit_id: str | None) -> None:
    """Stop following one visit, or all of them."""
    connection = table.find_connection(connection_id)
    if connection is None:
        raise Unauthenticated()
    dropped = {visit_id} if visit_id else set(connection.watching)
    for watcher in table.find_watchers_of_connection(connection):
        if watcher.visit_id in dropped:
            tx.delete(watcher)
    left = tuple(watched for watched in connection.watching if watched not in dropped)
    if left != connection.watching:
        connection.watching = left
        tx.save(connection)


def find_audience(visit_id: str, scope: Scope, *, now: datetime) -> Audience:
    """Whom to push to, and whom to shut out: a Query for every 200 sockets, and one read for each pass among them."""
    passes: dict[str, _Pass] = {}
    hearing: list[table.Watcher] = []
    ended: list[table.Watcher] = []
    expired: list[table.Watcher] = []
    for watcher in table.watchers_of(visit_id):
        standing, guest = Standing(watcher.standing), watcher.caller
        if watcher.expires_at <= now:
            expired.append(watcher)
        elif standing is not Standing.GUEST:
            if scope is not Scope.POSITION or standing in SEES_POSITION:
                hearing.append(watcher)
        else:
            if guest.subject not in passes:
                passes[guest.subject] = _ask_pass(guest, scope, now)
            {_Pass.COVERS: hearing, _Pass.LACKS: [], _Pass.ENDED: ended}[passes[guest.subject]].append(watcher)
    return Audience(hearing=hearing, ended=ended, expired=expired)


def find_watchers_of_guest(order_id: str, guest_access_id: str) -> tuple[str, Sequence[table.Watcher]]:
    """The order's visit, and the sockets on which one pass follows it: a Query for every 200 sockets."""
    visit_id = ids.derived("vis", order_id)
    return visit_id, [each for each in table.watchers_of(visit_id) if each.caller.subject == guest_access_id]


def prune(tx: Tx, watchers: Iterable[table.Watcher]) -> None:
    """Drop subscriptions of sockets that are gone or may no longer watch."""
    for watcher in list(watchers)[:_MAX_PRUNED]:
        tx.delete(watcher)


class _Pass(Enum):
    """What a guest's pass says to a push."""

    COVERS = auto()
    LACKS = auto()
    ENDED = auto()


def _ask_pass(guest: Caller, scope: Scope, now: datetime) -> _Pass:
    from functions.accounts.rules.guests import ScopeNotGranted

    try:
        require_pass(guest, scope, now)
    except ScopeNotGranted:
        return _Pass.LACKS
    except (Forbidden, NotFound):
        return _Pass.ENDED
    return _Pass.COVERS


def _may_see(standing: Standing, caller: Caller, scope: Scope, now: datetime) -> bool:
    if scope is Scope.POSITION and standing not in SEES_POSITION:
        return False
    return standing is not Standing.GUEST or _ask_pass(caller, scope, now) is _Pass.COVERS
