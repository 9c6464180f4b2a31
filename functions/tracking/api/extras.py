"""What comes on top of a visit's price (B9): overtime, and what the companion laid out."""

from typing import Any

from functions.shared import files
from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid, PreconditionFailed
from functions.shared.http import Call
from functions.shared.http.uploads import UploadForm
from functions.tracking.actions import expenses, overtime
from functions.tracking.api.declared import routes
from functions.tracking.rules import expenses as expense_rules
from functions.tracking.rules import overtime as overtime_rules
from functions.tracking.rules.progress import VisitNotFound, VisitNotRunning
from functions.tracking.schemas.extras import (
    AuthorizationBody,
    AuthorizationView,
    DeclineBody,
    EvidenceUpload,
    ExpenseBody,
    ExpenseList,
    ExpenseView,
    OvertimeBody,
    OvertimeRequestView,
    OvertimeView,
)

_INSIDERS = {Role.CLIENT, Role.COMPANION} | STAFF
_OVERTIME_ANSWER = (VisitNotFound, overtime_rules.OvertimeNotFound, overtime_rules.OvertimeAnswered)
_EXPENSE_ANSWER = (VisitNotFound, expense_rules.ExpenseNotFound, expense_rules.ExpenseAnswered)


@routes.get(
    "/visits/{visit_id}/overtime",
    summary="查看延时",
    roles=_INSIDERS,
    reply=OvertimeView,
    problems=(VisitNotFound,),
)
def read_overtime(call: Call[Any], visit_id: str) -> OvertimeView:
    """费率和免费时长以下单时为准，见订单的 `price.overtime`。"""
    return OvertimeView.of(*overtime.read_overtime(visit_id, caller=call.caller))


@routes.put(
    "/visits/{visit_id}/overtime-authorization",
    summary="预先同意超时费上限",
    roles={Role.CLIENT},
    body=AuthorizationBody,
    reply=AuthorizationView,
    versioned=True,
    problems=(VisitNotFound, VisitNotRunning, PreconditionFailed),
)
def authorise_overtime(call: Call[AuthorizationBody], visit_id: str) -> AuthorizationView:
    """上限之内的延时自动同意并通知您；只影响之后的申请。"""
    extras = overtime.authorise(
        call.tx,
        visit_id=visit_id,
        client_id=call.caller.subject,
        cap_fen=call.body.cap_fen,
        version=call.if_match,
    )
    return AuthorizationView.of(extras)


@routes.post(
    "/visits/{visit_id}/overtime",
    summary="申请延时",
    roles={Role.COMPANION},
    body=OvertimeBody,
    reply=OvertimeRequestView,
    status=201,
    effect=True,
    problems=(
        *(VisitNotFound, VisitNotRunning, overtime_rules.OvertimeNotCharged, overtime_rules.OvertimeTooEarly),
        *(overtime_rules.OvertimePending, overtime_rules.OvertimeTooLong),
    ),
)
def propose_overtime(call: Call[OvertimeBody], visit_id: str) -> OvertimeRequestView:
    """计划结束时间加免费时长之后可以申请，按下单时约定的费率计费，由用户确认。"""
    request = overtime.propose(call.tx, visit_id=visit_id, companion_id=call.caller.subject, minutes=call.body.minutes)
    return OvertimeRequestView.of(request)


@routes.post(
    "/visits/{visit_id}/overtime/{overtime_id}/approve",
    summary="同意延时",
    roles={Role.CLIENT},
    reply=OvertimeRequestView,
    effect=True,
    problems=_OVERTIME_ANSWER,
)
def approve_overtime(call: Call[Any], visit_id: str, overtime_id: str) -> OvertimeRequestView:
    """费用计入本单的补充费用，稍后一并支付。"""
    request = overtime.answer(
        call.tx, visit_id=visit_id, overtime_id=overtime_id, client_id=call.caller.subject, is_approved=True
    )
    return OvertimeRequestView.of(request)


