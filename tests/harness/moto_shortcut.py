"""A short way to moto for the rooms' rows.

What PynamoDB asks for goes through botocore, a made-up HTTP request and two serializers before moto looks at its rows:
nine tenths of the time of a test that reads many. Here the operations on rows are given to moto's own handler, which
checks and answers them as ever. What it refuses goes the long way after all, and so fails as it would have. And moto
sorts a whole table for each query; here it sees the one partition that the query names.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from typing import Any
from unittest.mock import patch

from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from pynamodb.connection import Connection
from werkzeug.exceptions import HTTPException

from functions.shared.config import config

_METHODS = {
    "BatchGetItem": "batch_get_item",
    "GetItem": "get_item",
    "Query": "query",
    "Scan": "scan",
    "TransactWriteItems": "transact_write_items",
}
_the_long_way = Connection._make_api_call
_query = Table.query
_INDEX_NAME = 6
"""Where moto passes the index among the arguments behind the key."""


@contextmanager
def short_way_to_rows() -> Iterator[None]:
    """Within it, reads and transactions of the rooms reach moto without botocore."""
    with (
        patch.object(Connection, "_make_api_call", _make_api_call),
        patch.object(Table, "query", _query_of_partition),
    ):
        yield


def _query_of_partition(table: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
    if hash_key is not None and arguments[_INDEX_NAME] is None:
        partition = table.items.get(hash_key, {})
        table = copy(table)
        table.items = defaultdict(dict, {hash_key: partition})
    return _query(table, hash_key, *arguments, **named)


def _make_api_call(connection: Connection, operation: str, arguments: dict[str, Any]) -> Any:
    if operation not in _METHODS:
        return _the_long_way(connection, operation, arguments)
    handler = DynamoHandler()
    handler.body = deepcopy(arguments)
    handler.region, handler.current_account = config().region, DEFAULT_ACCOUNT_ID
    try:
        return getattr(handler, _METHODS[operation])().result
    except (HTTPException, ServiceException):
        return _the_long_way(connection, operation, arguments)
