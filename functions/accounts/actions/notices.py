"""The inbox: what people were told, and their consents to be told on WeChat."""

from collections.abc import Mapping

from functions.accounts import clients
from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.events import NoticeAnswered, NoticeWritten
from functions.accounts.rules import notices as rules
from functions.accounts.rules.notices import Notice
from functions.accounts.table import base, notices
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def write_notice(tx: Tx, *, account_id: str, code: str, facts: OrderFacts | OwnFacts) -> str:
    """Put the notice `code` into the account's inbox; returns its id.

    A WeChat message follows by its own event if the user consents to one, so that WeChat cannot hold up the inbox.
    """
    template = notices.kept_template(code)
    text = rules.render(template, facts.told(template.needs))
    notice_id = ids.new("ntc", tx.now)
    template_id = clients.template_ids().get(code)
    row = notices.notice_row(
        notice_id,
        account_id=account_id,
        template=template,
        title=text.title,
        body=text.body,
        message=_fitted(text.message),
        order_id=facts.order_id,
        template_id=template_id,
        now=tx.now,
    )
    tx.insert(row)
    tx.update(notices.unread_row(account_id), [notices.UnreadRow.unread.add(1)])
    if template_id and _has_credit(account_id, template_id):
        tx.emit(NoticeWritten(notice_id=notice_id, account_id=account_id))
    return notice_id


def reaches_wechat(account_id: str, code: str) -> bool:
    """Whether the notice `code` would also go out as a WeChat message: the user consents to one more (one read)."""
    template_id = clients.template_ids().get(code)
    return template_id is not None and _has_credit(account_id, template_id)


def list_notices(*, account_id: str, limit: int, after: str | None) -> tuple[list[Notice], int | None, str | None]:
    """A page, newest first; on the first one also how many are unread; and where to go on. One query."""
    return notices.notice_page(account_id, limit=limit, after=after)


def mark_read(tx: Tx, *, account_id: str, notice_id: str) -> Notice:
    """The notice, read; reading it again changes nothing. NotFound also for another's."""
    row = notices.find_notice(account_id, notice_id)
    if row is None:
        raise NotFound()
    if row.read_at is None:
        row.read_at = tx.now
        tx.save(row)
        tx.update(notices.unread_row(account_id), [notices.UnreadRow.unread.add(-1)])
        if row.code in rules.ANSWERED and row.order_id:
            tx.emit(
                NoticeAnswered(
                    notice_id=notice_id, order_id=row.order_id, audience=row.audience, channel="inbox", outcome="read"
                )
            )
    return row.to_notice()


def add_credits(tx: Tx, *, account_id: str, template_id: str, count: int) -> int:
    """The user accepted `count` messages of this WeChat template; returns how many are unspent, at most the policy's.

    UnknownTemplate for one that no notice of ours uses.
    """
    if template_id not in clients.template_ids().values():
        raise rules.UnknownTemplate()
    row = notices.find_credit(account_id, template_id) or notices.credit_row(account_id, template_id)
    row.unspent = min(int(row.unspent) + count, base.policy().credits_per_template)
    tx.save(row)
    return int(row.unspent)


def _has_credit(account_id: str, template_id: str) -> bool:
    credit = notices.find_credit(account_id, template_id)
    return credit is not None and credit.unspent > 0


def _fitted(message: Mapping[str, str]) -> dict[str, str]:
    """WeChat refuses a `thing` of more than 20 characters, so it is cut; other kinds are short by their template."""
    from functions.accounts.gateways.wechat import thing

    return {key: thing(value) if key.startswith("thing") else value for key, value in message.items()}
