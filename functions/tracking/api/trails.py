"""The exact trail: opened by staff with a reason, held while somebody disputes the visit."""

from typing import Any

from functions.shared import ids
from functions.shared.caller import STAFF, Role
from functions.shared.errors import FieldError, Invalid
from functions.shared.http import Accepted, Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import trail
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.schemas.trails import (
    HoldBody,
    HoldList,
    HoldView,
    OpenTrailBody,
    ReleaseBody,
    TrailAccessView,
    TrailView,
)

_MAY_OPEN = frozenset({Role.AGENT, Role.ADMIN})


@routes.post(
    "/visits/{visit_id}/trail-accesses",
    summary="查看精确轨迹",
    roles=_MAY_OPEN,
    body=OpenTrailBody,
    reply=TrailView,
    status=201,
    problems=(VisitNotFound,),
)
def open_trail(call: Call[OpenTrailBody], visit_id: str) -> TrailView:
    """Each look is kept with its reason, and the client can see it. No answer of this route is stored anywhere."""
    opened = actions.open_trail(
        call.tx, visit_id=visit_id, caller=call.caller, reason=call.body.reason, after=call.body.after
    )
    return TrailView.of(opened)


@routes.get(
    "/visits/{visit_id}/trail-accesses",
    summary="谁查看过精确轨迹",
    roles={Role.CLIENT, Role.COMPANION} | STAFF,
    query=PageQuery,
    reply=Page[TrailAccessView],
    problems=(VisitNotFound, Invalid),
)
def list_trail_accesses(call: Call[Any], visit_id: str) -> Page[TrailAccessView]:
    """Newest first, with the reason that was given."""
    rows, last = actions.list_trail_accesses(
        visit_id, caller=call.caller, limit=call.query.limit, after=decode_cursor(call.query.cursor)
    )
    return Page(items=[TrailAccessView.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.post(
    "/visits/{visit_id}/evidence-holds",
    summary="保留证据",
    roles=_MAY_OPEN,
    body=HoldBody,
    reply=HoldView,
    status=201,
    effect=True,
    problems=(VisitNotFound, trail.TooManyHolds, Invalid),
)
def hold_evidence(call: Call[HoldBody], visit_id: str) -> HoldView:
    """Exact positions and check-ins are not deleted after 90 days while a complaint or claim needs them."""
    until = call.body.until
    if until is not None and until <= call.now:
        raise Invalid(errors=(FieldError("until", "须晚于现在"),))
    hold_id = ids.new("hld", call.now)
    hold = actions.hold_evidence(
        call.tx, visit_id=visit_id, hold_id=hold_id, by=call.caller.subject, reason=call.body.reason, until=until
    )
    return HoldView.of(hold_id, hold)


@routes.get(
    "/visits/{visit_id}/evidence-holds",
    summary="证据保留",
    roles=_MAY_OPEN,
    reply=HoldList,
    problems=(VisitNotFound,),
)
def list_holds(call: Call[Any], visit_id: str) -> HoldList:
    """Those in force, with the complaint, claim or person behind each."""
    holds = actions.list_holds(visit_id)
    return HoldList(items=[HoldView.of(hold_id, hold) for hold_id, hold in sorted(holds.items())])


@routes.post(
    "/visits/{visit_id}/evidence-holds/{hold_id}/release",
    summary="解除证据保留",
    roles=_MAY_OPEN,
    body=ReleaseBody,
    reply=Accepted,
    effect=True,
    problems=(VisitNotFound, trail.HoldNotFound),
)
def release_evidence(call: Call[ReleaseBody], visit_id: str, hold_id: str) -> Accepted:
    """When nothing else holds it, the evidence is deleted at its time again, at once if that has passed."""
    actions.release_evidence(
        call.tx, visit_id=visit_id, hold_id=hold_id, by=call.caller.subject, reason=call.body.reason
    )
    return Accepted()
