"""Requests and answers of booking. Docstrings and descriptions are shown to API users."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from functions.booking.actions.catalogue import PricedPackage
from functions.booking.rules.itinerary import Checklist, ItineraryEntry
from functions.booking.rules.matching import EMPTIED_TITLES, Emptied, Gender, Ranked
from functions.booking.rules.orders import ClosedReason, OfferState, OrderState, title_of
from functions.booking.rules.policy import Tier
from functions.booking.rules.pricing import LineItem, LineKind, SpecialRequest
from functions.booking.table import OfferRow, OrderRow, QuoteRow
from functions.shared import clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body

if TYPE_CHECKING:
    from functions.insurance.actions import Product

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, Meta(tz=True)]
Language = Annotated[
    str, Meta(min_length=1, max_length=40, description="语言代码，例如 mandarin、cantonese、sign_language")
]


class PackagesQuery(Body, frozen=True):
    """价格按医院所在城市的档位给出。"""

    hospital_id: Id


class PackageView(Reading, frozen=True, kw_only=True):
    """一种套餐在所选医院的价格与内容。"""

    package_id: str
    name: str
    summary: str
    duration_min: int
    includes: list[str]
    included_special_requests: list[str]
    """套餐已含、勾选时不另收费的定制需求。"""
    price_fen: int

    @classmethod
    def of(cls, priced: PricedPackage) -> "PackageView":
        package = priced.package
        return cls(
            package_id=package.id,
            name=package.name,
            summary=package.summary,
            duration_min=package.duration_min,
            includes=list(package.includes),
            included_special_requests=sorted(package.included_special_requests),
            price_fen=priced.price_fen,
        )


class SpecialRequestView(Reading, frozen=True, kw_only=True):
    """一项定制需求；`price_fen` 为 0 表示免费。"""

    special_request_id: str
    name: str
    summary: str
    price_fen: int

    @classmethod
    def of(cls, request: SpecialRequest) -> "SpecialRequestView":
        return cls(
            special_request_id=request.id, name=request.name, summary=request.summary, price_fen=request.price_fen
        )


class InsuranceOptionView(Reading, frozen=True, kw_only=True):
    """报价时可以加选的保险。"""

    product_id: str
    name: str
    summary: str
    premium_fen: int

    @classmethod
    def of(cls, option: "Product") -> "InsuranceOptionView":
        return cls(
            product_id=option.product_id, name=option.name, summary=option.summary, premium_fen=option.premium_fen
        )


class MakeQuote(Body, frozen=True):
    """为一次陪诊询价。"""

    patient_id: Id
    hospital_id: Id
    department_id: Id
    package_id: Id
    starts_at: Annotated[datetime, Meta(tz=True, description="就诊开始时间，半小时一档，必须带时区")]
    special_requests: Annotated[tuple[Id, ...], Meta(max_length=20, description="定制需求编号，不重复")] = ()
    insurance: bool = False
    note: Annotated[str, Meta(max_length=500, pattern=r"\S", description="给陪诊师的话，加密保存")] | None = None


class LineItemView(Reading, frozen=True, kw_only=True):
    """价格明细中的一行。"""

    kind: LineKind
    code: str
    title: str
    amount_fen: int

    @classmethod
    def of(cls, item: LineItem) -> "LineItemView":
        return cls(kind=item.kind, code=item.code, title=item.title, amount_fen=item.amount_fen)


class QuoteView(Reading, frozen=True, kw_only=True):
    """一份报价：到期前按此价成交，一份报价只能下一单。"""

    quote_id: str
    patient_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    package_id: str
    starts_at: Instant
    ends_at: Instant
    items: list[LineItemView]
    total_fen: int
    expires_at: Instant
    has_note: bool
    order_id: str | None
    """用这份报价下的订单；尚未下单时为空。"""

    @classmethod
    def of(cls, quote: QuoteRow) -> "QuoteView":
        return cls(
            quote_id=quote.pk,
            patient_id=quote.patient_id,
            hospital_id=quote.hospital_id,
            campus_id=quote.campus_id,
            department_id=quote.department_id,
            package_id=quote.package_id,
            starts_at=clock.china(quote.starts_at),
            ends_at=clock.china(quote.ends_at),
            items=[LineItemView.of(item) for item in quote.price.items],
            total_fen=quote.price.total_fen,
            expires_at=clock.china(quote.expires_at),
            has_note=quote.note is not None,
            order_id=quote.order_id,
        )


class CandidatesQuery(PageQuery, frozen=True):
    """筛选是硬性条件；不填的不限。"""

    gender: Gender | None = None
    language: Language | None = None
    first_aid: Annotated[bool, Meta(description="只看持急救证的")] = False


class CandidateView(Reading, frozen=True, kw_only=True):
    """该时段有空的一位陪诊师，连同排在这里的理由。"""

    companion_id: str
    name: str
    tier: Tier
    gender: Gender
    languages: list[str]
    first_aid_certified: bool
    rating_hundredths: int | None
    completed_visits: int
    cases: int
    """在本科室完成的陪诊次数。"""
    score: Annotated[int, Meta(ge=0, le=1000)]
    reasons: list[str]

    @classmethod
    def of(cls, entry: Ranked) -> "CandidateView":
        candidate = entry.candidate
        return cls(
            companion_id=candidate.companion_id,
            name=candidate.display_name,
            tier=candidate.tier,
            gender=candidate.gender,
            languages=sorted(candidate.languages),
            first_aid_certified=candidate.first_aid_certified,
            rating_hundredths=candidate.rating_hundredths,
            completed_visits=candidate.completed_visits,
            cases=candidate.cases,
            score=entry.score,
            reasons=list(entry.reasons),
        )


class CandidatePage(Reading, frozen=True, kw_only=True):
    """按匹配度排序的一页；名单为空时说明是哪个条件筛空的。"""

    items: list[CandidateView]
    next_cursor: str | None
    emptied_by: Emptied | None
    message: str | None

    @classmethod
    def of(cls, entries: list[CandidateView], *, next_cursor: str | None, emptied: Emptied | None) -> "CandidatePage":
        return cls(
            items=entries,
            next_cursor=next_cursor,
            emptied_by=emptied,
            message=EMPTIED_TITLES[emptied] if emptied else None,
        )


class WantedConditions(Body, frozen=True):
    """对陪诊师的硬性要求；首选陪诊师接不了时，改派的人也须满足。"""

    gender: Gender | None = None
    language: Language | None = None
    first_aid: bool = False


class PlaceOrder(Body, frozen=True):
    """按报价下单，并锁定所选陪诊师的时段。"""

    quote_id: Id
    companion_id: Id
    wanted: WantedConditions = WantedConditions()


class PriceView(Reading, frozen=True, kw_only=True):
    """下单时冻结的价格。"""

    items: list[LineItemView]
    premium_fen: int
    total_fen: int


class OrderView(Reading, frozen=True, kw_only=True):
    """一个订单。`companion_id` 在 `companion_confirmed` 之前是所选或正在询问的陪诊师。"""

    order_id: str
    state: OrderState
    state_title: str
    client_id: str
    patient_id: str
    companion_id: str
    companion_confirmed: bool
    hospital_id: str
    campus_id: str
    department_id: str
    package_id: str
    quote_id: str
    starts_at: Instant
    ends_at: Instant
    price: PriceView
    placed_at: Instant
    hold_expires_at: Instant
    paid_at: Instant | None
    assigned_at: Instant | None
    completed_at: Instant | None
    closed_reason: ClosedReason | None
    has_note: bool
    note: str | None
    """只在查看单个订单时、对下单用户和已接单的陪诊师给出。"""
    version: int

    @classmethod
    def of(cls, order: OrderRow, *, note: str | None = None) -> "OrderView":
        price = order.price
        return cls(
            order_id=order.order_id,
            state=order.state,
            state_title=title_of(order.state),
            client_id=order.client_id,
            patient_id=order.patient_id,
            companion_id=order.companion_id or order.chosen_id,
            companion_confirmed=order.companion_id is not None,
            hospital_id=order.hospital_id,
            campus_id=order.campus_id,
            department_id=order.department_id,
            package_id=order.package_id,
            quote_id=order.quote_id,
            starts_at=clock.china(order.starts_at),
            ends_at=clock.china(order.ends_at),
            price=PriceView(
                items=[LineItemView.of(item) for item in price.items],
                premium_fen=price.premium_fen,
                total_fen=price.total_fen,
            ),
            placed_at=clock.china(order.placed_at),
            hold_expires_at=clock.china(order.hold_expires_at),
            paid_at=_china(order.paid_at),
            assigned_at=_china(order.assigned_at),
            completed_at=_china(order.completed_at),
            closed_reason=order.closed_reason,
            has_note=order.note is not None,
            note=note,
            version=int(order.version),
        )


class Side(StrEnum):
    """以谁的身份查看订单。"""

    CLIENT = "client"
    COMPANION = "companion"


class OrdersQuery(PageQuery, frozen=True):
    """同时是用户和陪诊师的人，用 `side` 选择看哪一边；不填时先看用户一边。"""

    side: Side | None = None


class ChecklistItemView(Reading, frozen=True, kw_only=True):
    """清单中的一项。"""

    code: str
    title: str
    note: str


class ChecklistView(Reading, frozen=True, kw_only=True):
    """就医清单。"""

    order_id: str
    name: str
    items: list[ChecklistItemView]

    @classmethod
    def of(cls, order_id: str, checklist: Checklist) -> "ChecklistView":
        items = [ChecklistItemView(code=item.code, title=item.title, note=item.note) for item in checklist.items]
        return cls(order_id=order_id, name=checklist.name, items=items)


class ItineraryEntryView(Reading, frozen=True, kw_only=True):
    """行程表中的一行。"""

    code: str
    title: str
    starts_at: Instant
    ends_at: Instant
    required: bool


class ItineraryView(Reading, frozen=True, kw_only=True):
    """当天的行程表，按时间排列。"""

    order_id: str
    service_date: date
    entries: list[ItineraryEntryView]

    @classmethod
    def of(cls, order_id: str, entries: tuple[ItineraryEntry, ...]) -> "ItineraryView":
        return cls(
            order_id=order_id,
            service_date=clock.service_date(entries[0].starts_at),
            entries=[
                ItineraryEntryView(
                    code=entry.code,
                    title=entry.title,
                    starts_at=clock.china(entry.starts_at),
                    ends_at=clock.china(entry.ends_at),
                    required=entry.required,
                )
                for entry in entries
            ],
        )


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
            answered_at=_china(offer.answered_at),
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


def _china(instant: datetime | None) -> datetime | None:
    return clock.china(instant) if instant else None
