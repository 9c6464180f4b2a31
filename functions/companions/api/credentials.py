"""A companion's certificates after admission: renewing them, and staff's look and decision (F23, F27)."""

from typing import Any

from functions.companions.actions import certificates, profiles, standing
from functions.companions.api.applications import ATTACHING
from functions.companions.api.declared import routes
from functions.companions.rules.credentials import CredentialDecided, CredentialInvalid
from functions.companions.schemas.credentials import (
    CredentialBody,
    FileLink,
    HeldList,
    HeldView,
    RefuseBody,
    UploadBody,
)
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call
from functions.shared.http.uploads import UploadForm

_REVIEWERS = {Role.AGENT, Role.ADMIN}


@routes.post(
    "/companions/me/uploads",
    summary="上传换证的文件",
    roles={Role.COMPANION},
    body=UploadBody,
    reply=UploadForm,
    status=201,
    problems=(NotFound, Invalid),
)
def allow_renewal_upload(call: Call[UploadBody]) -> UploadForm:
    """文件直接传到存储；一天内没有登记的文件会被清除。"""
    companion_id = call.caller.subject
    profiles.read_own(companion_id)
    return UploadForm.of(
        certificates.allow_upload(account_id=companion_id, content_type=call.body.content_type, now=call.now)
    )


@routes.post(
    "/companions/me/credentials",
    summary="换证",
    roles={Role.COMPANION},
    body=CredentialBody,
    reply=HeldView,
    status=201,
    effect=True,
    problems=(NotFound, *ATTACHING),
)
def renew_credential(call: Call[CredentialBody]) -> HeldView:
    """等待运营核验；核验通过之前，旧证在有效期内仍然算数。"""
    body = call.body
    held = standing.renew(
        call.tx,
        companion_id=call.caller.subject,
        kind=body.kind,
        number=body.number,
        issued_by=body.issued_by,
        expires_on=body.expires_on,
        file_id=body.file_id,
    )
    return HeldView.of(held)


@routes.get(
    "/companions/{companion_id}/credentials",
    summary="陪诊师或申请人上传的证件",
    roles=_REVIEWERS,
    reply=HeldList,
)
def list_credentials(call: Call[Any], companion_id: str) -> HeldList:
    """没有上传过的得到空列表。"""
    held = certificates.held_by(companion_id, call.now)
    return HeldList(items=[HeldView.of(each, staff=True) for each in held])


@routes.get(
    "/companions/{companion_id}/credentials/{credential_id}/file",
    summary="查看证件原件",
    roles=_REVIEWERS,
    reply=FileLink,
    problems=(NotFound,),
)
def open_credential(call: Call[Any], companion_id: str, credential_id: str) -> FileLink:
    """地址五分钟内有效；每次查看都有记录。申请人的证件也在这里看，编号是其账号。"""
    url = certificates.open_file(
        call.tx, account_id=companion_id, credential_id=credential_id, actor=call.caller.subject
    )
    return FileLink(url=url)


@routes.post(
    "/companions/{companion_id}/credentials/{credential_id}/verify",
    summary="核验通过换证",
    roles=_REVIEWERS,
    reply=HeldView,
    effect=True,
    problems=(NotFound, CredentialDecided, CredentialInvalid),
)
def verify_renewal(call: Call[Any], companion_id: str, credential_id: str) -> HeldView:
    """新证立即替换旧证；因证件过期停用的，必备证件齐全后自动恢复。"""
    held = standing.decide_renewal(
        call.tx, companion_id=companion_id, credential_id=credential_id, refusal=None, actor=call.caller.subject
    )
    return HeldView.of(held, staff=True)


@routes.post(
    "/companions/{companion_id}/credentials/{credential_id}/refuse",
    summary="不通过换证",
    roles=_REVIEWERS,
    body=RefuseBody,
    reply=HeldView,
    effect=True,
    problems=(NotFound, CredentialDecided),
)
def refuse_renewal(call: Call[RefuseBody], companion_id: str, credential_id: str) -> HeldView:
    """旧证不受影响；陪诊师可以再上传一份。"""
    held = standing.decide_renewal(
        call.tx,
        companion_id=companion_id,
        credential_id=credential_id,
        refusal=call.body.reason,
        actor=call.caller.subject,
    )
    return HeldView.of(held, staff=True)
