"""The signature with which WeChat lets a user into a call (`wx.joinVoIPChat`).

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/voip-chat.html
"""

import hashlib
import hmac


def voip_signature(*, session_key: str, app_id: str, group_id: str, nonce: str, timestamp_s: int) -> str:
    """Hex of the HMAC-SHA256 under the session key (as WeChat gave it) over the four values, sorted and joined."""
    text = "".join(sorted((app_id, group_id, nonce, str(timestamp_s))))
    return hmac.new(session_key.encode(), text.encode(), hashlib.sha256).hexdigest()
