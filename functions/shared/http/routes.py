"""The declaration of a route and what runs around its handler."""

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from chalice.app import Blueprint, Request, Response

from functions.shared import clock, ids, observe
from functions.shared.authorizer import authorizer
from functions.shared.caller import ANONYMOUS, Caller, Role
from functions.shared.errors import (
    FieldError,
    Forbidden,
    Invalid,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Unauthenticated,
)
from functions.shared.http import problems
from functions.shared.http.parsing import decode_body, decode_query
from functions.shared.tx import AlreadyDone, Marker, Reply, Tx, retrying

PUBLIC: frozenset[Role] = frozenset()
"""The roles of a route that anybody may use. Everything else names its roles; there is no default."""

BodyT = TypeVar("BodyT")
Handler = Callable[..., Any]
_KEY = re.compile(r"^[\x21-\x7e]{8,128}$")
_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Raw:
    """An answer that is not JSON of a Struct: a page, a provider's acknowledgement."""

    body: str
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call(Generic[BodyT]):
    """One request as the handler sees it: parsed, authorised, with the transaction it may write to."""

    caller: Caller
    body: BodyT
    query: Any
    tx: Tx
    headers: dict[str, str]
    """Names in lower case."""
    raw_body: bytes
    if_match: int
    """The version the caller last saw (0 where the route is not `versioned`)."""

    @property
    def now(self) -> datetime:
        return self.tx.now

    def check_version(self, version: int) -> None:
        """PreconditionFailed unless the caller's `If-Match` is the present `version`."""
        if self.if_match != version:
            raise PreconditionFailed()


@dataclass(frozen=True)
class Route:
    """Everything that is known about a route; the OpenAPI document and the role table are made from it."""

    room: str
    method: str
    path: str
    summary: str
    roles: frozenset[Role]
    handler: Handler
    body: Any
    query: Any
    reply: Any
    status: int
    effect: bool
    versioned: bool
    problems: tuple[type[Problem], ...]
    description: str


