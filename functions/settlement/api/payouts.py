"""Payout runs over HTTP: finance looks at the day's plan, two people let a large one be paid (B11)."""

from datetime import date
from typing import Any

from functions.settlement.actions import bank_answers, working_days
from functions.settlement.actions import payouts as actions
from functions.settlement.api.declared import DECIDERS, READERS, WRITERS, routes
from functions.settlement.rules import ledger
from functions.settlement.rules.approvals import SamePerson
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.schemas.payouts import (
    BankAnswers,
    BankAnswersView,
    PlanDigest,
    PlanFileView,
    PlanItemView,
    PlanList,
    PlanView,
    RejectPlan,
    WorkingDay,
    WorkingDaysView,
)
from functions.settlement.schemas.reconciliation import MonthQuery
from functions.shared import clock, files
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.get("/payout-plans", summary="打款计划列表", roles=READERS, query=MonthQuery, reply=PlanList)
def list_plans(call: Call[Any]) -> PlanList:
    """一个月内每个工作日的打款计划，从新到旧。"""
    month = call.query.month or ledger.month_of(call.now)
    return PlanList(items=[PlanView.of(row) for row in actions.plans_of(month)])


@routes.get("/payout-plans/{day}", summary="一天的打款计划", roles=READERS, reply=PlanView, problems=(NotFound,))
def get_plan(call: Call[Any], day: str) -> PlanView:
    """笔数、合计与计划文件的 SHA-256；核对与审批都针对这份文件。`settled` 为其中已有结果的部分。"""
    return PlanView.of(actions.find_plan(day), settled=actions.settled_of(day))


@routes.get(
    "/payout-plans/{day}/items",
    summary="打款计划明细",
    roles=READERS,
    query=PageQuery,
    reply=Page[PlanItemView],
    problems=(NotFound,),
)
def list_items(call: Call[Any], day: str) -> Page[PlanItemView]:
    """每笔提现及其拆分的转账，次序与计划文件一致。"""
    items, last = actions.items_page(day, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[PlanItemView.of(item) for item in items], next_cursor=encode_cursor(last))


@routes.get("/payout-plans/{day}/file", summary="下载打款计划", roles=READERS, reply=PlanFileView, problems=(NotFound,))
def get_file(call: Call[Any], day: str) -> PlanFileView:
    """计划文件原文（每行一笔），链接五分钟内有效，下载会留下记录。"""
    return _file(call, day, bank=False)


@routes.get(
    "/payout-plans/{day}/bank-file", summary="下载银行批量文件", roles=WRITERS, reply=PlanFileView, problems=(NotFound,)
)
def get_bank_file(call: Call[Any], day: str) -> PlanFileView:
    """计划获准后可下载，上传网银批量代发；含户名与卡号，下载会留下记录。"""
    return _file(call, day, bank=True)


@routes.post(
    "/payout-plans/{day}/check",
    summary="核对打款计划",
    roles=WRITERS,
    body=PlanDigest,
    reply=PlanView,
    effect=True,
    problems=(NotFound, actions.PlanChanged, IllegalMove),
)
def check_plan(call: Call[PlanDigest], day: str) -> PlanView:
    """超过限额的计划须先由一人核对，再由另一人审批。"""
    return PlanView.of(actions.check_plan(call.tx, day=day, staff_id=call.caller.subject, sha256=call.body.sha256))


@routes.post(
    "/payout-plans/{day}/approve",
    summary="批准打款计划",
    roles=DECIDERS,
    body=PlanDigest,
    reply=PlanView,
    effect=True,
    problems=(NotFound, actions.PlanChanged, actions.PlanUnchecked, SamePerson, IllegalMove),
)
def approve_plan(call: Call[PlanDigest], day: str) -> PlanView:
    """必须由核对人以外的人批准；批准后立即逐笔打款。"""
    return PlanView.of(actions.approve_plan(call.tx, day=day, staff_id=call.caller.subject, sha256=call.body.sha256))


@routes.post(
    "/payout-plans/{day}/reject",
    summary="驳回打款计划",
    roles=DECIDERS,
    body=RejectPlan,
    reply=PlanView,
    effect=True,
    problems=(NotFound, IllegalMove),
)
def reject_plan(call: Call[RejectPlan], day: str) -> PlanView:
    """整份计划不打款，其中的提现等待下一个工作日的计划。"""
    return PlanView.of(actions.reject_plan(call.tx, day=day, staff_id=call.caller.subject, reason=call.body.reason))


@routes.post(
    "/bank-answers",
    summary="导入银行回盘",
    roles=WRITERS,
    body=BankAnswers,
    reply=BankAnswersView,
    status=202,
    effect=True,
)
def take_bank_answers(call: Call[BankAnswers]) -> BankAnswersView:
    """整份文件无误才会受理；逐笔入账，重复导入无害。"""
    rows = bank_answers.order_bank_answers(call.tx, call.body.content.encode(), given_by=call.caller.subject)
    return BankAnswersView(rows=rows)


@routes.get("/working-days", summary="工作日调整", roles=READERS, reply=WorkingDaysView)
def get_working_days(call: Call[Any]) -> WorkingDaysView:
    """优先于国家公布的日历。"""
    days, version = working_days.days_said()
    return WorkingDaysView(days=days, version=version)


@routes.put(
    "/working-days/{day}",
    summary="调整一天是否打款",
    roles=WRITERS,
    body=WorkingDay,
    reply=WorkingDaysView,
    versioned=True,
    problems=(NotFound, PreconditionFailed),
)
def say_of_day(call: Call[WorkingDay], day: str) -> WorkingDaysView:
    """还没有调整过时版本号写 0；不影响已生成的计划。"""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise NotFound() from None
    days, version = working_days.say_of_day(
        call.tx, day=wanted, is_worked=call.body.is_worked, staff_id=call.caller.subject, version=call.if_match
    )
    return WorkingDaysView(days=days, version=version)


def _file(call: Call[Any], day: str, *, bank: bool) -> PlanFileView:
    url = actions.file_link(call.tx, day=day, staff_id=call.caller.subject, bank=bank)
    return PlanFileView(url=url, expires_at=clock.china(call.now + files.LINK_TTL))
