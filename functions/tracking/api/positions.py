"""Exact positions in, the coarse cell out."""

from typing import Any

from functions.shared.caller import STAFF, Role
from functions.shared.http import Call
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import progress, sharing
from functions.tracking.schemas.positions import PositionsBody, PositionView, UploadView


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
