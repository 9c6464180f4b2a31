"""The inbox, its texts, and what WeChat may be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.accounts.rules.notices import Audience, Notice, NoticeTemplate
from functions.accounts.table.base import AccountsRow
from functions.accounts.table.identities import AccountRow
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, query_page

_UNREAD = "unread"
"""Sorts after every notice id, so that the newest-first page begins with the counter."""
_PUSH_TTL = timedelta(days=30)


class PushState(StrEnum):
    CLAIMED = "claimed"
    """About to be sent. It stays so if the process dies: then nobody knows, and it is not sent again."""
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class NoticeTemplateRow(AccountsRow, discriminator="notice_template"):
    template: JsonAttribute[NoticeTemplate] = JsonAttribute(NoticeTemplate)


class NoticeRow(AccountsRow, discriminator="notice"):
    """`message` is what WeChat's message would say, `template_id` which consent it would spend."""

    notice_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    code = UnicodeAttribute()
    audience: JsonAttribute[Audience] = JsonAttribute(Audience)
    title = UnicodeAttribute()
    body = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    template_id = UnicodeAttribute(null=True)
    message: JsonAttribute[dict[str, str]] = JsonAttribute(dict[str, str])
    created_at = InstantAttribute()
    read_at = InstantAttribute(null=True)

    def to_notice(self) -> Notice:
        return Notice(
            notice_id=self.notice_id,
            code=self.code,
            audience=self.audience,
            title=self.title,
            body=self.body,
            order_id=self.order_id,
            created_at=self.created_at,
            read_at=self.read_at,
        )


class UnreadRow(AccountsRow, discriminator="notices_unread"):
    unread = NumberAttribute(default=0)


class CreditRow(AccountsRow, discriminator="notice_credit"):
    """`unspent` is how many messages the user still consents to."""

    unspent = NumberAttribute(default=0)


class PushRow(AccountsRow, discriminator="notice_push"):
    state = UnicodeAttribute()


@dataclass(frozen=True)
class PushContext:
    """All that decides whether and to whom a notice's message is sent."""

    notice: NoticeRow | None
    account: AccountRow | None
    push: PushRow | None


def template_row(template: NoticeTemplate) -> NoticeTemplateRow:
    return NoticeTemplateRow("TEMPLATES", template.code, template=template)


def kept_template(code: str) -> NoticeTemplate:
    """The template, up to a minute old; a LookupError means that it was never seeded."""
    row = keep(NoticeTemplateRow, "TEMPLATES", code)
    if row is None:
        raise LookupError(f"notice template {code} is not seeded")
    return row.template


def notice_row(
    notice_id: str,
    *,
    account_id: str,
    template: NoticeTemplate,
    title: str,
    body: str,
    message: dict[str, str],
    order_id: str | None,
    template_id: str | None,
    now: datetime,
) -> NoticeRow:
    return NoticeRow(
        f"NOTICES#{account_id}",
        notice_id,
        notice_id=notice_id,
        account_id=account_id,
        code=template.code,
        audience=template.audience,
        title=title,
        body=body,
        order_id=order_id,
        template_id=template_id,
        message=message,
        created_at=now,
    )


def unread_row(account_id: str) -> UnreadRow:
    return UnreadRow(f"NOTICES#{account_id}", _UNREAD)


def find_notice(account_id: str, notice_id: str) -> NoticeRow | None:
    if not ids.is_id("ntc", notice_id):
        return None
    return find(NoticeRow, f"NOTICES#{account_id}", notice_id)


def notice_page(account_id: str, *, limit: int, after: str | None) -> tuple[list[Notice], int | None, str | None]:
    """Newest first: the notices, on the first page also how many are unread, and where to go on. One query."""
    first = after is None
    rows, last = query_page(AccountsRow, f"NOTICES#{account_id}", limit=limit + first, after=after, newest_first=True)
    unread = next((int(row.unread) for row in rows if isinstance(row, UnreadRow)), 0) if first else None
    return [row.to_notice() for row in rows if isinstance(row, NoticeRow)], unread, last


def credit_row(account_id: str, template_id: str) -> CreditRow:
    return CreditRow(f"CREDITS#{account_id}", f"TEMPLATE#{template_id}")


def find_credit(account_id: str, template_id: str) -> CreditRow | None:
    row = credit_row(account_id, template_id)
    return find(CreditRow, row.pk, row.sk)


def push_row(notice_id: str, state: PushState, *, now: datetime) -> PushRow:
    return PushRow(f"PUSH#{notice_id}", "PUSH", state=state, ttl=now + _PUSH_TTL)


def find_push_context(account_id: str, notice_id: str) -> PushContext:
    """One round trip."""
    keys = [(f"NOTICES#{account_id}", notice_id), (f"ACCOUNT#{account_id}", "ACCOUNT"), (f"PUSH#{notice_id}", "PUSH")]
    rows = find_all(AccountsRow, keys)
    notice, account, push = (rows.get(key) for key in keys)
    return PushContext(
        notice if isinstance(notice, NoticeRow) else None,
        account if isinstance(account, AccountRow) else None,
        push if isinstance(push, PushRow) else None,
    )
