"""Routes: preparing the visit (F7), and staff's editing of checklists."""

from typing import Any

from functions.booking.actions import checklists, preparation
from functions.booking.api.declared import PARTIES, routes
from functions.booking.rules.orders import IllegalMove, NotReady
from functions.booking.rules.preparation import ChecklistInvalid
from functions.booking.schemas.preparation import (
    ChecklistBody,
    ChecklistView,
    OrderGuideMapView,
    StoredChecklistView,
    TickBody,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import Accepted, Call

_EDITORS = {Role.AGENT, Role.ADMIN}


@routes.get(
    "/orders/{order_id}/checklist",
    summary="就医清单",
    roles={*PARTIES, Role.GUEST},
    reply=ChecklistView,
    problems=(NotFound, NotReady),
)
def get_checklist(call: Call[Any], order_id: str) -> ChecklistView:
    """付款后按科室生成：带什么、准备什么、备好了哪些；可查看进度的家属也能看到。"""
    return ChecklistView.of(order_id, preparation.read_checklist(order_id, call.caller, call.now))


@routes.post(
    "/orders/{order_id}/checklist/{code}",
    summary="勾选清单",
    roles={Role.CLIENT},
    body=TickBody,
    reply=ChecklistView,
    effect=True,
    problems=(NotFound, NotReady, IllegalMove),
)
def tick_checklist(call: Call[TickBody], order_id: str, code: str) -> ChecklistView:
    """备好一项勾一项；服务结束后不再更改。"""
    row = preparation.tick(
        call.tx, order_id=order_id, client_id=call.caller.subject, code=code, is_ready=call.body.ready
    )
    return ChecklistView.of(order_id, row)


@routes.get(
    "/orders/{order_id}/guide-map",
    summary="本单的院内导航",
    roles=PARTIES,
    reply=OrderGuideMapView,
    problems=(NotFound,),
)
def get_guide_map(call: Call[Any], order_id: str) -> OrderGuideMapView:
    """就诊的院区、楼、层和各个点位，附地图链接。"""
    return OrderGuideMapView.of(order_id, preparation.read_way(order_id, call.caller))


@routes.get(
    "/checklists/{checklist_id}",
    summary="编辑用的就医清单",
    roles=STAFF,
    reply=StoredChecklistView,
    problems=(NotFound,),
)
def get_stored_checklist(call: Call[Any], checklist_id: str) -> StoredChecklistView:
    """编号：`tpl.<模板>`、`<医院>` 或 `<医院>.<科室>`；科室的优先于医院的，医院的优先于模板。"""
    return StoredChecklistView.of(checklists.read_stored_checklist(checklist_id))


@routes.put(
    "/checklists/{checklist_id}",
    summary="修改就医清单",
    roles=_EDITORS,
    body=ChecklistBody,
    reply=StoredChecklistView,
    versioned=True,
    problems=(NotFound, ChecklistInvalid, PreconditionFailed),
)
def edit_checklist(call: Call[ChecklistBody], checklist_id: str) -> StoredChecklistView:
    """整份替换，新增时版本号写 0；已付款的订单沿用付款时的清单。"""
    stored = checklists.edit_checklist(
        call.tx,
        checklist_id=checklist_id,
        checklist=call.body.checklist(checklist_id),
        version=call.if_match,
        actor=call.caller.subject,
    )
    return StoredChecklistView.of(stored)


@routes.delete(
    "/checklists/{checklist_id}", summary="去掉单独的清单", roles=_EDITORS, reply=Accepted, problems=(NotFound,)
)
def remove_checklist(call: Call[Any], checklist_id: str) -> Accepted:
    """此后沿用上一级的清单；模板不能去掉。"""
    checklists.remove_checklist(call.tx, checklist_id=checklist_id, actor=call.caller.subject)
    return Accepted()
