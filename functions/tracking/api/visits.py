"""The visit over HTTP: its progress and its milestones."""

from typing import Any

from functions.shared import files
from functions.shared.caller import STAFF, Role
from functions.shared.http import Call
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import amendments, evidence, progress
from functions.tracking.rules.access import CHANGES_PROGRESS
from functions.tracking.schemas.visits import CorrectionBody, MilestoneBody, SkipBody, VisitView

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
    "/visits/{visit_id}/milestones",
    summary="记录服务节点",
    roles=CHANGES_PROGRESS,
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
    """In the template's order, each once. A step with `check_in` photo names its uploaded photo; what comes after a
    step waits until it is recorded or skipped, and the refusal says what is missing. Staff stand in for a phone that
    died: they need no proof, and say why in the note."""
    body = call.body
    entry = actions.Entry(
        code=body.code,
        recorded_at=body.recorded_at,
        sent_at=body.sent_at,
        note=body.note,
        photo_file_id=body.photo_file_id,
    )
    return VisitView.of(actions.record_milestone(call.tx, visit_id=visit_id, caller=call.caller, entry=entry))


@routes.post(
    "/visits/{visit_id}/milestones/{code}/skip",
    summary="跳过服务节点",
    roles=CHANGES_PROGRESS,
    body=SkipBody,
    reply=VisitView,
    status=201,
    effect=True,
    problems=(*_RECORDING, progress.VisitNotOpen, amendments.MilestoneRequired),
)
def skip_milestone(call: Call[SkipBody], visit_id: str, code: str) -> VisitView:
    """The next step, with a reason that everybody sees; a required one only staff, who say why in the note."""
    body = call.body
    visit = actions.skip_milestone(
        call.tx, visit_id=visit_id, caller=call.caller, code=code, reason=body.reason, note=body.note
    )
    return VisitView.of(visit)


@routes.post(
    "/visits/{visit_id}/milestones/{code}/corrections",
    summary="更正节点时间",
    roles=CHANGES_PROGRESS,
    body=CorrectionBody,
    reply=VisitView,
    status=201,
    effect=True,
    problems=(
        progress.VisitNotFound,
        progress.VisitNotRunning,
        amendments.MilestoneNotRecorded,
        amendments.CorrectionTooLate,
    ),
)
def correct_milestone(call: Call[CorrectionBody], visit_id: str, code: str) -> VisitView:
    """By the companion soon after recording it, by staff at any time; `corrected_from` shows what it was."""
    body = call.body
    visit = actions.correct_milestone(
        call.tx,
        visit_id=visit_id,
        caller=call.caller,
        code=code,
        recorded_at=body.recorded_at,
        reason=body.reason,
        note=body.note,
    )
    return VisitView.of(visit)
