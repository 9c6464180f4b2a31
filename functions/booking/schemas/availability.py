"""A companion's working time, and when they are free."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from functions.booking.actions.availability import FreeDay, Plan
from functions.booking.rules import availability as rules
from functions.booking.rules.availability import DAY_MIN, WEEKDAYS, Availability, Span
from functions.booking.rules.pricing import MAX_VISIT_MIN
from functions.booking.schemas.common import Id, Instant
from functions.booking.table import DayRow
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

_CLOCK = r"^(?:(?:[01]\d|2[0-3]):[03]0|24:00)$"
_MIN_PER_HOUR = 60
Clock = Annotated[str, Meta(pattern=_CLOCK, description="北京时间，半小时一档，例如 08:00；24:00 表示当天结束")]
MAX_SLOT_DAYS = 14


class SpanBody(Body, frozen=True):
    """一天中的一段时间。"""

    start: Clock
    end: Clock

    @property
    def span(self) -> Span:
        return Span(_minutes(self.start), _minutes(self.end))

    @classmethod
    def of(cls, span: Span) -> "SpanBody":
        return cls(start=_shown(span.from_min), end=_shown(span.until_min))


Spans = Annotated[tuple[SpanBody, ...], Meta(max_length=8, description="不重叠的时间段；空数组表示不接单")]


class WeekBody(Body, frozen=True):
    """一周中每天的接单时段。"""

    monday: Spans
    tuesday: Spans
    wednesday: Spans
    thursday: Spans
    friday: Spans
    saturday: Spans
    sunday: Spans

    @property
    def week(self) -> tuple[tuple[Span, ...], ...]:
        """Invalid, naming the weekday."""
        return tuple(
            rules.checked([each.span for each in getattr(self, weekday)], f"week.{weekday}") for weekday in WEEKDAYS
        )

    @classmethod
    def of(cls, week: Sequence[Sequence[Span]]) -> "WeekBody":
        days = zip(WEEKDAYS, week, strict=True)
        return cls(**{weekday: tuple(map(SpanBody.of, spans)) for weekday, spans in days})


class ChangeAvailability(Body, frozen=True):
    """每周的接单时段和每天最多接几单；为空表示按平台默认。"""

    week: WeekBody | None = None
    daily_cap: Annotated[int, Meta(ge=1, le=20, description="不超过平台规定的上限")] | None = None

    @property
    def availability(self) -> Availability:
        return Availability(self.week.week if self.week else None, self.daily_cap)


class ChangeDay(Body, frozen=True):
    """某一天单独的接单时段，代替每周的安排；空数组表示这天休息。"""

    hours: Spans

    @property
    def spans(self) -> list[Span]:
        return [each.span for each in self.hours]


class DayView(Reading, frozen=True, kw_only=True):
    """单独安排的一天。"""

    date: date
    hours: list[SpanBody]
    orders_outside: list[str]
    """已经约好、但不在这天接单时段内的订单：仍须履约，如不能前往请尽早取消。"""

    @classmethod
    def of(cls, row: DayRow) -> "DayView":
        day = row.day
        return cls(
            date=day.service_date,
            hours=[SpanBody.of(span) for span in rules.spans_of(day.hours or 0)],
            orders_outside=list(rules.outside(day)),
        )


class AvailabilityView(Reading, frozen=True, kw_only=True):
    """陪诊师的接单时间。"""

    week: WeekBody
    is_default: bool
    """没有自己设置过每周时段，按平台默认。"""
    daily_cap: int | None
    """每天最多接几单；为空表示按平台上限。"""
    exceptions: list[DayView]
    """今天起单独安排的日子。"""
    version: int

    @classmethod
    def of(cls, plan: Plan) -> "AvailabilityView":
        said = plan.row.availability
        return cls(
            week=WeekBody.of(plan.week),
            is_default=said.week is None,
            daily_cap=said.daily_cap,
            exceptions=[DayView.of(row) for row in plan.exceptions],
            version=int(plan.row.version),
        )


class SlotsQuery(Body, frozen=True):
    """从哪天起、看几天、陪诊多长时间。"""

    from_date: Annotated[date, Meta(description="第一天，例如 2026-03-04")] = msgspec.field(name="from")
    days: Annotated[int, Meta(ge=1, le=MAX_SLOT_DAYS)] = 7
    duration_min: Annotated[int, Meta(ge=30, le=MAX_VISIT_MIN, description="陪诊时长（分钟）")] = 240
    campus_id: Annotated[Id, Meta(description="就诊院区；同院区的前后两单之间不留赶路时间")] | None = None


class FreeDayView(Reading, frozen=True, kw_only=True):
    """某一天可以开始陪诊的时间。"""

    date: date
    starts: list[Instant]

    @classmethod
    def of(cls, free: FreeDay) -> "FreeDayView":
        return cls(date=free.service_date, starts=[clock.china(at) for at in free.starts])


class SlotsView(Reading, frozen=True, kw_only=True):
    """一位陪诊师的空闲时间，以下单时为准。"""

    companion_id: str
    duration_min: int
    days: list[FreeDayView]


def _minutes(text: str) -> int:
    found = re.match(r"(\d\d):(\d\d)", text)
    assert found is not None, "checked by its pattern"
    return int(found[1]) * _MIN_PER_HOUR + int(found[2])


def _shown(minutes: int) -> str:
    assert 0 <= minutes <= DAY_MIN, "within a day"
    return f"{minutes // _MIN_PER_HOUR:02d}:{minutes % _MIN_PER_HOUR:02d}"
