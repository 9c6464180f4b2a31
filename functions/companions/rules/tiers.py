"""初级, 中级, 高级: what lifts a companion, what keeps them there, and how that is said to them (F27)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from functions.companions.rules.profiles import RATING_MAX_HUNDREDTHS, Tier
from functions.shared.errors import FieldError, Invalid
from functions.shared.money import BP_WHOLE

TIER_TITLES: Mapping[Tier, str] = {Tier.JUNIOR: "初级", Tier.INTERMEDIATE: "中级", Tier.SENIOR: "高级"}
LADDER = (Tier.JUNIOR, Tier.INTERMEDIATE, Tier.SENIOR)
"""Nobody passes over a step, up or down."""


class TierReason(StrEnum):
    """Why a tier changed."""

    PROMOTED = "promoted"
    DEMOTED = "demoted"
    OVERRIDDEN = "overridden"
    OVERRIDE_ENDED = "override_ended"


class TierRulesInvalid(Invalid):
    """The rules would let a companion rise and fall on the same record."""

    code = "tier_rules_invalid"
    title = "等级规则有误"


class OverrideInvalid(Invalid):
    """A tier cannot be set for that time."""

    code = "override_invalid"
    title = "人工定级有误"


@dataclass(frozen=True)
class Promotion:
    """What it takes to reach a tier; the visits are of all time, complaints and cancellations of the window."""

    visits: int
    rating_hundredths: int
    complaint_rate_bp: int
    cancellations: int


@dataclass(frozen=True)
class Keeping:
    """Below this rating, or above this rate or count in the window, a tier is lost."""

    rating_hundredths: int
    complaint_rate_bp: int
    cancellations: int


def _promotions() -> dict[Tier, Promotion]:
    return {Tier.INTERMEDIATE: Promotion(60, 460, 300, 3), Tier.SENIOR: Promotion(300, 480, 200, 2)}


def _keepings() -> dict[Tier, Keeping]:
    return {Tier.INTERMEDIATE: Keeping(440, 500, 6), Tier.SENIOR: Keeping(465, 400, 5)}


@dataclass(frozen=True)
class TierRules:
    """Promotion and demotion. `least_visits` keeps one complaint about a few visits from being a high rate."""

    window_days: int = 90
    least_visits: int = 20
    promotion: Mapping[Tier, Promotion] = field(default_factory=_promotions)
    keeping: Mapping[Tier, Keeping] = field(default_factory=_keepings)


@dataclass(frozen=True)
class Facts:
    """A companion's record as tiers see it; `window_visits`, complaints and cancellations are of the window."""

    completed_visits: int
    rating_hundredths: int | None
    window_visits: int = 0
    complaints: int = 0
    cancellations: int = 0

    def complaint_rate_bp(self, rules: TierRules) -> int:
        """Complaints per visit of the window, rounded up, over `least_visits` at least."""
        return -(-self.complaints * BP_WHOLE // max(self.window_visits, rules.least_visits))


@dataclass(frozen=True)
class Override:
    """A tier that an administrator set, until that day ends in China; `tier_before` comes back afterwards."""

    tier: Tier
    tier_before: Tier
    until: date
    by: str
    reason: str


@dataclass(frozen=True)
class Change:
    """A tier that the rules say should change."""

    tier: Tier
    reason: TierReason


def checked(rules: TierRules) -> TierRules:
    """`rules`, if every tier above the first has both sides and none is lost on the record that won it."""
    wanted = set(LADDER[1:])
    if set(rules.promotion) != wanted or set(rules.keeping) != wanted:
        raise TierRulesInvalid(errors=(FieldError("promotion", "中级与高级都要有晋级和保级规则"),))
    claims = [(1 <= rules.window_days <= 366, "window_days", "应在 1 至 366 天之间")]
    claims.append((rules.least_visits >= 1, "least_visits", "至少为 1"))
    for tier in LADDER[1:]:
        up, keep = rules.promotion[tier], rules.keeping[tier]
        claims += [
            (up.visits >= 0, f"promotion.{tier}.visits", "不能为负"),
            (
                100 <= keep.rating_hundredths <= up.rating_hundredths <= RATING_MAX_HUNDREDTHS,
                f"keeping.{tier}.rating_hundredths",
                "保级评分不能高于晋级评分，都在 100 至 500 之间",
            ),
            (
                0 <= up.complaint_rate_bp <= keep.complaint_rate_bp <= BP_WHOLE,
                f"keeping.{tier}.complaint_rate_bp",
                "保级投诉率不能低于晋级投诉率",
            ),
            (
                0 <= up.cancellations <= keep.cancellations,
                f"keeping.{tier}.cancellations",
                "保级取消次数不能少于晋级取消次数",
            ),
        ]
    low, high = (rules.promotion[tier].visits for tier in LADDER[1:])
    claims.append((low <= high, "promotion.senior.visits", "高级要求的单数不能少于中级"))
    errors = tuple(FieldError(name, message) for holds, name, message in claims if not holds)
    if errors:
        raise TierRulesInvalid(errors=errors)
    return rules


def decide(tier: Tier, facts: Facts, rules: TierRules) -> Change | None:
    """One step down if the tier is lost, else one step up if the next is won, else None."""
    if _lost(tier, facts, rules):
        return Change(LADDER[LADDER.index(tier) - 1], TierReason.DEMOTED)
    above = next_tier(tier)
    if above is not None and not unmet(above, facts, rules):
        return Change(above, TierReason.PROMOTED)
    return None


def next_tier(tier: Tier) -> Tier | None:
    """The tier above; None for the highest."""
    return LADDER[LADDER.index(tier) + 1] if tier is not LADDER[-1] else None


def unmet(tier: Tier, facts: Facts, rules: TierRules) -> tuple[str, ...]:
    """What is missing for `tier`, each as a phrase that an advice is put together from; empty if nothing is."""
    need, rate = rules.promotion[tier], facts.complaint_rate_bp(rules)
    rated = facts.rating_hundredths is not None and facts.rating_hundredths >= need.rating_hundredths
    claims = (
        (facts.completed_visits >= need.visits, f"再完成 {need.visits - facts.completed_visits} 单"),
        (rated, f"评分达到 {rating_text(need.rating_hundredths)}"),
        (
            rate <= need.complaint_rate_bp,
            f"近 {rules.window_days} 天投诉率降到 {_percent(need.complaint_rate_bp)} 以内",
        ),
        (
            facts.cancellations <= need.cancellations,
            f"近 {rules.window_days} 天取消不超过 {need.cancellations} 次（现在 {facts.cancellations} 次）",
        ),
    )
    return tuple(phrase for holds, phrase in claims if not holds)


def advice(tier: Tier, facts: Facts, rules: TierRules) -> str:
    """What to do to rise, in a sentence: `再完成 12 单、评分达到 4.80 即可升为高级`."""
    above = next_tier(tier)
    if above is None:
        return "您已是最高等级，保持现在的服务质量即可。"
    phrases = unmet(above, facts, rules)
    if not phrases:
        return f"已达到{TIER_TITLES[above]}的全部要求，下次评定即可升级。"
    told = "、".join(phrases)
    return f"{told}{' ' if told[-1].isascii() else ''}即可升为{TIER_TITLES[above]}。"


def caution(tier: Tier, rules: TierRules) -> str:
    """What would lose the tier, in a sentence; empty for the lowest."""
    keep = rules.keeping.get(tier)
    if keep is None:
        return ""
    below = TIER_TITLES[LADDER[LADDER.index(tier) - 1]]
    return (
        f"评分低于 {rating_text(keep.rating_hundredths)}、近 {rules.window_days} 天投诉率超过"
        f" {_percent(keep.complaint_rate_bp)} 或取消超过 {keep.cancellations} 次，会降为{below}。"
    )


def told_of(change: Change, facts: Facts, rules: TierRules) -> str:
    """Why the tier changed, as the companion reads it."""
    rating = "" if facts.rating_hundredths is None else f"、评分 {rating_text(facts.rating_hundredths)}"
    now = TIER_TITLES[change.tier]
    if change.reason is TierReason.PROMOTED:
        return f"累计完成 {facts.completed_visits} 单{rating}，升为{now}。"
    if change.reason is TierReason.OVERRIDE_ENDED:
        return f"人工定级到期，恢复为{now}。"
    rate = _percent(facts.complaint_rate_bp(rules))
    return (
        f"近 {rules.window_days} 天投诉率 {rate}、取消 {facts.cancellations} 次{rating}，未达到保级要求，调整为{now}。"
    )


def check_override(tier: Tier, *, current: Tier, until: date, today: date) -> None:
    """OverrideInvalid unless it changes something, from today on and for a year at most."""
    claims = (
        (tier is not current, "tier", "与现在的等级相同"),
        (today <= until, "until", "截止日期已过"),
        ((until - today).days <= 366, "until", "最长一年"),
    )
    errors = tuple(FieldError(name, message) for holds, name, message in claims if not holds)
    if errors:
        raise OverrideInvalid(errors=errors)


def rating_text(rating_hundredths: int) -> str:
    """`4.80`."""
    return f"{rating_hundredths // 100}.{rating_hundredths % 100:02d}"


def _lost(tier: Tier, facts: Facts, rules: TierRules) -> bool:
    keep = rules.keeping.get(tier)
    if keep is None:
        return False
    return (
        (facts.rating_hundredths is not None and facts.rating_hundredths < keep.rating_hundredths)
        or facts.complaint_rate_bp(rules) > keep.complaint_rate_bp
        or facts.cancellations > keep.cancellations
    )


def _percent(bp: int) -> str:
    return f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".") + "%"
