"""Ids: a three-letter kind, an underscore and a ULID, so that they sort by time and say what they are."""

from datetime import datetime

from ulid import ULID


def new(kind: str, at: datetime | None = None) -> str:
    """A fresh id such as `ord_01JD…`; `at` sets the time part (now by default). Later ids of one process sort later."""
    return f"{kind}_{ULID.from_datetime(at) if at else ULID()}"


def derived(kind: str, of: str) -> str:
    """The id of the one `kind` object that belongs to `of`: the same ULID under another prefix.

    An order has one visit, one payment, one policy and one report; deriving their ids makes creating them
    idempotent without a lookup.
    """
    _, _, ulid = of.partition("_")
    return f"{kind}_{ulid}"


def is_id(kind: str, value: str) -> bool:
    """Whether `value` has the form of an id of this kind."""
    prefix, _, ulid = value.partition("_")
    return prefix == kind and len(ulid) == 26 and ulid.isalnum()
