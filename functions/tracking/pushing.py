"""A message to everybody who follows a visit and may hear it."""

from collections.abc import Sequence

import msgspec

from functions.shared.tx import Tx
from functions.tracking import actions, table
from functions.tracking.gateways import sockets
from functions.tracking.rules.access import Scope
from functions.tracking.schemas.live import AccessEnded, Told


def push(tx: Tx, visit_id: str, scope: Scope, message: Told) -> Sequence[table.Watcher]:
    """Post to every watcher who may hear it, then drop the sockets that are gone and the guests whose pass ended;
    returns those who were reached.

    Posting comes before the commit and may happen again: hearing a sequence twice is harmless.
    """
    audience, ended = actions.find_audience(visit_id, scope, now=tx.now)
    sockets.post_each([w.connection_id for w in ended], msgspec.json.encode(AccessEnded(visit_id=visit_id)))
    outcomes = sockets.post_each([w.connection_id for w in audience], msgspec.json.encode(message))
    gone = [w for w in audience if outcomes[w.connection_id] is sockets.Delivery.GONE]
    actions.prune(tx, [*gone, *ended])
    return [w for w in audience if outcomes[w.connection_id] is sockets.Delivery.SENT]
