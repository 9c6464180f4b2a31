"""Routes: recurring visits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from functions.booking import actions
from functions.booking.api.declared import routes, wanted_of
from functions.booking.rules import series as rules
from functions.booking.rules.series import NoDatePlaced, NotSkippable, SeriesEnded
from functions.booking.schemas.series import SeriesView, SkipDate, StartSeries
from functions.shared.caller import Role
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.http import Call


@routes.post(
    "/order-series",
    summary="预约系列陪诊",
    roles={Role.CLIENT},
    body=StartSeries,
    reply=SeriesView,
    status=201,
    effect=True,
    problems=(Invalid, NotFound, NoDatePlaced),
)
def start_series(call: Call[StartSeries]) -> SeriesView:
    """逐日下单并锁定时段，每一次单独付款，最迟付到 `pay_until`。约不上的日期说明原因，不影响其他日期。"""
    body = call.body
    starts = _starts_of(body)
    visit = actions.QuoteRequest(
        patient_id=body.patient_id,
        hospital_id=body.hospital_id,
        department_id=body.department_id,
        package_id=body.package_id,
        starts_at=starts[0],
        special_requests=body.special_requests,
        insurance=body.insurance,
        note=body.note,
        coupon_ids=(),
        condition_type=body.condition_type,
    )
    request = actions.SeriesRequest(
        visit=visit, companion_id=body.companion_id, wanted=wanted_of(body.wanted), starts=starts
    )
    key = call.headers["idempotency-key"]
    return SeriesView.of(actions.start_series(call.tx, client_id=call.caller.subject, key=key, request=request))


@routes.get(
    "/order-series/{series_id}", summary="查看系列陪诊", roles={Role.CLIENT}, reply=SeriesView, problems=(NotFound,)
)
def get_series(call: Call[Any], series_id: str) -> SeriesView:
    """每一次的订单与状态，以及没约上的日期和原因。"""
    return SeriesView.of(actions.read_series(series_id, call.caller.subject))


@routes.post(
    "/order-series/{series_id}/skip",
    summary="跳过一次",
    roles={Role.CLIENT},
    body=SkipDate,
    reply=SeriesView,
    effect=True,
    problems=(NotFound, NotSkippable, SeriesEnded),
)
def skip_date(call: Call[SkipDate], series_id: str) -> SeriesView:
    """未付款的这一次免费取消。已付款的请在订单中按退改规则取消或改期。"""
    return SeriesView.of(
        actions.skip_date(
            call.tx, series_id=series_id, client_id=call.caller.subject, service_date=call.body.service_date
        )
    )


@routes.post(
    "/order-series/{series_id}/end",
    summary="结束系列",
    roles={Role.CLIENT},
    reply=SeriesView,
    effect=True,
    problems=(NotFound, SeriesEnded),
)
def end_series(call: Call[Any], series_id: str) -> SeriesView:
    """未付款的各次全部免费取消；已付款的照常进行。"""
    return SeriesView.of(actions.end_series(call.tx, series_id=series_id, client_id=call.caller.subject))


def _starts_of(body: StartSeries) -> Sequence[datetime]:
    if (body.weekly is None) == (body.starts_at is None):
        raise Invalid(errors=(FieldError("weekly", "weekly 与 starts_at 二选一"),))
    if body.weekly is None:
        return body.starts_at or ()
    weekly = body.weekly
    try:
        return rules.weekly(
            weekly.first_starts_at, weekdays=weekly.weekdays, every_weeks=weekly.every_weeks, count=weekly.count
        )
    except OverflowError as error:
        raise Invalid(errors=(FieldError("weekly.first_starts_at", "日期超出可预约的范围"),)) from error
