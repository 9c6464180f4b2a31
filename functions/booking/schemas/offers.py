"""Offers, as a companion sees them."""

from typing import Annotated

from msgspec import Meta

from functions.booking.rules.orders import OfferState
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
    decline_reason: str | None
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
        visit = offer.visit
        return cls(
            offer_id=offer.sk,
            order_id=offer.order_id,
            state=offer.state,
            made_at=clock.china(offer.made_at),
            expires_at=clock.china(offer.expires_at),
            answered_at=china_or_none(offer.answered_at),
            decline_reason=offer.decline_reason,
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


class DeclineOffer(Body, frozen=True):
    """不接这一单的原因。"""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
