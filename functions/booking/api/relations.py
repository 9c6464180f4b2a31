"""Routes: favourites and blocks."""

from typing import Any

from functions.booking.actions import relations
from functions.booking.api.declared import routes
from functions.booking.rules.relations import TooMany
from functions.booking.schemas.relations import CompanionListView, ListedCompanionView, RefuseClient, RelationsView
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Accepted, Call


@routes.get("/favourites", summary="我收藏的陪诊师", roles={Role.CLIENT}, reply=CompanionListView)
def list_favourites(call: Call[Any]) -> CompanionListView:
    """最近收藏的在前。"""
    found = relations.list_favourites(call.caller.subject)
    return CompanionListView(items=[ListedCompanionView.of(each) for each in found])


@routes.put(
    "/favourites/{companion_id}",
    summary="收藏陪诊师",
    roles={Role.CLIENT},
    reply=Accepted,
    problems=(NotFound, TooMany),
)
def add_favourite(call: Call[Any], companion_id: str) -> Accepted:
    """匹配时排在前面；屏蔽过的同时取消屏蔽。"""
    relations.add_favourite(call.tx, client_id=call.caller.subject, companion_id=companion_id)
    return Accepted()


@routes.delete(
    "/favourites/{companion_id}", summary="取消收藏", roles={Role.CLIENT}, reply=Accepted, problems=(NotFound,)
)
def remove_favourite(call: Call[Any], companion_id: str) -> Accepted:
    """从收藏中移除。"""
    relations.remove_favourite(call.tx, client_id=call.caller.subject, companion_id=companion_id)
    return Accepted()


@routes.get("/blocks", summary="我屏蔽的陪诊师", roles={Role.CLIENT}, reply=CompanionListView)
def list_blocks(call: Call[Any]) -> CompanionListView:
    """最近屏蔽的在前。"""
    found = relations.list_blocks(call.caller.subject)
    return CompanionListView(items=[ListedCompanionView.of(each) for each in found])


@routes.put(
    "/blocks/{companion_id}",
    summary="屏蔽陪诊师",
    roles={Role.CLIENT},
    reply=Accepted,
    problems=(NotFound, TooMany),
)
def add_block(call: Call[Any], companion_id: str) -> Accepted:
    """此后不再匹配、派单给对方；对方已接的订单不受影响，收藏同时取消。"""
    relations.add_block(call.tx, client_id=call.caller.subject, companion_id=companion_id)
    return Accepted()


@routes.delete("/blocks/{companion_id}", summary="取消屏蔽", roles={Role.CLIENT}, reply=Accepted, problems=(NotFound,))
def remove_block(call: Call[Any], companion_id: str) -> Accepted:
    """重新可以匹配到对方。"""
    relations.remove_block(call.tx, client_id=call.caller.subject, companion_id=companion_id)
    return Accepted()


@routes.put(
    "/orders/{order_id}/client-block",
    summary="不再接这位用户的单",
    roles={Role.COMPANION},
    body=RefuseClient,
    reply=Accepted,
    problems=(NotFound, TooMany),
)
def refuse_client(call: Call[RefuseClient], order_id: str) -> Accepted:
    """只对自己接过的订单；这一单仍须履约。用户不会收到通知，也看不到理由。"""
    relations.refuse_client(
        call.tx, order_id=order_id, companion_id=call.caller.subject, reason=call.body.reason.strip()
    )
    return Accepted()


@routes.delete(
    "/orders/{order_id}/client-block",
    summary="恢复接这位用户的单",
    roles={Role.COMPANION},
    reply=Accepted,
    problems=(NotFound,),
)
def accept_client_again(call: Call[Any], order_id: str) -> Accepted:
    """重新可以接到这位用户的单。"""
    relations.accept_client_again(call.tx, order_id=order_id, companion_id=call.caller.subject)
    return Accepted()


@routes.get(
    "/clients/{client_id}/relations",
    summary="用户的收藏与屏蔽",
    roles={Role.AGENT, Role.ADMIN},
    reply=RelationsView,
)
def read_relations(call: Call[Any], client_id: str) -> RelationsView:
    """双方的屏蔽都看得到；查看留痕。"""
    found = relations.read_relations(call.tx, client_id=client_id, actor=call.caller.subject)
    return RelationsView.of(client_id, found)
