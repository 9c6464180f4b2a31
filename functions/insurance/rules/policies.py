"""Insurance products and the policy of an order (F36): what is covered, and the states a policy passes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict


@dataclass(frozen=True)
class Peril:
    """One thing that is covered, up to `limit_fen`."""

    code: str
    title: str
    limit_fen: int


@dataclass(frozen=True, kw_only=True)
class Product:
    """An insurer's offer for one visit; `wording_version` names the terms that the client sees before ticking."""

    product_id: str
    name: str
    insurer_id: str
    premium_fen: int
    wording_version: str
    summary: str
    perils: tuple[Peril, ...]


class PolicyState(StrEnum):
    """Where a policy stands."""

    ISSUED = "issued"
    ENDORSED = "endorsed"
    SURRENDERED = "surrendered"
    EXPIRED = "expired"


POLICY_MOVES: Mapping[PolicyState, frozenset[PolicyState]] = {
    PolicyState.ISSUED: frozenset({PolicyState.ENDORSED, PolicyState.SURRENDERED, PolicyState.EXPIRED}),
    PolicyState.ENDORSED: frozenset({PolicyState.ENDORSED, PolicyState.SURRENDERED, PolicyState.EXPIRED}),
    PolicyState.SURRENDERED: frozenset(),
    PolicyState.EXPIRED: frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The cover of one order, with premium and wording as they were when it was paid."""

    policy_id: str
    order_id: str
    client_id: str
    product_id: str
    product_name: str
    insurer_id: str
    premium_fen: int
    wording_version: str
    state: PolicyState
    starts_at: datetime
    ends_at: datetime
    issued_at: datetime
    version: int


class ProductUnknown(Conflict):
    """An order was paid with an insurance that is not, or not yet, on offer."""

    code = "insurance_product_unknown"
    title = "保险产品不存在"


class IllegalMove(Conflict):
    """The object's state does not lead to the wanted one."""

    code = "illegal_state"
    title = "当前状态不允许此操作"


def move_policy(state: PolicyState, to: PolicyState) -> PolicyState:
    """`to`, if a policy may go there from `state`; otherwise IllegalMove."""
    if to not in POLICY_MOVES[state]:
        raise IllegalMove(f"保单状态不能从 {state} 变为 {to}")
    return to
