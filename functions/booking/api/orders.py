"""Routes: orders and what belongs to them."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.api.declared import PARTIES, matched, routes, wanted_of
from functions.booking.rules.calendar import SlotTaken
from functions.booking.rules.coupons import CouponGone
from functions.booking.rules.matching import CompanionUnavailable
from functions.booking.rules.pricing import QuoteExpired, QuoteUsed
from functions.booking.rules.subsidies import SubsidyExhausted
from functions.booking.schemas.orders import OrdersQuery, OrderView, PlaceOrder, Side
from functions.shared.caller import Role
from functions.shared.errors import Forbidden, NotFound
from functions.shared.http import Call, Page, encode_cursor

_ORDER_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\|ord_[0-9A-Z]{26}")


@routes.post(
    "/orders",
    summary="下单",
    roles={Role.CLIENT},
    body=PlaceOrder,
    reply=OrderView,
    status=201,
    effect=True,
    problems=(NotFound, SlotTaken, QuoteExpired, QuoteUsed, CompanionUnavailable, SubsidyExhausted, CouponGone),
)
def place_order(call: Call[PlaceOrder]) -> OrderView:
    """锁定陪诊师的时段和报价中的优惠，等待付款；到 `hold_expires_at` 未付款则自动关闭并一并放开。"""
    order = actions.place_order(
        call.tx,
        client_id=call.caller.subject,
        quote_id=call.body.quote_id,
        companion_id=call.body.companion_id,
        wanted=wanted_of(call.body.wanted),
        overtime_cap_fen=call.body.overtime_cap_fen,
    )
    return OrderView.of(order)


@routes.get(
    "/orders",
    summary="订单列表",
    roles={Role.CLIENT, Role.COMPANION},
    query=OrdersQuery,
    reply=Page[OrderView],
    problems=(Forbidden,),
)
def list_orders(call: Call[Any]) -> Page[OrderView]:
    """用户看自己下的单，按下单时间由近到远；陪诊师看自己接的单，按就诊时间由近到远。"""
    query, caller = call.query, call.caller
    side = query.side or (Side.CLIENT if Role.CLIENT in caller.roles else Side.COMPANION)
    if Role(side) not in caller.roles:
        raise Forbidden()
    list_ = actions.list_orders_of_client if side is Side.CLIENT else actions.list_orders_of_companion
    after = matched(_ORDER_CURSOR, query.cursor)
    orders, last = list_(caller.subject, limit=query.limit, after=after and after[0])
    return Page(items=[OrderView.of(order) for order in orders], next_cursor=encode_cursor(last))


@routes.get("/orders/{order_id}", summary="查看订单", roles=PARTIES, reply=OrderView, problems=(NotFound,))
def get_order(call: Call[Any], order_id: str) -> OrderView:
    """下单用户、已接单的陪诊师和运营人员可见。"""
    order = actions.read_order(order_id, call.caller)
    return OrderView.of(order, note=actions.read_note(order, call.caller))
