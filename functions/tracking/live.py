"""The live channel: what API Gateway's WebSocket calls for `$connect`, `$disconnect` and every message.

The socket is opened with an access token (`?token=`); whoever may read a visit over HTTP may follow it here. Answers
are posted to the socket. The protocol is in the room's contract.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from chalice.app import Blueprint

from functions.shared import clock, ids, observe, tokens
from functions.shared.errors import Invalid, Problem
from functions.shared.tx import Tx, retrying
from functions.tracking import actions
from functions.tracking.gateways import sockets
from functions.tracking.schemas.live import (
    DeskSubscribed,
    Ping,
    Pong,
    PositionTold,
    ProgressTold,
    Refused,
    Renew,
    Renewed,
    Subscribe,
    Subscribed,
    SubscribeDesk,
    Told,
    Unsubscribe,
    Unsubscribed,
)

bp = Blueprint("app")
ResultT = TypeVar("ResultT")
_MAX_MESSAGE = 4096


@bp.lambda_function(name="live")
def live(event: dict[str, Any], context: Any) -> dict[str, int]:
    """One call of the WebSocket API; the status decides only whether a socket may open."""
    request = event["requestContext"]
    connection_id = str(request["connectionId"])
    observe.correlate(str(request.get("requestId", "")))
    handle = {"$connect": _connect, "$disconnect": _disconnect}.get(request["routeKey"], _message)
    try:
        handle(connection_id, event)
    except Problem as problem:
        if handle is _message:
            _tell(connection_id, Refused(code=problem.code, title=problem.title))
        return {"statusCode": problem.status}
    return {"statusCode": 200}


def _connect(connection_id: str, event: dict[str, Any]) -> None:
    token = (event.get("queryStringParameters") or {}).get("token") or ""
    caller, expires_at = tokens.verify_until(token, now=clock.now())
    try:
        _commit(
            lambda tx: actions.open_connection(tx, connection_id=connection_id, caller=caller, expires_at=expires_at)
        )
    except actions.AlreadyConnected:
        observe.logger().info("connect repeated, nothing to do")


def _disconnect(connection_id: str, event: dict[str, Any]) -> None:
    _commit(lambda tx: actions.close_connection(tx, connection_id=connection_id))


def _message(connection_id: str, event: dict[str, Any]) -> None:
    asked = _decode(event.get("body") or "")
    match asked:
        case Ping():
            actions.require_connection(connection_id, now=clock.now())
            _tell(connection_id, Pong())
        case Renew():
            _renew(connection_id, asked.token)
        case Subscribe():
            _subscribe(connection_id, asked)
        case SubscribeDesk():
            hospital_id = _commit(lambda tx: actions.watch_desk(tx, connection_id=connection_id))
            _tell(connection_id, DeskSubscribed(hospital_id=hospital_id))
        case Unsubscribe():
            _commit(lambda tx: actions.unwatch(tx, connection_id=connection_id, visit_id=asked.visit_id))
            _tell(connection_id, Unsubscribed(visit_id=asked.visit_id))


def _renew(connection_id: str, token: str) -> None:
    caller, expires_at = tokens.verify_until(token, now=clock.now())
    _commit(lambda tx: actions.renew_connection(tx, connection_id=connection_id, caller=caller, expires_at=expires_at))
    _tell(connection_id, Renewed(expires_at=clock.china(expires_at)))


def _subscribe(connection_id: str, asked: Subscribe) -> None:
    visit_id = asked.visit_id
    subscription = _commit(lambda tx: actions.watch(tx, connection_id=connection_id, visit_id=visit_id))
    missed = actions.find_missed(subscription, after_sequence=asked.after_sequence, now=clock.now())
    told: list[Told] = [Subscribed(visit_id=visit_id, sequence=missed.sequence)]
    told += [ProgressTold.of(change) for change in missed.changes]
    told += [PositionTold.of(visit_id, missed.position)] if missed.position else []
    for message in told:
        if _tell(connection_id, message) is not sockets.Delivery.SENT:
            return


def _decode(body: str) -> Subscribe | SubscribeDesk | Unsubscribe | Ping | Renew:
    if len(body) > _MAX_MESSAGE:
        raise Invalid()
    try:
        return msgspec.json.decode(body, type=Subscribe | SubscribeDesk | Unsubscribe | Ping | Renew)
    except msgspec.DecodeError as error:
        raise Invalid() from error


def _tell(connection_id: str, message: Told) -> sockets.Delivery:
    return sockets.post(connection_id, msgspec.json.encode(message))


def _commit(act: Callable[[Tx], ResultT]) -> ResultT:
    """Run an act to its commit, again on fresh rows if others changed them; returns what it returned last."""
    tx = Tx("tracking", now=clock.now(), correlation_id=observe.correlation_id() or ids.new("req"))
    results: list[ResultT] = []

    def attempt() -> None:
        tx.restart()
        results[:] = [act(tx)]
        tx.commit()

    retrying(attempt)
    return results[0]
