"""The inbox."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.accounts.rules.notices import Audience, Notice
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class NoticeView(Reading, frozen=True, kw_only=True):
    """一条站内通知。"""

    notice_id: str
    code: str
    audience: Audience
    title: str
    body: str
    order_id: str | None
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, notice: Notice) -> "NoticeView":
        return cls(
            notice_id=notice.notice_id,
            code=notice.code,
            audience=notice.audience,
            title=notice.title,
            body=notice.body,
            order_id=notice.order_id,
            created_at=clock.china(notice.created_at),
            read_at=clock.china(notice.read_at) if notice.read_at else None,
        )


class NoticePage(Reading, frozen=True, kw_only=True):
    """一页通知，新的在前。`unread` 是未读总数，只在第一页给出。"""

    items: list[NoticeView]
    next_cursor: str | None
    unread: int | None


class AddNoticeCredits(Body, frozen=True, kw_only=True):
    """用户在 wx.requestSubscribeMessage 中接受了几次某个模板的消息。"""

    template_id: Annotated[str, Meta(min_length=1, max_length=64)]
    count: Annotated[int, Meta(ge=1, le=5)]


class NoticeCredits(Reading, frozen=True, kw_only=True):
    """该模板还可以发几条。"""

    template_id: str
    unspent: int
