"""WeChat's message push in its safe mode: encrypted, signed, repeated after five seconds, three times at most."""

import base64
import hashlib
import json
import secrets
import struct
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from infra.local.standins.journal import Journal, Record
from infra.local.standins.keys import WeChatKeys

_TRIES: Final = 3
_PAUSE_S: Final = 5.0
_THINKING_S: Final = 0.3
_CHECKED: Final = "media_check"


class Pusher:
    """Judges pictures and voices after a while, and says so where the mini program's owner wants it."""

    def __init__(self, journal: Journal, keys: WeChatKeys, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._http = PoolManager(retries=False, timeout=Timeout(5))

    def set_url(self, url: str) -> None:
        """Where pushes go; empty: nowhere."""
        self._journal.put("push", "url", {"url": url})

    def set_verdict(self, suggest: str) -> None:
        """What the next picture or voice is judged to be; then they pass again."""
        self._journal.put("push", "verdict", {"suggest": suggest})

    def check(self, body: Record) -> str:
        """Take a file to be judged; its trace id. What comes of it is pushed from another thread."""
        trace_id = secrets.token_hex(16)
        suggest = (self._journal.get("push", "verdict") or {}).get("suggest", "pass")
        self._journal.put("push", "verdict", {"suggest": "pass"})
        self._journal.put(_CHECKED, trace_id, {"trace_id": trace_id, "openid": body["openid"], "suggest": suggest})
        threading.Thread(target=self._judge, args=(trace_id, body, suggest), daemon=True).start()
        return trace_id

    def checks(self) -> list[Record]:
        """What was asked about, in order."""
        return self._journal.all(_CHECKED)

    def event(self, trace_id: str, openid: str, suggest: str, errcode: int = 0) -> dict[str, Any]:
        """The verdict in WeChat's words."""
        return {
            "ToUserName": "gh_standin",
            "FromUserName": openid,
            "CreateTime": int(self._clock().timestamp()),
            "MsgType": "event",
            "Event": "wxa_media_check",
            "appid": self._keys.app_id,
            "trace_id": trace_id,
            "version": 2,
            "detail": [],
            "errcode": errcode,
            "errmsg": "ok" if not errcode else "download failed",
            "result": {"suggest": suggest, "label": 100 if suggest == "pass" else 20002},
        }

    def sealed(self, event: dict[str, Any]) -> tuple[str, bytes]:
        """The query and the body of one push."""
        encrypted = self._encrypt(json.dumps(event).encode())
        timestamp, nonce = str(int(self._clock().timestamp())), str(secrets.randbelow(10**9))
        query = {
            "signature": _sign(self._keys.push_token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": event["FromUserName"],
            "encrypt_type": "aes",
            "msg_signature": _sign(self._keys.push_token, timestamp, nonce, encrypted),
        }
        return urlencode(query), json.dumps({"ToUserName": event["ToUserName"], "Encrypt": encrypted}).encode()

    def _judge(self, trace_id: str, body: Record, suggest: str) -> None:
        time.sleep(_THINKING_S)
        errcode = 0 if self._can_fetch(body["media_url"]) else -1008
        url = (self._journal.get("push", "url") or {}).get("url", "")
        for number in range(_TRIES if url else 0):
            time.sleep(_PAUSE_S if number else 0)
            query, content = self.sealed(self.event(trace_id, body["openid"], suggest, errcode))
            try:
                answer = self._http.request(
                    "POST", f"{url}?{query}", body=content, headers={"Content-Type": "application/json"}
                )
            except HTTPError as error:
                self._journal.note("message push", errcode=-1, errmsg=type(error).__name__)
                continue
            self._journal.note("message push", errcode=0 if answer.status == 200 else answer.status, errmsg=suggest)
            if answer.status == 200:
                return

    def _can_fetch(self, url: str) -> bool:
        try:
            return self._http.request("GET", url).status == 200
        except HTTPError:
            return False

    def _encrypt(self, message: bytes) -> str:
        key = base64.b64decode(self._keys.push_aes_key + "=")
        content = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + self._keys.app_id.encode()
        padding = 32 - len(content) % 32
        sealer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(sealer.update(content + bytes([padding]) * padding) + sealer.finalize()).decode()


def _sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's algorithm
