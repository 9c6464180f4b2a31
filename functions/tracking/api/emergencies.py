"""The emergency call (F34)."""

from typing import Any

from functions.hospitals import actions as hospitals
from functions.hospitals.rules.emergencies import EmergencyNotFound
from functions.shared.caller import STAFF, Role
from functions.shared.http import Call
from functions.tracking.actions import emergencies
from functions.tracking.api.declared import routes
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.schemas.emergencies import EmergencyBody, EmergencyList, EmergencyView

_FOLLOWERS = {Role.CLIENT, Role.COMPANION} | STAFF


@routes.post(
    "/visits/{visit_id}/emergency-calls",
    summary="紧急求助",
    roles={Role.CLIENT, Role.COMPANION},
    body=EmergencyBody,
    reply=EmergencyView,
    status=201,
    effect=True,
    problems=(VisitNotFound,),
)
def call_for_help(call: Call[EmergencyBody], visit_id: str) -> EmergencyView:
    """先拨打 120。陪诊处于任何状态都受理；网络不好可用同一个 Idempotency-Key 反复提交，处理中的求助不会重复发起。"""
    position = call.body.position.to_position(call.now) if call.body.position else None
    made, joined = emergencies.call_for_help(
        call.tx, visit_id=visit_id, caller=call.caller, kind=call.body.kind, position=position
    )
    return EmergencyView.of(made, joined=joined)


@routes.get(
    "/visits/{visit_id}/emergency-calls",
    summary="本次陪诊的紧急求助",
    roles=_FOLLOWERS,
    reply=EmergencyList,
    problems=(VisitNotFound,),
)
def list_emergencies(call: Call[Any], visit_id: str) -> EmergencyList:
    """新的在前。"""
    return EmergencyList(
        items=[EmergencyView.of(each) for each in emergencies.list_emergencies(visit_id, caller=call.caller)]
    )


@routes.get(
    "/visits/{visit_id}/emergency-calls/{call_id}",
    summary="查看紧急求助的送达和处理情况",
    roles=_FOLLOWERS,
    reply=EmergencyView,
    problems=(VisitNotFound, EmergencyNotFound),
)
def read_emergency(call: Call[Any], visit_id: str, call_id: str) -> EmergencyView:
    """谁已通知到、谁还没有，以及急救台的电话。不含位置和病情。"""
    found = emergencies.read_emergency(visit_id, call_id, caller=call.caller)
    return EmergencyView.of(found, desk=hospitals.desk_phones(found.hospital_id))
