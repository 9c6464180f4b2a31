"""A message to everybody who follows a visit and may hear it."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from functions.shared.tx import Tx
from functions.tracking import actions, table
from functions.tracking.gateways import sockets
from functions.tracking.rules.access import Scope
from functions.tracking.schemas.live import AccessEnded, SessionExpired, Told


def push(
    tx: Tx, visit_id: str, scope: Scope, message: Told, *, to: Callable[[table.Watcher], bool] = lambda _: True
) -> Sequence[table.Watcher]:
    """Post to every watcher who may hear it and is one of `to`, then drop the sockets that are gone, the guests whose
    pass ended and the callers whose token ran out; returns those who were reached.

    Posting comes before the commit and may happen again: hearing a sequence twice is harmless.
    """
    audience = actions.find_audience(visit_id, scope, now=tx.now)
    _post(audience.ended, AccessEnded(visit_id=visit_id))
    _post(audience.expired, SessionExpired(visit_id=visit_id))
    hearing = [watcher for watcher in audience.hearing if to(watcher)]
    outcomes = _post(hearing, message)
    gone = [w for w in hearing if outcomes[w.connection_id] is sockets.Delivery.GONE]
    actions.prune(tx, [*gone, *audience.ended, *audience.expired])
    return [w for w in hearing if outcomes[w.connection_id] is sockets.Delivery.SENT]


def shut_out(tx: Tx, *, order_id: str, guest_access_id: str) -> None:
    """Tell a guest's sockets that the pass has ended, and drop them at once."""
    visit_id, watchers = actions.find_watchers_of_guest(order_id, guest_access_id)
    _post(watchers, AccessEnded(visit_id=visit_id))
    actions.prune(tx, watchers)


def _post(watchers: Sequence[table.Watcher], message: Told) -> Mapping[str, sockets.Delivery]:
    return sockets.post_each([watcher.connection_id for watcher in watchers], msgspec.json.encode(message))