@routes.post(
    "/visits/{visit_id}/overtime/{overtime_id}/decline",
    summary="不同意延时",
    roles={Role.CLIENT},
    body=DeclineBody,
    reply=OvertimeRequestView,
    effect=True,
    problems=_OVERTIME_ANSWER,
)
def decline_overtime(call: Call[DeclineBody], visit_id: str, overtime_id: str) -> OvertimeRequestView:
    """不产生费用。"""
    request = overtime.answer(
        call.tx,
        visit_id=visit_id,
        overtime_id=overtime_id,
        client_id=call.caller.subject,
        is_approved=False,
        reason=call.body.reason,
    )
    return OvertimeRequestView.of(request, call.body.reason)


@routes.post(
    "/visits/{visit_id}/evidence-uploads",
    summary="申请上传凭证",
    roles={Role.CLIENT, Role.COMPANION},
    body=EvidenceUpload,
    reply=UploadForm,
    status=201,
    problems=(VisitNotFound, Invalid),
)
def allow_evidence(call: Call[EvidenceUpload], visit_id: str) -> UploadForm:
    """票据或现场照片，JPEG、PNG 或 PDF，直接传到存储；一天内没有被引用的会删除。"""
    upload = expenses.allow_evidence(
        visit_id=visit_id, caller=call.caller, content_type=call.body.content_type, now=call.now
    )
    return UploadForm.of(upload)


@routes.post(
    "/visits/{visit_id}/expenses",
    summary="提交垫付费用",
    roles={Role.COMPANION},
    body=ExpenseBody,
    reply=ExpenseView,
    status=201,
    effect=True,
    problems=(
        *(VisitNotFound, VisitNotRunning, expense_rules.ExpenseTooLarge, expense_rules.ReceiptAlreadyUsed),
        *(files.UploadMissing, files.UploadRefused),
    ),
)
def claim_expense(call: Call[ExpenseBody], visit_id: str) -> ExpenseView:
    """到院后至陪诊结束后两天内可以提交，每笔附一张凭证，由用户逐笔确认。"""
    body = call.body
    return ExpenseView.of(
        expenses.claim(
            call.tx,
            visit_id=visit_id,
            companion_id=call.caller.subject,
            kind=body.kind,
            amount_fen=body.amount_fen,
            receipt_file_id=body.receipt_file_id,
            note=body.note,
        )
    )


@routes.get(
    "/visits/{visit_id}/expenses",
    summary="查看垫付费用",
    roles=_INSIDERS,
    reply=ExpenseList,
    problems=(VisitNotFound,),
)
def read_expenses(call: Call[Any], visit_id: str) -> ExpenseList:
    """凭证链接五分钟内有效；客服查看会留下记录。"""
    claims = expenses.read_expenses(call.tx, visit_id=visit_id, caller=call.caller)
    return ExpenseList(items=[ExpenseView.of(claim) for claim in claims])


@routes.post(
    "/visits/{visit_id}/expenses/{expense_id}/approve",
    summary="同意垫付",
    roles={Role.CLIENT},
    reply=ExpenseView,
    effect=True,
    problems=_EXPENSE_ANSWER,
)
def approve_expense(call: Call[Any], visit_id: str, expense_id: str) -> ExpenseView:
    """计入本单的补充费用，全额归陪诊师，平台不抽成。"""
    return ExpenseView.of(
        expenses.answer(
            call.tx, visit_id=visit_id, expense_id=expense_id, client_id=call.caller.subject, is_approved=True
        )
    )


@routes.post(
    "/visits/{visit_id}/expenses/{expense_id}/decline",
    summary="不同意垫付",
    roles={Role.CLIENT},
    body=DeclineBody,
    reply=ExpenseView,
    effect=True,
    problems=_EXPENSE_ANSWER,
)
def decline_expense(call: Call[DeclineBody], visit_id: str, expense_id: str) -> ExpenseView:
    """须说明理由；陪诊师可以更正后重新提交。"""
    return ExpenseView.of(
        expenses.answer(
            call.tx,
            visit_id=visit_id,
            expense_id=expense_id,
            client_id=call.caller.subject,
            is_approved=False,
            reason=call.body.reason,
        )
    )
