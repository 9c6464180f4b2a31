"""A companion's standing leave to be paid in WeChat without confirming each receipt (收款授权, F26)."""

from collections.abc import Mapping
from enum import StrEnum

from functions.shared.errors import Conflict


class AuthorizationState(StrEnum):
    REQUESTED = "requested"
    """Asked for; the companion has to agree in WeChat."""
    ACTIVE = "active"
    """Receipts arrive by themselves."""
    CLOSING = "closing"
    """Ended by the companion here: no longer used, and being ended in WeChat."""
    CLOSED = "closed"
    EXPIRED = "expired"
    """The companion did not agree in time."""


_S = AuthorizationState
AUTHORIZATION_MOVES: Mapping[AuthorizationState, frozenset[AuthorizationState]] = {
    _S.REQUESTED: frozenset({_S.ACTIVE, _S.CLOSING, _S.CLOSED, _S.EXPIRED}),
    _S.ACTIVE: frozenset({_S.CLOSING, _S.CLOSED}),
    _S.CLOSING: frozenset({_S.CLOSED, _S.EXPIRED}),
    _S.CLOSED: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""Which state may follow which; what the channel repeats or says late moves nothing."""
OVER = frozenset({_S.CLOSED, _S.EXPIRED})
TITLES: Mapping[AuthorizationState, str] = {
    _S.REQUESTED: "请在微信里确认授权",
    _S.ACTIVE: "已开通，提现直接到账",
    _S.CLOSING: "正在解除",
    _S.CLOSED: "已解除，提现到账前需逐笔确认",
    _S.EXPIRED: "未在 24 小时内确认，请重新开通",
}
REASONS: Mapping[str, str] = {
    "USER_OVERDUE_UNCONFIRMED": "未在 24 小时内确认",
    "USER_CLOSE": "您已在微信里解除",
    "CLOSE_VIA_MCH_API": "您已在诊伴解除",
    "TRANSFER_RISK": "微信支付认为有风险，已解除",
    "USER_ACCOUNT_ABNORMAL": "微信账户异常，已解除",
}
"""Why the channel ended it, for people."""


class AuthorizationRefused(Conflict):
    """WeChat does not take the application; `detail` is its own explanation."""

    code = "authorization_refused"
    title = "微信支付未受理收款授权"


class AuthorizationClosing(Conflict):
    """The last one is still being ended."""

    code = "authorization_closing"
    title = "上一次授权正在解除，请稍后再开通"


def number_of(companion_id: str, times: int) -> str:
    """The number at the channel of a companion's nth application: letters and digits, 32 at most.

    It follows from what is stored, so that an application whose answer was lost is repeated under its own number.
    """
    if not 1 <= times <= 999:
        raise ValueError("a companion applies 999 times at most")
    return f"aut{companion_id.partition('_')[2]}{times:03d}"


def companion_of(number: str) -> str:
    """Whose application this number is."""
    return f"acc_{number[3:-3]}"


def reason_of(code: str) -> str:
    """Why it ended, for people; unknown codes are not shown."""
    return REASONS.get(code, "微信支付已解除授权")
