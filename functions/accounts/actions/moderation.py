"""The content check of what users write (B17): WeChat's, in the name of the one who wrote."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.accounts import clients
from functions.accounts.events import ContentChecked
from functions.accounts.gateways import wechat_push
from functions.accounts.gateways.wechat import ModerationScene, ModerationVerdict, WeChatRefused
from functions.accounts.table import identities, media_checks
from functions.shared import observe
from functions.shared.errors import NotFound, Unauthenticated
from functions.shared.tx import Tx

_KEPT = timedelta(days=2)


class PushRefused(Unauthenticated):
    """What came to the address of the message push is not WeChat's."""

    code = "push_refused"
    title = "消息签名无效"


def check_text(*, account_id: str, text: str, scene: ModerationScene = ModerationScene.COMMENT) -> ModerationVerdict:
    """What to do with a public comment, or what else the scene says, of 1 to 2,500 characters.

    A person looks at what WeChat does not judge: words of somebody who never opened the mini program, or not lately.
    Raises WeChatUnavailable, WeChatMisconfigured: nobody knows yet, ask again.
    """
    account = identities.find_account(account_id)
    if account is None or account.openid is None:
        return ModerationVerdict.REVIEW
    try:
        return clients.wechat().check_text(account.openid, text, scene)
    except WeChatRefused as refusal:
        observe.logger().warning("WeChat did not judge a text", extra={"errcode": refusal.errcode})
        return ModerationVerdict.REVIEW


def ask_about_media(tx: Tx, *, account_id: str, url: str, is_voice: bool, subject: str, part: str) -> None:
    """Have WeChat look at a picture or listen to a voice; `content.checked` follows when it has.

    What WeChat does not take is for a person. Raises WeChatUnavailable, WeChatMisconfigured: ask again.
    """
    account = identities.find_account(account_id)
    openid = account.openid if account else None
    trace_id = tx.once("trace", lambda: _ask(openid, url, is_voice=is_voice)) if openid else None
    if trace_id is None:
        tx.emit(ContentChecked(subject=subject, part=part, revision=1, verdict=ModerationVerdict.REVIEW))
        return
    row = media_checks.media_check_row(trace_id, subject=subject, part=part)
    row.ttl = tx.now + _KEPT
    tx.insert(row)


def take_push(tx: Tx, *, query: Mapping[str, Any], body: bytes) -> None:
    """What WeChat says of a picture or a voice. Said twice, it counts once.

    Raises PushRefused, and NotFound for what we have not noted (yet): WeChat says it again after five seconds.
    """
    try:
        seen = wechat_push.open_push(query, body, clients.push_keys(), now=tx.now)
    except wechat_push.ForgedPush as error:
        observe.count("WeChatPushForged")
        raise PushRefused(str(error)) from error
    if seen is None:
        return
    row = media_checks.find_media_check(seen.trace_id)
    if row is None:
        raise NotFound()
    if row.verdict is None:
        row.verdict = seen.verdict
        tx.save(row)
        tx.emit(ContentChecked(subject=row.subject, part=row.part, revision=1, verdict=seen.verdict))


def answer_setup(query: Mapping[str, Any]) -> str:
    """What WeChat wants to hear when the address of the message push is entered. Raises PushRefused."""
    try:
        return wechat_push.check_setup(query, clients.push_keys())
    except wechat_push.ForgedPush as error:
        raise PushRefused(str(error)) from error


def _ask(openid: str, url: str, *, is_voice: bool) -> str | None:
    try:
        return clients.wechat().check_media(openid, url, ModerationScene.SOCIAL_LOG, is_voice=is_voice)
    except WeChatRefused as refusal:
        observe.logger().warning("WeChat did not take a file", extra={"errcode": refusal.errcode})
        return None
