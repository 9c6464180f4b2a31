"""moto's transactions without their copies.

To take a failed transaction back, moto copies the whole table once for each item of the transaction, also of those that
succeed: most of the time of a test with many rows goes there. Here the rows that the transaction names are put back
instead, and nothing else is copied.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_transact = DynamoDBBackend.transact_write_items


@contextmanager
def rows_put_back() -> Iterator[None]:
    """Within it, moto keeps of a transaction only what it may have to put back."""
    with (
        patch.object(DynamoDBBackend, "transact_write_items", _transact_write_items),
        patch.object(Table, "__deepcopy__", _same_table, create=True),
    ):
        yield


def _transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    before = [_found(backend, operation) for item in transact_items for operation in item.values()]
    succeeded = False
    try:
        _transact(backend, transact_items)
        succeeded = True
    finally:
        if not succeeded:
            for rows, key, row in before:
                rows.pop(key, None)
                if row is not None:
                    rows[key] = row


def _found(backend: DynamoDBBackend, operation: dict[str, Any]) -> tuple[dict[DynamoType, Any], DynamoType, Any | None]:
    """Where the row of one operation is kept, under which key, and a copy of the row if there is one."""
    table = backend.tables[operation["TableName"]]
    named = operation.get("Key") or operation["Item"]
    rows: dict[DynamoType, Any] = table.items
    key = DynamoType(named[table.hash_key_attr])
    if table.range_key_attr is not None:
        rows, key = rows[key], DynamoType(named[table.range_key_attr])
    return rows, key, copy.deepcopy(rows.get(key))


def _same_table(table: Table, memo: dict[int, Any]) -> Table:
    """moto puts its copy back after a failure; the rows are put back before anybody looks."""
    return table
