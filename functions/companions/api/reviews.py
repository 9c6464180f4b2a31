"""Applications as staff review them: the queue, the call, the certificates, the decision (F27)."""

from typing import Any

from functions.companions.actions import applications, reviews
from functions.companions.actions.certificates import RENEWALS
from functions.companions.api.declared import routes
from functions.companions.rules import CredentialsMissing, ProfileInvalid
from functions.companions.rules import applications as rules
from functions.companions.rules.credentials import CredentialDecided, CredentialInvalid
from functions.companions.schemas.applications import (
    AuditView,
    Handled,
    IdentityView,
    MoreBody,
    PhoneCheckBody,
    RejectBody,
    WaitingView,
)
from functions.companions.schemas.credentials import RefuseBody
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor

_REVIEWERS = {Role.AGENT, Role.ADMIN}


def _waiting(queue: str, query: PageQuery) -> Page[WaitingView]:
    rows, last = reviews.list_waiting(queue, limit=query.limit, after=decode_cursor(query.cursor))
    return Page(items=[WaitingView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/companion-applications", summary="待审核的申请", roles=_REVIEWERS, query=PageQuery, reply=Page[WaitingView]
)
def list_applications(call: Call[Any]) -> Page[WaitingView]:
    """等得最久的在前。"""
    return _waiting(applications.QUEUE, call.query)


@routes.get("/credential-renewals", summary="待核验的换证", roles=_REVIEWERS, query=PageQuery, reply=Page[WaitingView])
def list_renewals(call: Call[Any]) -> Page[WaitingView]:
    """等得最久的在前。"""
    return _waiting(RENEWALS, call.query)


@routes.get(
    "/companion-applications/{application_id}/identity",
    summary="查看申请人的证件号与手机号",
    roles=_REVIEWERS,
    reply=IdentityView,
    problems=(NotFound,),
)
def view_identity(call: Call[Any], application_id: str) -> IdentityView:
    """供电话核实用；每次查看都有记录。"""
    id_number, phone = reviews.view_identity(call.tx, application_id=application_id, actor=call.caller.subject)
    return IdentityView(id_number=id_number, phone=phone)


@routes.get(
    "/companion-applications/{application_id}/audit",
    summary="申请的操作记录",
    roles=_REVIEWERS,
    query=PageQuery,
    reply=Page[AuditView],
    problems=(NotFound,),
)
def list_application_audit(call: Call[Any], application_id: str) -> Page[AuditView]:
    """最近的在前；查看证件的记录在陪诊师名下。"""
    applications.find(application_id)
    entries, last = reviews.list_audit(application_id, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[AuditView.of(entry) for entry in entries], next_cursor=encode_cursor(last))


@routes.post(
    "/companion-applications/{application_id}/phone-checks",
    summary="登记电话核实",
    roles=_REVIEWERS,
    body=PhoneCheckBody,
    reply=Handled,
    status=201,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, rules.TooManyPhoneChecks),
)
def record_call(call: Call[PhoneCheckBody], application_id: str) -> Handled:
    """谁、什么时候、结果如何；没打通也要记。"""
    application = reviews.record_call(
        call.tx,
        application_id=application_id,
        outcome=call.body.outcome,
        note=call.body.note,
        actor=call.caller.subject,
    )
    return Handled.of(application)


@routes.post(
    "/companion-applications/{application_id}/credentials/{credential_id}/verify",
    summary="核验通过申请的证件",
    roles=_REVIEWERS,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, CredentialDecided, CredentialInvalid),
)
def verify_application_credential(call: Call[Any], application_id: str, credential_id: str) -> Handled:
    """核对过原件或发证机构的记录之后再点。"""
    return _decide_credential(call, application_id, credential_id, None)


@routes.post(
    "/companion-applications/{application_id}/credentials/{credential_id}/refuse",
    summary="不通过申请的证件",
    roles=_REVIEWERS,
    body=RefuseBody,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, CredentialDecided),
)
def refuse_application_credential(call: Call[RefuseBody], application_id: str, credential_id: str) -> Handled:
    """申请人补充材料时需要重新上传这一份。"""
    return _decide_credential(call, application_id, credential_id, call.body.reason)


@routes.post(
    "/companion-applications/{application_id}/approve",
    summary="通过申请",
    roles=_REVIEWERS,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, rules.PhoneCheckMissing, CredentialsMissing, ProfileInvalid),
)
def approve(call: Call[Any], application_id: str) -> Handled:
    """三种必备证件都已核验、本次提交后电话核实通过，才能通过；申请人即成为初级陪诊师。"""
    return Handled.of(reviews.approve(call.tx, application_id=application_id, actor=call.caller.subject))


@routes.post(
    "/companion-applications/{application_id}/reject",
    summary="拒绝申请",
    roles=_REVIEWERS,
    body=RejectBody,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen),
)
def reject(call: Call[RejectBody], application_id: str) -> Handled:
    """说明写给申请人看；过了冷静期可以重新申请。"""
    application = reviews.reject(
        call.tx,
        application_id=application_id,
        reason=call.body.reason,
        note=call.body.note,
        actor=call.caller.subject,
    )
    return Handled.of(application)


@routes.post(
    "/companion-applications/{application_id}/request-more",
    summary="请申请人补充材料",
    roles=_REVIEWERS,
    body=MoreBody,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen),
)
def ask_for_more(call: Call[MoreBody], application_id: str) -> Handled:
    """逐项写明缺什么；补充后重新提交，重新排队。"""
    application = reviews.ask_for_more(
        call.tx, application_id=application_id, missing=call.body.items(), actor=call.caller.subject
    )
    return Handled.of(application)


def _decide_credential(call: Call[Any], application_id: str, credential_id: str, refusal: str | None) -> Handled:
    application = reviews.decide_credential(
        call.tx,
        application_id=application_id,
        credential_id=credential_id,
        refusal=refusal,
        actor=call.caller.subject,
    )
    return Handled.of(application)
