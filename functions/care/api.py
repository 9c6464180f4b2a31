"""The visit report over HTTP."""

from typing import Any

from functions.care import actions, rules
from functions.care.schemas import ReceiptView, ReportBody, ReportQuery, ReportView
from functions.shared.caller import Role
from functions.shared.http import Call, Routes
from functions.tracking.rules.progress import VisitNotFound

routes = Routes("care")
bp = routes.blueprint


@routes.post(
    "/visits/{visit_id}/report",
    summary="提交陪诊报告",
    roles={Role.COMPANION},
    body=ReportBody,
    reply=ReceiptView,
    status=201,
    effect=True,
    problems=(VisitNotFound, rules.VisitNotEnded, rules.ReportExists),
)
def submit_report(call: Call[ReportBody], visit_id: str) -> ReceiptView:
    """By the visit's companion, once, after the end; `late` if the hour had run out."""
    report = actions.submit_report(
        call.tx, visit_id=visit_id, companion_id=call.caller.subject, content=call.body.content()
    )
    return ReceiptView.of(report)


@routes.get(
    "/visits/{visit_id}/report",
    summary="查看陪诊报告",
    roles={Role.CLIENT, Role.COMPANION, Role.GUEST, Role.AGENT, Role.ADMIN},
    query=ReportQuery,
    reply=ReportView,
    problems=(rules.ReportNotFound, rules.ReasonRequired),
)
def read_report(call: Call[Any], visit_id: str) -> ReportView:
    """For the client, the companion and guests with `report`; staff give a `reason`, which is kept."""
    report = actions.read_report(call.tx, visit_id=visit_id, caller=call.caller, reason=call.query.reason)
    return ReportView.of(report)
