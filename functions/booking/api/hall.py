"""Routes: the grab hall, and the rules of dispatch."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.actions import dispatch_rules
from functions.booking.api.declared import matched, routes
from functions.booking.rules.calendar import SlotTaken
from functions.booking.rules.hall import DeclinedBefore, GrabTooEarly, OrderTaken
from functions.booking.schemas.hall import ChangeDispatchPolicy, DispatchPolicyView, HallOrderView, HallQuery
from functions.booking.schemas.orders import OrderView
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, Page, encode_cursor

_HALL_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\|ord_[0-9A-Z]{26}")


@routes.get("/grab-hall", summary="抢单大厅", roles={Role.COMPANION}, query=HallQuery, reply=Page[HallOrderView])
def list_hall(call: Call[Any]) -> Page[HallOrderView]:
    """只列自己能接的：服务该医院科室、符合用户要求、到了本等级可见的时间；就诊时间由近到远。

    一页可能不满甚至为空，有 `next_cursor` 就还可以往下翻。时段是否有空在抢单时核对。
    """
    query = call.query
    after = matched(_HALL_CURSOR, query.cursor)
    shown, last = actions.list_hall(
        call.caller.subject, city=query.city, limit=query.limit, after=after and after[0], now=call.now
    )
    return Page(items=[HallOrderView.of(each) for each in shown], next_cursor=encode_cursor(last))


@routes.post(
    "/grab-hall/{order_id}/grab",
    summary="抢单",
    roles={Role.COMPANION},
    reply=OrderView,
    effect=True,
    problems=(NotFound, OrderTaken, GrabTooEarly, DeclinedBefore, SlotTaken),
)
def grab_order(call: Call[Any], order_id: str) -> OrderView:
    """只有一人能抢到；抢到即接单，占用自己的时段并生成行程表。"""
    return OrderView.of(actions.grab(call.tx, order_id=order_id, companion_id=call.caller.subject))


@routes.get("/dispatch-policy", summary="查看派单规则", roles={Role.ADMIN, Role.AGENT}, reply=DispatchPolicyView)
def get_dispatch_policy(call: Call[Any]) -> DispatchPolicyView:
    """各城市各时段逐个派单、集中派单还是进抢单大厅。"""
    return DispatchPolicyView.of(dispatch_rules.find_dispatch_policy())


@routes.put(
    "/dispatch-policy",
    summary="修改派单规则",
    roles={Role.ADMIN},
    body=ChangeDispatchPolicy,
    reply=DispatchPolicyView,
    versioned=True,
    problems=(Invalid,),
)
def change_dispatch_policy(call: Call[ChangeDispatchPolicy]) -> DispatchPolicyView:
    """一分钟内生效，正在找人的订单在下一步按新规则走；修改人和原因留痕。"""
    row = dispatch_rules.change_dispatch_policy(
        call.tx,
        policy=call.body.policy(),
        version=call.if_match,
        actor=call.caller.subject,
        reason=call.body.reason.strip(),
    )
    return DispatchPolicyView.of(row)
