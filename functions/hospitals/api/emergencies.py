"""The emergency desk over HTTP (F34): a hospital's own calls; staff may act for a desk that they have on the phone."""

from typing import Any

from functions.hospitals.actions import emergencies
from functions.hospitals.api.declared import routes
from functions.hospitals.rules.emergencies import EmergencyMovedOn, EmergencyNotFound, EmergencyState
from functions.hospitals.schemas.emergencies import CaseLine, CaseList, CaseView
from functions.shared.caller import Role
from functions.shared.http import Call, PageQuery, decode_cursor, encode_cursor
from functions.tracking import actions as tracking

_DESK = {Role.HOSPITAL, Role.AGENT, Role.ADMIN}
_STEP = {
    "roles": _DESK,
    "reply": CaseLine,
    "status": 201,
    "effect": True,
    "problems": (EmergencyNotFound, EmergencyMovedOn),
}


@routes.get(
    "/emergency-desks/{hospital_id}/calls",
    summary="急救台的紧急求助",
    roles=_DESK,
    query=PageQuery,
    reply=CaseList,
    problems=(EmergencyNotFound,),
)
def list_calls(call: Call[Any], hospital_id: str) -> CaseList:
    """新的在前。收到实时推送或回调后，也可以靠它确认没有遗漏。"""
    cases, last = emergencies.list_cases(
        hospital_id=hospital_id,
        caller=call.caller,
        limit=call.query.limit,
        after=decode_cursor(call.query.cursor),
    )
    return CaseList(items=[CaseLine.of(case) for case in cases], next_cursor=encode_cursor(last))


@routes.get(
    "/emergency-desks/{hospital_id}/calls/{call_id}",
    summary="紧急求助详情",
    roles=_DESK,
    reply=CaseView,
    problems=(EmergencyNotFound,),
)
def read_call(call: Call[Any], hospital_id: str, call_id: str) -> CaseView:
    """位置为密文留存的原始位置；病情摘要须经单独同意。每次查看都记入审计。"""
    case = emergencies.read_case(call.tx, hospital_id=hospital_id, call_id=call_id, caller=call.caller)
    return CaseView.of_evidence(case, tracking.find_emergency_evidence(case.visit_id, call_id))


@routes.post("/emergency-desks/{hospital_id}/calls/{call_id}/acknowledgement", summary="接警", **_STEP)
def acknowledge(call: Call[Any], hospital_id: str, call_id: str) -> CaseLine:
    """接警后不再通知下一位联系人；求助人立即看到。"""
    return _moved(call, hospital_id, call_id, EmergencyState.ACKNOWLEDGED)


@routes.post("/emergency-desks/{hospital_id}/calls/{call_id}/departure", summary="已出发", **_STEP)
def depart(call: Call[Any], hospital_id: str, call_id: str) -> CaseLine:
    """急救人员已在路上。"""
    return _moved(call, hospital_id, call_id, EmergencyState.EN_ROUTE)


@routes.post("/emergency-desks/{hospital_id}/calls/{call_id}/resolution", summary="处理完毕", **_STEP)
def resolve(call: Call[Any], hospital_id: str, call_id: str) -> CaseLine:
    """求助结束。"""
    return _moved(call, hospital_id, call_id, EmergencyState.RESOLVED)


def _moved(call: Call[Any], hospital_id: str, call_id: str, to: EmergencyState) -> CaseLine:
    case = emergencies.move_case(call.tx, hospital_id=hospital_id, call_id=call_id, to=to, caller=call.caller)
    return CaseLine.of(case)
