"""The HTTP side of the insurer's stand-in."""

from typing import Any, Final

import msgspec
from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider

from infra.local.standins.insurer import sections
from infra.local.standins.insurer.acts import KINDS, REASONS, Act, Fault
from infra.local.standins.insurer.desk import Claim, Desk
from infra.local.standins.page import render
from infra.local.standins.serving import (
    ControlRefused,
    control_body,
    count_of,
    seconds_of,
    text_of,
    with_common_routes,
)

LATE_S: Final = 5.0


def create_app(desk: Desk) -> Flask:
    """The stand-in as a Flask application over `desk`."""
    app = Flask(__name__)
    app.json = _Readable(app)
    with_common_routes(app, desk.journal)
    _add_webhooks(app, desk)
    _add_claims(app, desk)

    @app.get("/")
    def page() -> str:
        return render("保险公司（替身）", "接收消息、处理报案，仅供本机测试，不涉及真实资金", sections.of(desk))

    return app


class _Readable(DefaultJSONProvider):
    """Chinese as it is, and what matters first: people follow a claim by these answers."""

    ensure_ascii = False
    sort_keys = False


def _add_webhooks(app: Flask, desk: Desk) -> None:
    @app.post("/webhooks")
    def receive() -> tuple[Response, int]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, content = desk.receive(headers, request.get_data())
        return jsonify(content), status

    @app.post("/_control/misbehave")
    def misbehave() -> Response:
        body = control_body(("status", "delay_s", "times"))
        desk.inbox.misbehave(
            status=count_of(body, "status", 0), delay_s=seconds_of(body, "delay_s"), times=count_of(body, "times", 1)
        )
        return jsonify({})

    @app.post("/_control/behave")
    def behave() -> Response:
        control_body(())
        desk.inbox.behave()
        return jsonify({})

    @app.get("/_control/events")
    def events() -> Response:
        return jsonify({"events": desk.inbox.events()})


def _add_claims(app: Flask, desk: Desk) -> None:
    @app.get("/_control/claims")
    def claims() -> Response:
        return jsonify({"claims": [_told(claim, desk.acts(claim.claim_id)) for claim in desk.claims()[::-1]]})

    @app.get("/_control/claims/<claim_id>")
    def claim(claim_id: str) -> Response:
        return jsonify(msgspec.to_builtins(desk.look_at(claim_id)))

    @app.post("/_control/claims/<claim_id>/<act>")
    def act(claim_id: str, act: str) -> tuple[Response, int]:
        if act not in KINDS:
            raise ControlRefused(404, "ACT_UNKNOWN", f"只能是 {'、'.join(KINDS)} 之一")
        body = control_body((*KINDS[act].fields, "fault", "delay_s"))
        fault = _fault(body)
        delay_s = seconds_of(body, "delay_s") if "delay_s" in body or fault is not Fault.LATE else LATE_S
        done = desk.act(claim_id, act, _wish(body), fault=fault, delay_s=delay_s)
        return jsonify(msgspec.to_builtins(done)), 200 if done.is_done else 202


def _told(claim: Claim, acts: list[Act]) -> dict[str, Any]:
    return {**msgspec.to_builtins(claim), "acts": msgspec.to_builtins(acts)}


def _fault(body: dict[str, Any]) -> Fault | None:
    fault = body.get("fault")
    if fault is not None and fault not in list(Fault):
        raise ControlRefused(400, "FIELD_INVALID", f"fault 应为 {'、'.join(Fault)} 之一")
    if "delay_s" in body and fault != Fault.LATE:
        raise ControlRefused(400, "FIELD_INVALID", "delay_s 只用于 fault 为 late 时")
    return Fault(fault) if fault else None


def _wish(body: dict[str, Any]) -> dict[str, Any]:
    """What the body says of the act itself. Raises ControlRefused."""
    wish: dict[str, Any] = {name: text_of(body, name) for name in ("wanted", "reason", "reference") if name in body}
    if "amount_fen" in body:
        wish["amount_fen"] = count_of(body, "amount_fen", 0)
    if "decision" in body:
        if body["decision"] not in REASONS:
            raise ControlRefused(400, "FIELD_INVALID", f"decision 应为 {'、'.join(REASONS)} 之一")
        wish["decision"] = body["decision"]
    return wish
