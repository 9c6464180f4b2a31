"""What a test sees of a running stand-in, and of a merchant's own server that takes notifications."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from urllib3 import PoolManager

from infra.local.standins.keys import Keys

WAIT_S = 5.0


class Clock:
    """The present instant, moved by the test; real until then."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        self._offset += by


@dataclass
class Standin:
    """A running stand-in, its clock, and how to ask it things."""

    url: str
    keys: Keys
    keys_dir: Path
    state_dir: Path
    clock: Clock

    def control(self, path: str, /, **body: Any) -> dict[str, Any]:
        """The content of an accepted control call."""
        status, content = self.call("POST", f"/_control/{path}", body)
        assert status == 200, content
        return content

    def read(self, path: str) -> dict[str, Any]:
        return self.call("GET", path)[1]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        answer = PoolManager(retries=False).request(method, f"{self.url}{path}", json=body)
        content: dict[str, Any] = answer.json()
        return answer.status, content


@dataclass
class Received:
    """One notification that the merchant's server got."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return str(json.loads(self.body)["id"])


@dataclass
class MerchantServer:
    """The merchant's own server: keeps what comes in and answers 204, or what `answers` says first."""

    url: str
    received: list[Received]
    answers: list[int] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Received]:
        """The first `count` notifications."""
        eventually(lambda: len(self.received) >= count)
        return self.received[:count]


def eventually(holds: Callable[[], bool]) -> None:
    """Fails unless `holds` becomes true within five seconds."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "still not so after five seconds"
        time.sleep(0.01)
