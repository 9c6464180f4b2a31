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
    default_from_min: int = 6 * 60
    default_until_min: int = 22 * 60
    """The hours of every day in which companions work who have not said otherwise, in minutes from midnight (B2)."""
    confirm_ask_before_s: int = 24 * 60 * 60
    """How long before the visit its companion is asked to confirm it (B6)."""
    confirm_within_s: int = 4 * 60 * 60
    """How long a companion may take to confirm; then the visit goes to somebody else."""
    keep_before_s: int = 24 * 60 * 60
    """A suspended companion keeps the visits that begin within this time; the later ones go to somebody else (F31)."""
    series_visits: int = 12
    """How many visits one recurring series may ask for (B8)."""
    series_pay_before_s: int = 48 * 60 * 60
    """Until how long before its visit an order of a series may be paid."""
    series_hold_s: int = 30 * 60
    """The least time to pay an order of a series, however near its visit is."""
    series_warn_s: int = 24 * 60 * 60
    """How long before that the client is reminded to pay."""
    candidate_pool: int = 200
    """How many candidates of a department one read of the index brings, those of the highest standing first."""
    candidate_window: int = 40
    """Of how many of them, the best first, the calendar is read at once for a list."""
    common_languages: frozenset[str] = frozenset({"mandarin"})
    """Nearly everybody speaks these. Who speaks another one also stands in an index of that language."""
    newcomer_turn_s: int = 3 * 24 * 60 * 60
    """After how long a newcomer draws another place in the index (F1)."""
    share_bp: Mapping[Tier, int] = field(default_factory=_shares)
    """The companion's share of the price without premium, by tier; the rest is commission (F25, F27)."""

    def __post_init__(self) -> None:
        positive = (
            *(self.quote_ttl_s, self.hold_s, self.offer_ttl_s, self.horizon_days, self.slot_min, self.daily_cap),
            *(self.confirm_ask_before_s, self.confirm_within_s, self.series_hold_s, self.newcomer_turn_s),
        )
        natural = (
            *(self.lead_time_s, self.travel_buffer_min, self.offer_floor_s),
            *(self.series_pay_before_s, self.series_warn_s, self.keep_before_s),
        )
        if min(positive) <= 0 or min(natural) < 0:
            raise ValueError("booking policy: a duration is out of range")
        if not 1 <= self.series_visits <= 26:
            raise ValueError("booking policy: series_visits is 1 to 26")
        if not 1 <= self.candidate_pool <= 2_000:
            raise ValueError("booking policy: candidate_pool is 1 to 2,000")
        if not 1 <= self.candidate_window <= 45:
            raise ValueError("booking policy: candidate_window is 1 to 45")
        hours = (self.default_from_min, self.default_until_min)
        if not 0 <= hours[0] < hours[1] <= 24 * 60 or any(minute % 30 for minute in hours):
            raise ValueError("booking policy: default hours are half hours of one day")
        if set(self.share_bp) != set(Tier) or not all(0 <= bp <= 10_000 for bp in self.share_bp.values()):
            raise ValueError("booking policy: share_bp needs 0 to 10,000 for every tier")
