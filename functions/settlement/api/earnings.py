"""A companion's money over HTTP (F25)."""

from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import routes
from functions.settlement.rules.statements import parse_period
from functions.settlement.schemas.earnings import EarningsView, IncomeView, MakeStatement, StatementFileView
from functions.shared import clock, files
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor


@routes.get("/earnings", summary="我的收入", roles={Role.COMPANION}, reply=EarningsView)
def get_earnings(call: Call[Any]) -> EarningsView:
    """待结算（含可提现日期）、可提现、提现中、累计已付与待扣回金额，均取自账本，一分不差。"""
    return EarningsView.of(actions.earnings_of(call.caller.subject, call.now))


@routes.get("/earnings/orders", summary="逐单收入", roles={Role.COMPANION}, query=PageQuery, reply=Page[IncomeView])
def list_incomes(call: Call[Any]) -> Page[IncomeView]:
    """按完成时间从新到旧，列明价格、补贴、优惠、平台抽成、保费、分成与扣回。"""
    after = decode_cursor(call.query.cursor)
    incomes, last = actions.incomes_of(call.caller.subject, limit=call.query.limit, after=after)
    return Page(items=[IncomeView.of(income) for income in incomes], next_cursor=encode_cursor(last))


@routes.get(
    "/earnings/orders/{order_id}",
    summary="一单的收入",
    roles={Role.COMPANION},
    reply=IncomeView,
    problems=(NotFound,),
)
def get_income(call: Call[Any], order_id: str) -> IncomeView:
    """一单的价格、各项扣除与分成，以及何时可提现。"""
    return IncomeView.of(actions.find_income(call.caller.subject, order_id))


@routes.post(
    "/earnings/statements",
    summary="下载对账单",
    roles={Role.COMPANION},
    body=MakeStatement,
    reply=StatementFileView,
    status=201,
    effect=True,
)
def make_statement(call: Call[MakeStatement]) -> StatementFileView:
    """一周或一个月的全部收支：期初余额、每一笔变动及各项扣除、期末余额，与账本一致。链接五分钟内有效。"""
    period = parse_period(call.body.period)
    _, url = actions.make_statement(call.tx, companion_id=call.caller.subject, period=period, format=call.body.format)
    expires_at = clock.china(call.now + files.LINK_TTL)
    return StatementFileView(period=period.text, format=call.body.format, url=url, expires_at=expires_at)
