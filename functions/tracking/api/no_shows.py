"""One came and the other did not (B4)."""

from typing import Any

from functions.shared import files
from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid
from functions.shared.http import Call
from functions.tracking.actions import no_shows as actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import no_shows as rules
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.schemas.no_shows import ContestBody, NoShowBody, NoShowDecision, NoShowList, NoShowView

_PARTIES = {Role.CLIENT, Role.COMPANION}
_CASE = (VisitNotFound, rules.NoShowNotFound, rules.NoShowClosed, rules.NoShowImpossible)


@routes.post(
    "/visits/{visit_id}/no-shows",
    summary="报告对方未到场",
    roles=_PARTIES,
    body=NoShowBody,
    reply=NoShowView,
    status=201,
    effect=True,
    problems=(
        *(VisitNotFound, Invalid, rules.NoShowOpen, rules.NoShowImpossible),
        *(rules.NoShowTooEarly, rules.PresenceUnproven, files.UploadMissing, files.UploadRefused),
    ),
)
def report_no_show(call: Call[NoShowBody], visit_id: str) -> NoShowView:
    """到约定时间后由到场的一方报告。等待到 `waits_until`：陪诊师有有效打卡而流程未推进，判用户未到；陪诊师没有出发，
    判陪诊师未到；其余由客服判定。费用按下单时的退改规则结算。"""
    body = call.body
    return NoShowView.of(
        actions.report_no_show(
            call.tx,
            visit_id=visit_id,
            caller=call.caller,
            absent=body.absent,
            note=body.note,
            photo_file_id=body.photo_file_id,
        )
    )


@routes.get(
    "/visits/{visit_id}/no-shows",
    summary="查看未到场报告",
    roles=_PARTIES | STAFF,
    reply=NoShowList,
    problems=(VisitNotFound,),
)
def read_no_shows(call: Call[Any], visit_id: str) -> NoShowList:
    """双方各自看到自己的说明和照片，客服看到全部。"""
    seen = actions.read_no_shows(call.tx, visit_id=visit_id, caller=call.caller)
    return NoShowList(items=[NoShowView.of(file) for file in seen])


@routes.post(
    "/visits/{visit_id}/no-shows/{case_id}/contest",
    summary="我已到场",
    roles=_PARTIES,
    body=ContestBody,
    reply=NoShowView,
    effect=True,
    problems=_CASE,
)
def contest_no_show(call: Call[ContestBody], visit_id: str, case_id: str) -> NoShowView:
    """被报告的一方表示已到场：停止自动判定，由客服核实。"""
    return NoShowView.of(
        actions.contest_no_show(call.tx, visit_id=visit_id, case_id=case_id, caller=call.caller, note=call.body.note)
    )


@routes.post(
    "/visits/{visit_id}/no-shows/{case_id}/decision",
    summary="判定未到场报告",
    roles={Role.AGENT, Role.ADMIN},
    body=NoShowDecision,
    reply=NoShowView,
    effect=True,
    problems=_CASE,
)
def decide_no_show(call: Call[NoShowDecision], visit_id: str, case_id: str) -> NoShowView:
    """upheld：按报告结束订单并结算；dismissed：陪诊继续。"""
    return NoShowView.of(
        actions.decide_no_show(
            call.tx,
            visit_id=visit_id,
            case_id=case_id,
            is_upheld=call.body.outcome == "upheld",
            reason=call.body.reason,
            decided_by=call.caller.subject,
        )
    )
