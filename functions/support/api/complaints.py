"""Complaints over HTTP: the client's, the companion's answer, what agents take and decide (F17)."""

from typing import Any

from functions.shared.caller import Role
from functions.shared.errors import Invalid
from functions.shared.files import UploadMissing, UploadRefused
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.shared.http.uploads import UploadForm
from functions.support.actions import client_standing
from functions.support.actions import complaint_desk as desk
from functions.support.actions import complaints as actions
from functions.support.api.declared import routes
from functions.support.rules import complaint_problems as refused
from functions.support.schemas.complaints import (
    AgentView,
    AppealBody,
    ComplaintAnswerBody,
    ComplaintBody,
    ComplaintDecisionBody,
    ComplaintDesk,
    ComplaintView,
    DutyBody,
    EvidenceLink,
    EvidenceUploadBody,
    OrderComplaints,
    OrderComplaintView,
    QueuedComplaint,
)

_AGENTS = {Role.AGENT, Role.ADMIN}
_READERS = {Role.CLIENT, Role.COMPANION, *_AGENTS}


@routes.post(
    "/orders/{order_id}/complaint-uploads",
    summary="申请上传申诉证据",
    roles={Role.CLIENT},
    body=EvidenceUploadBody,
    reply=UploadForm,
    status=201,
    problems=(refused.OrderNotFound, Invalid),
)
def allow_evidence(call: Call[EvidenceUploadBody], order_id: str) -> UploadForm:
    """文件直接传到存储；一天内没有申诉引用的会被删除。"""
    upload = actions.allow_evidence(
        order_id=order_id, client_id=call.caller.subject, content_type=call.body.content_type, now=call.now
    )
    return UploadForm.of(upload)


@routes.post(
    "/orders/{order_id}/complaints",
    summary="提出售后申诉",
    roles={Role.CLIENT},
    body=ComplaintBody,
    reply=ComplaintView,
    status=201,
    effect=True,
    problems=(
        refused.OrderNotFound,
        refused.NotComplainable,
        refused.ComplaintOpen,
        refused.RemedyNotPossible,
        refused.TimeNotNamed,
        UploadMissing,
        UploadRefused,
    ),
)
def file_complaint(call: Call[ComplaintBody], order_id: str) -> ComplaintView:
    """陪诊完成后 7 天内申请退款；陪诊师已接单、尚未开始的，申请退单或更换陪诊师。

    同一订单的同类事项同时只有一条。处理期间该单收入冻结。
    """
    row = actions.file_complaint(
        call.tx,
        order_id=order_id,
        client_id=call.caller.subject,
        category=call.body.category,
        remedy=call.body.remedy,
        text=call.body.text.strip(),
        evidence_ids=call.body.evidence_ids,
        other_times=call.body.other_times,
    )
    return ComplaintView.of(row, reader=call.caller)


@routes.get("/orders/{order_id}/complaints", summary="订单的申诉", roles=_READERS, reply=OrderComplaints)
def list_of_order(call: Call[Any], order_id: str) -> OrderComplaints:
    """最近的在前。"""
    rows = actions.complaints_of_order(order_id, caller=call.caller)
    return OrderComplaints(items=[OrderComplaintView.of(row) for row in rows])


