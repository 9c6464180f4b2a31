"""The grab hall: which orders stand in it, for how long, and who may see and take them (F20)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules.dispatch import DispatchPolicy
from functions.booking.rules.matching import Companion, Wanted, meets
from functions.booking.rules.orders import OfferedVisit
from functions.booking.rules.policy import TIER_TITLES, Tier
from functions.shared import clock
from functions.shared.errors import Conflict

_LEAST_OPEN = timedelta(minutes=5)
"""An order that could stand in the hall for less is not put there."""


class Left(StrEnum):
    """Why an order is no longer in the hall."""

    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    TIME_OVER = "time_over"


@dataclass(frozen=True)
class Listing:
    """An order's stay in the hall, kept with the order: `sort_key` leads to its row there."""

    city: str
    sort_key: str
    starts_at: datetime
    listed_at: datetime
    until: datetime
    left: Left | None = None

    @property
    def is_open(self) -> bool:
        return self.left is None


@dataclass(frozen=True)
class HallOrder:
    """What the hall says of an order. Nothing of the patient or the client."""

    order_id: str
    listed_at: datetime
    until: datetime
    department_id: str
    wanted: Wanted
    chosen_id: str
    """The companion whom the client chose: no tier goes before them."""
    asked: frozenset[str]
    """Who was offered it before: they are not shown it again."""
    gross_fen: int
    shares_fen: Mapping[Tier, int]
    """What a companion of each tier would earn."""
    visit: OfferedVisit
    blocked: frozenset[str] = frozenset()
    """Who was blocked with the client when it was listed; later blocks count when they try to take it."""


class OrderTaken(Conflict):
    """Somebody was faster, or the order has left the hall."""

    code = "order_taken"
    title = "手慢了，这一单已被抢走或已下架"


class GrabTooEarly(Conflict):
    """Higher tiers come first with an order of high value; `detail` says from when on."""

    code = "grab_too_early"
    title = "这一单正在高等级陪诊师优先时段"


class DeclinedBefore(Conflict):
    """The companion was offered this order and let it go."""

    code = "declined_before"
    title = "您之前没有接这一单，不能再抢"


def closes_at(now: datetime, starts_at: datetime, policy: DispatchPolicy) -> datetime | None:
    """Until when an order listed now stays in the hall; None if its visit is too near to be listed at all."""
    until = min(now + timedelta(seconds=policy.hall_open_s), starts_at - timedelta(seconds=policy.hall_leave_before_s))
    return until if until - now >= _LEAST_OPEN else None


def may_be_listed(listing: Listing | None, starts_at: datetime) -> bool:
    """Not while it is in the hall, nor again for the same time after its time there was over."""
    if listing is None:
        return True
    return not listing.is_open and (listing.left is not Left.TIME_OVER or listing.starts_at != starts_at)


def shown_from(listed_at: datetime, *, gross_fen: int, tier: Tier, is_chosen: bool, policy: DispatchPolicy) -> datetime:
    """From when on a companion of this tier may see and take the order."""
    if gross_fen < policy.high_value_fen or is_chosen:
        return listed_at
    return listed_at + timedelta(seconds=policy.head_start_s[tier])


def check_head_start(shown_at: datetime, now: datetime, tier: Tier) -> None:
    """GrabTooEarly before `shown_at`."""
    if now < shown_at:
        at = f"{clock.china(shown_at):%H:%M:%S}"
        raise GrabTooEarly(f"高价值订单优先开放给更高等级的陪诊师，{TIER_TITLES[tier]}陪诊师 {at} 起可抢")


def can_serve(companion: Companion, *, hospital_id: str, department_id: str, wanted: Wanted) -> bool:
    """Whether the companion works there and meets what the client asks for."""
    served = (hospital_id, department_id) in companion.departments
    return served and meets(companion.in_department(department_id), wanted)


def sees(companion: Companion, order: HallOrder, *, now: datetime, policy: DispatchPolicy) -> bool:
    """Whether the hall shows this companion the order."""
    visit, tier = order.visit, companion.tier
    shown_at = shown_from(
        order.listed_at,
        gross_fen=order.gross_fen,
        tier=tier,
        is_chosen=order.chosen_id == companion.companion_id,
        policy=policy,
    )
    return (
        shown_at <= now < order.until
        and companion.companion_id not in order.asked | order.blocked
        and can_serve(companion, hospital_id=visit.hospital_id, department_id=order.department_id, wanted=order.wanted)
    )


def check_not_asked(companion_id: str, *, asked: Collection[str], being_asked: bool) -> None:
    """DeclinedBefore for somebody who let the order go; whoever is being asked may take it here as well."""
    if companion_id in asked and not being_asked:
        raise DeclinedBefore()
