"""WeChat's session key: kept sealed from sign-in on, used for one thing, and never handed out."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from functions.accounts.rules.voip import voip_signature
from functions.accounts.table import identities
from functions.shared import clock, crypto
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_FIELD = "session_key"


@dataclass(frozen=True)
class VoipSignature:
    """What `wx.joinVoIPChat` wants beside the room's id."""

    app_id: str
    nonce: str
    timestamp_s: int
    signature: str


def keep_session_key(tx: Tx, *, account_id: str, app_id: str, session_key: str) -> None:
    """Replace the account's key by the one of this sign-in, for WeChat accepts only the latest. One KMS call."""
    key = crypto.new_key(room="accounts", owner_id=account_id)
    row = identities.wechat_session_row(account_id)
    values = {"app_id": app_id, "wrapped_key": key.wrapped, "key_sealed": key.encrypt(_FIELD, session_key)}
    tx.update(row, identities.wechat_session_changes(values, now=tx.now))


def sign_voip(account_id: str, *, group_id: str, now: datetime) -> VoipSignature:
    """Let the account's user into WeChat's room `group_id`. One read; NotFound if WeChat never signed the user in."""
    row = identities.find_wechat_session(account_id)
    if row is None:
        raise NotFound()
    key = crypto.open_key(row.wrapped_key, room="accounts", owner_id=account_id)
    nonce, timestamp_s = secrets.token_hex(16), clock.epoch_s(now)
    signature = voip_signature(
        session_key=key.decrypt(_FIELD, row.key_sealed),
        app_id=row.app_id,
        group_id=group_id,
        nonce=nonce,
        timestamp_s=timestamp_s,
    )
    return VoipSignature(row.app_id, nonce, timestamp_s, signature)
