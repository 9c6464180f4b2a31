"""Coupon campaigns, coupons, and what they are worth on a quote."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.actions.coupons import Stocked
from functions.booking.actions.discounts import Offered, Weighed
from functions.booking.rules.coupons import COUPON_TITLES, Campaign, Coupon, CouponState, Terms
from functions.booking.schemas.common import DiscountView, Id, Instant
from functions.booking.table.coupons import CampaignRow, CouponRow
from functions.shared import clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body
from functions.shared.money import BP_WHOLE, MAX_FEN

Fen = Annotated[int, Meta(ge=1, le=MAX_FEN, description="金额，单位：分")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class CampaignBody(Body, frozen=True, kw_only=True):
    """优惠活动的全部条件。`off_fen` 与 `percent_bp` 只填一项。"""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
    summary: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
    threshold_fen: Annotated[int, Meta(ge=0, le=MAX_FEN, description="优惠前价格（不含保费）满多少可用，0 为无门槛")]
    stock: Annotated[int, Meta(ge=1, le=10_000_000)]
    claim_from: Annotated[datetime, Meta(tz=True)]
    claim_until: Annotated[datetime, Meta(tz=True)]
    valid_days: Annotated[int, Meta(ge=1, le=1_098, description="自领取起可用的天数")]
    per_client: Annotated[int, Meta(ge=1, le=100)] = 1
    off_fen: Fen | None = None
    percent_bp: Annotated[int, Meta(ge=1, lt=BP_WHOLE, description="减免的比例，基点；1500 即 8.5 折")] | None = None
    cap_fen: Fen | None = None
    package_ids: Annotated[tuple[Id, ...], Meta(max_length=100, description="适用套餐；空为不限")] = ()
    cities: Annotated[tuple[Id, ...], Meta(max_length=400, description="适用城市；空为不限")] = ()
    with_subsidy: Annotated[bool, Meta(description="可否与补贴同享")] = True
    public: Annotated[bool, Meta(description="用户可否自行领取")] = True
    shards: Annotated[int, Meta(ge=1, le=16, description="库存分片数，创建后不变")] = 4

    def campaign(self, campaign_id: str = "") -> Campaign:
        """Invalid where the parts do not fit together."""
        terms = Terms(
            name=self.name,
            threshold_fen=self.threshold_fen,
            off_fen=self.off_fen,
            percent_bp=self.percent_bp,
            cap_fen=self.cap_fen,
            package_ids=frozenset(self.package_ids),
            cities=frozenset(self.cities),
            with_subsidy=self.with_subsidy,
        )
        return Campaign(
            id=campaign_id,
            terms=terms,
            summary=self.summary,
            stock=self.stock,
            per_client=self.per_client,
            claim_from=self.claim_from,
            claim_until=self.claim_until,
            valid_days=self.valid_days,
            public=self.public,
            shards=self.shards,
        )


class ChangeCampaign(CampaignBody, frozen=True, kw_only=True):
    """整份条件，连同修改原因。"""

    reason: Reason


class CouponTermsView(Reading, frozen=True, kw_only=True):
    """一张优惠券的使用条件。"""

    name: str
    rule_text: str
    threshold_fen: int
    off_fen: int | None
    percent_bp: int | None
    cap_fen: int | None
    package_ids: list[str]
    cities: list[str]
    with_subsidy: bool

    @classmethod
    def of(cls, terms: Terms) -> "CouponTermsView":
        return cls(
            name=terms.name,
            rule_text=terms.rule_text,
            threshold_fen=terms.threshold_fen,
            off_fen=terms.off_fen,
            percent_bp=terms.percent_bp,
            cap_fen=terms.cap_fen,
            package_ids=sorted(terms.package_ids),
            cities=sorted(terms.cities),
            with_subsidy=terms.with_subsidy,
        )


class CampaignView(Reading, frozen=True, kw_only=True):
    """一个正在领取的优惠活动。"""

    campaign_id: str
    terms: CouponTermsView
    summary: str
    per_client: int
    claim_from: Instant
    claim_until: Instant
    valid_days: int

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignView":
        return cls(
            campaign_id=campaign.id,
            terms=CouponTermsView.of(campaign.terms),
            summary=campaign.summary,
            per_client=campaign.per_client,
            claim_from=clock.china(campaign.claim_from),
            claim_until=clock.china(campaign.claim_until),
            valid_days=campaign.valid_days,
        )


class SavedCampaign(Reading, frozen=True, kw_only=True):
    """运营看到的优惠活动。"""

    campaign: CampaignView
    public: bool
    stock: int
    shards: int
    version: int

    @classmethod
    def of(cls, row: CampaignRow) -> "SavedCampaign":
        campaign = row.campaign
        return cls(
            campaign=CampaignView.of(campaign),
            public=campaign.public,
            stock=campaign.stock,
            shards=campaign.shards,
            version=int(row.version),
        )


class ManagedCampaign(Reading, frozen=True, kw_only=True):
    """一个优惠活动和它此刻的余量。"""

    saved: SavedCampaign
    left_count: int
    version: int

    @classmethod
    def of(cls, stocked: Stocked) -> "ManagedCampaign":
        saved = SavedCampaign.of(stocked.row)
        return cls(saved=saved, left_count=stocked.left_count, version=saved.version)


class GrantCoupon(Body, frozen=True):
    """给一位用户发券。"""

    client_id: Id
    reason: Reason


class CouponView(Reading, frozen=True, kw_only=True):
    """一张优惠券。"""

    coupon_id: str
    campaign_id: str
    terms: CouponTermsView
    state: CouponState
    state_title: str
    expires_at: Instant

    @classmethod
    def of(cls, coupon: Coupon) -> "CouponView":
        return cls(
            coupon_id=coupon.coupon_id,
            campaign_id=coupon.campaign_id,
            terms=CouponTermsView.of(coupon.terms),
            state=coupon.state,
            state_title=COUPON_TITLES[coupon.state],
            expires_at=clock.china(coupon.expires_at),
        )

    @classmethod
    def of_row(cls, row: CouponRow, now: datetime) -> "CouponView":
        return cls.of(row.at(now))


class CouponsQuery(PageQuery, frozen=True):
    """`usable` 只列还能用的，快到期的在前，不分页；不填时列全部，晚到期的在前。"""

    usable: bool = False


class WeighedCoupon(Reading, frozen=True, kw_only=True):
    """一张优惠券在这份报价上能不能用、能减多少。"""

    coupon: CouponView
    usable: bool
    why_not: str | None
    amount_fen: int

    @classmethod
    def of(cls, weighed: Weighed) -> "WeighedCoupon":
        return cls(
            coupon=CouponView.of(weighed.coupon),
            usable=weighed.why_not is None,
            why_not=weighed.why_not,
            amount_fen=weighed.amount_fen,
        )


class BestDiscounts(Reading, frozen=True, kw_only=True):
    """此刻最优惠的组合和它的算法。"""

    discounts: list[DiscountView]
    amount_fen: int
    coupon_id: str | None
    explained: list[str]


class QuoteCoupons(Reading, frozen=True, kw_only=True):
    """用户的优惠券与一份报价：可用的在前。换券须带 `coupon_ids` 重新询价。"""

    items: list[WeighedCoupon]
    applied_coupon_id: str | None
    """报价中已用的券。"""
    best: BestDiscounts

    @classmethod
    def of(cls, offered: Offered) -> "QuoteCoupons":
        best = offered.best
        return cls(
            items=[WeighedCoupon.of(each) for each in offered.coupons],
            applied_coupon_id=offered.applied_coupon_id,
            best=BestDiscounts(
                discounts=[DiscountView.of(each) for each in best.discounts],
                amount_fen=best.amount_fen,
                coupon_id=best.coupon.coupon_id if best.coupon else None,
                explained=list(best.explained),
            ),
        )
