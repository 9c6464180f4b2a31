"""The room's thresholds: documented defaults, replaced by one configuration row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Tier(StrEnum):
    """A companion's grade: 初级, 中级, 高级."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


TIER_TITLES: Mapping[Tier, str] = {Tier.JUNIOR: "初级", Tier.INTERMEDIATE: "中级", Tier.SENIOR: "高级"}


def _shares() -> dict[Tier, int]:
    return {Tier.JUNIOR: 9_000, Tier.INTERMEDIATE: 9_100, Tier.SENIOR: 9_200}


@dataclass(frozen=True)
class Policy:
    """Thresholds of booking. Seconds, minutes, days and basis points as the names say."""

    quote_ttl_s: int = 30 * 60
    """How long a quote is honoured (F4)."""
    hold_s: int = 5 * 60
    """How long an unpaid order keeps its companion and slot (B1)."""
    offer_ttl_s: int = 15 * 60
    """How long a companion may think about an offer (F19)."""
    offer_floor_s: int = 2 * 60
    """The least time to answer, even when the visit is about to begin."""
    lead_time_s: int = 2 * 60 * 60
    """How far ahead a visit must be booked (B2)."""
    horizon_days: int = 90
    """How far ahead a visit may be booked."""
    slot_min: int = 30
    """Visits start on this grid of minutes."""
    travel_buffer_min: int = 60
    """Free time between two visits of a companion at different campuses (B2)."""
    daily_cap: int = 3
    """How many visits a companion may begin in one day (B2)."""
    reminder_before_s: int = 24 * 60 * 60
    """How long before the visit its reminder goes out (F7)."""
    candidate_pool: int = 500
    """How many candidates of a department are considered for one list; the best of them have their calendar read."""
    share_bp: Mapping[Tier, int] = field(default_factory=_shares)
    """The companion's share of the price without premium, by tier; the rest is commission (F25, F27)."""

    def __post_init__(self) -> None:
        positive = (self.quote_ttl_s, self.hold_s, self.offer_ttl_s, self.horizon_days, self.slot_min, self.daily_cap)
        natural = (self.lead_time_s, self.reminder_before_s, self.travel_buffer_min, self.offer_floor_s)
        if min(positive) <= 0 or min(natural) < 0:
            raise ValueError("booking policy: a duration is out of range")
        if not 1 <= self.candidate_pool <= 2_000:
            raise ValueError("booking policy: candidate_pool is 1 to 2,000")
        if set(self.share_bp) != set(Tier) or not all(0 <= bp <= 10_000 for bp in self.share_bp.values()):
            raise ValueError("booking policy: share_bp needs 0 to 10,000 for every tier")
