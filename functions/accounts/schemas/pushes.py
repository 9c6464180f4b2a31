"""The query of WeChat's message push."""

from typing import Annotated

import msgspec

_Text = Annotated[str, msgspec.Meta(max_length=200)]


class PushQuery(msgspec.Struct, frozen=True, kw_only=True):
    """微信推送消息或验证地址时的参数；多出的参数不影响。"""

    signature: _Text = ""
    timestamp: _Text = ""
    nonce: _Text = ""
    echostr: _Text = ""
    openid: _Text = ""
    encrypt_type: _Text = ""
    msg_signature: _Text = ""

    def to_query(self) -> dict[str, str]:
        """By WeChat's names."""
        return {name: str(getattr(self, name)) for name in self.__struct_fields__}
