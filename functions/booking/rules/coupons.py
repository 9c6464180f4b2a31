"""Coupons: what a campaign gives away, and which coupon may be used on which quote (F6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.booking.rules.shards import MAX_SHARDS
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.money import BP_WHOLE, MAX_FEN, share, yuan

MAX_STOCK = 10_000_000
MAX_VALID_DAYS = 3 * 366


@dataclass(frozen=True)
class Terms:
    """What a coupon is good for; frozen into the coupon when it is issued. Fen and basis points.

    `threshold_fen` is compared with the price before any discount and without premium. Either `off_fen` or
    `percent_bp` off, the latter `cap_fen` at most. No package or city named: all of them.
    """

    name: str
    threshold_fen: int
    off_fen: int | None = None
    percent_bp: int | None = None
    cap_fen: int | None = None
    package_ids: frozenset[str] = frozenset()
    cities: frozenset[str] = frozenset()
    with_subsidy: bool = True
    """Whether it may be used together with subsidies."""

    def __post_init__(self) -> None:
        faults = tuple(_faults_of_terms(self))
        if faults:
            raise Invalid(errors=faults)

    def amount_fen(self, left_fen: int) -> int:
        """What it takes off a price of which subsidies have left `left_fen`."""
        if self.off_fen is not None:
            return max(0, min(self.off_fen, left_fen))
        off_fen = share(max(0, left_fen), self.percent_bp or 0)
        return off_fen if self.cap_fen is None else min(off_fen, self.cap_fen)

    @property
    def rule_text(self) -> str:
        """The rule as people read it: `满 ¥200.00 减 ¥30.00`."""
        at_least = f"满 {yuan(self.threshold_fen)} " if self.threshold_fen else "无门槛"
        if self.off_fen is not None:
            return f"{at_least}减 {yuan(self.off_fen)}"
        cap = "" if self.cap_fen is None else f"，最多减 {yuan(self.cap_fen)}"
        return f"{at_least}打 {_tenths(BP_WHOLE - (self.percent_bp or 0))} 折{cap}"


def _tenths(paid_bp: int) -> str:
    """8500 bp paid are 8.5 折."""
    whole, rest = divmod(paid_bp, 1_000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def _faults_of_terms(terms: Terms) -> Iterator[FieldError]:
    if (terms.percent_bp is None) == (terms.off_fen is None):
        yield FieldError("off_fen", "减免金额与折扣比例须且只能选一种")
    if not 0 <= terms.threshold_fen <= MAX_FEN:
        yield FieldError("threshold_fen", f"金额为 0 到 {MAX_FEN} 分")
    for name in ("off_fen", "cap_fen"):
        amount = getattr(terms, name)
        if amount is not None and not 1 <= amount <= MAX_FEN:
            yield FieldError(name, f"金额为 1 到 {MAX_FEN} 分")
    if terms.percent_bp is not None and not 1 <= terms.percent_bp < BP_WHOLE:
        yield FieldError("percent_bp", f"比例为 1 到 {BP_WHOLE - 1} 基点")
    if terms.off_fen is not None and terms.cap_fen is not None:
        yield FieldError("cap_fen", "封顶金额只用于折扣券")


@dataclass(frozen=True)
class Campaign:
    """How many coupons of these terms are given out, when and to whom; each is good for `valid_days` from its issue."""

    id: str
    terms: Terms
    summary: str
    stock: int
    per_client: int
    claim_from: datetime
    claim_until: datetime
    valid_days: int
    public: bool = True
    """Whether clients may claim it themselves; the others are given by staff alone."""
    shards: int = 4
    """Rows that the stock is spread over; fixed for the campaign's life."""

    def __post_init__(self) -> None:
        faults = tuple(_faults_of_campaign(self))
        if faults:
            raise Invalid(errors=faults)

    def why_not_now(self, now: datetime) -> str | None:
        """Why nobody can claim it at `now`; None if they can."""
        if not self.public:
            return "该优惠券由平台发放，不能自行领取"
        if now < self.claim_from:
            return "领取尚未开始"
        if now >= self.claim_until:
            return "领取已经结束"
        return None


def _faults_of_campaign(campaign: Campaign) -> Iterator[FieldError]:
    if not 1 <= campaign.stock <= MAX_STOCK:
        yield FieldError("stock", f"数量为 1 到 {MAX_STOCK} 张")
    if not 1 <= campaign.per_client <= 100:
        yield FieldError("per_client", "每人限领 1 到 100 张")
    if campaign.claim_until <= campaign.claim_from:
        yield FieldError("claim_until", "须晚于开始时间")
    if not 1 <= campaign.valid_days <= MAX_VALID_DAYS:
        yield FieldError("valid_days", f"有效期为 1 到 {MAX_VALID_DAYS} 天")
    if not 1 <= campaign.shards <= MAX_SHARDS:
        yield FieldError("shards", f"分片数为 1 到 {MAX_SHARDS}")


class CouponState(StrEnum):
    UNUSED = "unused"
    RESERVED = "reserved"
    USED = "used"
    EXPIRED = "expired"
    """Never stored: an unused coupon whose time is over."""


COUPON_TITLES: Mapping[CouponState, str] = {
    CouponState.UNUSED: "可使用",
    CouponState.RESERVED: "已用于待付款的订单",
    CouponState.USED: "已使用",
    CouponState.EXPIRED: "已过期",
}


@dataclass(frozen=True)
class Coupon:
    """One coupon in a client's hands."""

    coupon_id: str
    campaign_id: str
    terms: Terms
    state: CouponState
    expires_at: datetime

    def at(self, now: datetime) -> "Coupon":
        """The coupon as it is at `now`: an unused one expires by itself."""
        over = self.state is CouponState.UNUSED and now >= self.expires_at
        return replace(self, state=CouponState.EXPIRED) if over else self

    def why_not(self, *, package_id: str, city: str, base_fen: int) -> str | None:
        """Why it cannot be used on such a visit, in a sentence for people; None if it can."""
        if self.state is not CouponState.UNUSED:
            return COUPON_TITLES[self.state]
        if self.terms.package_ids and package_id not in self.terms.package_ids:
            return "不适用于所选套餐"
        if self.terms.cities and city not in self.terms.cities:
            return "不适用于该城市"
        if base_fen < self.terms.threshold_fen:
            return f"还差 {yuan(self.terms.threshold_fen - base_fen)} 可用"
        return None


class CouponsGone(Conflict):
    """None are left."""

    code = "coupons_gone"
    title = "优惠券已被领完"


class ClaimLimitReached(Conflict):
    """The client has as many of this campaign as one may have."""

    code = "coupon_claim_limit"
    title = "您已达到领取上限"


class NotClaimable(Conflict):
    """It cannot be claimed now, or not by clients."""

    code = "coupon_not_claimable"
    title = "现在不能领取这张优惠券"


class StockInUse(Conflict):
    """The stock cannot shrink below what was given out."""

    code = "coupon_stock_in_use"
    title = "新数量低于已发放的数量"


class CouponGone(Conflict):
    """The quote's coupon was used on another order meanwhile."""

    code = "coupon_gone"
    title = "优惠券已用于其他订单，请重新报价"


def expires_at(now: datetime, valid_days: int) -> datetime:
    """When a coupon that is issued now stops being good."""
    return now + timedelta(days=valid_days)
