"""What `insurance` says about policies and about its deliveries to insurers."""

from datetime import datetime

from functions.shared.events import Event


class PolicyIssued(Event, frozen=True, kw_only=True, tag="policy.issued"):
    """An insured order was paid and is covered from now on."""

    policy_id: str
    order_id: str
    client_id: str
    product_id: str
    insurer_id: str
    premium_fen: int


class PolicyEndorsed(Event, frozen=True, kw_only=True, tag="policy.endorsed"):
    """Another companion, or another time, is covered from now on; `number` counts a policy's endorsements from 1."""

    policy_id: str
    order_id: str
    insurer_id: str
    number: int


class PolicySurrendered(Event, frozen=True, kw_only=True, tag="policy.surrendered"):
    """The order ended without a visit: nothing is covered any more."""

    policy_id: str
    order_id: str
    insurer_id: str
    premium_kept_fen: int = 0
    """Owed to the insurer all the same, because a claim was handed in; otherwise nothing."""


class ClaimMoved(Event, frozen=True, kw_only=True, tag="claim.moved"):
    """A claim was handed in, decided, paid … `step` counts its moves from 1; nothing of what is claimed is in it."""

    claim_id: str
    order_id: str
    policy_id: str
    client_id: str
    insurer_id: str
    state: str
    step: int
    by: str
    """`client`, `insurer` or `system`."""
    amount_fen: int
    """What the insurer approved, from its approval on."""
    is_over: bool
    """Nothing follows: evidence need not be kept for it any more."""


class WebhookQueued(Event, frozen=True, kw_only=True, tag="webhook.queued"):
    """A message to one endpoint of an insurer is written down and waits for its first attempt."""

    delivery_id: str


class WebhookEndpointDisabled(Event, frozen=True, kw_only=True, tag="webhook.endpoint_disabled"):
    """An insurer's endpoint is gone or took nothing for days: it is told nothing more until the insurer enables it."""

    insurer_id: str
    endpoint_id: str


class WebhookReplayAsked(Event, frozen=True, kw_only=True, tag="webhook.replay_asked"):
    """An insurer wants everything of a time again; `after` is where the page before ended."""

    insurer_id: str
    endpoint_id: str
    since: datetime
    until: datetime
    after: str = ""
