"""Problems that a caller can be told about (RFC 9457).

A rule raises a subclass; `shared.http` turns it into `application/problem+json` in one place. `code` is stable and
part of the API; `title` is Chinese and shown to people; `detail` and `errors` say what exactly was wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One field that was refused: `field` is a path such as `patient.phone`, `message` is Chinese."""

    field: str
    message: str


class Problem(Exception):
    """Base of everything a caller may be told. Subclasses set `status`, `code`, `title`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "服务出错了，请稍后再试"
    retry_after_s: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: tuple[FieldError, ...] = (),
        members: Mapping[str, object] | None = None,
    ) -> None:
        """`members` are added to the document as they are (RFC 9457, extension members): JSON values by new names."""
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors
        self.members = members or {}


class Invalid(Problem):
    """The request cannot be understood, or a value in it is outside what the rule allows."""

    status = 400
    code = "invalid_request"
    title = "请求内容有误"


class Unauthenticated(Problem):
    """No token, or one that is expired, forged or revoked."""

    status = 401
    code = "unauthenticated"
    title = "请先登录"


class Forbidden(Problem):
    """The caller is known but this act is not theirs."""

    status = 403
    code = "forbidden"
    title = "没有权限进行此操作"


class NotFound(Problem):
    """There is no such object, or it is someone else's: the answer is the same."""

    status = 404
    code = "not_found"
    title = "没有找到"


class Conflict(Problem):
    """The object's present state does not allow the act."""

    status = 409
    code = "conflict"
    title = "当前状态不允许此操作"


class Busy(Conflict):
    """Others kept changing the same object; nothing was done and the same request may be sent again."""

    code = "busy"
    title = "操作太频繁，请稍后重试"
    retry_after_s = 1


class PreconditionFailed(Problem):
    """`If-Match` names a version that is no longer the latest."""

    status = 412
    code = "version_mismatch"
    title = "内容已被更新，请刷新后再修改"


class PreconditionRequired(Problem):
    """An update came without `If-Match`."""

    status = 428
    code = "version_required"
    title = "请带上所修改内容的版本号（If-Match）"


class Unprocessable(Problem):
    """The request is well formed but contradicts an earlier one."""

    status = 422
    code = "unprocessable"
    title = "请求与之前的内容不一致"


class TooLarge(Problem):
    """The body is above the limit of 256 KB."""

    status = 413
    code = "body_too_large"
    title = "提交的内容过大"


class Unavailable(Problem):
    """An outside party or the store did not answer in time; the outcome may be unknown. Repeat with the same key."""

    status = 503
    code = "unavailable"
    title = "服务暂时不可用，请稍后用同一请求重试"
    retry_after_s = 2
    store_codes: ClassVar[frozenset[str]] = frozenset(
        {
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "RequestLimitExceeded",
            "InternalServerError",
        }
    )
    """DynamoDB's ways of saying the same."""
