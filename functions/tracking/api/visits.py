"""The visit over HTTP: progress, check-ins, milestones."""

from typing import Any

from functions.shared import files
from functions.shared.caller import STAFF, Role
from functions.shared.http import Call
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import evidence, progress
from functions.tracking.schemas.visits import CheckInBody, CheckInView, MilestoneBody, VisitView

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
    problems=(
        *_RECORDING,
        progress.VisitNotOpen,
        progress.CheckInMissing,
        evidence.PhotoMissing,
        evidence.PhotoAlreadyUsed,
        files.UploadMissing,
        files.UploadRefused,
    ),
)
def record_milestone(call: Call[MilestoneBody], visit_id: str) -> VisitView:
    """In the template's order, each once; optional ones may be passed over. A step with `check_in` photo names its
    uploaded photo; what comes after a required step waits for it, and the refusal says what is missing."""
    body = call.body
    visit = actions.record_milestone(
        call.tx,
        visit_id=visit_id,
        companion_id=call.caller.subject,
        code=body.code,
        recorded_at=body.recorded_at,
        note=body.note,
        photo_file_id=body.photo_file_id,
    )
    return VisitView.of(visit)
