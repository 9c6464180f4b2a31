"""Reviews over HTTP: the client's, the companion's answer, what everybody sees, what staff decide (F16)."""

from typing import Any

from functions.shared.caller import Role
from functions.shared.errors import PreconditionFailed
from functions.shared.http import PUBLIC, Accepted, Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.support import actions
from functions.support.api.declared import routes
from functions.support.rules import reviews as rules
from functions.support.schemas.reviews import (
    CompanionReviews,
    CooperationBody,
    CooperationView,
    PublishedReview,
    RatingView,
    ReviewAnswerBody,
    ReviewBody,
    ReviewDecisionBody,
    ReviewedView,
    ReviewReportBody,
    ReviewReportView,
    ReviewView,
    WaitingReview,
)

_MODERATORS = {Role.AGENT, Role.ADMIN}


@routes.post(
    "/orders/{order_id}/review",
    summary="评价陪诊服务",
    roles={Role.CLIENT},
    body=ReviewBody,
    reply=ReviewView,
    status=201,
    effect=True,
    problems=(rules.ReviewNotFound, rules.ReviewExists, rules.ReviewWindowClosed),
)
def submit_review(call: Call[ReviewBody], order_id: str) -> ReviewView:
    """订单完成后 15 天内，每单一次；通过内容审核后公开。"""
    body = call.body
    review = actions.submit(
        call.tx, order_id=order_id, client_id=call.caller.subject, scores=body.scores(), text=body.text.strip()
    )
    return ReviewView.of(review)


@routes.put(
    "/orders/{order_id}/review",
    summary="修改评价",
    roles={Role.CLIENT},
    body=ReviewBody,
    reply=ReviewView,
    versioned=True,
    problems=(rules.ReviewNotFound, rules.ReviewNotEditable, PreconditionFailed),
)
def edit_review(call: Call[ReviewBody], order_id: str) -> ReviewView:
    """提交后 24 小时内；修改后重新审核，审核通过前不公开、不计分。"""
    review = actions.edit(
        call.tx,
        order_id=order_id,
        client_id=call.caller.subject,
        scores=call.body.scores(),
        text=call.body.text.strip(),
        version=call.if_match,
    )
    return ReviewView.of(review)


@routes.get(
    "/orders/{order_id}/review",
    summary="查看订单的评价",
    roles={Role.CLIENT, Role.COMPANION, *_MODERATORS},
    reply=ReviewView,
    problems=(rules.ReviewNotFound,),
)
def read_review(call: Call[Any], order_id: str) -> ReviewView:
    """陪诊师在评价公开后可见。"""
    review = actions.find_review(order_id=order_id, caller=call.caller)
    return ReviewView.of(review, own_answer=call.caller.subject != review.client_id)


@routes.post(
    "/reviews/{review_id}/answer",
    summary="回复评价",
    roles={Role.COMPANION},
    body=ReviewAnswerBody,
    reply=ReviewView,
    status=201,
    effect=True,
    problems=(rules.ReviewNotFound, rules.ReviewNotPublished, rules.AnswerExists),
)
def answer_review(call: Call[ReviewAnswerBody], review_id: str) -> ReviewView:
    """每条评价只能回复一次，通过内容审核后公开。"""
    review = actions.answer(call.tx, review_id=review_id, companion_id=call.caller.subject, text=call.body.text.strip())
    return ReviewView.of(review, own_answer=True)


@routes.post(
    "/reviews/{review_id}/reports",
    summary="举报评价",
    roles={Role.CLIENT, Role.COMPANION},
    body=ReviewReportBody,
    reply=Accepted,
    status=201,
    effect=True,
    problems=(rules.ReviewNotFound, rules.ReviewNotPublished, rules.AlreadyReported),
)
def report_review(call: Call[ReviewReportBody], review_id: str) -> Accepted:
    """工作人员会核实；核实前评价仍然公开。"""
    actions.report(
        call.tx,
        review_id=review_id,
        reporter_id=call.caller.subject,
        reason=call.body.reason,
        note=call.body.note.strip(),
    )
    return Accepted()


@routes.get(
    "/companions/{companion_id}/reviews",
    summary="陪诊师的评价",
    roles=PUBLIC,
    query=PageQuery,
    reply=CompanionReviews,
)
def list_reviews(call: Call[Any], companion_id: str) -> CompanionReviews:
    """只列公开的评价，不显示是谁写的。"""
    query: PageQuery = call.query
    rating, rows, last = actions.list_published(companion_id, limit=query.limit, after=decode_cursor(query.cursor))
    return CompanionReviews(
        rating=RatingView.of(rating, actions.policy()),
        items=[PublishedReview.of(row) for row in rows],
        next_cursor=encode_cursor(last),
    )


@routes.get("/review-queue", summary="待人工审核的评价", roles=_MODERATORS, query=PageQuery, reply=Page[WaitingReview])
def list_waiting(call: Call[Any]) -> Page[WaitingReview]:
    """等得最久的在前。"""
    rows, last = actions.list_waiting(limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[WaitingReview.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/reviews/{review_id}",
    summary="评价原文与举报",
    roles=_MODERATORS,
    reply=ReviewedView,
    problems=(rules.ReviewNotFound,),
)
def read_for_decision(call: Call[Any], review_id: str) -> ReviewedView:
    """供工作人员审核。"""
    review, reports = actions.reports_of(review_id)
    return ReviewedView(
        review=ReviewView.of(review, own_answer=True), reports=[ReviewReportView.of(each) for each in reports]
    )


@routes.post(
    "/reviews/{review_id}/decision",
    summary="审核评价",
    roles=_MODERATORS,
    body=ReviewDecisionBody,
    reply=ReviewView,
    effect=True,
    problems=(rules.ReviewNotFound, rules.NothingToDecide),
)
def decide_review(call: Call[ReviewDecisionBody], review_id: str) -> ReviewView:
    """理由会留档；不予公开或撤下时，作者能看到理由。回复待审时，决定的是回复。"""
    review = actions.decide(
        call.tx,
        review_id=review_id,
        decision=call.body.decision,
        reason=call.body.reason,
        actor=call.caller.subject,
    )
    return ReviewView.of(review, own_answer=True)


@routes.post(
    "/orders/{order_id}/cooperation",
    summary="评价客户的配合度",
    roles={Role.COMPANION},
    body=CooperationBody,
    reply=Accepted,
    status=201,
    effect=True,
    problems=(rules.ReviewNotFound, rules.CooperationRated),
)
def rate_cooperation(call: Call[CooperationBody], order_id: str) -> Accepted:
    """每单一次，客户看不到。"""
    actions.rate_cooperation(
        call.tx,
        order_id=order_id,
        companion_id=call.caller.subject,
        score=call.body.score,
        note=call.body.note.strip(),
    )
    return Accepted()


@routes.get(
    "/clients/{client_id}/cooperation",
    summary="客户的配合度",
    roles=_MODERATORS,
    query=PageQuery,
    reply=Page[CooperationView],
)
def list_cooperation(call: Call[Any], client_id: str) -> Page[CooperationView]:
    """陪诊师给出的评分，最近的在前。"""
    rows, last = actions.cooperation_of(client_id, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[CooperationView.of(row) for row in rows], next_cursor=encode_cursor(last))
