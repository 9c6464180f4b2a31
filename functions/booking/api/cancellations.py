"""Routes: cancelling and moving an order, the companion's part in both, and the terms."""

from typing import Any

import msgspec

from functions.booking import actions
from functions.booking.actions.terms import VersionExists
from functions.booking.api.declared import PARTIES, routes
from functions.booking.rules.cancellation import QuoteOutdated, TooLateToCancel
from functions.booking.rules.confirmation import NotYetAsked
from functions.booking.rules.orders import IllegalMove
from functions.booking.rules.rescheduling import CompanionBusy, RescheduleRefused
from functions.booking.schemas.cancellations import (
    CancellationQuoteView,
    CancelOrder,
    CompanionCancellation,
    PublishTerms,
    RescheduleOrder,
    RescheduleQuery,
    RescheduleQuoteView,
    TermsQuery,
    TermsView,
)
from functions.booking.schemas.orders import OrderView
from functions.shared.caller import Role
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.http import Call, Page
from functions.shared.http.schemas import Accepted


@routes.get(
    "/orders/{order_id}/cancellation-quote",
    summary="取消前先看结果",
    roles={Role.CLIENT},
    reply=CancellationQuoteView,
    problems=(NotFound, TooLateToCancel),
)
def quote_cancellation(call: Call[Any], order_id: str) -> CancellationQuoteView:
    """现在取消能退多少、扣多少；只是查询，什么也不会发生。"""
    quote = actions.quote_cancellation(order_id, client_id=call.caller.subject, now=call.now)
    return CancellationQuoteView.of(quote)


@routes.post(
    "/orders/{order_id}/cancel",
    summary="取消订单",
    roles={Role.CLIENT},
    body=CancelOrder,
    reply=OrderView,
    effect=True,
    problems=(NotFound, TooLateToCancel, QuoteOutdated),
)
def cancel_order(call: Call[CancelOrder], order_id: str) -> OrderView:
    """严格按 `quote_id` 的结果办理；结果已变则为 409，最新的结果在应答的 `quote` 中。"""
    try:
        order = actions.cancel_order(
            call.tx, order_id=order_id, client_id=call.caller.subject, quote_id=call.body.quote_id
        )
    except QuoteOutdated as outdated:
        latest = msgspec.to_builtins(CancellationQuoteView.of(outdated.latest))
        raise QuoteOutdated(members={"quote": latest}) from outdated
    return OrderView.of(order)


@routes.get(
    "/orders/{order_id}/reschedule-quote",
    summary="改期前先看能否改",
    roles={Role.CLIENT},
    query=RescheduleQuery,
    reply=RescheduleQuoteView,
    problems=(NotFound, Invalid, RescheduleRefused, CompanionBusy),
)
def quote_reschedule(call: Call[Any], order_id: str) -> RescheduleQuoteView:
    """不能改时说明原因；陪诊师没空时，应答的 `alternatives` 列出当天相近的可选时间。"""
    quote = actions.quote_reschedule(order_id, client_id=call.caller.subject, to=call.query.starts_at, now=call.now)
    return RescheduleQuoteView.of(quote)


@routes.post(
    "/orders/{order_id}/reschedule",
    summary="改期",
    roles={Role.CLIENT},
    body=RescheduleOrder,
    reply=OrderView,
    effect=True,
    problems=(NotFound, Invalid, RescheduleRefused, CompanionBusy),
)
def reschedule_order(call: Call[RescheduleOrder], order_id: str) -> OrderView:
    """陪诊师和价格不变，行程表重新生成；陪诊师须重新确认。价格更高的时间不能直接改期。"""
    order = actions.reschedule_order(call.tx, order_id=order_id, client_id=call.caller.subject, to=call.body.starts_at)
    return OrderView.of(order)


@routes.post(
    "/orders/{order_id}/companion-cancellation",
    summary="陪诊师取消接单",
    roles={Role.COMPANION},
    body=CompanionCancellation,
    reply=Accepted,
    effect=True,
    problems=(NotFound, IllegalMove),
)
def cancel_as_companion(call: Call[CompanionCancellation], order_id: str) -> Accepted:
    """计入取消记录；系统立即改派，无人可派则全额退款给用户。出发之后请联系客服。"""
    actions.cancel_as_companion(
        call.tx, order_id=order_id, companion_id=call.caller.subject, reason=call.body.reason.strip()
    )
    return Accepted()


@routes.post(
    "/orders/{order_id}/confirm",
    summary="陪诊师确认出诊",
    roles={Role.COMPANION},
    reply=OrderView,
    effect=True,
    problems=(NotFound, NotYetAsked, IllegalMove),
)
def confirm_visit(call: Call[Any], order_id: str) -> OrderView:
    """就诊前一天确认会准时到；到期未确认则改派。"""
    return OrderView.of(actions.confirm_visit(call.tx, order_id=order_id, companion_id=call.caller.subject))


@routes.get(
    "/cancellation-policies",
    summary="退改规则",
    roles=PARTIES,
    query=TermsQuery,
    reply=Page[TermsView],
)
def list_cancellation_policies(call: Call[Any]) -> Page[TermsView]:
    """该城市发布过的各版规则，最新的在前；为空则适用全国通用规则（`city=*`）。"""
    return Page(items=[TermsView.of(terms) for terms in actions.list_terms(call.query.city)])


@routes.post(
    "/cancellation-policies",
    summary="发布退改规则",
    roles={Role.ADMIN},
    body=PublishTerms,
    reply=TermsView,
    status=201,
    effect=True,
    problems=(Invalid, VersionExists),
)
def publish_cancellation_policy(call: Call[PublishTerms]) -> TermsView:
    """自 `effective_from` 起的新报价适用；留有审计记录。"""
    body = call.body
    try:
        terms = body.terms
    except ValueError as error:
        raise Invalid(errors=(FieldError("late_fees", "各档应由远到近，费率不递减，且不超过出发后的费率"),)) from error
    return TermsView.of(
        actions.publish_terms(call.tx, city=body.city, terms=terms, by=call.caller.subject, reason=body.reason)
    )
