"""Cancelling and moving an order, and the terms for both."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.actions import CancellationQuote, RescheduleQuote
from functions.booking.rules.cancellation import COST_TITLES, DEFAULT_TERMS, EVERYWHERE, CostReason, LateFee, Terms
from functions.booking.schemas.common import Instant, china_or_none
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

Bp = Annotated[int, Meta(ge=0, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=90 * 24 * 3600)]
City = Annotated[str, Meta(pattern=r"^(\d{6}|\*)$", description="六位城市代码；* 为全国通用")]


class CancellationQuoteView(Reading, frozen=True, kw_only=True):
    """现在取消的结果：退款 + 陪诊师误工补偿 + 平台手续费 = 已付金额。"""

    quote_id: str
    """取消时原样带回；结果没有变化就按此办理。"""
    order_id: str
    reason: CostReason
    reason_title: str
    paid_fen: int
    fee_bp: int
    """取消费占价格（不含保费）的万分比。"""
    companion_fee_fen: int
    platform_fee_fen: int
    refund_fen: int
    terms_version: str
    valid_until: Instant | None
    """在此之前结果不变，除非陪诊师接单、出发或服务开始。"""

    @classmethod
    def of(cls, quote: CancellationQuote) -> "CancellationQuoteView":
        cost = quote.cost
        return cls(
            quote_id=quote.quote_id,
            order_id=quote.order_id,
            reason=cost.reason,
            reason_title=COST_TITLES[cost.reason],
            paid_fen=quote.paid_fen,
            fee_bp=cost.fee_bp,
            companion_fee_fen=cost.companion_fee_fen,
            platform_fee_fen=cost.platform_fee_fen,
            refund_fen=cost.refund_fen,
            terms_version=quote.terms_version,
            valid_until=china_or_none(quote.valid_until),
        )


class CancelOrder(Body, frozen=True):
    """按查到的结果取消。"""

    quote_id: Annotated[str, Meta(min_length=1, max_length=64)]


class RescheduleQuery(Body, frozen=True):
    """想改到什么时间。"""

    starts_at: Annotated[datetime, Meta(tz=True, description="新的开始时间，半小时一档，必须带时区")]


class RescheduleOrder(Body, frozen=True):
    """改到这个时间。"""

    starts_at: Annotated[datetime, Meta(tz=True, description="新的开始时间，半小时一档，必须带时区")]


class RescheduleQuoteView(Reading, frozen=True, kw_only=True):
    """可以改期：陪诊师不变，价格不变。"""

    order_id: str
    from_starts_at: Instant
    starts_at: Instant
    ends_at: Instant
    companion_id: str
    price_fen: int
    extra_fen: int = 0
    """改期不另收费。"""
    moves_left: int
    """这次改期之后还能改几次。"""
    valid_until: Instant

    @classmethod
    def of(cls, quote: RescheduleQuote) -> "RescheduleQuoteView":
        return cls(
            order_id=quote.order_id,
            from_starts_at=clock.china(quote.from_starts_at),
            starts_at=clock.china(quote.starts_at),
            ends_at=clock.china(quote.ends_at),
            companion_id=quote.companion_id,
            price_fen=quote.price_fen,
            moves_left=quote.moves_left,
            valid_until=clock.china(quote.valid_until),
        )


class CompanionCancellation(Body, frozen=True):
    """陪诊师不能去了；会计入取消记录，原因供客服查看。"""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class LateFeeBody(Body, frozen=True):
    """离就诊不足 `within_s` 秒时的取消费。"""

    within_s: Annotated[int, Meta(ge=1, le=90 * 24 * 3600)]
    fee_bp: Bp


class PublishTerms(Body, frozen=True):
    """发布一个城市的新版退改规则；已报价和已下的单仍按原来的版本。"""

    city: City
    terms_version: Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[\w.-]+$")]
    effective_from: Annotated[datetime, Meta(tz=True)]
    late_fees: Annotated[tuple[LateFeeBody, ...], Meta(max_length=6, description="由远到近；费率不递减")]
    after_departure_bp: Bp
    companion_part_bp: Bp
    reschedule_before_s: Seconds
    max_reschedules: Annotated[int, Meta(ge=0, le=10)]
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    client_no_show_bp: Bp = DEFAULT_TERMS.client_no_show_bp
    """就诊人未到场时的爽约费；陪诊师未到场一律全额退款。"""

    @property
    def terms(self) -> Terms:
        """ValueError if the fees fall towards the visit, or the windows are out of order."""
        return Terms(
            version=self.terms_version,
            effective_from=self.effective_from,
            late_fees=tuple(LateFee(late.within_s, late.fee_bp) for late in self.late_fees),
            after_departure_bp=self.after_departure_bp,
            companion_part_bp=self.companion_part_bp,
            reschedule_before_s=self.reschedule_before_s,
            max_reschedules=self.max_reschedules,
            client_no_show_bp=self.client_no_show_bp,
        )


class TermsQuery(Body, frozen=True):
    """哪个城市的规则。"""

    city: City = EVERYWHERE


class LateFeeView(Reading, frozen=True, kw_only=True):
    """离就诊不足 `within_s` 秒时的取消费。"""

    within_s: int
    fee_bp: int


class TermsView(Reading, frozen=True, kw_only=True):
    """一版退改规则。最远一档之前取消免费；陪诊师接单之前取消也免费；保费一律退还。"""

    terms_version: str
    effective_from: Instant
    free_before_s: int
    late_fees: list[LateFeeView]
    after_departure_bp: int
    companion_part_bp: int
    reschedule_before_s: int
    max_reschedules: int
    client_no_show_bp: int

    @classmethod
    def of(cls, terms: Terms) -> "TermsView":
        return cls(
            terms_version=terms.version,
            effective_from=clock.china(terms.effective_from),
            free_before_s=terms.free_before_s,
            late_fees=[LateFeeView(within_s=late.within_s, fee_bp=late.fee_bp) for late in terms.late_fees],
            after_departure_bp=terms.after_departure_bp,
            companion_part_bp=terms.companion_part_bp,
            reschedule_before_s=terms.reschedule_before_s,
            max_reschedules=terms.max_reschedules,
            client_no_show_bp=terms.client_no_show_bp,
        )
