"""The emergency card of the caller's own patient (F34)."""

from typing import Any

from functions.accounts.actions import emergency_cards
from functions.accounts.api.declared import routes
from functions.accounts.schemas.patients import EmergencyCardBody, EmergencyCardView
from functions.shared.caller import Role
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import Call
from functions.shared.http.schemas import Accepted

_PATH = "/patients/{patient_id}/emergency-card"


@routes.get(_PATH, summary="查看紧急情况卡", roles={Role.CLIENT}, reply=EmergencyCardView, problems=(NotFound,))
def read_card(call: Call[Any], patient_id: str) -> EmergencyCardView:
    """没有填写过为 404。"""
    return EmergencyCardView.of(emergency_cards.read_card(client_id=call.caller.subject, patient_id=patient_id))


@routes.put(
    _PATH,
    summary="填写紧急情况卡",
    roles={Role.CLIENT},
    body=EmergencyCardBody,
    reply=EmergencyCardView,
    versioned=True,
    problems=(NotFound, PreconditionFailed),
)
def put_card(call: Call[EmergencyCardBody], patient_id: str) -> EmergencyCardView:
    """第一次填写版本号写 0。加密保存，只在发起紧急求助时提供给就诊医院的急救台，每次查看留痕。"""
    card = emergency_cards.put_card(
        call.tx,
        client_id=call.caller.subject,
        patient_id=patient_id,
        summary=call.body.summary,
        document_version=call.body.consent_version,
        version=call.if_match,
    )
    return EmergencyCardView.of(card)


@routes.delete(_PATH, summary="撤回紧急情况卡", roles={Role.CLIENT}, reply=Accepted, problems=(NotFound,))
def withdraw_card(call: Call[Any], patient_id: str) -> Accepted:
    """撤回同意并删除内容；重复撤回无妨。"""
    emergency_cards.withdraw_card(call.tx, client_id=call.caller.subject, patient_id=patient_id)
    return Accepted()
