"""What the insurer can do about a claim, and how each of it is said to our API: rightly and wrongly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from infra.local.standins.insurer.zhenban import Answer

REASONS: Final = {"approve": "情况属实，同意赔付", "reject": "材料不足以证明损失"}
_WANTED: Final = "请补充收费票据"
_TOO_SHORT: Final = "1"
"""No number of a request is as short."""


class Fault(StrEnum):
    """How an act goes wrong on purpose."""

    LATE = "late"
    TWICE = "twice"
    WRONGLY = "wrongly"


class Act(msgspec.Struct, kw_only=True):
    """One thing that the insurer does about a claim. `wish` has what was said about it, the rest is by default."""

    request_id: str
    claim_id: str
    act: str
    wish: dict[str, Any]
    fault: Fault | None
    asked_at: str
    due_at: str
    is_done: bool = False
    answers: list[Answer] = []


@dataclass(frozen=True)
class Request:
    """To be posted to `/insurer/claims/<claim>/<path>`."""

    path: str
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of act: its fields, and of each request that it sends the part that is not the number."""

    title: str
    path: str
    fields: tuple[str, ...]
    say: Callable[[Act, Mapping[str, Any]], dict[str, Any]]
    """From the act and what our API shows of the claim."""
    refused: Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]
    """What to change in the right request so that it must be refused."""
    otherwise: Callable[[dict[str, Any]], Request]
    """Another request, which must not come under the number of the right one."""


def requests_of(act: Act, claim: Mapping[str, Any]) -> list[Request]:
    """What to send for an act, in order; `claim` is what our API shows the insurer of it."""
    kind = KINDS[act.act]
    number = {"request_id": act.request_id}
    said = kind.say(act, claim)
    right = Request(kind.path, number | said)
    if act.fault is Fault.TWICE:
        return [right, right]
    if act.fault is Fault.WRONGLY:
        refused = Request(kind.path, {"request_id": f"{act.request_id}-refused"} | said | kind.refused(said, claim))
        other = kind.otherwise(said)
        return [refused, right, Request(other.path, number | other.body)]
    return [right]


def _decision(act: Act, claim: Mapping[str, Any]) -> dict[str, Any]:
    decision = act.wish.get("decision", "approve")
    said = {"decision": decision, "reason": act.wish.get("reason", REASONS[decision])}
    if decision == "approve":
        said["amount_fen"] = act.wish.get("amount_fen", claim["payable_fen"])
    return said


def _payment(act: Act, claim: Mapping[str, Any]) -> dict[str, Any]:
    amount_fen = act.wish.get("amount_fen", claim["approved_fen"] or claim["payable_fen"])
    return {"amount_fen": amount_fen, "reference": act.wish.get("reference", f"PAY-{act.request_id}")}


def _opposite(said: dict[str, Any]) -> dict[str, Any]:
    if said["decision"] == "approve":
        return {"decision": "reject", "reason": REASONS["reject"]}
    return {"decision": "approve", "reason": REASONS["approve"], "amount_fen": 1}


KINDS: Final[Mapping[str, Kind]] = {
    "acknowledge": Kind(
        title="受理",
        path="acknowledgement",
        fields=(),
        say=lambda act, claim: {},
        refused=lambda said, claim: {"request_id": _TOO_SHORT},
        otherwise=lambda said: Request("evidence-requests", {"wanted": _WANTED}),
    ),
    "request-evidence": Kind(
        title="要求补充材料",
        path="evidence-requests",
        fields=("wanted",),
        say=lambda act, claim: {"wanted": act.wish.get("wanted", _WANTED)},
        refused=lambda said, claim: {"wanted": ""},
        otherwise=lambda said: Request("evidence-requests", {"wanted": f"{said['wanted']}和病历"}),
    ),
    "decide": Kind(
        title="结论",
        path="decision",
        fields=("decision", "amount_fen", "reason"),
        say=_decision,
        refused=lambda said, claim: {"amount_fen": int(claim["payable_fen"]) + 1},
        otherwise=lambda said: Request("decision", _opposite(said)),
    ),
    "pay": Kind(
        title="付款",
        path="payment",
        fields=("amount_fen", "reference"),
        say=_payment,
        refused=lambda said, claim: {"amount_fen": int(said["amount_fen"]) + 1},
        otherwise=lambda said: Request("payment", said | {"reference": f"{said['reference']}-2"}),
    ),
}
