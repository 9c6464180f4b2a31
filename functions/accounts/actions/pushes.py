"""Sending a notice's WeChat message: at most once, for a consent that is unspent.

WeChat can neither be asked whether it sent a message nor be given an id to recognise a repetition. So the attempt is
claimed in a committed row before the call; what WeChat surely did not take is released and tried again; what it may
have taken is not. The notice itself is in the inbox whatever happens here.
"""

from functions.accounts import clients
from functions.accounts.events import NoticeAnswered
from functions.accounts.gateways.wechat import (
    BadTemplateData,
    NoSubscription,
    WeChatMisconfigured,
    WeChatRefused,
    WeChatUnavailable,
)
from functions.accounts.rules.notices import ANSWERED
from functions.accounts.table import notices
from functions.accounts.table.notices import NoticeRow, PushState
from functions.shared import observe
from functions.shared.tx import Tx

NOTICE_PAGE = "pages/notices/index"
_SEND = "/cgi-bin/message/subscribe/send"
_NOT_CONNECTED = frozenset({"ConnectTimeoutError", "NewConnectionError", "NameResolutionError"})
_HTTP_ERRORS = range(300, 600)
_ANSWERS = {PushState.SENT: "notified", PushState.UNKNOWN: "unknown", PushState.REFUSED: "unreachable"}


def push_notice(tx: Tx, *, account_id: str, notice_id: str) -> None:
    """Send the notice's message if nobody has, and the user consents.

    Raises WeChatUnavailable or WeChatMisconfigured when it was not sent and may be tried again.
    """
    context = notices.find_push_context(account_id, notice_id)
    notice, account = context.notice, context.account
    if notice is None or notice.template_id is None or account is None or account.openid is None:
        return
    if context.push is not None or not _claim(tx, notice):
        return
    try:
        clients.wechat().send_subscribe_message(
            account.openid, notice.template_id, f"{NOTICE_PAGE}?notice_id={notice_id}", notice.message
        )
    except NoSubscription:
        _settle(tx, notice, PushState.REFUSED)
        tx.update(_credit(notice), [notices.CreditRow.unspent.set(0)])
    except (BadTemplateData, WeChatRefused) as error:
        observe.logger().error("WeChat refused a message", extra={"notice_id": notice_id, "errcode": error.errcode})
        observe.count("NoticePushRefused")
        _settle(tx, notice, PushState.REFUSED)
    except WeChatMisconfigured:
        _release(tx, notice)
        raise
    except WeChatUnavailable as error:
        if not may_have_arrived(error):
            _release(tx, notice)
            raise
        observe.count("NoticePushUnknown")
        _settle(tx, notice, PushState.UNKNOWN)
    else:
        _settle(tx, notice, PushState.SENT)


def may_have_arrived(error: WeChatUnavailable) -> bool:
    """Whether WeChat may have sent the message all the same: it was reached, and did not say that it refused."""
    if error.api != _SEND or error.errmsg in _NOT_CONNECTED:
        return False
    return error.errcode == 0 or error.errcode in _HTTP_ERRORS


def _claim(tx: Tx, notice: NoticeRow) -> bool:
    """Take one consent and the right to send, before anything is sent; False if there is no consent left.

    Another process that claims at the same moment makes this commit fail, and the handler starts again and sees it.
    """
    credit = notices.find_credit(notice.account_id, str(notice.template_id))
    if credit is None or credit.unspent < 1:
        return False
    claim = Tx(tx.room, now=tx.now, correlation_id=tx.correlation_id)
    claim.insert(notices.push_row(notice.notice_id, PushState.CLAIMED, now=tx.now))
    credit.unspent -= 1
    claim.save(credit)
    claim.commit()
    return True


def _settle(tx: Tx, notice: NoticeRow, state: PushState) -> None:
    row = notices.push_row(notice.notice_id, state, now=tx.now)
    tx.update(row, [notices.PushRow.state.set(state)])
    if notice.code in ANSWERED and notice.order_id:
        tx.emit(
            NoticeAnswered(
                notice_id=notice.notice_id,
                order_id=notice.order_id,
                audience=notice.audience,
                channel="wechat",
                outcome=_ANSWERS[state],
            )
        )


def _release(tx: Tx, notice: NoticeRow) -> None:
    """Give back what `_claim` took, at once, for an exception will follow."""
    release = Tx(tx.room, now=tx.now, correlation_id=tx.correlation_id)
    claimed = notices.push_row(notice.notice_id, PushState.CLAIMED, now=tx.now)
    claimed.version = 1
    release.delete(claimed)
    release.update(_credit(notice), [notices.CreditRow.unspent.add(1)])
    release.commit()


def _credit(notice: NoticeRow) -> notices.CreditRow:
    return notices.credit_row(notice.account_id, str(notice.template_id))
