"""The room's outside clients and keys, made from the stage's secrets."""

import base64
from datetime import datetime
from functools import lru_cache

from functions.accounts.gateways.wechat import CachedToken, WeChatMini
from functions.accounts.gateways.wechat_push import PushKeys
from functions.accounts.table import identities
from functions.shared import aws, clock

WECHAT_URL = "https://api.weixin.qq.com"


class _TokenRow:
    """WeChat's access token as a row, so that all functions of a stage share one."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id

    def get(self) -> CachedToken | None:
        row = identities.find_wechat_token(self._app_id)
        return CachedToken(row.token, row.expires_at) if row else None

    def put(self, token: str, expires_at: datetime) -> None:
        identities.save_wechat_token(self._app_id, token, expires_at)


def wechat() -> WeChatMini:
    """The mini program's connection by the secret `wechat-mini`: app_id, app_secret, base_url (WeChat's by default)."""
    settings = aws.secret("wechat-mini")
    return _wechat(settings["app_id"], settings["app_secret"], settings.get("base_url") or WECHAT_URL)


def push_keys() -> PushKeys:
    """What opens WeChat's message push, by the secret `wechat-mini`: app_id, push_token, push_aes_key."""
    settings = aws.secret("wechat-mini")
    return PushKeys(settings["app_id"], settings["push_token"], settings["push_aes_key"])


def wechat_app_id() -> str:
    """Which mini program people sign in to."""
    return str(aws.secret("wechat-mini")["app_id"])


@lru_cache(maxsize=4)
def _wechat(app_id: str, app_secret: str, base_url: str) -> WeChatMini:
    return WeChatMini(
        app_id=app_id, app_secret=app_secret, tokens=_TokenRow(app_id), base_url=base_url, clock=clock.now
    )


def template_ids() -> dict[str, str]:
    """WeChat's template id by our notice's code; a notice without one is shown in the inbox only."""
    return dict(aws.secret("wechat-mini").get("templates", {}))


def link_key() -> bytes:
    """The key under which guest links and refresh successors are computed."""
    return base64.b64decode(aws.secret("token-keys")["guest_hmac_key"])
