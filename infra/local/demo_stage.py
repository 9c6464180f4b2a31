"""What a story is played on: HTTP clients that write down their calls, waiting, the live channel, and the telling."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import urllib3
import websocket

from infra.local.seeding import HOLD_S

T = TypeVar("T")
POLL_S = 0.15
_TIMEOUT = urllib3.Timeout(connect=3, read=40)
"""A function that starts cold on a busy machine takes seconds; API Gateway itself gives up after 29."""


class Missing(Exception):
    """An effect that the story relies on did not come; the message is one clear Chinese sentence."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, decoded."""

    status: int
    body: Any
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def code(self) -> str:
        """The problem's code, or an empty string."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    @property
    def said(self) -> str:
        """Status and, for a problem, what it says to people."""
        title = self.body.get("title", "") if isinstance(self.body, dict) and self.status >= 400 else ""
        return f"{self.status} {self.code} {title}".strip()


class Http(Protocol):
    """One host: the API, or a stand-in."""

    def upload(self, form: Mapping[str, Any], content: bytes) -> None:
        """Post a file to where the upload leave `form` says, as an app does."""

    def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "", quiet: bool = False
    ) -> Answer:
        """Send JSON, get JSON. `quiet` calls are not told."""


class Story:
    """Tells what happens, step by step in Chinese, with the calls behind each step; or keeps it to itself."""

    def __init__(self, tell: Callable[[str], None] = print) -> None:
        self._tell = tell
        self._begun = time.monotonic()
        self._step = 0

    def step(self, text: str) -> None:
        """The next thing that happens."""
        self._step += 1
        self._tell(f"\n{self.elapsed_s:5.1f} s  {self._step:2d}. {text}")

    def note(self, text: str) -> None:
        """Something worth knowing about the step."""
        self._tell(f"             {text}")

    def call(self, text: str) -> None:
        """A call behind the step."""
        self._tell(f"             → {text}")

    @property
    def steps(self) -> int:
        """How many there were."""
        return self._step

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._begun


class HttpHost:
    """A host over real HTTP."""

    def __init__(self, name: str, base_url: str, story: Story) -> None:
        self._name = name
        self._base = base_url.rstrip("/")
        self._story = story
        self._pool = urllib3.PoolManager(maxsize=4, timeout=_TIMEOUT, retries=False)

    def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "", quiet: bool = False
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        payload = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = json.dumps(body, ensure_ascii=False).encode()
        begun = time.monotonic()
        try:
            raw = self._pool.request(method, self._base + path, body=payload, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise Missing(f"{self._name}没有应答（{method} {path}：{type(error).__name__}）") from error
        text = raw.data.decode()
        is_json = "json" in raw.headers.get("Content-Type", "")
        lowered = {name.lower(): value for name, value in raw.headers.items()}
        answer = Answer(raw.status, json.loads(text) if text and is_json else text, lowered)
        if not quiet:
            where = "" if self._name == "接口" else f"[{self._name}] "
            spent_ms = (time.monotonic() - begun) * 1000
            self._story.call(f"{where}{method} {path}{_step_of(body)}  {answer.said}（{spent_ms:.0f} ms）")
        return answer

    def upload(self, form: Mapping[str, Any], content: bytes) -> None:
        fields = {**form["fields"], "file": ("photo.jpg", content)}
        raw = self._pool.request("POST", form["url"], fields=fields)
        if raw.status not in (200, 204):
            raise Missing(f"文件没有上传成功：应答 {raw.status}")


def _step_of(body: Any) -> str:
    """Which milestone a call is about, for those that are told apart by nothing else."""
    step = (body.get("node") or body.get("code")) if isinstance(body, dict) else None
    return f" {step}" if step and len(step) <= 24 else ""


class Live:
    """A socket on the live channel whose messages are collected as they come."""

    def __init__(self, url: str, token: str) -> None:
        try:
            self._socket = websocket.create_connection(f"{url}?{urlencode({'token': token})}", timeout=20)
        except (OSError, websocket.WebSocketException) as error:
            raise Missing(f"实时通道连不上（{type(error).__name__}）") from error
        self.messages: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type so far."""
        return [message for message in list(self.messages) if message.get("type") == kind]

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                text = self._socket.recv()
            except websocket.WebSocketTimeoutException:
                continue
            except (OSError, websocket.WebSocketException):
                return
            if not text:
                return
            self.messages.append(json.loads(text))


@dataclass
class Stage:
    """Everything that the story touches: the product's API, the stand-ins, the live channel, and time."""

    story: Story
    api: Http
    wechat: Http
    pay: Http
    insurer: Http
    live_url: str = ""
    """Empty where there is no live channel."""
    patience_s: float = 30
    pass_time: Callable[[float], None] = time.sleep
    """Lets so many seconds pass, with whatever falls due in them."""
    late_notice_s: float = HOLD_S + 5
    """After so many real seconds the provider's notification is later than the order's hold; 0: it never comes."""
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_stack(cls, facts: Mapping[str, Any], story: Story) -> "Stage":
        """The stack that stack.json describes."""
        standins = facts["standins"]
        return cls(
            story=story,
            api=HttpHost("接口", facts["api_url"], story),
            wechat=HttpHost("微信替身", standins["wechat"], story),
            pay=HttpHost("微信支付替身", standins["pay"], story),
            insurer=HttpHost("保险公司替身", standins["insurer"], story),
            live_url=facts["live_url"],
        )

    def wait_for(self, found: Callable[[], T | None], missing: str, *, patience_s: float | None = None) -> T:
        """What `found` finds, looking again and again; Missing with this sentence when patience ends."""
        deadline = time.monotonic() + (patience_s or self.patience_s)
        while (result := found()) is None:
            if time.monotonic() > deadline:
                raise Missing(missing)
            self.pass_time(POLL_S)
        return result


def require(holds: bool, missing: str) -> None:
    """Missing with this sentence unless the effect is there."""
    if not holds:
        raise Missing(missing)


def expect(answer: Answer, status: int, what: str) -> Any:
    """The body of an answer that must have this status."""
    if answer.status != status:
        errors = answer.body.get("errors", "") if isinstance(answer.body, dict) else answer.body
        raise Missing(f"{what}没有成功：应答 {answer.said}{f'，{errors}' if errors else ''}")
    return answer.body
