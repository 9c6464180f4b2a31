"""RFC 9457 answers, made in one place."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError
from chalice.app import Response
from pynamodb.exceptions import PynamoDBException

from functions.shared import observe
from functions.shared.errors import Problem, Unavailable


class MethodNotAllowed(Problem):
    """The path exists, but not with this method."""

    status = 405
    code = "method_not_allowed"
    title = "该地址不支持这种请求方法"


class UnsupportedMediaType(Problem):
    """The body is not JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "请求体应为 application/json"


TYPE_PREFIX = "https://zhenban.dev/problems/"
MEDIA_TYPE = "application/problem+json"


def answer(problem: Problem, request_id: str) -> Response:
    """`problem` as `application/problem+json` with the request's id."""
    body: dict[str, Any] = {
        **problem.members,
        "type": TYPE_PREFIX + problem.code.replace("_", "-"),
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in problem.errors]
    headers: dict[str, str | list[str]] = {"Content-Type": MEDIA_TYPE}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return Response(body=json.dumps(body, ensure_ascii=False), status_code=problem.status, headers=headers)


def translate(error: Exception) -> Problem:
    """What an unforeseen error may tell the caller: try again if the store was silent, else only that we failed."""
    if isinstance(error, Problem):
        return error
    cause = error.cause if isinstance(error, PynamoDBException) else error
    if isinstance(cause, BotoCoreError) or getattr(error, "cause_response_code", "") in Unavailable.store_codes:
        observe.logger().warning("store did not answer", exc_info=error)
        return Unavailable()
    observe.logger().error("unhandled error", exc_info=error)
    observe.count("UnhandledError")
    return Problem()


_FRAMEWORK = {405: MethodNotAllowed, 415: UnsupportedMediaType}


def middleware(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Give Chalice's own refusals, made before a route's code runs, the same form as ours."""
    response = get_response(event)
    problem = _FRAMEWORK.get(getattr(response, "status_code", 0))
    if problem is None or response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    ours = answer(problem(), str((event.context or {}).get("requestId", "")))
    ours.headers |= {name: value for name, value in response.headers.items() if name == "Allow"}
    return ours
