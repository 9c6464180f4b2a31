"""Routes: what a companion is asked to take."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.actions.searches import read_search
from functions.booking.api.declared import matched, routes
from functions.booking.rules.dispatch import ServesNoMore
from functions.booking.rules.orders import OfferClosed
from functions.booking.schemas.offers import DeclineOffer, OfferView, SearchView
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, Page, PageQuery, encode_cursor

_OFFER_CURSOR = re.compile(r"off_[0-9A-Z]{26}-\d{1,4}")


@routes.get("/offers", summary="派给我的单", roles={Role.COMPANION}, query=PageQuery, reply=Page[OfferView])
def list_offers(call: Call[Any]) -> Page[OfferView]:
    """待答复和已答复的，订单由近到远。"""
    after = matched(_OFFER_CURSOR, call.query.cursor)
    offers, last = actions.list_offers(call.caller.subject, limit=call.query.limit, after=after and after[0])
    return Page(items=[OfferView.of(offer) for offer in offers], next_cursor=encode_cursor(last))


@routes.post(
    "/offers/{offer_id}/accept",
    summary="接单",
    roles={Role.COMPANION},
    reply=OfferView,
    effect=True,
    problems=(NotFound, OfferClosed, ServesNoMore),
)
def accept_offer(call: Call[Any], offer_id: str) -> OfferView:
    """接单后订单确认，生成行程表，并安排就诊前的提醒。"""
    return OfferView.of(actions.accept_offer(call.tx, companion_id=call.caller.subject, offer_id=offer_id))


@routes.post(
    "/offers/{offer_id}/decline",
    summary="不接单",
    roles={Role.COMPANION},
    body=DeclineOffer,
    reply=OfferView,
    effect=True,
    problems=(NotFound, Invalid, OfferClosed),
)
def decline_offer(call: Call[DeclineOffer], offer_id: str) -> OfferView:
    """改派给下一位合适的陪诊师，或进入抢单大厅；没有人可派时订单结束并全额退款。"""
    offer = actions.decline_offer(
        call.tx, companion_id=call.caller.subject, offer_id=offer_id, declined=call.body.declined()
    )
    return OfferView.of(offer)


@routes.get(
    "/orders/{order_id}/offers",
    summary="查看派单经过",
    roles={Role.AGENT, Role.ADMIN},
    reply=SearchView,
    problems=(NotFound,),
)
def list_offers_made(call: Call[Any], order_id: str) -> SearchView:
    """派给过谁、何时、怎么答复、为什么不接；以及是否在抢单大厅或等待集中派单。"""
    return SearchView.of(read_search(order_id))
