"""The WeChat mini program's server API: sign-in, phone number, subscribe messages, text moderation, mini codes.

WeChat answers HTTP 200 with an `errcode`; each becomes one typed error here. Nothing is retried but a call that was
refused for its access token, once: sign-in codes and message credits are spent by the first try. Errors never carry
a URL, for it holds the app secret or the token.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from functions.shared.clock import now as present

T = TypeVar("T")

CONNECT_TIMEOUT_S: Final = 1.0
READ_TIMEOUT_S: Final = 3.0
REFRESH_BEFORE_EXPIRY: Final = timedelta(minutes=5)
THING_MAX: Final = 20
"""Characters that a template's `thing` value may have."""
SCENE_MAX: Final = 32
TEXT_MAX: Final = 2500
"""Characters that one moderation call takes."""


@dataclass(frozen=True)
class WeChatSession:
    """Who signed in. `session_key` is a secret of the server's: it never goes to a client, nor into a log."""

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


@dataclass(frozen=True)
class WeChatPhone:
    """A phone number that WeChat vouches for: `number` without, `country_code` such as `86`."""

    country_code: str
    number: str = field(repr=False)


class ModerationVerdict(StrEnum):
    """What to do with a text: show it, let staff look first, or refuse it."""

    PASS = "pass"
    REVIEW = "review"
    BLOCK = "block"


class ModerationScene(IntEnum):
    """Where the text will be seen; the values are WeChat's."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL_LOG = 4


@dataclass(frozen=True)
class CachedToken:
    """An access token and the instant when WeChat stops taking it."""

    token: str = field(repr=False)
    expires_at: datetime


class TokenCache(Protocol):
    """Where all functions of a stage share one access token; WeChat keeps only the latest few minutes' worth valid."""

    def get(self) -> CachedToken | None: ...

    def put(self, token: str, expires_at: datetime) -> None: ...


class WeChatError(Exception):
    """WeChat refused. `errcode` and `errmsg` are its own words, `api` the path that was called."""

    def __init__(self, api: str, errcode: int, errmsg: str) -> None:
        super().__init__(f"微信接口 {api} 返回 {errcode}：{errmsg}")
        self.api = api
        self.errcode = errcode
        self.errmsg = errmsg


class CodeRejected(WeChatError):
    """The sign-in or phone code is wrong, used or expired, or WeChat blocks this user: the client asks for another."""


class NoSubscription(WeChatError):
    """The user has no unspent consent for this template: the credit is zero."""


class BadTemplateData(WeChatError):
    """A key of the template is missing, or a value breaks the rule of its kind."""


class WeChatMisconfigured(WeChatError):
    """App id, secret, template, page or permission is wrong: a person has to repair it, trying again is no use."""


class WeChatRefused(WeChatError):
    """Any other refusal; trying the same again is no use."""


class WeChatUnavailable(WeChatError):
    """No answer in time, an answer that cannot be read, or WeChat is busy; the effect is unknown. Try later.

    `errcode` is WeChat's where it gave one, else the HTTP status, else 0.
    """


_ERRORS: Final[Mapping[int, type[WeChatError]]] = {
    40029: CodeRejected,
    40163: CodeRejected,
    40226: CodeRejected,
    43101: NoSubscription,
    47003: BadTemplateData,
    -1: WeChatUnavailable,
    45009: WeChatUnavailable,
    45011: WeChatUnavailable,
    45047: WeChatUnavailable,
    40001: WeChatUnavailable,
    40014: WeChatUnavailable,
    42001: WeChatUnavailable,
    40002: WeChatMisconfigured,
    40013: WeChatMisconfigured,
    40037: WeChatMisconfigured,
    40125: WeChatMisconfigured,
    40164: WeChatMisconfigured,
    40243: WeChatMisconfigured,
    41002: WeChatMisconfigured,
    41004: WeChatMisconfigured,
    41030: WeChatMisconfigured,
    48001: WeChatMisconfigured,
    50002: WeChatMisconfigured,
}
_TOKEN_REFUSED: Final = frozenset({40001, 40014, 42001})


class _Outcome(msgspec.Struct):
    errcode: int = 0
    errmsg: str = ""


