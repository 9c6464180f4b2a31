"""What insurance does when an order was paid, and how its messages get out."""

from typing import Any

from chalice.app import Blueprint

from functions.booking.events import OrderAssigned, OrderClosed, OrderPaid, OrderRescheduled
from functions.insurance import actions
from functions.insurance.actions import deliveries, policies, subscribing
from functions.insurance.events import (
    ClaimMoved,
    PolicyEndorsed,
    PolicyIssued,
    PolicySurrendered,
    WebhookEndpointDisabled,
    WebhookQueued,
    WebhookReplayAsked,
)
from functions.insurance.rules.policies import Visit
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx

bp = Blueprint("app")
bus = Subscriptions("insurance")


@bp.lambda_function(name="insurance_events")
def insurance_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)


@bus.on(OrderPaid)
def issue_policy(tx: Tx, event: OrderPaid) -> None:
    """Cover the order if its client ticked insurance."""
    if event.insurance and event.insurance_product_id:
        actions.issue_policy(
            tx,
            order_id=event.order_id,
            client_id=event.client_id,
            product_id=event.insurance_product_id,
            premium_fen=event.premium_fen,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            companion_id=event.companion_id,
        )


@bus.on(OrderAssigned)
def note_companion(tx: Tx, event: OrderAssigned) -> None:
    """Perhaps another companion than the policy names."""
    visit = Visit(
        companion_id=event.companion_id, starts_at=event.starts_at, ends_at=event.ends_at, revision=event.revision
    )
    policies.note_visit(tx, event.order_id, visit)


@bus.on(OrderRescheduled)
def note_time(tx: Tx, event: OrderRescheduled) -> None:
    """The visit has another time; who comes is known once somebody took it."""
    companion_id = event.companion_id if event.assigned else ""
    visit = Visit(companion_id=companion_id, starts_at=event.starts_at, ends_at=event.ends_at, revision=event.revision)
    policies.note_visit(tx, event.order_id, visit)


@bus.on(OrderClosed)
def surrender_policy(tx: Tx, event: OrderClosed) -> None:
    """There will be no visit: nothing is covered any more."""
    if event.paid:
        policies.surrender(tx, event.order_id)


@bus.timer("policy_expires")
def expire_policy(tx: Tx, timer: Timer) -> None:
    """The time to file a claim is over."""
    policies.expire(tx, timer.subject)


@bus.on(PolicyEndorsed)
def tell_endorsed(tx: Tx, event: PolicyEndorsed) -> None:
    """Write down the message about another companion or time."""
    deliveries.queue_policy_endorsed(tx, event.order_id, event.number)


@bus.on(PolicySurrendered)
def tell_surrendered(tx: Tx, event: PolicySurrendered) -> None:
    """Write down the message that the cover has ended."""
    deliveries.queue_policy_surrendered(tx, event.order_id)


@bus.on(ClaimMoved, where={"by": ("client",)})
def tell_claim(tx: Tx, event: ClaimMoved) -> None:
    """Write down the message about a claim that was handed in, appealed or withdrawn."""
    deliveries.queue_claim_moved(tx, event)


@bus.on(PolicyIssued)
def tell_insurer(tx: Tx, event: PolicyIssued) -> None:
    """Write down the message to the insurer, for each of its endpoints."""
    actions.queue_policy_issued(tx, event.order_id)


@bus.on(WebhookQueued)
def send_webhook(tx: Tx, event: WebhookQueued) -> None:
    """Make the first attempt."""
    actions.attempt_delivery(tx, event.delivery_id)


@bus.on(WebhookEndpointDisabled)
def tell_endpoint_disabled(tx: Tx, event: WebhookEndpointDisabled) -> None:
    """The insurer hears of it where it still listens."""
    deliveries.queue_endpoint_disabled(tx, insurer_id=event.insurer_id, endpoint_id=event.endpoint_id)


@bus.on(WebhookReplayAsked)
def replay_messages(tx: Tx, event: WebhookReplayAsked) -> None:
    """Send a page of an endpoint's messages again."""
    subscribing.replay_page(tx, event)


@bus.timer("retry_delivery")
def retry_webhook(tx: Tx, timer: Timer) -> None:
    """A message to an insurer was not accepted: try again."""
    actions.attempt_delivery(tx, timer.subject)