class Routes:
    """The routes of one room, on a Chalice blueprint."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.blueprint = Blueprint("app")
        self.declared: list[Route] = []

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """A read. Answers carry an ETag and are 304 when `If-None-Match` still holds."""
        return self._route("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """An act. `effect=True` demands an `Idempotency-Key` and replays the first answer to its repetition."""
        return self._route("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """An update; `versioned=True` demands `If-Match`. (There is no PATCH: mini programs cannot send it.)"""
        return self._route("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """A removal; repeating it is harmless."""
        return self._route("DELETE", path, **options)

    def _route(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        roles: Collection[Role],
        body: Any = None,
        query: Any = None,
        reply: Any = None,
        status: int = 200,
        effect: bool = False,
        versioned: bool = False,
        problems: tuple[type[Problem], ...] = (),
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            route = Route(
                room=self.room,
                method=method,
                path=path,
                summary=summary,
                roles=frozenset(roles),
                handler=handler,
                body=body,
                query=query,
                reply=reply,
                status=status,
                effect=effect,
                versioned=versioned,
                problems=problems,
                description=(handler.__doc__ or "").strip(),
            )
            self.declared.append(route)
            self._serve(route)
            return handler

        return register

    def _serve(self, route: Route) -> None:
        def view(**path_parameters: str) -> Response:
            return _answer(route, self.blueprint.current_request, path_parameters)

        view.__name__ = f"{route.room}_{route.handler.__name__}"
        options: dict[str, Any] = {"methods": [route.method], "name": view.__name__}
        if route.body is not None:
            options["content_types"] = ["application/json"]
        if route.roles:
            options["authorizer"] = authorizer
        self.blueprint.route(route.path, **options)(view)


def _answer(route: Route, request: Request, path_parameters: dict[str, str]) -> Response:
    request_id = str((request.context or {}).get("requestId") or ids.new("req"))
    headers = {name.lower(): value for name, value in (request.headers or {}).items()}
    correlation_id = headers.get(observe.CORRELATION_HEADER, request_id)[:128]
    observe.correlate(correlation_id)
    try:
        call = _call(route, request, headers, correlation_id)
        response = _run(route, call, path_parameters)
    except Exception as error:  # noqa: BLE001 the outermost edge: nothing may leave without a problem document
        response = problems.answer(problems.translate(error), request_id)
    response.headers["X-Request-Id"] = request_id
    return response


def _call(route: Route, request: Request, headers: dict[str, str], correlation_id: str) -> Call[Any]:
    caller = _caller(route, request)
    raw = _bytes(request.raw_body)
    body = decode_body(raw, route.body) if route.body is not None else None
    query = decode_query(dict(request.query_params or {}), route.query) if route.query is not None else None
    tx = _tx(route, request, headers, caller, raw, correlation_id)
    return Call(caller, body, query, tx, headers, raw, _if_match(route, headers))


def _bytes(raw: str | bytes | None) -> bytes:
    return raw.encode() if isinstance(raw, str) else raw or b""


def _caller(route: Route, request: Request) -> Caller:
    context = (request.context or {}).get("authorizer") or {}
    if not route.roles:
        return ANONYMOUS
    if "sub" not in context:
        raise Unauthenticated()
    caller = Caller.from_context(context)
    if not caller.roles & route.roles:
        raise Forbidden()
    return caller


def _tx(route: Route, request: Request, headers: dict[str, str], caller: Caller, raw: bytes, correlation_id: str) -> Tx:
    marker = None
    if route.effect:
        key = headers.get("idempotency-key", "")
        if not _KEY.match(key):
            message = "每个提交都需要 8 到 128 位可见字符的 Idempotency-Key"
            raise Invalid(errors=(FieldError("Idempotency-Key", message),))
        target = f"{request.method} {request.context.get('path') or route.path}".encode()
        fingerprint = hashlib.sha256(target + b"\n" + raw).hexdigest()
        marker = Marker(scope=f"http#{caller.subject}", key=key, fingerprint=fingerprint)
    return Tx(route.room, now=clock.now(), correlation_id=correlation_id, marker=marker)


def _if_match(route: Route, headers: dict[str, str]) -> int:
    if not route.versioned:
        return 0
    match = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', headers.get("if-match", ""))
    if not match:
        raise PreconditionRequired()
    return int(match[1])


def _run(route: Route, call: Call[Any], path_parameters: dict[str, str]) -> Response:
    done: list[Reply | Raw] = []

    def attempt() -> None:
        call.tx.restart()
        result = route.handler(call, **path_parameters)
        shaped = result if isinstance(result, Raw) else Reply(route.status, msgspec.json.encode(result).decode())
        call.tx.reply = shaped if isinstance(shaped, Reply) else None
        call.tx.commit()
        done[:] = [shaped]

    try:
        retrying(attempt)
    except AlreadyDone as repeated:
        assert repeated.reply is not None
        return _json(repeated.reply, call, replayed=True)
    except Problem:
        first = call.tx.find_reply()
        if first is None:
            raise
        return _json(first, call, replayed=True)
    shaped = done[0]
    if isinstance(shaped, Raw):
        headers: dict[str, str | list[str]] = {"Content-Type": shaped.content_type, **shaped.headers}
        return Response(shaped.body, headers, shaped.status)
    return _json(shaped, call)


def _json(reply: Reply, call: Call[Any], *, replayed: bool = False) -> Response:
    etag = _etag(reply.body)
    headers: dict[str, str | list[str]] = {"Content-Type": _JSON, "ETag": etag, "Cache-Control": "no-store"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if reply.status == 200 and call.headers.get("if-none-match") == etag:
        return Response("", headers, 304)
    return Response(reply.body, headers, reply.status)


class _Versioned(msgspec.Struct):
    version: int | msgspec.UnsetType = msgspec.UNSET


def _etag(body: str) -> str:
    """The version of what is shown, if it has one, else a hash of it: both work in `If-None-Match`."""
    version = msgspec.json.decode(body, type=_Versioned).version if body.startswith("{") else msgspec.UNSET
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32] if version is msgspec.UNSET else version}"'
