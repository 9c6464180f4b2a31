"""E-invoices over HTTP: the client asks and fetches, finance lists, exports and answers for the accountant (F32)."""

from typing import Any

from functions.settlement.actions import invoices as actions
from functions.settlement.api.declared import READERS, WRITERS, routes
from functions.settlement.rules import ledger
from functions.settlement.rules.invoices import InvoiceExists, InvoiceNotReady, NotInvoiceable
from functions.settlement.schemas.invoices import (
    InvoiceAnswers,
    InvoiceFileView,
    InvoiceList,
    InvoicesQuery,
    InvoiceView,
    RequestInvoice,
)
from functions.settlement.schemas.reconciliation import MonthQuery
from functions.shared import clock, files
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Page, Raw, decode_cursor, encode_cursor


@routes.post(
    "/orders/{order_id}/invoices",
    summary="申请电子发票",
    roles={Role.CLIENT},
    body=RequestInvoice,
    reply=InvoiceView,
    status=201,
    effect=True,
    problems=(NotFound, NotInvoiceable, InvoiceExists),
)
def request_invoice(call: Call[RequestInvoice], order_id: str) -> InvoiceView:
    """订单结束后可申请；金额为实付减已退款与保费（保费由保险公司开票）。退款后原票自动红冲，余额重新开具。"""
    title = call.body.title.to_title()
    return InvoiceView.of(
        actions.request_invoice(call.tx, order_id=order_id, client_id=call.caller.subject, title=title)
    )


@routes.get(
    "/orders/{order_id}/invoices",
    summary="订单的发票",
    roles={Role.CLIENT, *READERS},
    reply=InvoiceList,
    problems=(NotFound,),
)
def list_invoices(call: Call[Any], order_id: str) -> InvoiceList:
    """含已红冲的；按申请先后排列。"""
    return InvoiceList(items=[InvoiceView.of(each) for each in actions.invoices_of(order_id, client_id=_client(call))])


@routes.get(
    "/invoices/{invoice_id}/file",
    summary="下载发票",
    roles={Role.CLIENT, *READERS},
    reply=InvoiceFileView,
    problems=(NotFound, InvoiceNotReady),
)
def get_invoice_file(call: Call[Any], invoice_id: str) -> InvoiceFileView:
    """PDF 文件，链接五分钟内有效。"""
    url = actions.link_to_file(invoice_id, client_id=_client(call))
    return InvoiceFileView(url=url, expires_at=clock.china(call.now + files.LINK_TTL))


@routes.get("/invoices", summary="发票列表", roles=READERS, query=InvoicesQuery, reply=Page[InvoiceView])
def list_invoices_of_month(call: Call[Any]) -> Page[InvoiceView]:
    """一个月内申请的发票，从新到旧。"""
    month = call.query.month or ledger.month_of(call.now)
    items, last = actions.invoices_of_month(month, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[InvoiceView.of(each) for each in items], next_cursor=encode_cursor(last))


@routes.get("/invoice-batch", summary="导出待开发票", roles=WRITERS, query=MonthQuery, reply=Raw)
def export_invoice_batch(call: Call[Any]) -> Raw:
    """一个月内申请、尚待开具或红冲的发票，CSV，供会计在电子税务局开具；含抬头信息，导出会留下记录。"""
    month = call.query.month or ledger.month_of(call.now)
    return Raw(actions.batch_of_month(call.tx, month, asked_by=call.caller.subject), "text/csv; charset=utf-8")


@routes.post(
    "/invoice-answers",
    summary="导入开票结果",
    roles=WRITERS,
    body=InvoiceAnswers,
    reply=InvoiceList,
    effect=True,
)
def take_invoice_answers(call: Call[InvoiceAnswers]) -> InvoiceList:
    """会计开具后的结果；整份文件无误才会生效，重复导入无害。"""
    changed = actions.take_answers(call.tx, call.body.content, given_by=call.caller.subject)
    return InvoiceList(items=[InvoiceView.of(each) for each in changed])


def _client(call: Call[Any]) -> str | None:
    return None if call.caller.is_staff else call.caller.subject
