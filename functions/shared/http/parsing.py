"""From what API Gateway hands over to typed, checked values, with errors in the caller's words."""

import re
from typing import Any, TypeVar

import msgspec

from functions.shared.errors import FieldError, Invalid, TooLarge

T = TypeVar("T")
MAX_BODY_BYTES = 256 * 1024
# Compiled when the first refusal needs them (`re` keeps them), not by every cold start.
_PATH = r"^(?P<message>.*?)(?: - at `(?P<path>[^`]*)`)?$"
_MESSAGES = (
    (r"missing required field `(\w+)`", "缺少必填项"),
    (r"contains unknown field `(\w+)`", "不认识的字段"),
    (r"Expected `int.*`, got `(?:float|number)`", "应为整数"),
    (r"Expected `(\w+).*`, got `(\w+)`", "类型不对：应为 {0}，收到 {1}"),
    (r"Expected `int` >= (\S+)", "不能小于 {0}"),
    (r"Expected `int` <= (\S+)", "不能大于 {0}"),
    (r"Expected `float` >= (\S+)", "不能小于 {0}"),
    (r"Expected `float` <= (\S+)", "不能大于 {0}"),
    (r"Expected `str` of length >= (\d+)", "至少 {0} 个字符"),
    (r"Expected `str` of length <= (\d+)", "最多 {0} 个字符"),
    (r"Expected `array` of length >= (\d+)", "至少 {0} 项"),
    (r"Expected `array` of length <= (\d+)", "最多 {0} 项"),
    (r"Expected `str` matching regex", "格式不对"),
    (r"Invalid enum value (.+)", "不支持的取值 {0}"),
    (r"Invalid RFC3339", "时间应为 RFC 3339 格式，例如 2026-03-05T08:00:00+08:00"),
    (r"Expected `datetime` with a timezone", "时间必须带时区，例如 +08:00"),
    (r"Integer value out of range", "数值过大"),
)
"""What msgspec says, and how we say it."""


def decode_body(raw: bytes | None, type_: type[T]) -> T:
    """The JSON body as `type_`; Invalid names the field, TooLarge is above 256 KB."""
    if raw is not None and len(raw) > MAX_BODY_BYTES:
        raise TooLarge()
    if not raw:
        raise Invalid("请求体不能为空", errors=(FieldError("", "请求体不能为空"),))
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise Invalid(errors=(_field_error(str(error)),)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("请求体不是有效的 JSON", errors=(FieldError("", "请求体不是有效的 JSON"),)) from error


def decode_query(raw: dict[str, Any] | None, type_: type[T]) -> T:
    """Query parameters as `type_`, numbers and booleans read from their text."""
    try:
        return msgspec.convert(dict(raw or {}), type_, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(errors=(_field_error(str(error)),)) from error


def _field_error(text: str) -> FieldError:
    match = re.match(_PATH, text, re.DOTALL)
    assert match is not None
    message, path = match["message"], (match["path"] or "").removeprefix("$").removeprefix(".")
    for pattern, chinese in _MESSAGES:
        found = re.search(pattern, message)
        if found:
            if "field `" in message:
                path = f"{path}.{found[1]}".lstrip(".")
            return FieldError(path, chinese.format(*found.groups()))
    return FieldError(path, message)
