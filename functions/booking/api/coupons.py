"""Routes: coupon campaigns, claiming, and coupons on a quote (F6)."""

import re
from typing import Any

from functions.booking import actions as booking
from functions.booking.actions import coupons as actions
from functions.booking.actions import discounts
from functions.booking.api.declared import matched, routes
from functions.booking.rules.coupons import ClaimLimitReached, CouponsGone, NotClaimable, StockInUse
from functions.booking.schemas.coupons import (
    CampaignBody,
    CampaignView,
    ChangeCampaign,
    CouponsQuery,
    CouponView,
    GrantCoupon,
    ManagedCampaign,
    QuoteCoupons,
    SavedCampaign,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid, NotFound, PreconditionFailed
from functions.shared.http import Call, Page, encode_cursor

_COUPON_CURSOR = re.compile(r"cpn_[0-9A-Z]{26}")


@routes.get("/coupon-offers", summary="可领取的优惠券", roles={Role.CLIENT}, reply=Page[CampaignView])
def list_claimable(call: Call[Any]) -> Page[CampaignView]:
    """正在领取的优惠活动，先结束的在前。"""
    return Page(items=[CampaignView.of(campaign) for campaign in actions.list_claimable(call.now)])


@routes.get("/coupon-campaigns", summary="优惠活动", roles=STAFF, reply=Page[SavedCampaign])
def list_campaigns(call: Call[Any]) -> Page[SavedCampaign]:
    """全部优惠活动，新建的在前。"""
    return Page(items=[SavedCampaign.of(row) for row in actions.list_campaigns()])


@routes.get(
    "/coupon-campaigns/{campaign_id}",
    summary="查看优惠活动",
    roles=STAFF,
    reply=ManagedCampaign,
    problems=(NotFound,),
)
def get_campaign(call: Call[Any], campaign_id: str) -> ManagedCampaign:
    """连同此刻的余量。"""
    return ManagedCampaign.of(actions.read_campaign(campaign_id))


@routes.post(
    "/coupon-campaigns",
    summary="新建优惠活动",
    roles={Role.ADMIN},
    body=CampaignBody,
    reply=SavedCampaign,
    status=201,
    effect=True,
    problems=(Invalid,),
)
def create_campaign(call: Call[CampaignBody]) -> SavedCampaign:
    """留操作记录。"""
    return SavedCampaign.of(actions.create_campaign(call.tx, call.body.campaign(), staff_id=call.caller.subject))


@routes.put(
    "/coupon-campaigns/{campaign_id}",
    summary="修改优惠活动",
    roles={Role.ADMIN},
    body=ChangeCampaign,
    reply=SavedCampaign,
    versioned=True,
    problems=(Invalid, NotFound, PreconditionFailed, StockInUse),
)
def change_campaign(call: Call[ChangeCampaign], campaign_id: str) -> SavedCampaign:
    """对之后发出的券生效；已发出的券条件不变。"""
    row = actions.change_campaign(
        call.tx,
        call.body.campaign(campaign_id),
        version=call.if_match,
        reason=call.body.reason.strip(),
        staff_id=call.caller.subject,
    )
    return SavedCampaign.of(row)


@routes.post(
    "/coupon-campaigns/{campaign_id}/claim",
    summary="领取优惠券",
    roles={Role.CLIENT},
    reply=CouponView,
    status=201,
    effect=True,
    problems=(NotFound, NotClaimable, ClaimLimitReached, CouponsGone),
)
def claim_coupon(call: Call[Any], campaign_id: str) -> CouponView:
    """领到即可用，到 `expires_at` 失效。"""
    row = actions.claim_coupon(call.tx, campaign_id, client_id=call.caller.subject)
    return CouponView.of_row(row, call.now)


@routes.post(
    "/coupon-campaigns/{campaign_id}/grants",
    summary="给用户发券",
    roles={Role.AGENT, Role.ADMIN},
    body=GrantCoupon,
    reply=CouponView,
    status=201,
    effect=True,
    problems=(Invalid, NotFound, CouponsGone),
)
def grant_coupon(call: Call[GrantCoupon], campaign_id: str) -> CouponView:
    """从活动库存中发一张，不受领取时间和限领数量约束；写明原因，留操作记录。"""
    row = actions.grant_coupon(
        call.tx,
        campaign_id,
        client_id=call.body.client_id,
        staff_id=call.caller.subject,
        reason=call.body.reason.strip(),
    )
    return CouponView.of_row(row, call.now)


@routes.get("/coupons", summary="我的优惠券", roles={Role.CLIENT}, query=CouponsQuery, reply=Page[CouponView])
def list_mine(call: Call[Any]) -> Page[CouponView]:
    """可用的、占用中的、用过的和过期的。"""
    query = call.query
    if query.usable:
        return Page(
            items=[CouponView.of_row(row, call.now) for row in actions.list_unused(call.caller.subject, call.now)]
        )
    after = matched(_COUPON_CURSOR, query.cursor)
    rows, last = actions.list_mine(call.caller.subject, limit=query.limit, after=after and after[0])
    return Page(items=[CouponView.of_row(row, call.now) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/quotes/{quote_id}/coupons",
    summary="这份报价能用的优惠券",
    roles={Role.CLIENT},
    reply=QuoteCoupons,
    problems=(NotFound,),
)
def list_for_quote(call: Call[Any], quote_id: str) -> QuoteCoupons:
    """每张券能否使用、能减多少、为什么不能用，以及最优惠的组合是怎么算出来的。"""
    quote = booking.find_quote(quote_id, call.caller.subject)
    return QuoteCoupons.of(discounts.list_coupons(quote, call.now))
