"""What is owed to insurers, for insurers: their own account in the ledger, month by month (F36)."""

from datetime import datetime
from typing import Any

from functions.settlement import actions
from functions.settlement.api.declared import routes
from functions.settlement.rules import ledger
from functions.settlement.schemas.remittances import RemittanceView
from functions.shared.caller import Role
from functions.shared.clock import CHINA
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, PageQuery, decode_cursor


@routes.get(
    "/insurer/remittances/{month}",
    summary="保险公司：应付保费对账单",
    roles={Role.INSURER},
    query=PageQuery,
    reply=RemittanceView,
    problems=(NotFound, Invalid),
)
def read_remittance(call: Call[Any], month: str) -> RemittanceView:
    """本公司一个月（如 2026-11）的应付保费，与平台账本逐笔一致：完成陪诊时增加，退费或结付时减少。"""
    start = _first_of(month)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    page = actions.account_statement(
        ledger.premium_payable(call.caller.subject),
        start=start,
        end=end,
        limit=call.query.limit,
        after=decode_cursor(call.query.cursor),
    )
    return RemittanceView.of(month, page)


def _first_of(month: str) -> datetime:
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=CHINA)
    except ValueError:
        raise NotFound() from None
