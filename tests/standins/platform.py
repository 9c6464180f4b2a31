"""Our API as the insurer's stand-in knows it: one that a test can look into, slow down and put out."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey

from infra.local.seeding import institution_keys
from infra.local.standins.serving import Running, serve
from tests.standins.servers import Clock

CLAIM = "clm_1"
PAYABLE_FEN = 20_000
MOVES = {
    "acknowledgement": "under_review",
    "evidence-requests": "evidence_requested",
    "decision": "approved",
    "payment": "paid",
}


@dataclass
class Platform:
    """Signs the insurer in, shows it one claim, and takes what it says as our API does: each number for one request."""

    key: ECKey
    clock: Clock
    running: Running | None = None
    tokens: list[str] = field(default_factory=list)
    """Given out, the last being the one that is taken."""
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Path's end and body of every request about the claim, refused ones too."""
    delay_s: float = 0
    claim: dict[str, Any] = field(default_factory=lambda: {"state": "submitted", "approved_fen": None, "steps": [1, 2]})
    _asked: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sign_in(self, assertion: str) -> tuple[int, dict[str, Any]]:
        claims = jwt.decode(assertion, self.key, algorithms=["ES256"]).claims
        assert (claims["iss"], claims["sub"], claims["aud"]) == ("ins_demo", "ins_demo", "zhenban")
        assert claims["iat"] <= self.clock().timestamp() < claims["exp"] <= claims["iat"] + 300
        self.tokens.append(f"token-{len(self.tokens)}-{claims['jti']}")
        return 201, {"access_token": self.tokens[-1], "expires_in_s": 900}

    def show(self) -> dict[str, Any]:
        amounts = {"amount_fen": 30_000, "payable_fen": PAYABLE_FEN, "paid_fen": None}
        return {"claim_id": CLAIM, "peril": "injury", "story": "摔了一跤", **amounts, **self.claim}

    def take(self, what: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One thing that the insurer says."""
        with self._lock:
            self.said.append((what, body))
            known = self._asked.get(body["request_id"])
            if known is not None:
                return (200, known[2]) if known[:2] == (what, body) else (409, {"code": "request_id_reused"})
            if self._is_wrong(what, body):
                return 400, {"code": "invalid_request"}
            self.claim["state"] = "rejected" if body.get("decision") == "reject" else MOVES[what]
            self.claim["steps"] = [*self.claim["steps"], what]
            if what == "decision":
                self.claim["approved_fen"] = body.get("amount_fen")
            standing = {"claim_id": CLAIM, "state": self.claim["state"], "step": len(self.claim["steps"])}
            self._asked[body["request_id"]] = (what, body, standing)
            return 200, standing

    def _is_wrong(self, what: str, body: dict[str, Any]) -> bool:
        amount = body.get("amount_fen")
        if what == "decision":
            decided_wrongly = (amount is not None) != (body["decision"] == "approve")
            return decided_wrongly or (amount or 0) > PAYABLE_FEN
        paid_wrongly = what == "payment" and amount != self.claim["approved_fen"]
        return paid_wrongly or len(body["request_id"]) < 8 or body.get("wanted") == ""

    def stop(self) -> None:
        """Nobody answers any more."""
        if self.running:
            self.running.stop()
            self.running = None


def open_platform(folder: Path, clock: Clock) -> Platform:
    """A platform whose address and whose insurer's key are in `folder`, as a stack's are."""
    platform = Platform(ECKey.import_key(institution_keys(folder)["ins_demo"]), clock)
    platform.running = serve(_app(platform))
    (folder / "stack.json").write_text(json.dumps({"api_url": platform.running.url}), encoding="utf-8")
    return platform


def _app(platform: Platform) -> Flask:
    app = Flask("platform")

    def answered(act: Callable[[], tuple[int, dict[str, Any]]]) -> tuple[Response, int]:
        time.sleep(platform.delay_s)
        if request.headers.get("Authorization") != f"Bearer {platform.tokens[-1]}":
            return jsonify({"code": "unauthenticated"}), 401
        status, content = act()
        return jsonify(content), status

    @app.post("/sessions/machine")
    def sign_in() -> tuple[Response, int]:
        status, content = platform.sign_in(request.get_json()["client_assertion"])
        return jsonify(content), status

    @app.get(f"/insurer/claims/{CLAIM}")
    def show() -> tuple[Response, int]:
        return answered(lambda: (200, platform.show()))

    @app.post(f"/insurer/claims/{CLAIM}/<what>")
    def take(what: str) -> tuple[Response, int]:
        return answered(lambda: platform.take(what, request.get_json()))

    return app
