"""Orders, with their checklist and timetable."""

from datetime import date
from enum import StrEnum

from functions.booking.rules.itinerary import Checklist, ItineraryEntry
from functions.booking.rules.matching import Gender
from functions.booking.rules.orders import ClosedReason, OrderState, title_of
from functions.booking.schemas.common import Id, Instant, Language, LineItemView, china_or_none
from functions.booking.table import OrderRow
from functions.shared import clock
from functions.shared.http import PageQuery, Reading
from functions.shared.http.schemas import Body


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
            paid_at=china_or_none(order.paid_at),
            assigned_at=china_or_none(order.assigned_at),
            completed_at=china_or_none(order.completed_at),
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
