"""What insurance does when an order was paid, and how its messages get out."""

from typing import Any

from chalice.app import Blueprint

from functions.booking.events import OrderPaid
from functions.insurance import actions
from functions.insurance.events import PolicyIssued, WebhookQueued
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
        )


@bus.on(PolicyIssued)
def tell_insurer(tx: Tx, event: PolicyIssued) -> None:
    """Write down the message to the insurer, for each of its endpoints."""
    actions.queue_policy_issued(tx, event.order_id)


@bus.on(WebhookQueued)
def send_webhook(tx: Tx, event: WebhookQueued) -> None:
    """Make the first attempt."""
    actions.attempt_delivery(tx, event.delivery_id)


@bus.timer("retry_delivery")
def retry_webhook(tx: Tx, timer: Timer) -> None:
    """A message to an insurer was not accepted: try again."""
    actions.attempt_delivery(tx, timer.subject)
