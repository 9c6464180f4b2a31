"""Quotes, and who can take them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.rules.conditions import ConditionType
from functions.booking.rules.matching import EMPTIED_TITLES, Emptied, Gender, Ranked
from functions.booking.rules.policy import Tier
from functions.booking.schemas.common import Id, Instant, Language, LineItemView, OvertimeView, WantedExpertise
from functions.booking.table import QuoteRow
from functions.shared import clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body


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
    coupon_ids: (
        Annotated[
            tuple[Id, ...],
            Meta(max_length=1, description="不填自动选用最优惠的组合；空数组不用券；填一个编号则用这一张"),
        ]
        | None
    ) = None
    condition_type: WantedExpertise | None = None


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
    gross_fen: int
    """优惠前的价格，含保费。"""
    total_fen: int
    """应付金额。"""
    overtime: OvertimeView | None
    """超时费率；为空表示超时不另收费。"""
    expires_at: Instant
    has_note: bool
    condition_type: ConditionType | None
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
            gross_fen=quote.price.gross_fen,
            total_fen=quote.price.total_fen,
            overtime=OvertimeView.of(quote.price.overtime),
            expires_at=clock.china(quote.expires_at),
            has_note=quote.note is not None,
            condition_type=quote.condition_type,
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
    specialties: list[ConditionType]
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
            specialties=sorted(candidate.specialties),
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
