"""Orders, with their checklist and timetable."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from functions.booking.rules import cancellation, rescheduling
from functions.booking.rules.matching import Gender
from functions.booking.rules.orders import ClosedReason, OrderState, title_of
from functions.booking.schemas.common import (
    DiscountView,
    Id,
    Instant,
    Language,
    LineItemView,
    OvertimeView,
    china_or_none,
)
from functions.booking.table import OrderRow
from functions.shared import clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body

OvertimeCap = Annotated[int, Meta(ge=0, le=1_000_000, description="预先同意的超时费上限，分")]


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
    overtime_cap_fen: OvertimeCap = 0
    """预先同意的超时费上限；在此之内陪诊师延时不再逐次询问。0 为每次都问。"""


class PriceView(Reading, frozen=True, kw_only=True):
    """下单时冻结的价格。"""

    items: list[LineItemView]
    gross_fen: int
    """优惠前的价格，含保费。"""
    discounts: list[DiscountView]
    premium_fen: int
    total_fen: int
    """应付金额。"""
    overtime: OvertimeView | None
    """超时费率；为空表示超时不另收费。"""
    back_fen: int
    """因申诉改到更便宜的时间，陪诊完成后退还的差价。"""


class ChangesView(Reading, frozen=True, kw_only=True):
    """还能怎么改；取消的具体金额以取消前查到的结果为准。"""

    may_cancel: bool
    free_cancel_until: Instant | None
    """到此之前取消不收费；为空则一直免费（尚未付款或无人接单）。"""
    may_reschedule: bool
    reschedule_until: Instant | None
    reschedules_left: int
    terms_version: str

    @classmethod
    def of(cls, order: OrderRow) -> "ChangesView":
        terms, assigned = order.terms, order.state is OrderState.ASSIGNED
        left = max(0, terms.max_reschedules - order.times_moved)
        may_reschedule = order.state in rescheduling.MOVABLE and order.departed_at is None and left > 0
        free_until = cancellation.free_until(terms, order.starts_at) if assigned else None
        return cls(
            may_cancel=order.state in cancellation.CANCELLABLE,
            free_cancel_until=china_or_none(free_until),
            may_reschedule=may_reschedule,
            reschedule_until=china_or_none(rescheduling.until(terms, order.starts_at) if may_reschedule else None),
            reschedules_left=left,
            terms_version=terms.version,
        )


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
    departed_at: Instant | None
    confirm_by: Instant | None
    """已请陪诊师确认出诊时，最迟确认到什么时候。"""
    confirmed_at: Instant | None
    changes: ChangesView
    series_id: str | None
    has_note: bool
    note: str | None
    """只在查看单个订单时、对下单用户和已接单的陪诊师给出。"""
    version: int

    @classmethod
    def of(cls, order: OrderRow, *, note: str | None = None) -> "OrderView":
        price, asked = order.price, order.confirmation
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
                gross_fen=price.gross_fen,
                discounts=[DiscountView.of(each) for each in price.discounts],
                premium_fen=price.premium_fen,
                total_fen=price.total_fen,
                overtime=OvertimeView.of(price.overtime),
                back_fen=order.remedy.back_fen if order.remedy else 0,
            ),
            placed_at=clock.china(order.placed_at),
            hold_expires_at=clock.china(order.hold_expires_at),
            paid_at=china_or_none(order.paid_at),
            assigned_at=china_or_none(order.assigned_at),
            completed_at=china_or_none(order.completed_at),
            closed_reason=order.closed_reason,
            departed_at=china_or_none(order.departed_at),
            confirm_by=china_or_none(asked.answer_by if asked and asked.is_open else None),
            confirmed_at=china_or_none(asked.confirmed_at if asked else None),
            changes=ChangesView.of(order),
            series_id=order.series_id,
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
