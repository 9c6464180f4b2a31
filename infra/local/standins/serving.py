"""Serve a stand-in on 127.0.0.1 from a thread of this process, and the answers that all of them share."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.local.standins.journal import Journal

HOST = "127.0.0.1"


class ControlRefused(Exception):
    """A control call that makes no sense: HTTP `status` with `code` and a Chinese `message`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Running:
    """A stand-in that is being served at `url` (no trailing slash)."""

    url: str
    stop: Callable[[], None]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are in the stand-in's own log; only errors go to the terminal."""
        if type == "error":
            super().log(type, message, *args)


def serve(app: Flask, port: int = 0, on_stop: Callable[[], None] | None = None) -> Running:
    """Serve `app` on 127.0.0.1; port 0 takes a free one. `on_stop` runs once the server no longer answers."""
    server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()
        if on_stop:
            on_stop()

    return Running(url=f"http://{HOST}:{server.server_port}", stop=stop)


def with_common_routes(app: Flask, journal: Journal) -> None:
    """Add `/_log` and the answer to a refused control call."""

    @app.get("/_log")
    def read_log() -> Response:
        return jsonify({"entries": journal.log()})

    @app.errorhandler(ControlRefused)
    def refused(refusal: ControlRefused) -> tuple[Response, int]:
        return jsonify({"code": refusal.code, "message": refusal.message}), refusal.status


def control_body(allowed: Iterable[str]) -> dict[str, Any]:
    """The JSON object of a control call. Raises ControlRefused for anything else and for unknown fields."""
    body = json_object()
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise ControlRefused(400, "UNKNOWN_FIELD", f"不认识的字段：{'、'.join(unknown)}")
    return body


def json_object() -> dict[str, Any]:
    """The request's JSON object. Raises ControlRefused for anything else; browsers cannot send it across sites."""
    try:
        body = request.get_json()
    except (BadRequest, UnsupportedMediaType):
        body = None
    if not isinstance(body, dict):
        raise ControlRefused(400, "NOT_JSON", "请求内容应为 JSON 对象")
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    """A required non-empty text field of a control call. Raises ControlRefused."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ControlRefused(400, "FIELD_REQUIRED", f"缺少字段：{name}")
    return value


def count_of(body: dict[str, Any], name: str, default: int) -> int:
    """An optional whole number of a control call, at least 0. Raises ControlRefused."""
    value = body.get(name, default)
    if type(value) is not int or value < 0:
        raise ControlRefused(400, "FIELD_INVALID", f"字段 {name} 应为非负整数")
    return value


def seconds_of(body: dict[str, Any], name: str) -> float:
    """An optional number of seconds of a control call, 0 by default. Raises ControlRefused."""
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ControlRefused(400, "FIELD_INVALID", f"字段 {name} 应为非负秒数")
    return float(value)
