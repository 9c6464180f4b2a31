"""The daily reconciliation over HTTP: its days, what did not agree, and what a person found out (F32)."""

from datetime import date
from typing import Any

from functions.settlement.actions import reconciliation as actions
from functions.settlement.api.declared import READERS, WRITERS, routes
from functions.settlement.rules import ledger
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.reconciliation import (
    AlreadyResolved,
    BookingMissing,
    BookingUsed,
    CasesOpen,
    DayNotOver,
)
from functions.settlement.schemas.reconciliation import (
    CaseView,
    MonthQuery,
    ReconciliationList,
    ReconciliationView,
    ResolveCase,
)
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.shared.http.schemas import Accepted


@routes.get("/reconciliations", summary="每日对账", roles=READERS, query=MonthQuery, reply=ReconciliationList)
def list_reconciliations(call: Call[Any]) -> ReconciliationList:
    """一个月内每天与支付渠道账单的核对结果，从新到旧。"""
    month = call.query.month or ledger.month_of(call.now)
    return ReconciliationList(items=[ReconciliationView.of(row) for row in actions.days_of(month)])


@routes.get(
    "/reconciliations/{day}", summary="一天的对账结果", roles=READERS, reply=ReconciliationView, problems=(NotFound,)
)
def get_reconciliation(call: Call[Any], day: str) -> ReconciliationView:
    """相符笔数与金额、渠道手续费、差异笔数；failed 表示账单尚未取得或不完整，会自动重试。"""
    return ReconciliationView.of(actions.find_day(_day(day)))


@routes.post(
    "/reconciliations/{day}/run",
    summary="重新对账",
    roles=WRITERS,
    reply=Accepted,
    status=202,
    effect=True,
    problems=(NotFound, DayNotOver),
)
def run_reconciliation(call: Call[Any], day: str) -> Accepted:
    """账单当时未能取得时，立即再试一次；已核对完成的日期不会改变。"""
    actions.order_run(call.tx, day=_day(day), ordered_by=call.caller.subject)
    return Accepted()


@routes.get(
    "/reconciliations/{day}/cases",
    summary="对账差异",
    roles=READERS,
    query=PageQuery,
    reply=Page[CaseView],
    problems=(NotFound,),
)
def list_cases(call: Call[Any], day: str) -> Page[CaseView]:
    """当天账单与我方账目不一致的每一笔，含处理结果。"""
    rows, last = actions.cases_of(_day(day), limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[CaseView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.post(
    "/reconciliation-cases/{case_id}/resolve",
    summary="处理对账差异",
    roles=WRITERS,
    body=ResolveCase,
    reply=CaseView,
    effect=True,
    problems=(NotFound, AlreadyResolved, BookingMissing, BookingUsed),
)
def resolve_case(call: Call[ResolveCase], case_id: str) -> CaseView:
    """跨日或渠道有误：挂账冲回；已调账：须填写另一位人员批准过的人工调账编号。"""
    row = actions.resolve_case(
        call.tx,
        case_id,
        resolution=call.body.resolution,
        note=call.body.note,
        booking_id=call.body.booking_id,
        resolved_by=call.caller.subject,
    )
    return CaseView.of(row)


@routes.post(
    "/reconciliations/{day}/sign-off",
    summary="签核一天的对账",
    roles=WRITERS,
    reply=ReconciliationView,
    effect=True,
    problems=(NotFound, CasesOpen, IllegalMove),
)
def sign_off(call: Call[Any], day: str) -> ReconciliationView:
    """全部差异处理完毕后方可签核；签核后不可撤销。"""
    return ReconciliationView.of(actions.sign_off(call.tx, _day(day), signed_by=call.caller.subject))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound() from None
