"""Offers, as a companion sees them."""

from typing import Annotated

from msgspec import Meta

from functions.booking.actions.searches import Search
from functions.booking.rules.dispatch import DECLINE_TITLES, Declined, DeclineReason
from functions.booking.rules.orders import OfferState, OrderState
from functions.booking.schemas.common import Instant, china_or_none
from functions.booking.table import OfferRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class OfferView(Reading, frozen=True, kw_only=True):
    """系统派给陪诊师的一单；接单前看不到就诊人的任何信息。"""

    offer_id: str
    order_id: str
    state: OfferState
    made_at: Instant
    expires_at: Instant
    answered_at: Instant | None
    decline_reason: DeclineReason | None
    decline_title: str | None
    """原因的说法。"""
    decline_note: str | None
    starts_at: Instant
    ends_at: Instant
    hospital_id: str
    hospital_name: str
    campus_name: str
    department_name: str
    package_name: str
    special_requests: list[str]
    share_fen: int
    """完成后可得的收入。"""

    @classmethod
    def of(cls, offer: OfferRow) -> "OfferView":
        visit, declined = offer.visit, offer.declined
        return cls(
            offer_id=offer.sk,
            order_id=offer.order_id,
            state=offer.state,
            made_at=clock.china(offer.made_at),
            expires_at=clock.china(offer.expires_at),
            answered_at=china_or_none(offer.answered_at),
            decline_reason=declined.reason if declined else None,
            decline_title=DECLINE_TITLES[declined.reason] if declined else None,
            decline_note=(declined.note or None) if declined else None,
            starts_at=clock.china(visit.starts_at),
            ends_at=clock.china(visit.ends_at),
            hospital_id=visit.hospital_id,
            hospital_name=visit.hospital_name,
            campus_name=visit.campus_name,
            department_name=visit.department_name,
            package_name=visit.package_name,
            special_requests=list(visit.special_requests),
            share_fen=visit.share_fen,
        )


class OfferMadeView(Reading, frozen=True, kw_only=True):
    """派给一位陪诊师的一次，以及答复。"""

    offer_id: str
    companion_id: str
    state: OfferState
    made_at: Instant
    expires_at: Instant
    answered_at: Instant | None
    decline_reason: DeclineReason | None
    decline_title: str | None
    decline_note: str | None

    @classmethod
    def of(cls, companion_id: str, offer: OfferRow) -> "OfferMadeView":
        declined = offer.declined
        return cls(
            offer_id=offer.sk,
            companion_id=companion_id,
            state=offer.state,
            made_at=clock.china(offer.made_at),
            expires_at=clock.china(offer.expires_at),
            answered_at=china_or_none(offer.answered_at),
            decline_reason=declined.reason if declined else None,
            decline_title=DECLINE_TITLES[declined.reason] if declined else None,
            decline_note=(declined.note or None) if declined else None,
        )


class SearchView(Reading, frozen=True, kw_only=True):
    """一单找陪诊师的经过，最近的派单在前。"""

    order_id: str
    state: OrderState
    companion_id: str | None
    """接单的陪诊师。"""
    in_hall_until: Instant | None
    """正在抢单大厅，到这时下架；为空则不在大厅。"""
    next_round_at: Instant | None
    """等待下一次集中派单的时间；为空则不在等待。"""
    offers: list[OfferMadeView]

    @classmethod
    def of(cls, search: Search) -> "SearchView":
        order = search.order
        listing, waiting = order.listing, order.waiting
        return cls(
            order_id=order.order_id,
            state=order.state,
            companion_id=order.companion_id,
            in_hall_until=china_or_none(listing.until if listing and listing.is_open else None),
            next_round_at=china_or_none(waiting.round_at if waiting else None),
            offers=[OfferMadeView.of(companion_id, offer) for companion_id, offer in search.offers],
        )


class DeclineOffer(Body, frozen=True):
    """不接这一单的原因；选 `other` 时须在 `note` 里写明。"""

    reason: DeclineReason
    note: Annotated[str, Meta(max_length=200)] = ""

    def declined(self) -> Declined:
        return Declined(self.reason, self.note.strip())
