"""The visit over HTTP: progress, check-ins, milestones, positions."""

from typing import Any

from functions.shared.caller import STAFF, Role
from functions.shared.http import Call, Routes
from functions.tracking import actions
from functions.tracking.rules import progress, sharing
from functions.tracking.schemas import (
    CheckInBody,
    CheckInView,
    MilestoneBody,
    PositionsBody,
    PositionView,
    UploadView,
    VisitView,
)

routes = Routes("tracking")
bp = routes.blueprint

_RECORDING = (
    progress.VisitNotFound,
    progress.VisitNotRunning,
    progress.MilestoneOutOfOrder,
    progress.MilestoneRecorded,
)


@routes.get(
    "/visits/{visit_id}",
    summary="查看陪诊进度",
    roles={Role.CLIENT, Role.COMPANION, Role.GUEST} | STAFF,
    reply=VisitView,
    problems=(progress.VisitNotFound,),
)
def read_visit(call: Call[Any], visit_id: str) -> VisitView:
    """One read (two for a guest, whose pass is checked each time). Polling with `If-None-Match` answers 304."""
    return VisitView.of(actions.read_visit(visit_id, caller=call.caller, now=call.now))


@routes.post(
    "/visits/{visit_id}/check-ins",
    summary="打卡",
    roles={Role.COMPANION},
    body=CheckInBody,
    reply=CheckInView,
    status=201,
    effect=True,
    problems=_RECORDING,
)
def check_in(call: Call[CheckInBody], visit_id: str) -> CheckInView:
    """An attempt is kept whatever it is worth; `result` says whether it proves presence, and if not why."""
    body = call.body
    verdict = actions.check_in(
        call.tx,
        visit_id=visit_id,
        companion_id=call.caller.subject,
        code=body.node,
        point=body.point,
        accuracy_m=body.accuracy_m,
        captured_at=body.captured_at,
    )
    return CheckInView.of(body.node, verdict)


@routes.post(
    "/visits/{visit_id}/milestones",
    summary="记录服务节点",
    roles={Role.COMPANION},
    body=MilestoneBody,
    reply=VisitView,
    status=201,
    effect=True,
    problems=(*_RECORDING, progress.VisitNotOpen, progress.CheckInMissing),
)
def record_milestone(call: Call[MilestoneBody], visit_id: str) -> VisitView:
    """In the template's order, each once; optional ones may be passed over."""
    body = call.body
    visit = actions.record_milestone(
        call.tx,
        visit_id=visit_id,
        companion_id=call.caller.subject,
        code=body.code,
        recorded_at=body.recorded_at,
        note=body.note,
    )
    return VisitView.of(visit)


@routes.post(
    "/visits/{visit_id}/positions",
    summary="上传位置",
    roles={Role.COMPANION},
    body=PositionsBody,
    reply=UploadView,
    status=201,
    effect=True,
    problems=(progress.VisitNotFound, progress.VisitNotRunning),
)
def report_positions(call: Call[PositionsBody], visit_id: str) -> UploadView:
    """Up to 100 points, kept encrypted for 90 days; nobody is shown more than a coarse cell."""
    upload = actions.report_positions(
        call.tx, visit_id=visit_id, companion_id=call.caller.subject, readings=call.body.readings()
    )
    return UploadView(accepted=upload.accepted, dropped=upload.dropped)


@routes.get(
    "/visits/{visit_id}/position",
    summary="查看陪诊师的大致位置",
    roles={Role.CLIENT, Role.GUEST} | STAFF,
    reply=PositionView,
    problems=(progress.VisitNotFound, sharing.PositionNotShared, sharing.PositionUnknown),
)
def read_position(call: Call[Any], visit_id: str) -> PositionView:
    """The centre of a cell of about 0.7 km², for a minute at a time, only while the visit runs."""
    return PositionView.of(actions.find_shared_position(visit_id, caller=call.caller, now=call.now))
