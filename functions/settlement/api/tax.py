"""Withheld income tax over HTTP: the operator's decision, and each companion's statement of a year (B12)."""

from typing import Any

from functions.settlement.actions import tax as actions
from functions.settlement.api.declared import READERS, routes
from functions.settlement.schemas.tax import DecideTaxPolicy, TaxPolicyView, TaxStatementView
from functions.shared import clock
from functions.shared.caller import Role
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import Call


@routes.get("/tax-policy", summary="代扣个税设置", roles=READERS, reply=TaxPolicyView)
def get_tax_policy(call: Call[Any]) -> TaxPolicyView:
    """历次决定及生效日期；第一次决定生效之前不代扣。"""
    return TaxPolicyView.of(actions.read_policy())


@routes.put(
    "/tax-policy",
    summary="设置代扣个税",
    roles={Role.ADMIN},
    body=DecideTaxPolicy,
    reply=TaxPolicyView,
    versioned=True,
    problems=(PreconditionFailed,),
)
def decide_tax_policy(call: Call[DecideTaxPolicy]) -> TaxPolicyView:
    """从所填日期（最早明天）起的打款按累计预扣法代扣，或不再代扣；尚未生效的决定会被取代。第一次设置时版本号写 0。"""
    row = actions.decide_policy(
        call.tx,
        effective_from=call.body.effective_from,
        is_withheld=call.body.is_withheld,
        reason=call.body.reason.strip(),
        staff_id=call.caller.subject,
        version=call.if_match,
    )
    return TaxPolicyView.of(row)


@routes.get(
    "/tax-statements/{year}",
    summary="我的个税明细",
    roles={Role.COMPANION},
    reply=TaxStatementView,
    problems=(NotFound,),
)
def get_tax_statement(call: Call[Any], year: str) -> TaxStatementView:
    """逐月列明收入、费用、减除、应纳税所得额、税率、税款与实付，合计与账本一分不差；年度汇算请以此核对。"""
    today = clock.service_date(call.now)
    return TaxStatementView.of(actions.statement_of(call.caller.subject, year, today=today))


@routes.get(
    "/companions/{companion_id}/tax-statements/{year}",
    summary="陪诊师个税明细",
    roles=READERS,
    reply=TaxStatementView,
    problems=(NotFound,),
)
def get_companions_tax_statement(call: Call[Any], companion_id: str, year: str) -> TaxStatementView:
    """与陪诊师本人所见相同；查看会留下记录。"""
    return TaxStatementView.of(
        actions.look_at_statement(call.tx, companion_id=companion_id, year=year, staff_id=call.caller.subject)
    )
