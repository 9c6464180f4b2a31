"""When a tier is won and lost, and how that is said."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.companions.rules.profiles import Tier
from functions.companions.rules.records import Record
from functions.companions.rules.tiers import (
    LADDER,
    Change,
    Facts,
    Keeping,
    OverrideInvalid,
    Promotion,
    TierReason,
    TierRules,
    TierRulesInvalid,
    advice,
    caution,
    check_override,
    checked,
    decide,
    told_of,
    unmet,
)

RULES = TierRules()
TODAY = date(2026, 3, 2)
GOOD = Facts(completed_visits=300, rating_hundredths=480, window_visits=40)
FACTS = st.builds(
    Facts,
    completed_visits=st.integers(0, 2_000),
    rating_hundredths=st.none() | st.integers(100, 500),
    window_visits=st.integers(0, 300),
    complaints=st.integers(0, 30),
    cancellations=st.integers(0, 10),
)
TIERS = st.sampled_from(LADDER)


class TestDeciding:
    def test_a_full_record_lifts_one_step(self) -> None:
        assert decide(Tier.JUNIOR, GOOD, RULES) == Change(Tier.INTERMEDIATE, TierReason.PROMOTED)
        assert decide(Tier.INTERMEDIATE, GOOD, RULES) == Change(Tier.SENIOR, TierReason.PROMOTED)
        assert decide(Tier.SENIOR, GOOD, RULES) is None

    @pytest.mark.parametrize(
        "changed",
        [{"rating_hundredths": 464}, {"complaints": 2, "window_visits": 10}, {"cancellations": 6}],
        ids=["rating", "complaints", "cancellations"],
    )
    def test_each_failing_alone_loses_the_tier(self, changed: dict[str, int]) -> None:
        assert decide(Tier.SENIOR, replace(GOOD, **changed), RULES) == Change(Tier.INTERMEDIATE, TierReason.DEMOTED)

    def test_one_complaint_about_a_few_visits_is_not_a_high_rate(self) -> None:
        assert Facts(300, 480, window_visits=1, complaints=1).complaint_rate_bp(RULES) == 500

    @given(TIERS, FACTS)
    def test_a_step_at_a_time_and_nobody_leaves_the_ladder(self, tier: Tier, facts: Facts) -> None:
        change = decide(tier, facts, RULES)
        if change is not None:
            assert abs(LADDER.index(change.tier) - LADDER.index(tier)) == 1

    @given(TIERS, FACTS)
    def test_the_same_record_never_raises_and_lowers(self, tier: Tier, facts: Facts) -> None:
        reasons = set()
        for _ in LADDER:
            change = decide(tier, facts, RULES)
            if change is None:
                break
            tier = change.tier
            reasons.add(change.reason)
        assert len(reasons) <= 1
        assert decide(tier, facts, RULES) is None

    @given(TIERS, FACTS)
    def test_who_lacks_nothing_is_promoted_unless_demoted(self, tier: Tier, facts: Facts) -> None:
        change = decide(tier, facts, RULES)
        if change is not None and change.reason is TierReason.PROMOTED:
            assert unmet(change.tier, facts, RULES) == ()


class TestExplaining:
    def test_what_is_missing_is_said_in_numbers(self) -> None:
        facts = Facts(completed_visits=288, rating_hundredths=475, window_visits=40)
        assert advice(Tier.INTERMEDIATE, facts, RULES) == "再完成 12 单、评分达到 4.80 即可升为高级。"

    def test_complaints_and_cancellations_are_said_too(self) -> None:
        facts = Facts(completed_visits=300, rating_hundredths=480, window_visits=40, complaints=1, cancellations=3)
        assert advice(Tier.INTERMEDIATE, facts, RULES) == (
            "近 90 天投诉率降到 2% 以内、近 90 天取消不超过 2 次（现在 3 次）即可升为高级。"
        )

    def test_who_has_everything_waits_for_the_next_evaluation(self) -> None:
        assert advice(Tier.INTERMEDIATE, GOOD, RULES) == "已达到高级的全部要求，下次评定即可升级。"

    def test_the_highest_tier_has_nothing_to_reach(self) -> None:
        assert advice(Tier.SENIOR, GOOD, RULES) == "您已是最高等级，保持现在的服务质量即可。"

    def test_what_would_lose_the_tier_is_said(self) -> None:
        assert caution(Tier.JUNIOR, RULES) == ""
        assert caution(Tier.SENIOR, RULES) == "评分低于 4.65、近 90 天投诉率超过 4% 或取消超过 5 次，会降为中级。"

    @given(TIERS, FACTS)
    def test_every_change_has_its_reason_in_words(self, tier: Tier, facts: Facts) -> None:
        change = decide(tier, facts, RULES)
        if change is not None:
            assert ("升为" if change.reason is TierReason.PROMOTED else "调整为") in told_of(change, facts, RULES)


class TestRules:
    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"promotion": {Tier.SENIOR: Promotion(300, 480, 200, 2)}}, "promotion"),
            ({"window_days": 0}, "window_days"),
            ({"least_visits": 0}, "least_visits"),
            (
                {"keeping": {Tier.INTERMEDIATE: Keeping(461, 500, 6), Tier.SENIOR: Keeping(465, 400, 5)}},
                "keeping.intermediate.rating_hundredths",
            ),
            (
                {"keeping": {Tier.INTERMEDIATE: Keeping(440, 299, 6), Tier.SENIOR: Keeping(465, 400, 5)}},
                "keeping.intermediate.complaint_rate_bp",
            ),
            (
                {"keeping": {Tier.INTERMEDIATE: Keeping(440, 500, 6), Tier.SENIOR: Keeping(465, 400, 1)}},
                "keeping.senior.cancellations",
            ),
            (
                {
                    "promotion": {
                        Tier.INTERMEDIATE: Promotion(400, 460, 300, 3),
                        Tier.SENIOR: Promotion(300, 480, 200, 2),
                    }
                },
                "promotion.senior.visits",
            ),
        ],
    )
    def test_rules_that_would_flap_are_refused(self, changed: dict[str, object], field: str) -> None:
        with pytest.raises(TierRulesInvalid) as refused:
            checked(replace(RULES, **changed))  # type: ignore[arg-type]
        assert [error.field for error in refused.value.errors] == [field]

    def test_the_defaults_are_good(self) -> None:
        assert checked(RULES) is RULES

    @pytest.mark.parametrize(
        ("tier", "until", "field"),
        [
            (Tier.JUNIOR, TODAY, "tier"),
            (Tier.SENIOR, TODAY - timedelta(days=1), "until"),
            (Tier.SENIOR, TODAY + timedelta(days=367), "until"),
        ],
    )
    def test_an_override_changes_something_for_a_while(self, tier: Tier, until: date, field: str) -> None:
        with pytest.raises(OverrideInvalid) as refused:
            check_override(tier, current=Tier.JUNIOR, until=until, today=TODAY)
        assert [error.field for error in refused.value.errors] == [field]


class TestRecord:
    @given(st.lists(st.integers(0, 400), max_size=50), st.integers(1, 366))
    def test_the_window_holds_its_days_and_no_others(self, days_ago: list[int], window_days: int) -> None:
        record = Record()
        for days in days_ago:
            record = record.with_visit(TODAY - timedelta(days=days)).with_cancellation(TODAY - timedelta(days=days))
        recent = record.within(TODAY, window_days=window_days)
        expected = sum(days < window_days for days in days_ago)
        assert (sum(recent.visits.values()), sum(recent.cancellations.values())) == (expected, expected)
