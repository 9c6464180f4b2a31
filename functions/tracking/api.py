"""The visit over HTTP: progress, check-ins, milestones, photos, positions."""

from typing import Any

from functions.shared import files
from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid
from functions.shared.http import Call, Routes
from functions.tracking import actions
from functions.tracking.rules import evidence, progress, sharing
from functions.tracking.schemas.photos import PhotoList, PhotoUploadBody, PhotoUploadView, PhotoView
from functions.tracking.schemas.positions import PositionsBody, PositionView, UploadView
from functions.tracking.schemas.visits import CheckInBody, CheckInView, MilestoneBody, VisitView

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


@routes.post(
    "/visits/{visit_id}/uploads",
    summary="申请上传照片",
    roles={Role.COMPANION},
    body=PhotoUploadBody,
    reply=PhotoUploadView,
    status=201,
    problems=(progress.VisitNotFound, progress.VisitNotRunning, Invalid),
)
def allow_photo(call: Call[PhotoUploadBody], visit_id: str) -> PhotoUploadView:
    """The photo goes straight to the store; one that no milestone names is removed after a day."""
    upload = actions.allow_photo(
        visit_id=visit_id, companion_id=call.caller.subject, content_type=call.body.content_type, now=call.now
    )
    return PhotoUploadView.of(upload)


@routes.get(
    "/visits/{visit_id}/photos",
    summary="查看照片凭证",
    roles={Role.CLIENT, Role.COMPANION} | STAFF,
    reply=PhotoList,
    problems=(progress.VisitNotFound,),
)
def read_photos(call: Call[Any], visit_id: str) -> PhotoList:
    """With links of five minutes. A look of staff leaves an audit row."""
    photos, standing = actions.read_photos(call.tx, visit_id=visit_id, caller=call.caller)
    flagged = standing in evidence.SEES_FLAGS
    return PhotoList(items=[PhotoView.of(photo, flagged=flagged) for photo in photos])


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
