"""Rows of coupons: campaigns and their stock, the coupons in a client's wallet; and the wallet read at once."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from ulid import ULID

from functions.booking.rules.coupons import Campaign, Coupon, CouponState, Terms
from functions.booking.table.keys import Key
from functions.booking.table.rows import BookingRow, EnumAttribute
from functions.booking.table.subsidies import GrantRow, wallet_of
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, query_page

_CAMPAIGNS = "COUPON_CAMPAIGNS"
_MOST_CAMPAIGNS = 200
_COUPON = "coupon#"


class CampaignRow(BookingRow, discriminator="coupon_campaign"):
    campaign: JsonAttribute[Campaign] = JsonAttribute(Campaign)


class StockRow(BookingRow, discriminator="coupon_stock"):
    """One shard of a campaign's stock."""

    left_count = NumberAttribute()


class ClaimsRow(BookingRow, discriminator="coupon_claims"):
    """How many of a campaign a client has claimed."""

    claimed_count = NumberAttribute()


class CouponRow(BookingRow, discriminator="coupon"):
    campaign_id = UnicodeAttribute()
    terms: JsonAttribute[Terms] = JsonAttribute(Terms)
    state: EnumAttribute[CouponState] = EnumAttribute(CouponState)
    issued_at = InstantAttribute()
    expires_at = InstantAttribute()
    order_id = UnicodeAttribute(null=True)
    """The order that it is reserved for or was used on."""

    @property
    def coupon_id(self) -> str:
        return self.sk.removeprefix(_COUPON)

    def at(self, now: datetime) -> Coupon:
        """The coupon as it is at `now`."""
        return Coupon(self.coupon_id, self.campaign_id, self.terms, self.state, self.expires_at).at(now)


def moved(state: CouponState, order_id: str | None) -> list[Action]:
    """The changes that bring a coupon into `state`, with the order that it is for."""
    order = CouponRow.order_id.remove() if order_id is None else CouponRow.order_id.set(order_id)
    return [CouponRow.state.set(state), order, CouponRow.version.add(1)]


def new_coupon_id(expires_at: datetime) -> str:
    """A fresh coupon id whose time part is the coupon's end, so that coupons sort by when they expire."""
    return ids.new("cpn", expires_at)


def campaign_key(campaign_id: str) -> Key:
    return (_CAMPAIGNS, campaign_id)


def stock_key(campaign_id: str, shard: int) -> Key:
    return (f"COUPON_STOCK#{campaign_id}#{shard}", "stock")


def claims_key(client_id: str, campaign_id: str) -> Key:
    return (wallet_of(client_id), f"claims#{campaign_id}")


def coupon_key(client_id: str, coupon_id: str) -> Key:
    return (wallet_of(client_id), f"{_COUPON}{coupon_id}")


def find_campaign(campaign_id: str) -> CampaignRow | None:
    return find(CampaignRow, *campaign_key(campaign_id))


def campaign(campaign_id: str) -> Campaign | None:
    """At most a minute old."""
    row = keep(CampaignRow, *campaign_key(campaign_id))
    return row.campaign if row else None


def campaigns() -> list[CampaignRow]:
    """The whole list, by id (Query)."""
    rows, _ = query_page(CampaignRow, _CAMPAIGNS, limit=_MOST_CAMPAIGNS, consistent=False)
    return list(rows)


def stock_of(campaign: Campaign) -> tuple[int, ...]:
    """What is left in each shard of the stock: one BatchGet."""
    rows = find_all(StockRow, [stock_key(campaign.id, shard) for shard in range(campaign.shards)])
    return tuple(int(rows[stock_key(campaign.id, shard)].left_count) for shard in range(campaign.shards))


def coupons_of(client_id: str, *, limit: int, after: str | None) -> tuple[Sequence[CouponRow], str | None]:
    """A client's coupons whatever their state, the latest to expire first."""
    rows, last = query_page(
        CouponRow,
        wallet_of(client_id),
        prefix=_COUPON,
        limit=limit,
        after=f"{_COUPON}{after}" if after else None,
        newest_first=True,
    )
    return rows, last and last.removeprefix(_COUPON)


def wallet(client_id: str, now: datetime) -> tuple[list[CouponRow], list[GrantRow]]:
    """The coupons whose time is not over, soonest to expire first, and all grants: one Query."""
    first = f"{_COUPON}cpn_{str(ULID.from_datetime(now))[:10]}"
    rows = list(BookingRow.query(wallet_of(client_id), BookingRow.sk.between(first, "grant$"), consistent_read=True))
    coupons = [row for row in rows if isinstance(row, CouponRow)]
    return coupons, [row for row in rows if isinstance(row, GrantRow)]
