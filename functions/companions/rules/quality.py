"""When clients complain too often of a companion: the rate, and what it leads to (F31)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from functions.companions.rules.policy import Policy
from functions.companions.rules.records import Record
from functions.companions.rules.tiers import TierRules
from functions.shared.money import BP_WHOLE


@dataclass(frozen=True)
class Quality:
    """Complaints that were closed and visits that were completed in the window; the rate in basis points."""

    upheld: int
    rejected: int
    visits: int
    window_days: int
    rate_bp: int


def quality_of(record: Record, rules: TierRules, policy: Policy) -> Quality:
    """How often clients complain, `record` being of the window.

    A rejected complaint weighs `rejected_weight_bp` of an upheld one; what a rectification dealt with does not count.
    Few visits are taken for `least_visits`: one complaint about them is not a high rate.
    """
    upheld, rejected = (_since(record.rectified_on, counts) for counts in (record.complaints, record.rejected))
    visits = sum(record.visits.values())
    weighed = upheld * BP_WHOLE + rejected * policy.rejected_weight_bp
    return Quality(upheld, rejected, visits, rules.window_days, -(-weighed // max(visits, rules.least_visits)))


def is_too_often(quality: Quality, policy: Policy) -> bool:
    """Above the rate at which a companion stops working until they have put things right."""
    return quality.rate_bp > policy.suspend_above_bp


def _since(day: date | None, counts: Mapping[date, int]) -> int:
    return sum(count for on, count in counts.items() if day is None or on > day)
