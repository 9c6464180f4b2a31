"""Tiers: where a companion stands, what changed, the rules."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from functions.companions.actions.tiers import Standing
from functions.companions.rules import tiers as rules
from functions.companions.rules.profiles import Tier
from functions.companions.rules.tiers import TIER_TITLES, TierReason, TierRules
from functions.companions.table.tiers import TierChangeRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Rate = Annotated[int, Meta(ge=0, le=10_000, description="万分比")]
_Rating = Annotated[int, Meta(ge=100, le=500, description="五分制评分乘以一百")]


class FactsView(Reading, frozen=True, kw_only=True):
    """评定依据；带 `window_` 的、投诉与取消，都只算最近 `window_days` 天。"""

    completed_visits: int
    rating_hundredths: int | None
    window_days: int
    window_visits: int
    complaints: int
    cancellations: int


class TierView(Reading, frozen=True, kw_only=True):
    """当前等级与分成，离下一级还差什么（`advice`），怎样会降级（`caution`）。"""

    tier: Tier
    title: str
    share_bp: int
    facts: FactsView
    next_tier: Tier | None
    missing: list[str]
    advice: str
    caution: str
    set_until: date | None
    """等级由平台人工指定时，到这一天为止。"""

    @classmethod
    def of(cls, standing: Standing) -> "TierView":
        facts = standing.facts
        return cls(
            tier=standing.tier,
            title=TIER_TITLES[standing.tier],
            share_bp=standing.share_bp,
            facts=FactsView(
                completed_visits=facts.completed_visits,
                rating_hundredths=facts.rating_hundredths,
                window_days=standing.window_days,
                window_visits=facts.window_visits,
                complaints=facts.complaints,
                cancellations=facts.cancellations,
            ),
            next_tier=standing.next_tier,
            missing=list(standing.missing),
            advice=standing.advice,
            caution=standing.caution,
            set_until=standing.override.until if standing.override else None,
        )


class TierChangeView(Reading, frozen=True, kw_only=True):
    """一次等级变化及其原因。"""

    changed_at: datetime
    tier_from: Tier
    tier_to: Tier
    reason: TierReason
    told: str

    @classmethod
    def of(cls, row: TierChangeRow) -> "TierChangeView":
        return cls(
            changed_at=clock.china(row.changed_at),
            tier_from=row.tier_from,
            tier_to=row.tier_to,
            reason=row.reason,
            told=row.told,
        )


class OverrideBody(Body, frozen=True):
    """人工定级，到 `until` 当天结束为止，最长一年；之后恢复原来的等级。"""

    tier: Tier
    until: date
    reason: Annotated[str, Meta(min_length=5, max_length=200)]


class PromotionBody(Body, frozen=True):
    """升到这一级要达到的：累计单数、评分，以及窗口期内的投诉率和取消次数。"""

    visits: _Count
    rating_hundredths: _Rating
    complaint_rate_bp: _Rate
    cancellations: _Count


class KeepingBody(Body, frozen=True):
    """低于这个评分，或高于窗口期内的投诉率、取消次数，就会降级。"""

    rating_hundredths: _Rating
    complaint_rate_bp: _Rate
    cancellations: _Count


class TierRulesBody(Body, frozen=True):
    """晋级与保级规则；保级总要比晋级宽，免得同样的记录升了又降。"""

    window_days: Annotated[int, Meta(ge=1, le=366)]
    least_visits: Annotated[int, Meta(ge=1, le=10_000)]
    promotion: dict[Tier, PromotionBody]
    keeping: dict[Tier, KeepingBody]

    def rules(self) -> TierRules:
        return TierRules(
            window_days=self.window_days,
            least_visits=self.least_visits,
            promotion={
                tier: rules.Promotion(each.visits, each.rating_hundredths, each.complaint_rate_bp, each.cancellations)
                for tier, each in self.promotion.items()
            },
            keeping={
                tier: rules.Keeping(each.rating_hundredths, each.complaint_rate_bp, each.cancellations)
                for tier, each in self.keeping.items()
            },
        )


class TierRulesView(Reading, frozen=True, kw_only=True):
    """现行的晋级与保级规则；从未改过时版本号为 0。"""

    window_days: int
    least_visits: int
    promotion: dict[Tier, rules.Promotion]
    keeping: dict[Tier, rules.Keeping]
    version: int

    @classmethod
    def of(cls, tier_rules: TierRules, version: int) -> "TierRulesView":
        return cls(
            window_days=tier_rules.window_days,
            least_visits=tier_rules.least_visits,
            promotion=dict(tier_rules.promotion),
            keeping=dict(tier_rules.keeping),
            version=version,
        )
