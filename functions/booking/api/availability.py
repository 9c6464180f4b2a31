"""Routes: a companion's working time, and when they are free."""

from datetime import date
from typing import Any

from functions.booking.actions import availability
from functions.booking.api.declared import routes
from functions.booking.schemas.availability import (
    AvailabilityView,
    ChangeAvailability,
    ChangeDay,
    DayView,
    FreeDayView,
    SlotsQuery,
    SlotsView,
)
from functions.shared.caller import Role
from functions.shared.errors import FieldError, Invalid, NotFound, PreconditionFailed
from functions.shared.http import Accepted, Call


@routes.get("/availability", summary="我的接单时间", roles={Role.COMPANION}, reply=AvailabilityView)
def get_availability(call: Call[Any]) -> AvailabilityView:
    """每周的时段、每天上限，以及今天起单独安排的日子。"""
    return AvailabilityView.of(availability.read_availability(call.caller.subject, call.now))


@routes.put(
    "/availability",
    summary="设置接单时间",
    roles={Role.COMPANION},
    body=ChangeAvailability,
    reply=AvailabilityView,
    versioned=True,
    problems=(Invalid, PreconditionFailed),
)
def say_availability(call: Call[ChangeAvailability]) -> AvailabilityView:
    """整份替换，第一次设置时版本号写 0；已接的订单不受影响。"""
    plan = availability.say_availability(
        call.tx, companion_id=call.caller.subject, availability=call.body.availability, version=call.if_match
    )
    return AvailabilityView.of(plan)


@routes.put(
    "/availability/exceptions/{service_date}",
    summary="单独安排某一天",
    roles={Role.COMPANION},
    body=ChangeDay,
    reply=DayView,
    problems=(Invalid,),
)
def say_day(call: Call[ChangeDay], service_date: str) -> DayView:
    """请假，或这天换成别的时段；已接的订单不受影响，不在时段内的会列出来。"""
    row = availability.say_day(
        call.tx, companion_id=call.caller.subject, service_date=_date(service_date), spans=call.body.spans
    )
    return DayView.of(row)


@routes.delete(
    "/availability/exceptions/{service_date}",
    summary="取消单独安排",
    roles={Role.COMPANION},
    reply=Accepted,
    problems=(Invalid, NotFound),
)
def forget_day(call: Call[Any], service_date: str) -> Accepted:
    """这天恢复为每周的安排。"""
    availability.forget_day(call.tx, companion_id=call.caller.subject, service_date=_date(service_date))
    return Accepted()


@routes.get(
    "/companions/{companion_id}/slots",
    summary="陪诊师的空闲时间",
    roles={Role.CLIENT},
    query=SlotsQuery,
    reply=SlotsView,
    problems=(Invalid, NotFound),
)
def find_slots(call: Call[Any], companion_id: str) -> SlotsView:
    """按天列出可以开始陪诊的时间，已扣除约好的陪诊、赶路时间和提前量；以下单时为准。"""
    query = call.query
    days = availability.find_slots(
        companion_id,
        client_id=call.caller.subject,
        first=query.from_date,
        days=query.days,
        duration_min=query.duration_min,
        campus_id=query.campus_id,
        now=call.now,
    )
    return SlotsView(
        companion_id=companion_id, duration_min=query.duration_min, days=[FreeDayView.of(each) for each in days]
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(errors=(FieldError("date", "日期格式应为 2026-03-04"),)) from error
