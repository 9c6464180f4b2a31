"""Recurring visits."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from functions.booking.actions import SeriesOrders
from functions.booking.rules.orders import OrderState, title_of
from functions.booking.rules.series import Entry, EntryState
from functions.booking.schemas.common import Id, Instant, WantedExpertise, china_or_none
from functions.booking.schemas.orders import WantedConditions
from functions.booking.table import OrderRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

MAX_DATES = 26


class WeeklyPattern(Body, frozen=True, kw_only=True):
    """每隔几周的星期几，从第一次起共几次；时刻与第一次相同。"""

    first_starts_at: Annotated[datetime, Meta(tz=True)]
    weekdays: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=7)], ...], Meta(max_length=7, description="1 为周一；不填则与第一次相同")
    ] = ()
    every_weeks: Annotated[int, Meta(ge=1, le=4)] = 1
    count: Annotated[int, Meta(ge=1, le=MAX_DATES)]


class StartSeries(Body, frozen=True):
    """同一位陪诊师的多次陪诊：按周重复（`weekly`）或逐个列出（`starts_at`），二选一。"""

    companion_id: Id
    patient_id: Id
    hospital_id: Id
    department_id: Id
    package_id: Id
    weekly: WeeklyPattern | None = None
    starts_at: Annotated[tuple[Instant, ...], Meta(min_length=1, max_length=MAX_DATES)] | None = None
    special_requests: Annotated[tuple[Id, ...], Meta(max_length=20, description="定制需求编号，不重复")] = ()
    insurance: bool = False
    note: Annotated[str, Meta(max_length=500, pattern=r"\S", description="给陪诊师的话，加密保存")] | None = None
    wanted: WantedConditions = WantedConditions()
    condition_type: WantedExpertise | None = None


class SkipDate(Body, frozen=True):
    """跳过哪一天（中国日期）。"""

    service_date: date


class SeriesEntryView(Reading, frozen=True, kw_only=True):
    """系列中的一次：它的订单，或没约上的原因。"""

    service_date: date
    starts_at: Instant
    state: EntryState
    order_id: str | None
    order_state: OrderState | None
    order_state_title: str | None
    total_fen: int | None
    pay_until: Instant | None
    """待付款时，到此未付则放开时段。"""
    code: str | None
    message: str | None

    @classmethod
    def of(cls, entry: Entry, order: OrderRow | None) -> "SeriesEntryView":
        unpaid = order is not None and order.state is OrderState.AWAITING_PAYMENT
        return cls(
            service_date=clock.service_date(order.starts_at if order else entry.starts_at),
            starts_at=clock.china(order.starts_at if order else entry.starts_at),
            state=entry.state,
            order_id=entry.order_id,
            order_state=order.state if order else None,
            order_state_title=title_of(order.state) if order else None,
            total_fen=order.price.total_fen if order else None,
            pay_until=china_or_none(order.hold_expires_at if order and unpaid else None),
            code=entry.code,
            message=entry.message,
        )


class SeriesView(Reading, frozen=True, kw_only=True):
    """一个系列；每一次是一个独立的订单，分别付款、改期和取消。"""

    series_id: str
    companion_id: str
    patient_id: str
    hospital_id: str
    department_id: str
    package_id: str
    created_at: Instant
    ended_at: Instant | None
    placed: int
    failed: int
    entries: list[SeriesEntryView]

    @classmethod
    def of(cls, found: SeriesOrders) -> "SeriesView":
        series = found.row.series
        states = [entry.state for entry in series.entries]
        return cls(
            series_id=found.row.pk,
            companion_id=series.companion_id,
            patient_id=series.patient_id,
            hospital_id=series.hospital_id,
            department_id=series.department_id,
            package_id=series.package_id,
            created_at=clock.china(found.row.created_at),
            ended_at=china_or_none(series.ended_at),
            placed=states.count(EntryState.PLACED),
            failed=states.count(EntryState.FAILED),
            entries=[SeriesEntryView.of(entry, found.orders.get(entry.order_id or "")) for entry in series.entries],
        )
