"""Proving presence at a step of the visit, what became of each attempt, and staff who vouch for one (F22)."""

from typing import Any

from functions.shared.caller import STAFF, Role
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import progress
from functions.tracking.rules.access import VOUCHES
from functions.tracking.schemas.visits import AttemptView, CheckInBody, CheckInView, OverrideBody, VisitView

_PROVING = (
    progress.VisitNotFound,
    progress.VisitNotRunning,
    progress.MilestoneOutOfOrder,
    progress.MilestoneRecorded,
)


@routes.post(
    "/visits/{visit_id}/check-ins",
    summary="打卡",
    roles={Role.COMPANION},
    body=CheckInBody,
    reply=CheckInView,
    status=201,
    effect=True,
    problems=_PROVING,
)
def check_in(call: Call[CheckInBody], visit_id: str) -> CheckInView:
    """An attempt is kept whatever it is worth; `result` says whether it proves presence, and if not why."""
    body = call.body
    attempt = actions.Attempt(
        code=body.node,
        point=body.point,
        accuracy_m=body.accuracy_m,
        captured_at=body.captured_at,
        sent_at=body.sent_at,
        mock=body.mock,
    )
    verdict = actions.check_in(call.tx, visit_id=visit_id, companion_id=call.caller.subject, attempt=attempt)
    return CheckInView.of(body.node, verdict)


@routes.get(
    "/visits/{visit_id}/check-ins",
    summary="查看打卡记录",
    roles={Role.COMPANION} | STAFF,
    query=PageQuery,
    reply=Page[AttemptView],
    problems=(progress.VisitNotFound,),
)
def list_check_ins(call: Call[Any], visit_id: str) -> Page[AttemptView]:
    """Newest first, refused ones too; of the place only the distance. A look of staff leaves an audit row."""
    found, last = actions.list_check_ins(
        call.tx,
        visit_id=visit_id,
        caller=call.caller,
        limit=call.query.limit,
        after=decode_cursor(call.query.cursor),
    )
    return Page(items=[AttemptView.of(attempt) for attempt in found], next_cursor=encode_cursor(last))


@routes.post(
    "/visits/{visit_id}/check-ins/{code}/override",
    summary="客服确认在场",
    roles=VOUCHES,
    body=OverrideBody,
    reply=VisitView,
    status=201,
    effect=True,
    problems=_PROVING,
)
def override_check_in(call: Call[OverrideBody], visit_id: str, code: str) -> VisitView:
    """The step needs no more proof: its companion may record it. Everybody sees `proved_by: staff`; why is audited."""
    visit = actions.vouch_for_presence(
        call.tx, visit_id=visit_id, staff=call.caller, code=code, reason=call.body.reason
    )
    return VisitView.of(visit)
