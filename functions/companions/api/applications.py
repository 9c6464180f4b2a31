"""Becoming a companion, as the applicant does it (F27)."""

from typing import Any

from msgspec import UNSET

from functions.companions.actions import applications, certificates
from functions.companions.api.declared import routes
from functions.companions.rules import applications as rules
from functions.companions.rules.credentials import CredentialInvalid, TooManyCredentials
from functions.companions.schemas.applications import ApplicationView, ApplyBody, ChangeBody, Handled
from functions.companions.schemas.credentials import CredentialBody, HeldView, UploadBody
from functions.shared import files
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound, PreconditionFailed
from functions.shared.http import Call
from functions.shared.http.uploads import UploadForm

_APPLICANTS = {Role.CLIENT, Role.COMPANION}
ATTACHING = (CredentialInvalid, TooManyCredentials, files.UploadMissing, files.UploadRefused)


@routes.post(
    "/companion-applications",
    summary="申请成为陪诊师",
    roles=_APPLICANTS,
    body=ApplyBody,
    reply=Handled,
    status=201,
    effect=True,
    problems=(rules.ApplicationInvalid, rules.ApplicationExists, rules.AlreadyCompanion, rules.TooSoon),
)
def apply(call: Call[ApplyBody]) -> Handled:
    """先存成草稿，上传证件后再提交。未通过的申请，过了冷静期可以重新申请。"""
    application = applications.apply(
        call.tx,
        account_id=call.caller.subject,
        draft=call.body.draft(),
        id_number=call.body.id_number.strip().upper(),
        phone=call.body.phone,
    )
    return Handled.of(application)


@routes.get(
    "/companion-applications/mine",
    summary="我最近的申请",
    roles=_APPLICANTS,
    reply=ApplicationView,
    problems=(NotFound,),
)
def get_own_application(call: Call[Any]) -> ApplicationView:
    """从未申请过时查不到。"""
    return ApplicationView.of(applications.read_latest(account_id=call.caller.subject, now=call.now))


@routes.get(
    "/companion-applications/{application_id}",
    summary="查看申请",
    roles=_APPLICANTS | {Role.AGENT, Role.ADMIN},
    reply=ApplicationView,
    problems=(NotFound,),
)
def get_application(call: Call[Any], application_id: str) -> ApplicationView:
    """申请人看自己的；运营看全部，并看到电话核实记录。"""
    staff = call.caller.is_staff
    account_id = None if staff else call.caller.subject
    application = applications.read(application_id=application_id, account_id=account_id, now=call.now)
    return ApplicationView.of(application, staff=staff)


@routes.put(
    "/companion-applications/{application_id}",
    summary="修改申请",
    roles=_APPLICANTS,
    body=ChangeBody,
    reply=ApplicationView,
    versioned=True,
    problems=(NotFound, rules.ApplicationInvalid, rules.ApplicationNotOpen, PreconditionFailed),
)
def change_application(call: Call[ChangeBody], application_id: str) -> ApplicationView:
    """提交之前，以及被要求补充材料时可以改。"""
    body = call.body
    application = applications.change(
        call.tx,
        account_id=call.caller.subject,
        application_id=application_id,
        version=call.if_match,
        draft=body.draft(),
        id_number=None if body.id_number is UNSET else body.id_number.strip().upper(),
        phone=None if body.phone is UNSET else body.phone,
    )
    return ApplicationView.of(application)


@routes.post(
    "/companion-applications/{application_id}/uploads",
    summary="上传申请的证件",
    roles=_APPLICANTS,
    body=UploadBody,
    reply=UploadForm,
    status=201,
    problems=(NotFound, rules.ApplicationNotOpen, Invalid),
)
def allow_application_upload(call: Call[UploadBody], application_id: str) -> UploadForm:
    """文件直接传到存储；一天内没有登记的文件会被清除。"""
    account_id = call.caller.subject
    rules.require_editable(applications.own(account_id, application_id).state)
    return UploadForm.of(
        certificates.allow_upload(account_id=account_id, content_type=call.body.content_type, now=call.now)
    )


@routes.post(
    "/companion-applications/{application_id}/credentials",
    summary="登记申请的证件",
    roles=_APPLICANTS,
    body=CredentialBody,
    reply=HeldView,
    status=201,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, *ATTACHING),
)
def attach_credential(call: Call[CredentialBody], application_id: str) -> HeldView:
    """同一种证件再登记一次，就替换前一份。"""
    body = call.body
    held = applications.attach(
        call.tx,
        account_id=call.caller.subject,
        application_id=application_id,
        kind=body.kind,
        number=body.number,
        issued_by=body.issued_by,
        expires_on=body.expires_on,
        file_id=body.file_id,
    )
    return HeldView.of(held)


@routes.post(
    "/companion-applications/{application_id}/submit",
    summary="提交申请",
    roles=_APPLICANTS,
    reply=Handled,
    effect=True,
    problems=(NotFound, rules.ApplicationNotOpen, rules.ApplicationIncomplete),
)
def submit_application(call: Call[Any], application_id: str) -> Handled:
    """三种必备证件齐全才能提交；提交后等待运营核实。"""
    return Handled.of(applications.submit(call.tx, account_id=call.caller.subject, application_id=application_id))
