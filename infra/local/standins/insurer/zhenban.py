"""Our API as the insurer sees it: signed in to with its own key (RFC 7523), and not relied on to answer."""

import json
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

INSURER: Final = "ins_demo"
ANSWER_WITHIN_S: Final = 10.0
_SIGN_IN: Final = "/sessions/machine"
_ASSERTION_S: Final = 60
_RENEW_BEFORE: Final = timedelta(seconds=60)


class Answer(msgspec.Struct, kw_only=True):
    """What our API said to one request; without a `status` it said nothing, and `error` says why in Chinese."""

    request: str
    """Method and path."""
    sent: dict[str, Any] | None = None
    status: int | None = None
    body: dict[str, Any] = {}
    error: str = ""


class Unanswered(Exception):
    """No answer was to be had; the text says why in Chinese."""


class Zhenban:
    """Our API. `folder` is the stack's: its address and the insurer's key are read there when they are needed.

    The stand-ins may start before there is an API, and outlive one.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], datetime], *, answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._http = PoolManager(timeout=Timeout(connect=3, read=answer_within_s), retries=False, maxsize=8)
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = clock()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Ask, signed in; a token that is no longer taken is renewed once. Raises nothing: what fails is reported."""
        outcome = Answer(request=f"{method} {path}", sent=body)
        try:
            token = self._signed_in()
            response = self._send(method, path, body, token)
            if response.status == 401:
                response = self._send(method, path, body, self._signed_in(instead_of=token))
        except Unanswered as failure:
            outcome.error = str(failure)
            return outcome
        outcome.status, outcome.body = response.status, _object(response)
        return outcome

    def _signed_in(self, instead_of: str = "") -> str:
        """A token that will last for a while, and another than the one given. Raises Unanswered."""
        with self._lock:
            if self._token in {"", instead_of} or self._clock() >= self._renew_at:
                session = self._sign_in()
                self._token = str(session["access_token"])
                self._renew_at = self._clock() + timedelta(seconds=session["expires_in_s"]) - _RENEW_BEFORE
            return self._token

    def _sign_in(self) -> dict[str, Any]:
        now = int(self._clock().timestamp())
        key = ECKey.import_key(self._kept("institution_keys.json")[INSURER])
        claims: dict[str, Any] = {
            "iss": INSURER,
            "sub": INSURER,
            "aud": "zhenban",
            "iat": now,
            "exp": now + _ASSERTION_S,
            "jti": secrets.token_hex(16),
        }
        assertion = jwt.encode({"alg": "ES256"}, claims, key)
        response = self._send("POST", _SIGN_IN, {"client_assertion": assertion})
        if response.status != 201:
            raise Unanswered(f"没有登录成功：应答 {response.status} {_object(response).get('code', '')}".strip())
        return _object(response)

    def _send(self, method: str, path: str, body: dict[str, Any] | None, token: str = "") -> BaseHTTPResponse:
        url = f"{self._kept('stack.json')['api_url']}{path}"
        # A new key each time, where a route wants one: that a request is done once must rest on its number alone.
        headers = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return self._http.request(method, url, json=body, headers=headers, redirect=False)
        except HTTPError as error:
            raise Unanswered(f"没有应答：{type(error).__name__}") from error

    def _kept(self, name: str) -> dict[str, Any]:
        """A file of the stack's folder, which may not be there yet. Raises Unanswered."""
        try:
            found: dict[str, Any] = json.loads((self._folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError) as error:
            raise Unanswered(f"读不到 {name}：平台还没有部署") from error
        return found


def _object(response: BaseHTTPResponse) -> dict[str, Any]:
    """The JSON object that came, or an empty one: what stands before an API answers in its own ways."""
    try:
        content = json.loads(response.data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
