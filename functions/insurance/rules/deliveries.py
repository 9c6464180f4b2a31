"""Messages to insurers (B13): what is said, when it is said again, and when we give up."""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from functions.insurance.rules.policies import IllegalMove, Policy
from functions.insurance.rules.thresholds import Thresholds
from functions.shared.endpoints import Attempt
from functions.shared.money import BP_WHOLE


class DeliveryState(StrEnum):
    """Where a message to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED}),
    DeliveryState.DELIVERED: frozenset(),
    DeliveryState.FAILED: frozenset(),
}


def move_delivery(state: DeliveryState, to: DeliveryState) -> DeliveryState:
    """`to`, if a message may go there from `state` or is there already; otherwise IllegalMove."""
    if to is not state and to not in DELIVERY_MOVES[state]:
        raise IllegalMove(f"通知状态不能从 {state} 变为 {to}")
    return to


@dataclass(frozen=True)
class Verdict:
    """What follows from an attempt: a final state, or `retry_at` while the message stays pending."""

    state: DeliveryState
    retry_at: datetime | None = None
    disables_endpoint: bool = False


def judge(delivery_id: str, attempts: tuple[Attempt, ...], thresholds: Thresholds) -> Verdict:
    """What the latest of `attempts` leads to."""
    latest = attempts[-1]
    if latest.is_accepted:
        return Verdict(DeliveryState.DELIVERED)
    if latest.is_gone:
        return Verdict(DeliveryState.FAILED, disables_endpoint=True)
    if len(attempts) > len(thresholds.retry_delays_s):
        return Verdict(DeliveryState.FAILED)
    return Verdict(DeliveryState.PENDING, latest.at + retry_delay(delivery_id, len(attempts), thresholds))


def retry_delay(delivery_id: str, attempts: int, thresholds: Thresholds) -> timedelta:
    """How long to wait after `attempts` attempts: the table's delay and a jitter of this message's own."""
    delay_s = thresholds.retry_delays_s[attempts - 1]
    jitter_bp = zlib.crc32(f"{delivery_id}#{attempts}".encode()) % (thresholds.retry_jitter_bp + 1)
    return timedelta(seconds=delay_s * (BP_WHOLE + jitter_bp) / BP_WHOLE)


def delivery_id(*, message: str, endpoint_id: str) -> str:
    """The id of one message to one endpoint, also its `webhook-id`: the same whenever it is made."""
    return f"whd_{hashlib.sha256(f'{message}#{endpoint_id}'.encode()).hexdigest()[:26]}"


def policy_issued(policy: Policy) -> str:
    """The body of `policy.issued`: ids, amounts and times, nothing about a person. The same policy, the same bytes."""
    return _message(
        "policy.issued",
        policy.issued_at,
        {
            "policy_id": policy.policy_id,
            "order_id": policy.order_id,
            "product_id": policy.product_id,
            "wording_version": policy.wording_version,
            "premium_fen": policy.premium_fen,
            "currency": "CNY",
            "starts_at": _instant(policy.starts_at),
            "ends_at": _instant(policy.ends_at),
        },
    )


def policy_endorsed(policy: Policy, number: int) -> str:
    """The body of `policy.endorsed`: the endorsement of this number."""
    endorsement = policy.endorsements[number - 1]
    return _message(
        "policy.endorsed",
        endorsement.at,
        {
            "policy_id": policy.policy_id,
            "order_id": policy.order_id,
            "number": endorsement.number,
            "changes": list(endorsement.changes),
            "starts_at": _instant(endorsement.starts_at),
            "ends_at": _instant(endorsement.ends_at),
        },
    )


def policy_surrendered(policy: Policy) -> str:
    """The body of `policy.surrendered`, with what comes back of the premium."""
    assert policy.ended_at is not None, "a surrendered policy has ended"
    return _message(
        "policy.surrendered",
        policy.ended_at,
        {
            "policy_id": policy.policy_id,
            "order_id": policy.order_id,
            "premium_back_fen": policy.premium_back_fen,
            "currency": "CNY",
        },
    )


def claim_moved(*, claim_id: str, policy_id: str, order_id: str, state: str, step: int, at: datetime) -> str:
    """The body of `claim.moved`: which claim, and where it stands; the insurer fetches the rest with its own token."""
    return _message(
        "claim.moved",
        at,
        {"claim_id": claim_id, "policy_id": policy_id, "order_id": order_id, "state": state, "step": step},
    )


def _message(type_: str, at: datetime, data: Mapping[str, Any]) -> str:
    return json.dumps({"type": type_, "timestamp": _instant(at), "data": data}, separators=(",", ":"))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