@routes.get("/complaint-queue", summary="待处理的申诉", roles=_AGENTS, query=PageQuery, reply=Page[QueuedComplaint])
def list_queue(call: Call[Any]) -> Page[QueuedComplaint]:
    """最快到期的在前。"""
    rows, last = actions.list_queued(limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[QueuedComplaint.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get("/complaint-desk", summary="客服值班与在手申诉", roles=_AGENTS, reply=ComplaintDesk)
def read_desk(call: Call[Any]) -> ComplaintDesk:
    """每位客服是否值班、手上有哪些申诉。"""
    return ComplaintDesk(items=[AgentView.of(row) for row in desk.list_agents()])


@routes.post(
    "/complaint-desk/duty",
    summary="客服上班或下班",
    roles=_AGENTS,
    body=DutyBody,
    reply=AgentView,
    effect=True,
)
def set_duty(call: Call[DutyBody]) -> AgentView:
    """值班时，新的申诉自动分给在手最少的客服；下班后不再分配，在手的仍由本人处理，超时转给其他人。"""
    return AgentView.of(desk.set_duty(call.tx, agent_id=call.caller.subject, is_on_duty=call.body.is_on_duty))


@routes.get(
    "/complaints/{complaint_id}",
    summary="查看申诉",
    roles=_READERS,
    reply=ComplaintView,
    problems=(refused.ComplaintNotFound,),
)
def read_complaint(call: Call[Any], complaint_id: str) -> ComplaintView:
    """走到哪一步、谁来处理、什么时候之前。"""
    row = actions.find_complaint(complaint_id=complaint_id, caller=call.caller)
    flag = client_standing.find(row.client_id).flag if call.caller.roles & _AGENTS else None
    return ComplaintView.of(row, reader=call.caller, flag=flag)


@routes.get(
    "/complaints/{complaint_id}/evidence/{file_id}",
    summary="查看申诉证据",
    roles={Role.CLIENT, *_AGENTS},
    reply=EvidenceLink,
    problems=(refused.ComplaintNotFound,),
)
def link_evidence(call: Call[Any], complaint_id: str, file_id: str) -> EvidenceLink:
    """客服查看会留档。"""
    url = actions.link_evidence(call.tx, complaint_id=complaint_id, file_id=file_id, caller=call.caller)
    return EvidenceLink(url=url)


@routes.post(
    "/complaints/{complaint_id}/answer",
    summary="陪诊师说明情况",
    roles={Role.COMPANION},
    body=ComplaintAnswerBody,
    reply=ComplaintView,
    effect=True,
    problems=(refused.ComplaintNotFound, refused.IllegalStep),
)
def answer_complaint(call: Call[ComplaintAnswerBody], complaint_id: str) -> ComplaintView:
    """48 小时内（陪诊尚未开始的 1 小时内），只有一次；没有异议且系统记录足以判定的，按规则处理。"""
    row = actions.answer(
        call.tx,
        complaint_id=complaint_id,
        companion_id=call.caller.subject,
        text=call.body.text.strip(),
        contests=call.body.contests,
    )
    return ComplaintView.of(row, reader=call.caller)


@routes.post(
    "/complaints/{complaint_id}/take",
    summary="领取申诉",
    roles=_AGENTS,
    reply=ComplaintView,
    effect=True,
    problems=(refused.ComplaintNotFound, refused.IllegalStep, refused.OtherAgentDecides, refused.TooManyTaken),
)
def take_complaint(call: Call[Any], complaint_id: str) -> ComplaintView:
    """复议由另一位客服处理；每人同时处理的申诉有上限。"""
    row = actions.take(call.tx, complaint_id=complaint_id, agent_id=call.caller.subject)
    return ComplaintView.of(row, reader=call.caller)


@routes.post(
    "/complaints/{complaint_id}/decision",
    summary="处理申诉",
    roles=_AGENTS,
    body=ComplaintDecisionBody,
    reply=ComplaintView,
    effect=True,
    problems=(
        refused.ComplaintNotFound,
        refused.IllegalStep,
        refused.NotTaken,
        refused.OtherAgentDecides,
        refused.RemedyNotPossible,
        refused.TimeNotNamed,
        refused.RefundOutOfRange,
    ),
)
def decide_complaint(call: Call[ComplaintDecisionBody], complaint_id: str) -> ComplaintView:
    """理由会给客户看并留档；退款超过财务限额时，由财务复核后执行。"""
    row = actions.decide(
        call.tx,
        complaint_id=complaint_id,
        agent_id=call.caller.subject,
        outcome=call.body.outcome,
        refund_fen=call.body.refund_fen,
        reason=call.body.reason.strip(),
        moved_to=call.body.moved_to,
    )
    return ComplaintView.of(row, reader=call.caller)


@routes.post(
    "/complaints/{complaint_id}/accept",
    summary="接受处理结果",
    roles={Role.CLIENT},
    reply=ComplaintView,
    effect=True,
    problems=(refused.ComplaintNotFound, refused.IllegalStep),
)
def accept_complaint(call: Call[Any], complaint_id: str) -> ComplaintView:
    """接受后申诉结束；到期没有回应视为接受。"""
    row = actions.accept(call.tx, complaint_id=complaint_id, client_id=call.caller.subject)
    return ComplaintView.of(row, reader=call.caller)


@routes.post(
    "/complaints/{complaint_id}/appeal",
    summary="申请复议",
    roles={Role.CLIENT},
    body=AppealBody,
    reply=ComplaintView,
    effect=True,
    problems=(refused.ComplaintNotFound, refused.IllegalStep, refused.AppealedAlready),
)
def appeal_complaint(call: Call[AppealBody], complaint_id: str) -> ComplaintView:
    """只有一次，由另一位客服处理，结果为最终结果。"""
    row = actions.appeal(call.tx, complaint_id=complaint_id, client_id=call.caller.subject, text=call.body.text.strip())
    return ComplaintView.of(row, reader=call.caller)
