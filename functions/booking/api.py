"""Routes of booking: catalogue, quotes, matching, orders, offers."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.rules.calendar import SlotTaken
from functions.booking.rules.matching import CompanionUnavailable, Wanted
from functions.booking.rules.orders import NotReady, OfferClosed
from functions.booking.rules.pricing import QuoteExpired, QuoteUsed
from functions.booking.schemas.catalogue import (
    InsuranceOptionView,
    PackagesQuery,
    PackageView,
    SpecialRequestView,
)
from functions.booking.schemas.offers import DeclineOffer, OfferView
from functions.booking.schemas.orders import (
    ChecklistView,
    ItineraryView,
    OrdersQuery,
    OrderView,
    PlaceOrder,
    Side,
    WantedConditions,
)
from functions.booking.schemas.quotes import CandidatePage, CandidatesQuery, CandidateView, MakeQuote, QuoteView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import FieldError, Forbidden, Invalid, NotFound
from functions.shared.http import PUBLIC, Call, Page, PageQuery, Routes, decode_cursor, encode_cursor

routes = Routes("booking")
bp = routes.blueprint

_PARTIES = {Role.CLIENT, Role.COMPANION, *STAFF}
_PLACE_CURSOR = re.compile(r"(\d{1,4})\|([\x21-\x7e]{1,64})")
_ORDER_CURSOR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\|ord_[0-9A-Z]{26}")
_OFFER_CURSOR = re.compile(r"off_[0-9A-Z]{26}-\d{1,4}")


# catalogue -----------------------------------------------------------------------------------------------------------
@routes.get(
    "/packages",
    summary="套餐与价格",
    roles=PUBLIC,
    query=PackagesQuery,
    reply=Page[PackageView],
    problems=(NotFound,),
)
def list_packages(call: Call[Any]) -> Page[PackageView]:
    """所选医院所在城市的价格，由低到高。"""
    return Page(items=[PackageView.of(priced) for priced in actions.list_packages(call.query.hospital_id)])


@routes.get("/special-requests", summary="可勾选的定制需求", roles=PUBLIC, reply=Page[SpecialRequestView])
def list_special_requests(call: Call[Any]) -> Page[SpecialRequestView]:
    """免费的在前。"""
    return Page(items=[SpecialRequestView.of(request) for request in actions.list_special_requests()])


@routes.get("/insurance-options", summary="可加选的保险", roles=PUBLIC, reply=Page[InsuranceOptionView])
def list_insurance_options(call: Call[Any]) -> Page[InsuranceOptionView]:
    """报价时把 `insurance` 设为 true 即加选。"""
    return Page(items=[InsuranceOptionView.of(option) for option in actions.list_insurance_options()])


# quotes --------------------------------------------------------------------------------------------------------------
@routes.post(
    "/quotes",
    summary="询价",
    roles={Role.CLIENT},
    body=MakeQuote,
    reply=QuoteView,
    status=201,
    effect=True,
    problems=(Invalid, NotFound),
)
def make_quote(call: Call[MakeQuote]) -> QuoteView:
    """逐项列明的报价，到期前按此价成交。就诊人须是本人名下的。"""
    body = call.body
    request = actions.QuoteRequest(
        patient_id=body.patient_id,
        hospital_id=body.hospital_id,
        department_id=body.department_id,
        package_id=body.package_id,
        starts_at=body.starts_at,
        special_requests=body.special_requests,
        insurance=body.insurance,
        note=body.note,
    )
    return QuoteView.of(actions.make_quote(call.tx, client_id=call.caller.subject, request=request))


@routes.get("/quotes/{quote_id}", summary="查看报价", roles={Role.CLIENT}, reply=QuoteView, problems=(NotFound,))
def get_quote(call: Call[Any], quote_id: str) -> QuoteView:
    """只有询价的用户能看到。"""
    return QuoteView.of(actions.find_quote(quote_id, call.caller.subject))


@routes.get(
    "/quotes/{quote_id}/companions",
    summary="匹配陪诊师",
    roles={Role.CLIENT},
    query=CandidatesQuery,
    reply=CandidatePage,
    problems=(NotFound,),
)
def list_companions(call: Call[Any], quote_id: str) -> CandidatePage:
    """服务该科室、该时段有空的陪诊师，按匹配度排序并说明理由；名单为空时说明是哪个条件筛空的。"""
    query = call.query
    after = _matched(_PLACE_CURSOR, query.cursor)
    entries, emptied, more = actions.list_companions(
        quote_id,
        call.caller.subject,
        wanted=_wanted(query),
        limit=query.limit,
        after=(-int(after[1]), after[2]) if after else None,
    )
    views = [CandidateView.of(entry) for entry in entries]
    last = f"{views[-1].score}|{views[-1].companion_id}" if more else None
    return CandidatePage.of(views, next_cursor=encode_cursor(last), emptied=emptied)


# orders --------------------------------------------------------------------------------------------------------------
@routes.post(
    "/orders",
    summary="下单",
    roles={Role.CLIENT},
    body=PlaceOrder,
    reply=OrderView,
    status=201,
    effect=True,
    problems=(NotFound, SlotTaken, QuoteExpired, QuoteUsed, CompanionUnavailable),
)
def place_order(call: Call[PlaceOrder]) -> OrderView:
    """锁定陪诊师的时段，等待付款；到 `hold_expires_at` 未付款则自动关闭并放开时段。"""
    order = actions.place_order(
        call.tx,
        client_id=call.caller.subject,
        quote_id=call.body.quote_id,
        companion_id=call.body.companion_id,
        wanted=_wanted(call.body.wanted),
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
    after = _matched(_ORDER_CURSOR, query.cursor)
    orders, last = list_(caller.subject, limit=query.limit, after=after and after[0])
    return Page(items=[OrderView.of(order) for order in orders], next_cursor=encode_cursor(last))


@routes.get("/orders/{order_id}", summary="查看订单", roles=_PARTIES, reply=OrderView, problems=(NotFound,))
def get_order(call: Call[Any], order_id: str) -> OrderView:
    """下单用户、已接单的陪诊师和运营人员可见。"""
    order = actions.read_order(order_id, call.caller)
    return OrderView.of(order, note=actions.read_note(order, call.caller))


@routes.get(
    "/orders/{order_id}/checklist",
    summary="就医清单",
    roles=_PARTIES,
    reply=ChecklistView,
    problems=(NotFound, NotReady),
)
def get_checklist(call: Call[Any], order_id: str) -> ChecklistView:
    """付款后按科室生成：带什么、准备什么。"""
    return ChecklistView.of(order_id, actions.read_checklist(order_id, call.caller))


@routes.get(
    "/orders/{order_id}/itinerary",
    summary="行程表",
    roles=_PARTIES,
    reply=ItineraryView,
    problems=(NotFound, NotReady),
)
def get_itinerary(call: Call[Any], order_id: str) -> ItineraryView:
    """陪诊师接单后按流程模板生成。"""
    return ItineraryView.of(order_id, actions.read_itinerary(order_id, call.caller))


# offers --------------------------------------------------------------------------------------------------------------
@routes.get("/offers", summary="派给我的单", roles={Role.COMPANION}, query=PageQuery, reply=Page[OfferView])
def list_offers(call: Call[Any]) -> Page[OfferView]:
    """待答复和已答复的，订单由近到远。"""
    after = _matched(_OFFER_CURSOR, call.query.cursor)
    offers, last = actions.list_offers(call.caller.subject, limit=call.query.limit, after=after and after[0])
    return Page(items=[OfferView.of(offer) for offer in offers], next_cursor=encode_cursor(last))


@routes.post(
    "/offers/{offer_id}/accept",
    summary="接单",
    roles={Role.COMPANION},
    reply=OfferView,
    effect=True,
    problems=(NotFound, OfferClosed),
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
    problems=(NotFound, OfferClosed),
)
def decline_offer(call: Call[DeclineOffer], offer_id: str) -> OfferView:
    """改派给下一位合适的陪诊师；没有人可派时订单结束并全额退款。"""
    offer = actions.decline_offer(
        call.tx, companion_id=call.caller.subject, offer_id=offer_id, reason=call.body.reason.strip()
    )
    return OfferView.of(offer)


def _wanted(conditions: CandidatesQuery | WantedConditions) -> Wanted:
    return Wanted(gender=conditions.gender, language=conditions.language, first_aid=conditions.first_aid)


def _matched(form: re.Pattern[str], cursor: str) -> re.Match[str] | None:
    """The sort key in `cursor`, None for the first page; Invalid if it does not have the list's form."""
    text = decode_cursor(cursor)
    if text is None:
        return None
    match = form.fullmatch(text)
    if match is None:
        raise Invalid(errors=(FieldError("cursor", "分页游标无效，请从第一页重新开始"),))
    return match
