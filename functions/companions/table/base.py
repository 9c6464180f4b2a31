"""The base of the room's rows, its thresholds, and how lists that grow with the platform are spread."""

import zlib
from enum import StrEnum
from typing import Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from functions.companions.rules.policy import Policy
from functions.shared.table import JsonAttribute, Row, find, keep

EnumT = TypeVar("EnumT", bound=StrEnum)
Key = tuple[str, str]


class EnumAttribute(Attribute[EnumT], Generic[EnumT]):
    """A StrEnum by its value."""

    attr_type = STRING

    def __init__(self, type_: type[EnumT], *, null: bool | None = None) -> None:
        super().__init__(null=null)
        self._type = type_

    def serialize(self, value: EnumT) -> str:
        return self._type(value).value

    def deserialize(self, value: str) -> EnumT:
        return self._type(value)


class CompanionsRow(Row):
    class Meta:
        table_name = "companions"


class PolicyRow(CompanionsRow, discriminator="companions_policy"):
    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


def policy() -> Policy:
    """The thresholds, up to a minute old."""
    row = keep(PolicyRow, "CONFIG", "policy")
    return row.policy if row else Policy()


def stored_policy() -> PolicyRow | None:
    return find(PolicyRow, "CONFIG", "policy")


def shard_of(object_id: str, shards: int) -> int:
    """Which of `shards` partitions holds this object; the same one for ever."""
    return zlib.crc32(object_id.encode()) % shards


def partition(account_id: str) -> str:
    """Where everything about one companion or applicant stands."""
    return f"COMPANION#{account_id}"
