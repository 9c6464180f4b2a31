"""Routes: the timetable of a visit, and the companion's to-dos in it."""

from typing import Any

from functions.booking import actions
from functions.booking.api.declared import PARTIES, routes
from functions.booking.rules.orders import IllegalMove, NotReady
from functions.booking.rules.todos import TooManyTodos
from functions.booking.schemas.itineraries import AddTodo, ChangeTodo, ItineraryView
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call


@routes.get(
    "/orders/{order_id}/itinerary",
    summary="行程表",
    roles=PARTIES,
    reply=ItineraryView,
    problems=(NotFound, NotReady),
)
def get_itinerary(call: Call[Any], order_id: str) -> ItineraryView:
    """陪诊师接单后按流程模板生成；时间重叠、科室未开放、超出陪诊时间的逐条列在 `conflicts`。用户只能查看。"""
    return ItineraryView.of(actions.read_itinerary(order_id, call.caller))


@routes.post(
    "/orders/{order_id}/todos",
    summary="添加待办",
    roles={Role.COMPANION},
    body=AddTodo,
    reply=ItineraryView,
    status=201,
    effect=True,
    problems=(NotFound, Invalid, IllegalMove, TooManyTodos),
)
def add_todo(call: Call[AddTodo], order_id: str) -> ItineraryView:
    """只有接单的陪诊师可以添加；返回添加后的行程表。"""
    text = call.body.text()
    return ItineraryView.of(actions.add_todo(call.tx, order_id=order_id, companion_id=call.caller.subject, text=text))


@routes.put(
    "/orders/{order_id}/todos/{todo_id}",
    summary="修改或完成待办",
    roles={Role.COMPANION},
    body=ChangeTodo,
    reply=ItineraryView,
    versioned=True,
    problems=(NotFound, Invalid, IllegalMove),
)
def change_todo(call: Call[ChangeTodo], order_id: str, todo_id: str) -> ItineraryView:
    """`If-Match` 为行程表的 `version`。"""
    itinerary = actions.change_todo(
        call.tx,
        order_id=order_id,
        companion_id=call.caller.subject,
        todo_id=todo_id,
        text=call.body.text(),
        done=call.body.done,
        version=call.if_match,
    )
    return ItineraryView.of(itinerary)


@routes.delete(
    "/orders/{order_id}/todos/{todo_id}",
    summary="删除待办",
    roles={Role.COMPANION},
    reply=ItineraryView,
    problems=(NotFound, IllegalMove),
)
def remove_todo(call: Call[Any], order_id: str, todo_id: str) -> ItineraryView:
    """重复删除无害。"""
    return ItineraryView.of(
        actions.remove_todo(call.tx, order_id=order_id, companion_id=call.caller.subject, todo_id=todo_id)
    )
