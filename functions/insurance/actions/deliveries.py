"""Telling insurers (B13): at least once, the same id and body each time, until they have heard or we give up."""

from collections.abc import Iterable

from functions.insurance import table
from functions.insurance.events import ClaimMoved, WebhookEndpointDisabled, WebhookQueued
from functions.insurance.rules import deliveries
from functions.insurance.rules.deliveries import DeliveryState, move_delivery
from functions.insurance.rules.policies import Policy
from functions.insurance.table import DeliveryRow, EndpointRow, claims
from functions.shared import clock, observe, webhooks
from functions.shared.endpoints import Attempt, target_of
from functions.shared.events import Timer
from functions.shared.tx import Tx

POLICY_ISSUED = "policy.issued"
POLICY_ENDORSED = "policy.endorsed"
POLICY_SURRENDERED = "policy.surrendered"
CLAIM_MOVED = "claim.moved"
ENDPOINT_DISABLED = "endpoint.disabled"


def put_endpoint(
    tx: Tx, *, endpoint_id: str, insurer_id: str, url: str, event_types: Iterable[str], secret: str
) -> None:
    """Register or replace an endpoint, enabled; `secret` (`whsec_…`) is stored encrypted. Raises UnsafeEndpoint."""
    target_of(url, webhooks.trusted_hosts())
    row = table.find_endpoint(insurer_id, endpoint_id) or EndpointRow(
        *table.endpoint_key(insurer_id, endpoint_id), endpoint_id=endpoint_id, insurer_id=insurer_id
    )
    row.url, row.event_types, row.disabled_at = url, tuple(event_types), None
    row.hide_secret(secret)
    tx.save(row)


def queue_policy_issued(tx: Tx, order_id: str) -> None:
    """Write down `policy.issued` for every endpoint of the insurer that asked for it, to be sent at once."""
    policy = _policy(order_id)
    queue(tx, policy.insurer_id, POLICY_ISSUED, f"{POLICY_ISSUED}#{policy.policy_id}", deliveries.policy_issued(policy))


def queue_policy_endorsed(tx: Tx, order_id: str, number: int) -> None:
    """The same of an endorsement."""
    policy = _policy(order_id)
    message = f"{POLICY_ENDORSED}#{policy.policy_id}#{number}"
    queue(tx, policy.insurer_id, POLICY_ENDORSED, message, deliveries.policy_endorsed(policy, number))


def queue_policy_surrendered(tx: Tx, order_id: str) -> None:
    """The same of a surrender."""
    policy = _policy(order_id)
    message = f"{POLICY_SURRENDERED}#{policy.policy_id}"
    queue(tx, policy.insurer_id, POLICY_SURRENDERED, message, deliveries.policy_surrendered(policy))


def queue_claim_moved(tx: Tx, event: ClaimMoved) -> None:
    """The same of what a client did with a claim; what the insurer did itself it knows."""
    claim = claims.find_claim(event.claim_id)
    assert claim is not None, "the event is emitted together with its claim"
    body = deliveries.claim_moved(
        claim_id=event.claim_id,
        policy_id=event.policy_id,
        order_id=event.order_id,
        state=event.state,
        step=event.step,
        at=claim.steps[event.step - 1].at,
    )
    queue(tx, event.insurer_id, CLAIM_MOVED, f"{CLAIM_MOVED}#{event.claim_id}#{event.step}", body)


def queue_endpoint_disabled(tx: Tx, *, insurer_id: str, endpoint_id: str) -> None:
    """Tell the insurer's other endpoints that this one takes nothing; nothing if it was enabled again meanwhile."""
    endpoint = table.find_endpoint(insurer_id, endpoint_id)
    if endpoint is None or endpoint.disabled_at is None:
        return
    message = f"{ENDPOINT_DISABLED}#{endpoint_id}#{clock.epoch_s(endpoint.disabled_at)}"
    queue(tx, insurer_id, ENDPOINT_DISABLED, message, deliveries.endpoint_disabled(endpoint_id, endpoint.disabled_at))


