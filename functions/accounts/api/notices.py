"""The inbox of the calling client, companion or member of staff."""

from typing import Any

from functions.accounts.actions import notices
from functions.accounts.api.declared import routes
from functions.accounts.rules.notices import UnknownTemplate
from functions.accounts.schemas.notices import AddNoticeCredits, NoticeCredits, NoticePage, NoticeView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, PageQuery, decode_cursor, encode_cursor

_MESSAGED = {Role.CLIENT, Role.COMPANION}
_READERS = _MESSAGED | STAFF


@routes.get("/notices", summary="我的通知", roles=_READERS, query=PageQuery, reply=NoticePage)
def list_notices(call: Call[Any]) -> NoticePage:
    """新的在前；第一页附未读总数。"""
    found, unread, last = notices.list_notices(
        account_id=call.caller.subject, limit=call.query.limit, after=decode_cursor(call.query.cursor)
    )
    return NoticePage(items=[NoticeView.of(notice) for notice in found], next_cursor=encode_cursor(last), unread=unread)


@routes.post("/notices/{notice_id}/read", summary="标为已读", roles=_READERS, reply=NoticeView, problems=(NotFound,))
def mark_read(call: Call[Any], notice_id: str) -> NoticeView:
    """重复标记无妨，时间为第一次。"""
    return NoticeView.of(notices.mark_read(call.tx, account_id=call.caller.subject, notice_id=notice_id))


@routes.post(
    "/notice-credits",
    summary="登记订阅消息授权",
    roles=_MESSAGED,
    body=AddNoticeCredits,
    reply=NoticeCredits,
    status=201,
    effect=True,
    problems=(UnknownTemplate,),
)
def add_notice_credits(call: Call[AddNoticeCredits]) -> NoticeCredits:
    """每次授权可发一条微信消息；每个模板最多累计 20 次。"""
    template_id = call.body.template_id
    unspent = notices.add_credits(
        call.tx, account_id=call.caller.subject, template_id=template_id, count=call.body.count
    )
    return NoticeCredits(template_id=template_id, unspent=unspent)
