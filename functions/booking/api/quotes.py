"""Routes: quotes, and the companions who can take what was quoted."""

import re
from typing import Any

from functions.booking import actions
from functions.booking.api.declared import matched, routes, wanted_of
from functions.booking.schemas.quotes import CandidatePage, CandidatesQuery, CandidateView, MakeQuote, QuoteView
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound
from functions.shared.http import Call, encode_cursor

_PLACE_CURSOR = re.compile(r"(\d{1,4})\|([\x21-\x7e]{1,64})")


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
    after = matched(_PLACE_CURSOR, query.cursor)
    entries, emptied, more = actions.list_companions(
        quote_id,
        call.caller.subject,
        wanted=wanted_of(query),
        limit=query.limit,
        after=(-int(after[1]), after[2]) if after else None,
    )
    views = [CandidateView.of(entry) for entry in entries]
    last = f"{views[-1].score}|{views[-1].companion_id}" if more else None
    return CandidatePage.of(views, next_cursor=encode_cursor(last), emptied=emptied)
