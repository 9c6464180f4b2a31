"""Routes: quotes, and the companions who can take what was quoted."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.actions import ListPlace
from functions.booking.actions.matching import Window
from functions.booking.api.declared import matched, routes, wanted_of
from functions.booking.schemas.quotes import CandidatePage, CandidatesQuery, CandidateView, MakeQuote, QuoteView
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, encode_cursor

_PLACE_CURSOR = re.compile(r"([01])\|(\d{1,3})\|(\d{4}#[^|\s]{1,64})?\|(?:(\d{1,4})\|([^|\s]{1,64}))?", re.ASCII)
"""Whether the list is empty so far, the window and where its part of the index begins, the place in the window."""


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
    """逐项列明的报价，到期前按此价成交；补贴和优惠券在其中以负数列出。就诊人须是本人名下的。"""
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
        coupon_ids=body.coupon_ids,
        condition_type=body.condition_type,
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
    """服务该科室、该时段有空的陪诊师，按匹配度排序并说明理由；名单为空时说明是哪个条件筛空的。
    询价时填了就诊类型，擅长的排得更靠前。

    收藏的和陪过这位就诊人的排在前面，互相屏蔽的不出现。一页可能不满甚至为空，有 `next_cursor` 就还可以往下翻。
    """
    query = call.query
    page = actions.list_companions(
        quote_id,
        call.caller.subject,
        wanted=wanted_of(query),
        limit=query.limit,
        place=_place_in(query.cursor),
    )
    views = [CandidateView.of(entry) for entry in page.entries]
    return CandidatePage.of(views, next_cursor=_cursor_of(page.following), emptied=page.emptied_by)


def _cursor_of(place: ListPlace | None) -> str | None:
    if place is None:
        return None
    score, companion_id = place.after or (0, "")
    after = f"{-score}|{companion_id}" if place.after else ""
    window = place.window
    return encode_cursor(f"{place.is_empty_so_far:d}|{window.number}|{window.after or ''}|{after}")


def _place_in(cursor: str) -> ListPlace:
    found = matched(_PLACE_CURSOR, cursor)
    if found is None:
        return ListPlace()
    after = (-int(found[4]), found[5]) if found[4] else None
    return ListPlace(Window(found[3], int(found[2])), after, found[1] == "1")
