"""PynamoDB as the rooms use it: one table per room, one base row, one connection per process.

A room's `table` module declares

    class BookingRow(Row):
        class Meta:
            table_name = "booking"          # the room; the stage's prefix is added at the connection

    class Order(BookingRow, discriminator="order"): ...

All kinds of a room share the table and are told apart by `kind`, so that one BatchGetItem loads a quote, a
calendar day and a candidate in one round trip.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any, ClassVar, TypeVar, cast

import msgspec
from pynamodb.attributes import Attribute, DiscriminatorAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import NUMBER, STRING
from pynamodb.models import Model

from functions.shared.aws import ATTEMPTS, CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from functions.shared.config import config
from functions.shared.errors import Unavailable
from functions.shared.money import fen

_T = TypeVar("_T")
RowT = TypeVar("RowT", bound="Row")
Key = tuple[str, str]
"""pk and sk."""
_BATCH = 100
_BATCH_ATTEMPTS = 5


@cache
def connection() -> Connection:
    """The one DynamoDB connection of this process; `Connection._make_api_call` is the seam to a faster transport."""
    return Connection(
        region=config().region,
        connect_timeout_seconds=CONNECT_TIMEOUT_S,
        read_timeout_seconds=READ_TIMEOUT_S,
        max_retry_attempts=ATTEMPTS - 1,
    )


class FenAttribute(Attribute[int]):
    """Money in fen: refuses float, bool and amounts beyond ±`money.MAX_FEN` (NumberAttribute would store them)."""

    attr_type = NUMBER

    def serialize(self, value: object) -> str:
        return str(fen(value))

    def deserialize(self, value: str) -> int:
        return fen(int(value))


class SumFenAttribute(Attribute[int]):
    """What many amounts come to, in fen: an integer of any size, where one amount is bounded (`FenAttribute`)."""

    attr_type = NUMBER

    def serialize(self, value: object) -> str:
        if type(value) is not int:
            raise TypeError(f"money is integer fen, not {type(value).__name__}")
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class InstantAttribute(Attribute[datetime]):
    """A UTC instant, as fixed-width text that sorts by time: `2026-03-05T00:00:00.000Z`."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"

    def deserialize(self, value: str) -> datetime:
        return datetime.fromisoformat(value)


class JsonAttribute(Attribute[_T]):
    """A frozen dataclass, Struct or container of them, as compact JSON text, checked by type when read."""

    attr_type = STRING

    def __init__(self, type_: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._type = type_

    def serialize(self, value: Any) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> _T:
        return cast(_T, msgspec.json.decode(value, type=self._type))


class Row(Model):
    """Base of every row: key, kind, version (optimistic lock, kept by `shared.tx`), optional time to live."""

    class Meta:
        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    version = NumberAttribute(default=0)
    ttl = TTLAttribute(null=True)

    _connections: ClassVar[dict[str, TableConnection]] = {}
    _introducing: ClassVar[Lock] = Lock()
    """Some reads go side by side: of two first uses of a table, one makes it known."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """One botocore client for all rooms' tables, named for the stage on first use, not on import."""
        name = config().table_name(str(cls.Meta.table_name))
        if name not in cls._connections:
            with cls._introducing:
                if name not in cls._connections:
                    cls._connections[name] = cls._introduced(name)
        return cls._connections[name]

    @classmethod
    def _introduced(cls, name: str) -> TableConnection:
        schema = cls._get_schema()
        table = TableConnection(name)
        table.connection = connection()
        table.connection.add_meta_table(
            MetaTable(
                {
                    "TableName": name,
                    "KeySchema": schema["key_schema"],
                    "AttributeDefinitions": schema["attribute_definitions"],
                    "GlobalSecondaryIndexes": [
                        {"IndexName": index["index_name"], "KeySchema": index["key_schema"]}
                        for index in schema["global_secondary_indexes"]
                    ],
                }
            )
        )
        return table


def find(row: type[RowT], pk: str, sk: str, *, consistent: bool = True) -> RowT | None:
    """The row under this key, or None: one GetItem, strongly consistent unless said otherwise."""
    try:
        return row.get(pk, sk, consistent_read=consistent)
    except row.DoesNotExist:
        return None


def find_all(base: type[RowT], keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, RowT]:
    """Rows of any kind of one room by key: one BatchGetItem for every 100 keys, strongly consistent unless said.

    Missing keys are absent from the answer. It is asked of the connection itself, because PynamoDB's own batch costs a
    tenth of a warm request. Raises Unavailable if the store goes on leaving keys out.
    """
    table_name = config().table_name(str(base.Meta.table_name))
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)]
    rows: dict[Key, RowT] = {}
    for _ in range(len(wanted) // _BATCH + _BATCH_ATTEMPTS):
        if not wanted:
            return rows
        batch, wanted = wanted[:_BATCH], wanted[_BATCH:]
        request = {"RequestItems": {table_name: {"Keys": batch, "ConsistentRead": consistent}}}
        answer = connection()._make_api_call("BatchGetItem", request)
        for item in answer["Responses"].get(table_name, ()):
            rows[item["pk"]["S"], item["sk"]["S"]] = base.from_raw_data(item)
        wanted += answer.get("UnprocessedKeys", {}).get(table_name, {}).get("Keys", [])
    raise Unavailable()


def query_page(
    row: type[RowT],
    pk: str,
    *,
    prefix: str = "",
    limit: int,
    after: str | None = None,
    newest_first: bool = False,
    consistent: bool = True,
) -> tuple[Sequence[RowT], str | None]:
    """A page of one partition in sort-key order: the rows, and the sort key to continue after (None at the end)."""
    results = row.query(
        pk,
        row.sk.startswith(prefix) if prefix else None,
        limit=limit,
        page_size=limit,
        scan_index_forward=not newest_first,
        consistent_read=consistent,
        last_evaluated_key={"pk": {"S": pk}, "sk": {"S": after}} if after else None,
    )
    rows = list(results)
    last = results.last_evaluated_key
    return rows, str(last["sk"]["S"]) if last else None


_KEEP_S = 60
_KEEP_MOST = 10_000
_kept: dict[tuple[type[Row], str, str], tuple[float, Row | None]] = {}


def keep(row: type[RowT], pk: str, sk: str) -> RowT | None:
    """`find` for configuration and directory rows: read once a minute by each process, eventually consistent."""
    key = (row, pk, sk)
    entry = _kept.get(key)
    if entry is None or entry[0] < time.monotonic():
        if len(_kept) >= _KEEP_MOST:  # made-up ids must not fill the memory
            _kept.clear()
        entry = (time.monotonic() + _KEEP_S, find(row, pk, sk, consistent=False))
        _kept[key] = entry
    return cast("RowT | None", entry[1])


def keep_all(row: type[RowT], keys: Iterable[Key]) -> dict[Key, RowT]:
    """`keep` for several rows of one kind: those not kept are read together, in one BatchGetItem for every 100."""
    wanted = list(dict.fromkeys(keys))
    old = [key for key in wanted if (entry := _kept.get((row, *key))) is None or entry[0] < time.monotonic()]
    if old:
        if len(_kept) >= _KEEP_MOST:
            _kept.clear()
            old = wanted
        read, until = find_all(row, old, consistent=False), time.monotonic() + _KEEP_S
        _kept.update({(row, *key): (until, read.get(key)) for key in old})
    found = {key: cast("RowT | None", _kept[row, *key][1]) for key in wanted}
    return {key: each for key, each in found.items() if each is not None}


def forget_kept() -> None:
    """Drop the kept rows (after a process changed them itself)."""
    _kept.clear()
