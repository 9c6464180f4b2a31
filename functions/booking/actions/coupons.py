"""Coupon campaigns, claiming and giving (F6). How a coupon lowers a price is in `discounts`."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from functions.booking.events import CouponGranted
from functions.booking.rules import shards
from functions.booking.rules.coupons import (
    Campaign,
    ClaimLimitReached,
    CouponsGone,
    CouponState,
    NotClaimable,
    StockInUse,
    Terms,
    expires_at,
)
from functions.booking.table import coupons as table
from functions.booking.table.coupons import CampaignRow, ClaimsRow, CouponRow, StockRow
from functions.shared import audit, ids
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx


@dataclass(frozen=True)
class Stocked:
    """A campaign with how many of its coupons are left."""

    row: CampaignRow
    left_count: int


def put_campaign(
    tx: Tx, *, id: str, terms: Mapping[str, Any], claim_from: datetime, claim_until: datetime, **others: Any
) -> Campaign:
    """Add the campaign with its stock, or replace it (the seed's shape); coupons that were given keep their terms.

    Invalid, StockInUse.
    """
    named = {"package_ids": frozenset(terms.get("package_ids", ())), "cities": frozenset(terms.get("cities", ()))}
    campaign = Campaign(
        id=id, terms=Terms(**{**terms, **named}), claim_from=claim_from, claim_until=claim_until, **others
    )
    row = table.find_campaign(id)
    if row is None:
        _insert(tx, campaign)
    else:
        _replace(tx, row, campaign)
    return campaign


def create_campaign(tx: Tx, campaign: Campaign, *, staff_id: str) -> CampaignRow:
    """A new campaign; its id is made here, whatever `campaign` says."""
    campaign = replace(campaign, id=ids.new("cmp", tx.now))
    audit.record(tx, actor=staff_id, act="coupon_campaign.created", subject=campaign.id, after=_told(campaign))
    return _insert(tx, campaign)


def change_campaign(tx: Tx, campaign: Campaign, *, version: int, reason: str, staff_id: str) -> CampaignRow:
    """Other terms for coupons given from now on. NotFound, PreconditionFailed, StockInUse."""
    row = _campaign_row(campaign.id)
    if row.version != version:
        raise PreconditionFailed()
    before = _told(row.campaign)
    _replace(tx, row, campaign)
    audit.record(
        tx,
        actor=staff_id,
        act="coupon_campaign.changed",
        subject=campaign.id,
        reason=reason,
        before=before,
        after=_told(row.campaign),
    )
    return row


def list_claimable(now: datetime) -> list[Campaign]:
    """What clients may claim now, the soonest to end first. Whether any are left is known when claiming."""
    found = [row.campaign for row in table.campaigns()]
    open_ = [campaign for campaign in found if campaign.why_not_now(now) is None]
    return sorted(open_, key=lambda campaign: (campaign.claim_until, campaign.id))


def list_campaigns() -> list[CampaignRow]:
    """All campaigns, the latest created first."""
    return sorted(table.campaigns(), key=lambda row: row.sk, reverse=True)


def read_campaign(campaign_id: str) -> Stocked:
    """The campaign and what is left of it, now; NotFound."""
    row = _campaign_row(campaign_id)
    return Stocked(row, sum(table.stock_of(row.campaign)))


def claim_coupon(tx: Tx, campaign_id: str, *, client_id: str) -> CouponRow:
    """One coupon for the client. NotFound, NotClaimable, ClaimLimitReached, CouponsGone."""
    campaign = _campaign(campaign_id)
    why_not = campaign.why_not_now(tx.now)
    if why_not is not None:
        raise NotClaimable(why_not)
    tx.update(
        ClaimsRow(*table.claims_key(client_id, campaign_id)),
        [ClaimsRow.claimed_count.add(1)],
        condition=ClaimsRow.claimed_count.does_not_exist() | (ClaimsRow.claimed_count < campaign.per_client),
        conflict=ClaimLimitReached(),
    )
    return _issue(tx, campaign, client_id)


def grant_coupon(tx: Tx, campaign_id: str, *, client_id: str, staff_id: str, reason: str) -> CouponRow:
    """A coupon from staff: beyond claim window and limit, out of the stock. NotFound (also the client), CouponsGone."""
    from functions.accounts import actions as accounts

    accounts.openid_of(client_id)
    campaign = _campaign(campaign_id)
    row = _issue(tx, campaign, client_id)
    audit.record(tx, actor=staff_id, act="coupon.granted", subject=row.coupon_id, reason=reason, after=campaign_id)
    tx.emit(
        CouponGranted(coupon_id=row.coupon_id, client_id=client_id, campaign_id=campaign_id, expires_at=row.expires_at)
    )
    return row


def list_mine(client_id: str, *, limit: int, after: str | None) -> tuple[Sequence[CouponRow], str | None]:
    """A client's coupons in every state, the latest to expire first, and where to go on."""
    return table.coupons_of(client_id, limit=limit, after=after)


def list_unused(client_id: str, now: datetime) -> list[CouponRow]:
    """Those that can still be used, the soonest to expire first."""
    rows, _ = table.wallet(client_id, now)
    return [row for row in rows if row.at(now).state is CouponState.UNUSED]


def _campaign(campaign_id: str) -> Campaign:
    campaign = table.campaign(campaign_id)
    if campaign is None:
        raise NotFound()
    return campaign


def _campaign_row(campaign_id: str) -> CampaignRow:
    row = table.find_campaign(campaign_id)
    if row is None:
        raise NotFound()
    return row


def _issue(tx: Tx, campaign: Campaign, client_id: str) -> CouponRow:
    """A coupon out of the stock; somebody else's at the same moment makes the act look again."""
    left = table.stock_of(campaign)
    first = zlib.crc32(f"{client_id}{tx.now.isoformat()}".encode()) % campaign.shards
    found = shards.draw(left, 1, first=first)
    if found is None:
        raise CouponsGone()
    tx.update(
        StockRow(*table.stock_key(campaign.id, found[0].shard)),
        [StockRow.left_count.add(-1)],
        condition=StockRow.left_count >= 1,
    )
    ends_at = expires_at(tx.now, campaign.valid_days)
    row = CouponRow(
        *table.coupon_key(client_id, table.new_coupon_id(ends_at)),
        campaign_id=campaign.id,
        terms=campaign.terms,
        state=CouponState.UNUSED,
        issued_at=tx.now,
        expires_at=ends_at,
    )
    tx.insert(row)
    return row


def _insert(tx: Tx, campaign: Campaign) -> CampaignRow:
    row = CampaignRow(*table.campaign_key(campaign.id), campaign=campaign)
    tx.insert(row)
    for shard, part in enumerate(shards.spread(campaign.stock, campaign.shards)):
        tx.insert(StockRow(*table.stock_key(campaign.id, shard), left_count=part))
    return row


def _replace(tx: Tx, row: CampaignRow, campaign: Campaign) -> None:
    before = row.campaign
    row.campaign = replace(campaign, shards=before.shards)
    tx.save(row)
    changes = shards.changes(table.stock_of(before), campaign.stock - before.stock)
    if changes is None:
        raise StockInUse()
    for each in changes:
        tx.update(
            StockRow(*table.stock_key(before.id, each.shard)),
            [StockRow.left_count.add(each.amount)],
            condition=StockRow.left_count >= -each.amount,
        )


def _told(campaign: Campaign) -> str:
    window = f"{campaign.claim_from.isoformat()} 至 {campaign.claim_until.isoformat()}"
    return f"{campaign.terms.rule_text}；{campaign.stock} 张，每人 {campaign.per_client} 张；{window}"
