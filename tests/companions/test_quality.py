"""When complaints stop a companion, and what lets them work again (F31)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.companions.rules import quality
from functions.companions.rules.policy import Policy
from functions.companions.rules.profiles import (
    CompanionState,
    IllegalTransition,
    SuspensionReason,
    removed,
    suspend,
)
from functions.companions.rules.records import Record
from functions.companions.rules.tiers import TierRules
from tests.accounts.makers import COMPANION
from tests.companions.makers import Office, profile_of, put

pytestmark = pytest.mark.feature("F31")
TODAY = date(2026, 11, 2)
RULES, POLICY = TierRules(), Policy()
counts = st.dictionaries(st.integers(0, 89).map(lambda days: TODAY - timedelta(days=days)), st.integers(0, 9))


def too_often(record: Record, policy: Policy = POLICY) -> bool:
    return quality.is_too_often(quality.quality_of(record, RULES, policy), policy)


@given(counts, counts, counts)
def test_only_upheld_complaints_above_one_in_twenty_are_too_many(
    visits: dict[date, int], upheld: dict[date, int], rejected: dict[date, int]
) -> None:
    record = Record(visits=visits, complaints=upheld, rejected=rejected)
    counted = max(sum(visits.values()), RULES.least_visits)
    assert too_often(record) == (sum(upheld.values()) * 20 > counted)


@given(counts, counts, counts, st.integers(0, 10_000))
def test_a_rejected_complaint_never_weighs_more_than_an_upheld_one(
    visits: dict[date, int], upheld: dict[date, int], rejected: dict[date, int], weight_bp: int
) -> None:
    policy = Policy(rejected_weight_bp=weight_bp)
    as_rejected = Record(visits=visits, complaints=upheld, rejected=rejected)
    as_upheld = Record(visits=visits, complaints={TODAY: sum(upheld.values()) + sum(rejected.values())})
    assert (
        quality.quality_of(as_rejected, RULES, policy).rate_bp <= quality.quality_of(as_upheld, RULES, policy).rate_bp
    )


@given(counts, st.integers(0, 89))
def test_what_a_rectification_dealt_with_does_not_count(upheld: dict[date, int], days_ago: int) -> None:
    lifted_on = TODAY - timedelta(days=days_ago)
    record = Record(complaints=upheld, rectified_on=lifted_on)
    later = sum(count for day, count in upheld.items() if day > lifted_on)
    assert quality.quality_of(record, RULES, POLICY).upheld == later


def test_who_was_removed_does_not_come_back(office: Office) -> None:
    put()
    profile = profile_of(COMPANION)
    with pytest.raises(IllegalTransition):
        removed(profile)
    gone = removed(suspend(profile, SuspensionReason.COMPLAINTS))
    assert (gone.state, gone.is_active) == (CompanionState.REMOVED, False)
