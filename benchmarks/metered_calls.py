"""What one store call costs, by operation: `begin` before it, then `done` with its answer or `refused`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.capacity import (
    Index,
    Item,
    Table,
    Units,
    index_entry,
    item_size,
    query_units,
    read_units,
    refused_write_units,
    write_units,
)
from functions.shared import aws

Arguments = Mapping[str, Any]
READS = frozenset({"GetItem", "BatchGetItem", "Query", "TransactGetItems"})
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")


@dataclass(frozen=True)
class Cost:
    """How to find a call's units once it is over."""

    done: Callable[[dict[str, Any]], Units]
    refused: Callable[[], Units]
    outbox_rows: int = 0


def begin(operation: str, arguments: Arguments) -> Cost:
    """Look at what a write is about to change. Raises KeyError for a Scan: no request may make one."""
    if operation in READS:
        price = _READS[operation]
        return Cost(done=lambda answer: price(arguments, answer), refused=Units)
    writes = _WRITES[operation](arguments)
    before = [_stored(write) for write in writes]
    transaction = operation == "TransactWriteItems"

    def done(_: dict[str, Any]) -> Units:
        units = Units()
        for write, old in zip(writes, before, strict=True):
            units += write_units(_table(write.table), old, _stored(write), transaction=transaction)
        return units

    def refused() -> Units:
        units = Units()
        for write, old in zip(writes, before, strict=True):
            units += refused_write_units(old, write.proposed, transaction=transaction)
        return units

    return Cost(done, refused, sum(write.table.endswith("-outbox") for write in writes))


@dataclass(frozen=True)
class _Write:
    table: str
    key: Item
    proposed: Item | None


def _get(arguments: Arguments, answer: Arguments) -> Units:
    item = answer.get("Item", {})
    if "ProjectionExpression" in arguments and item:
        item = _item(arguments["TableName"], arguments["Key"]) or {}
    return read_units(item_size(item), consistent=arguments.get("ConsistentRead", False))


def _batch_get(arguments: Arguments, answer: Arguments) -> Units:
    units = Units()
    for table, wanted in arguments["RequestItems"].items():
        assert "ProjectionExpression" not in wanted, "sizes of projected items are not known"
        found = [item_size(item) for item in answer["Responses"].get(table, ())]
        missing = [0] * (len(wanted["Keys"]) - len(found))
        for size in found + missing:
            units += read_units(size, consistent=wanted.get("ConsistentRead", False))
    return units


def _transact_get(arguments: Arguments, answer: Arguments) -> Units:
    units = Units()
    for response in answer["Responses"]:
        units += read_units(item_size(response.get("Item", {})), transaction=True)
    return units


def _query(arguments: Arguments, answer: Arguments) -> Units:
    """A filter hides items but not their cost, so a filtered query is asked again without it."""
    looked_at = answer.get("Items", [])
    if {"FilterExpression", "ProjectionExpression", "Select"} & arguments.keys():
        looked_at = aws.client("dynamodb").query(**_unfiltered(arguments))["Items"]
    table, index = _table(arguments["TableName"]), arguments.get("IndexName")
    if index is not None:
        entry_of = next(known for known in table.indexes if known.name == index)
        looked_at = [index_entry(table, entry_of, item) or {} for item in looked_at]
    return query_units(map(item_size, looked_at), consistent=arguments.get("ConsistentRead", False))


def _unfiltered(arguments: Arguments) -> dict[str, Any]:
    """The same query without what hides items; placeholders that nothing uses any more are refused, so they go too."""
    dropped = {"FilterExpression", "ProjectionExpression", "Select", "ReturnConsumedCapacity"}
    query = {name: value for name, value in arguments.items() if name not in dropped}
    used = set(_PLACEHOLDER.findall(query["KeyConditionExpression"]))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {key: value for key, value in query.pop(name, {}).items() if key in used}
        query |= {name: kept} if kept else {}
    return query


_READS: Mapping[str, Callable[[Arguments, Arguments], Units]] = {
    "GetItem": _get,
    "BatchGetItem": _batch_get,
    "TransactGetItems": _transact_get,
    "Query": _query,
}


def _put(arguments: Arguments) -> list[_Write]:
    table, item = arguments["TableName"], arguments["Item"]
    return [_Write(table, {name: item[name] for name in _table(table).key}, item)]


def _by_key(arguments: Arguments) -> list[_Write]:
    """Update, delete, condition check: what is proposed is not known before it happens."""
    return [_Write(arguments["TableName"], arguments["Key"], None)]


def _batch_write(arguments: Arguments) -> list[_Write]:
    requests = ((table, request) for table, some in arguments["RequestItems"].items() for request in some)
    return [
        write
        for table, request in requests
        for name, content in request.items()
        for write in (_put if name == "PutRequest" else _by_key)({"TableName": table, **content})
    ]


def _transact_write(arguments: Arguments) -> list[_Write]:
    items = (pair for item in arguments["TransactItems"] for pair in item.items())
    return [write for name, content in items for write in (_put if name == "Put" else _by_key)(content)]


_WRITES: Mapping[str, Callable[[Arguments], list[_Write]]] = {
    "PutItem": _put,
    "UpdateItem": _by_key,
    "DeleteItem": _by_key,
    "BatchWriteItem": _batch_write,
    "TransactWriteItems": _transact_write,
}


def _stored(write: _Write) -> Item | None:
    return _item(write.table, write.key)


def _item(table: str, key: Item) -> Item | None:
    answer = aws.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    item: Item | None = answer.get("Item")
    return item


@cache
def _table(name: str) -> Table:
    """Keys and indexes as the engine knows them."""
    described = aws.client("dynamodb").describe_table(TableName=name)["Table"]
    return Table(
        key=_key(described),
        indexes=tuple(
            Index(index["IndexName"], _key(index), _projected(index["Projection"]))
            for index in described.get("GlobalSecondaryIndexes", ())
        ),
    )


def _key(described: Arguments) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in described["KeySchema"])


def _projected(projection: Arguments) -> frozenset[str] | None:
    return None if projection["ProjectionType"] == "ALL" else frozenset(projection.get("NonKeyAttributes", ()))
