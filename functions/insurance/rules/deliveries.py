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
from functions.shared.errors import Conflict, NotFound
from functions.shared.money import BP_WHOLE


class DeliveryState(StrEnum):
    """Where a message to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.PENDING}),
    DeliveryState.FAILED: frozenset({DeliveryState.PENDING}),
}
"""A message is sent again when its insurer asks for it: the same id, the same bytes."""


def move_delivery(state: DeliveryState, to: DeliveryState) -> DeliveryState:
    """`to`, if a message may go there from `state` or is there already; otherwise IllegalMove."""
    if to is not state and to not in DELIVERY_MOVES[state]:
        raise IllegalMove(f"通知状态不能从 {state} 变为 {to}")
    return to


_ASK_LATER = frozenset({429, 503})


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
    delay = retry_delay(delivery_id, len(attempts), thresholds)
    if latest.retry_after_s is not None and latest.status in _ASK_LATER:
        wanted_s = min(latest.retry_after_s, thresholds.retry_after_max_s)
        delay = max(delay, timedelta(seconds=wanted_s))
    return Verdict(DeliveryState.PENDING, latest.at + delay)


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


def has_failed_too_long(failing_since: datetime | None, now: datetime, thresholds: Thresholds) -> bool:
    """Nothing was taken for so many days that we stop asking."""
    return failing_since is not None and now - failing_since >= timedelta(days=thresholds.failing_days)


def numbered(body: str, sequence: int) -> str:
    """The message with its number among those of its endpoint: by it a receiver puts them in order."""
    return json.dumps(json.loads(body) | {"sequence": sequence}, separators=(",", ":"))


def endpoint_disabled(endpoint_id: str, at: datetime) -> str:
    """The body of `endpoint.disabled`, told to the insurer's other endpoints: this one is asked no more."""
    return _message("endpoint.disabled", at, {"endpoint_id": endpoint_id})


def trial_event(at: datetime) -> str:
    """A message that says nothing, to try an endpoint."""
    return _message("endpoint.test", at, {"note": "诊伴测试消息，无需处理"})


def _message(type_: str, at: datetime, data: Mapping[str, Any]) -> str:
    return json.dumps(
        {"type": type_, "timestamp": _instant(at), "data": data}, separators=(",", ":"), ensure_ascii=True
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


EVENT_TYPES: Mapping[str, str] = {
    "policy.issued": "出单：订单支付成功",
    "policy.endorsed": "批改：陪诊师或时间有变",
    "policy.surrendered": "退保：订单未发生陪诊",
    "claim.moved": "报案：投保人提交、补充、申诉或撤回",
    "endpoint.disabled": "停用：您的另一个回调地址收不到消息",
}
"""What an endpoint may ask for."""


class EndpointNotFound(NotFound):
    """There is no such endpoint, or it is another insurer's."""

    code = "endpoint_not_found"
    title = "没有找到这个回调地址"


class DeliveryNotFound(NotFound):
    """There is no such message, or it was for another insurer."""

    code = "delivery_not_found"
    title = "没有找到这条消息"


class TooManyEndpoints(Conflict):
    """An insurer has only so many."""

    code = "too_many_endpoints"
    title = "回调地址数量已达上限"
