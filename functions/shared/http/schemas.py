"""Structs that all rooms' requests and responses share."""

import base64
from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec

from functions.shared import clock
from functions.shared.errors import FieldError, Invalid

ItemT = TypeVar("ItemT")
MAX_PAGE = 50


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of request bodies and queries: unknown fields are refused, names are the caller's words."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of answers. Instants in its fields are shown on a Chinese clock, whatever zone they were given in."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if type(value) is datetime and value.tzinfo is not clock.CHINA:
                msgspec.structs.force_setattr(self, name, clock.china(value))


class Accepted(Reading, frozen=True):
    """The act was done; there is nothing more to say."""

    ok: bool = True


class PageQuery(Body, frozen=True):
    """Query of every list: how many, and where the previous page ended."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE, description="每页条数")] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=512, description="上一页返回的 next_cursor")] = ""


class Page(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True):
    """A page of a list; `next_cursor` is null at the end."""

    items: list[ItemT]
    next_cursor: str | None = None


def encode_cursor(sort_key: str | None) -> str | None:
    """An opaque cursor. It holds a sort key alone: the partition is the caller's, so none leads elsewhere."""
    return base64.urlsafe_b64encode(sort_key.encode()).decode().rstrip("=") if sort_key else None


def decode_cursor(cursor: str) -> str | None:
    """The sort key in `cursor` (None for the first page); Invalid if it is not one of ours."""
    if not cursor:
        return None
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise Invalid(errors=(FieldError("cursor", "分页游标无效，请从第一页重新开始"),)) from error
