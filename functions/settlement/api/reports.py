"""Finance's reports over HTTP: figures by day, city, package and hospital, down to each order's postings (F32)."""

from datetime import date
from typing import Any

from functions.settlement.actions import reports as actions
from functions.settlement.api.declared import READERS, routes
from functions.settlement.schemas.reports import FactsView, ReportLineView, ReportQuery, ReportView
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.get("/finance-reports", summary="财务报表", roles=READERS, query=ReportQuery, reply=ReportView)
def get_report(call: Call[Any]) -> ReportView:
    """日报、月报或任意一段（最长一季度），按合计、城市、套餐或医院；每个数字都是账本分录之和，次日凌晨生成。"""
    asked = call.query
    lines = actions.report(asked.by, asked.from_, asked.to, by_day=asked.daily)
    return ReportView(lines=[ReportLineView.of(line) for line in lines])


@routes.get(
    "/finance-reports/{day}/orders",
    summary="报表明细",
    roles=READERS,
    query=PageQuery,
    reply=Page[FactsView],
    problems=(NotFound,),
)
def list_facts(call: Call[Any], day: str) -> Page[FactsView]:
    """一天的报表由哪些订单构成；逐笔分录见“订单的账目”。"""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise NotFound() from None
    rows, last = actions.facts_of(wanted, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[FactsView.of(row) for row in rows], next_cursor=encode_cursor(last))