class _Session(msgspec.Struct):
    openid: str
    session_key: str
    unionid: str | None = None


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int


class _PhoneInfo(msgspec.Struct):
    purePhoneNumber: str  # noqa: N815 - WeChat's name
    countryCode: str  # noqa: N815 - WeChat's name


class _Phone(msgspec.Struct):
    phone_info: _PhoneInfo


class _Suggestion(msgspec.Struct):
    suggest: str


class _Moderated(msgspec.Struct):
    result: _Suggestion


class _Traced(msgspec.Struct):
    trace_id: str


_AUDIO, _IMAGE = 1, 2
_VERDICTS: Final = {
    "pass": ModerationVerdict.PASS,
    "review": ModerationVerdict.REVIEW,
    "risky": ModerationVerdict.BLOCK,
}


class WeChatMini:
    """One mini program's connection; safe to share between threads and to keep between invocations.

    Every method raises WeChatUnavailable and WeChatMisconfigured besides what it names. `clock` tells the present
    instant, for the token's age; `base_url` may point at a stand-in.
    """

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        tokens: TokenCache,
        base_url: str = "https://api.weixin.qq.com",
        clock: Callable[[], datetime] = present,
    ) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._tokens = tokens
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._http = PoolManager(
            timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S), retries=False, maxsize=4
        )

    def sign_in(self, code: str) -> WeChatSession:
        """Trade the code of `wx.login` for the user's openid; a code works once, within five minutes.

        `unionid` is None unless the mini program is bound to an open-platform account. Raises CodeRejected.
        """
        api = "/sns/jscode2session"
        query = {
            "appid": self._app_id,
            "secret": self._app_secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        session = _read(api, self._call("GET", api, query=query), _Session)
        return WeChatSession(session.openid, session.unionid or None, session.session_key)

    def phone_number(self, code: str) -> WeChatPhone:
        """The phone number behind the code of a `getPhoneNumber` button; works once. Raises CodeRejected."""
        api = "/wxa/business/getuserphonenumber"
        info = _read(api, self._authorised(api, {"code": code}), _Phone).phone_info
        return WeChatPhone(country_code=info.countryCode, number=info.purePhoneNumber)

    def send_subscribe_message(self, openid: str, template_id: str, page: str, data: Mapping[str, str]) -> None:
        """Send one message; it spends one consent of this user for this template. `page` opens on a tap.

        `data` maps the template's keys (`thing1`, `time2` …) to values; cut `thing` values with `thing`. After
        WeChatUnavailable the message may or may not have arrived. Raises NoSubscription, BadTemplateData,
        WeChatRefused (for example an openid of another mini program).
        """
        values = {key: {"value": value} for key, value in data.items()}
        body = {"touser": openid, "template_id": template_id, "page": page, "data": values}
        self._authorised("/cgi-bin/message/subscribe/send", body)

    def check_text(self, openid: str, text: str, scene: ModerationScene) -> ModerationVerdict:
        """What WeChat thinks of a text of 1 to 2,500 characters that this user wants to publish.

        The user must have opened the mini program within two hours. Raises WeChatRefused, ValueError for the length.
        """
        if not 0 < len(text) <= TEXT_MAX:
            raise ValueError(f"送审文本应为 1 至 {TEXT_MAX} 个字符")
        api = "/wxa/msg_sec_check"
        answer = self._authorised(api, {"openid": openid, "content": text, "version": 2, "scene": int(scene)})
        return verdict_of(_read(api, answer, _Moderated).result.suggest)

    def check_media(self, openid: str, url: str, scene: ModerationScene, *, is_voice: bool) -> str:
        """Have WeChat fetch and judge a picture or a voice; the trace id under which its verdict is pushed later.

        The verdict comes within 30 minutes (`wechat_push`). The user must have opened the mini program within two
        hours. Raises WeChatRefused.
        """
        api = "/wxa/media_check_async"
        media_type = _AUDIO if is_voice else _IMAGE
        body = {"openid": openid, "media_url": url, "media_type": media_type, "version": 2, "scene": int(scene)}
        return _read(api, self._authorised(api, body), _Traced).trace_id

    def mini_code(self, scene: str, page: str) -> bytes:
        """The picture (PNG or JPEG) of a mini code that opens `page` with `scene`, 1 to 32 characters.

        Raises WeChatRefused, ValueError for the length.
        """
        if not 0 < len(scene) <= SCENE_MAX:
            raise ValueError(f"小程序码的 scene 应为 1 至 {SCENE_MAX} 个字符")
        return self._authorised("/wxa/getwxacodeunlimit", {"scene": scene, "page": page})

    def _authorised(self, api: str, body: Mapping[str, object]) -> bytes:
        """The answer to a call that needs the access token; a token refused by WeChat is replaced once."""
        token = self._token()
        try:
            return self._call("POST", api, query={"access_token": token}, body=body)
        except WeChatUnavailable as refusal:
            if refusal.errcode not in _TOKEN_REFUSED:
                raise
        return self._call("POST", api, query={"access_token": self._replaced(token)}, body=body)

    def _token(self) -> str:
        cached = self._tokens.get()
        if cached and self._clock() < cached.expires_at - REFRESH_BEFORE_EXPIRY:
            return cached.token
        return self._fresh_token(force=False)

    def _replaced(self, refused: str) -> str:
        """Another token than `refused`: a neighbour's if one has been there first, for WeChat forces 20 a day."""
        cached = self._tokens.get()
        if cached and cached.token != refused:
            return cached.token
        return self._fresh_token(force=True)

    def _fresh_token(self, *, force: bool) -> str:
        api = "/cgi-bin/stable_token"
        asked_at = self._clock()
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret,
            "force_refresh": force,
        }
        try:
            answer = _read(api, self._call("POST", api, body=body), _Token)
        except WeChatUnavailable as refusal:
            # Here, where no token was sent, 40001 means a wrong secret.
            if refusal.errcode in _TOKEN_REFUSED:
                raise WeChatMisconfigured(api, refusal.errcode, refusal.errmsg) from None
            raise
        self._tokens.put(answer.access_token, asked_at + timedelta(seconds=answer.expires_in))
        return answer.access_token

    def _call(
        self,
        method: str,
        api: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        """The answer's bytes if WeChat accepted; its `errcode` or the failure as a typed error."""
        url = f"{self._base_url}{api}"
        if query:
            url = f"{url}?{urlencode(query)}"
        headers = {"Content-Type": "application/json"} if body is not None else {}
        # Raw UTF-8: text moderation looks at the bytes, and \u escapes would slip through it.
        encoded = msgspec.json.encode(body) if body is not None else None
        try:
            response = self._http.request(method, url, headers=headers, body=encoded)
        except HTTPError as error:
            raise WeChatUnavailable(api, 0, type(error).__name__) from None
        return _accepted(api, response)


def verdict_of(suggestion: str) -> ModerationVerdict:
    """What WeChat's suggestion means for us; one that we do not know yet is for a person to look at."""
    return _VERDICTS.get(suggestion, ModerationVerdict.REVIEW)


def thing(text: str) -> str:
    """`text` as a template's `thing` value: one line, never empty, at most 20 UTF-16 units, an ellipsis where cut."""
    line = " ".join(text.split()) or "无"
    if _utf16_units(line) <= THING_MAX:
        return line
    kept = ""
    for character in line:
        if _utf16_units(kept + character) >= THING_MAX:
            break
        kept += character
    return kept + "…"


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _accepted(api: str, response: BaseHTTPResponse) -> bytes:
    if response.status != 200:
        raise WeChatUnavailable(api, response.status, "HTTP 状态异常")
    content = response.data
    if not content.lstrip().startswith(b"{"):
        if response.headers.get("Content-Type", "").startswith("image/"):
            return content
        raise WeChatUnavailable(api, 0, "应答无法识别")
    outcome = _read(api, content, _Outcome)
    if outcome.errcode:
        raise _ERRORS.get(outcome.errcode, WeChatRefused)(api, outcome.errcode, outcome.errmsg)
    return content


def _read(api: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WeChatUnavailable(api, 0, "应答无法识别") from None
