"""Insurers look after their own endpoints (B13): address, secret, a test, the log, what shall be sent again."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from functions.insurance import table
from functions.insurance.actions.deliveries import queue_to
from functions.insurance.events import WebhookQueued, WebhookReplayAsked
from functions.insurance.rules import deliveries as rules
from functions.insurance.rules.deliveries import DeliveryNotFound, DeliveryState, EndpointNotFound
from functions.insurance.table import DeliveryRow, EndpointRow
from functions.shared import ids, webhooks
from functions.shared.endpoints import target_of
from functions.shared.errors import FieldError, Invalid, PreconditionFailed
from functions.shared.tx import Tx

_PAGE = 20
"""Messages that one transaction begins again."""


def register(tx: Tx, *, insurer_id: str, url: str, event_types: Sequence[str]) -> tuple[EndpointRow, str]:
    """Another endpoint, and its secret, which nobody is shown again. UnsafeEndpoint, TooManyEndpoints, Invalid."""
    _check(url, event_types)
    if len(table.endpoints_of(insurer_id)) >= table.thresholds().endpoints_per_insurer:
        raise rules.TooManyEndpoints()
    endpoint_id, secret = ids.new("whe", tx.now), _new_secret()
    row = EndpointRow(*table.endpoint_key(insurer_id, endpoint_id), endpoint_id=endpoint_id, insurer_id=insurer_id)
    row.url, row.event_types = url, tuple(dict.fromkeys(event_types))
    row.hide_secret(secret)
    tx.insert(row)
    return row, secret


def change(
    tx: Tx, *, insurer_id: str, endpoint_id: str, url: str, event_types: Sequence[str], version: int
) -> EndpointRow:
    """Another address, or other events; a disabled endpoint is asked again. EndpointNotFound, UnsafeEndpoint."""
    row = own_endpoint(insurer_id, endpoint_id)
    if int(row.version) != version:
        raise PreconditionFailed()
    _check(url, event_types)
    row.url, row.event_types = url, tuple(dict.fromkeys(event_types))
    row.disabled_at = row.failing_since = None
    tx.save(row)
    return row


def remove(tx: Tx, *, insurer_id: str, endpoint_id: str) -> None:
    """Nothing is told there any more; its log stays. EndpointNotFound."""
    tx.delete(own_endpoint(insurer_id, endpoint_id))


def rotate(tx: Tx, *, insurer_id: str, endpoint_id: str) -> tuple[EndpointRow, str]:
    """A new secret, shown once; the present one signs along for a while. EndpointNotFound."""
    row, secret = own_endpoint(insurer_id, endpoint_id), _new_secret()
    row.replace_secret(secret, until=tx.now + timedelta(seconds=table.thresholds().secret_overlap_s))
    tx.save(row)
    return row, secret


def send_test(tx: Tx, *, insurer_id: str, endpoint_id: str) -> str:
    """A message that says nothing; its id. EndpointNotFound."""
    row = own_endpoint(insurer_id, endpoint_id)
    message = f"endpoint.test#{ids.new('tst', tx.now)}"
    return queue_to(tx, row, event_type="endpoint.test", message=message, body=rules.trial_event(tx.now))


def read_log(
    *, insurer_id: str, endpoint_id: str, since: datetime, until: datetime, limit: int, after: str | None
) -> tuple[Sequence[DeliveryRow], str | None]:
    """What an endpoint was told in a time, oldest first: three reads. EndpointNotFound."""
    own_endpoint(insurer_id, endpoint_id)
    return table.log_of(endpoint_id, since=since, until=until, limit=limit, after=after)


def own_delivery(insurer_id: str, delivery_id: str) -> DeliveryRow:
    """One message with its attempts; DeliveryNotFound for another insurer's."""
    row = table.find_delivery(delivery_id)
    if row is None or row.insurer_id != insurer_id:
        raise DeliveryNotFound()
    return row


def replay(tx: Tx, *, insurer_id: str, delivery_id: str) -> DeliveryRow:
    """Send a message again: the same id and bytes, with all its attempts before it. DeliveryNotFound."""
    row = own_delivery(insurer_id, delivery_id)
    begin_again(tx, row)
    return row


def ask_for_range(tx: Tx, *, insurer_id: str, endpoint_id: str, since: datetime, until: datetime) -> None:
    """Send everything of a time again, page by page. EndpointNotFound, Invalid."""
    own_endpoint(insurer_id, endpoint_id)
    if since >= until:
        raise Invalid(errors=(FieldError("until", "须晚于 since"),))
    tx.emit(WebhookReplayAsked(insurer_id=insurer_id, endpoint_id=endpoint_id, since=since, until=until))


def replay_page(tx: Tx, event: WebhookReplayAsked) -> None:
    """One page of it; the next one is asked for with it."""
    page, last = table.log_of(
        event.endpoint_id, since=event.since, until=event.until, limit=_PAGE, after=event.after or None
    )
    for row in page:
        begin_again(tx, row)
    if last is not None:
        tx.emit(
            WebhookReplayAsked(
                insurer_id=event.insurer_id,
                endpoint_id=event.endpoint_id,
                since=event.since,
                until=event.until,
                after=last,
            )
        )


def begin_again(tx: Tx, row: DeliveryRow) -> None:
    """A message that came to its end is sent anew; one that is on its way stays on its way."""
    if row.state == DeliveryState.PENDING:
        return
    row.state = rules.move_delivery(DeliveryState(row.state), DeliveryState.PENDING)
    row.begun_again = len(row.attempts)
    tx.save(row)
    tx.emit(WebhookQueued(delivery_id=row.delivery_id))


def own_endpoint(insurer_id: str, endpoint_id: str) -> EndpointRow:
    """The insurer's endpoint; EndpointNotFound for another's."""
    row = table.find_endpoint(insurer_id, endpoint_id)
    if row is None:
        raise EndpointNotFound()
    return row


def _check(url: str, event_types: Sequence[str]) -> None:
    target_of(url, webhooks.trusted_hosts())
    unknown = sorted(set(event_types) - rules.EVENT_TYPES.keys())
    if unknown:
        raise Invalid(errors=(FieldError("event_types", f"没有这种消息：{'、'.join(unknown)}"),))


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