def queue(tx: Tx, insurer_id: str, event_type: str, message: str, body: str) -> None:
    """Write a message down for every endpoint of the insurer that asked for its type; `message` makes it one."""
    for endpoint in table.endpoints_of(insurer_id):
        if endpoint.disabled_at is None and event_type in endpoint.event_types:
            queue_to(tx, endpoint, event_type=event_type, message=message, body=body)


def _policy(order_id: str) -> Policy:
    row = table.find_policy(order_id)
    assert row is not None, "the event is emitted together with its policy"
    return row.to_policy()


def queue_to(tx: Tx, endpoint: EndpointRow, *, event_type: str, message: str, body: str) -> str:
    """Write a message down for one endpoint, with its next number, unless it is there already; its id."""
    delivery_id = deliveries.delivery_id(message=message, endpoint_id=endpoint.endpoint_id)
    if table.find_delivery(delivery_id) is not None:
        return delivery_id
    endpoint.sequence += 1
    tx.save(endpoint)
    tx.insert(
        table.DeliveryOfEndpointRow(
            table.log_pk(endpoint.endpoint_id), table.log_sk(tx.now, int(endpoint.sequence)), delivery_id=delivery_id
        )
    )
    tx.insert(
        DeliveryRow(
            *table.delivery_key(delivery_id),
            delivery_id=delivery_id,
            insurer_id=endpoint.insurer_id,
            endpoint_id=endpoint.endpoint_id,
            event_type=event_type,
            body=deliveries.numbered(body, int(endpoint.sequence)),
            created_at=tx.now,
        )
    )
    tx.emit(WebhookQueued(delivery_id=delivery_id))
    return delivery_id


def attempt_delivery(tx: Tx, delivery_id: str) -> None:
    """Send a pending message once more and write down what came of it; 410 disables the endpoint."""
    row = table.find_delivery(delivery_id)
    if row is None or row.state != DeliveryState.PENDING:
        return
    endpoint = table.find_endpoint(row.insurer_id, row.endpoint_id)
    if endpoint is None or endpoint.disabled_at is not None:
        row.state = move_delivery(DeliveryState(row.state), DeliveryState.FAILED)
        tx.save(row)
        return
    thresholds = table.thresholds()
    attempt = tx.once(
        "delivery",
        lambda: webhooks.deliver(
            url=endpoint.url,
            secret=endpoint.open_secret(),
            webhook_id=row.delivery_id,
            body=row.body,
            now=tx.now,
            timeout_s=thresholds.attempt_timeout_s,
            older_secret=endpoint.open_older_secret(tx.now),
        ),
    )
    row.attempts = (*row.attempts, attempt)
    verdict = deliveries.judge(delivery_id, row.attempts[int(row.begun_again) :], thresholds)
    row.state = move_delivery(DeliveryState(row.state), verdict.state)
    tx.save(row)
    if verdict.retry_at is not None:
        tx.schedule(Timer(room="insurance", kind="retry_delivery", subject=delivery_id, due_at=verdict.retry_at))
    _note_health(tx, endpoint, attempt, disables=verdict.disables_endpoint)
    if verdict.state is DeliveryState.FAILED:
        observe.count("WebhookFailed")
        observe.logger().error("webhook given up", extra={"delivery_id": delivery_id, "status": attempt.status})


def _note_health(tx: Tx, endpoint: EndpointRow, attempt: Attempt, *, disables: bool) -> None:
    """Since when an endpoint takes nothing; one that is gone, or silent for days, is asked no more, which is told."""
    failing_since = None if attempt.is_accepted else endpoint.failing_since or attempt.at
    is_over = disables or deliveries.has_failed_too_long(failing_since, tx.now, table.thresholds())
    if failing_since == endpoint.failing_since and not is_over:
        return
    endpoint.failing_since = failing_since
    if is_over:
        endpoint.disabled_at = tx.now
        observe.count("WebhookEndpointDisabled")
        tx.emit(WebhookEndpointDisabled(insurer_id=endpoint.insurer_id, endpoint_id=endpoint.endpoint_id))
    tx.save(endpoint)
