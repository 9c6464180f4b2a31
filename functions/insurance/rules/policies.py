"""Insurance products and the policy of an order (F36): what is covered, and the states a policy passes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict


@dataclass(frozen=True)
class Peril:
    """One thing that is covered, up to `limit_fen`; the first `deductible_fen` of a loss are borne by the client."""

    code: str
    title: str
    limit_fen: int
    deductible_fen: int = 0
    evidence: tuple[str, ...] = ()
    """What the insurer wants to see, in words for the client."""

    def __post_init__(self) -> None:
        if not 0 <= self.deductible_fen < self.limit_fen:
            raise ValueError(f"peril {self.code}: the deductible is less than the limit")


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
    wording: str = ""
    """The terms themselves, as they are shown before ticking."""
    waiting_h: int = 0
    """So many hours after it was issued a policy covers nothing yet."""
    filing_days: int = 30
    """How long after the visit a claim may be filed."""

    def peril(self, code: str) -> Peril | None:
        return next((each for each in self.perils if each.code == code), None)


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


class Change(StrEnum):
    """What an endorsement is about."""

    COMPANION = "companion"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Endorsement:
    """A change of a policy that is in force: who accompanies, and when, from now on."""

    number: int
    at: datetime
    changes: tuple[Change, ...]
    companion_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What booking last said of the visit that is covered; of two the higher `revision` is true."""

    companion_id: str
    starts_at: datetime
    ends_at: datetime
    revision: int = 0


IN_FORCE = frozenset({PolicyState.ISSUED, PolicyState.ENDORSED})


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
    terms: Product | None = None
    """The product as it was when the policy was issued."""
    companion_id: str = ""
    endorsements: tuple[Endorsement, ...] = ()
    ended_at: datetime | None = None
    premium_back_fen: int = 0
    """What the insurer gives back of the premium after a surrender."""

    @property
    def is_in_force(self) -> bool:
        return self.state in IN_FORCE

    @property
    def filing_until(self) -> datetime:
        """Until when a claim may be filed."""
        return self.ends_at + timedelta(days=self.terms.filing_days if self.terms else 30)


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


def premium_back_fen(premium_fen: int, *, is_claimed: bool) -> int:
    """What comes back of the premium when a policy is surrendered, in fen.

    A visit that never began was no risk, so all of it, as the client's refund has it; once a claim was handed in, the
    insurer has answered for the risk and keeps it.
    """
    return 0 if is_claimed else premium_fen


def endorsement_of(policy: Policy, visit: Visit, *, at: datetime) -> Endorsement | None:
    """The endorsement that this news asks for; None if the policy says so already."""
    changes = []
    if visit.companion_id and visit.companion_id != policy.companion_id:
        changes.append(Change.COMPANION)
    if (visit.starts_at, visit.ends_at) != (policy.starts_at, policy.ends_at):
        changes.append(Change.TIME)
    if not changes:
        return None
    return Endorsement(
        number=len(policy.endorsements) + 1,
        at=at,
        changes=tuple(changes),
        companion_id=visit.companion_id or policy.companion_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
    )
