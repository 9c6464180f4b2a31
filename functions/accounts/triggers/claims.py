"""What clients are told of their insurance claims, and staff of an insurer who hears nothing."""

from collections.abc import Mapping

from functions.accounts.actions.duty import tell_staff_on_duty
from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.triggers.declared import bus
from functions.insurance.events import ClaimMoved, WebhookEndpointDisabled
from functions.shared.tx import Tx

_CODES: Mapping[str, str] = {
    "evidence_requested": "claim_evidence_requested",
    "approved": "claim_approved",
    "rejected": "claim_rejected",
    "paid": "claim_paid",
}


@bus.on(ClaimMoved, where={"state": tuple(_CODES)})
def tell_claim(tx: Tx, event: ClaimMoved) -> None:
    """The insurer wants more, or has decided, or has paid."""
    facts = OrderFacts(order_id=event.order_id, amount_fen=event.amount_fen)
    write_notice(tx, account_id=event.client_id, code=_CODES[event.state], facts=facts)


@bus.on(WebhookEndpointDisabled)
def tell_endpoint_disabled(tx: Tx, event: WebhookEndpointDisabled) -> None:
    """To staff on duty: an insurer's endpoint takes nothing any more, and somebody should call them."""
    tell_staff_on_duty(tx, code="webhook_disabled_staff", facts=OwnFacts())
