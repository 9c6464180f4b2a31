"""The content check of what users write (B17): WeChat's, in the name of the one who wrote."""

from functions.accounts import clients
from functions.accounts.gateways.wechat import ModerationScene, ModerationVerdict, WeChatRefused
from functions.accounts.table import identities
from functions.shared import observe


def check_text(*, account_id: str, text: str) -> ModerationVerdict:
    """What to do with a public comment of 1 to 2,500 characters.

    A person looks at what WeChat does not judge: words of somebody who never opened the mini program, or not lately.
    Raises WeChatUnavailable, WeChatMisconfigured: nobody knows yet, ask again.
    """
    account = identities.find_account(account_id)
    if account is None or account.openid is None:
        return ModerationVerdict.REVIEW
    try:
        return clients.wechat().check_text(account.openid, text, ModerationScene.COMMENT)
    except WeChatRefused as refusal:
        observe.logger().warning("WeChat did not judge a text", extra={"errcode": refusal.errcode})
        return ModerationVerdict.REVIEW
