"""Video calls over HTTP (F13)."""

from typing import Any

from functions.shared.caller import STAFF, Role
from functions.shared.errors import Forbidden
from functions.shared.http import Call
from functions.tracking.actions import calls
from functions.tracking.api.declared import routes
from functions.tracking.rules.calls import CallFull, CallNeedsWeChat, CallNotFound, CallOpen, CallOver, CallsUnavailable
from functions.tracking.rules.progress import VisitNotFound, VisitNotRunning
from functions.tracking.schemas.calls import AdmissionView, CallBody, CallList, CallView

_PARTIES = {Role.CLIENT, Role.COMPANION, Role.GUEST}


@routes.post(
    "/visits/{visit_id}/calls",
    summary="发起视频通话",
    roles={Role.CLIENT, Role.COMPANION},
    body=CallBody,
    reply=AdmissionView,
    status=201,
    effect=True,
    problems=(VisitNotFound, VisitNotRunning, CallOpen, CallNeedsWeChat, CallsUnavailable),
)
def ring(call: Call[CallBody], visit_id: str) -> AdmissionView:
    """陪诊进行中可发起；同一时间只有一个通话，已有通话时应答里的 call_id 就是它，直接加入即可。"""
    return AdmissionView.of(*calls.ring(call.tx, visit_id=visit_id, caller=call.caller))


@routes.post(
    "/visits/{visit_id}/calls/{call_id}/join",
    summary="加入视频通话",
    roles=_PARTIES,
    body=CallBody,
    reply=AdmissionView,
    status=201,
    effect=True,
    problems=(
        VisitNotFound,
        VisitNotRunning,
        CallNotFound,
        CallOver,
        CallFull,
        CallNeedsWeChat,
        CallsUnavailable,
        Forbidden,
    ),
)
def join(call: Call[CallBody], visit_id: str, call_id: str) -> AdmissionView:
    """为本人签发进房凭证；断线后可再次加入。家属需有聊天权限。"""
    return AdmissionView.of(*calls.join(call.tx, visit_id=visit_id, call_id=call_id, caller=call.caller))


@routes.post(
    "/visits/{visit_id}/calls/{call_id}/leave",
    summary="离开视频通话",
    roles=_PARTIES,
    body=CallBody,
    reply=CallView,
    status=201,
    effect=True,
    problems=(CallNotFound,),
)
def leave(call: Call[CallBody], visit_id: str, call_id: str) -> CallView:
    """只剩一人时通话结束；响铃时发起人离开即为未接通。"""
    return CallView.of(calls.leave(call.tx, visit_id=visit_id, call_id=call_id, caller=call.caller))


@routes.get(
    "/visits/{visit_id}/calls",
    summary="通话记录",
    roles=_PARTIES | STAFF,
    reply=CallList,
    problems=(VisitNotFound,),
)
def list_calls(call: Call[Any], visit_id: str) -> CallList:
    """新的在前。"""
    return CallList(items=[CallView.of(row) for row in calls.list_calls(visit_id, caller=call.caller, now=call.now)])
