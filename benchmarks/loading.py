"""Many rows into the store at once, as the product would have written them one by one."""

from collections.abc import Sequence

from functions.shared import aws
from functions.shared.config import config
from functions.shared.table import Row

_BATCH = 25


def put_rows(room: str, rows: Sequence[Row]) -> None:
    """In batches, without conditions; each row brings its version."""
    client, name = aws.client("dynamodb"), config().table_name(room)
    for begin in range(0, len(rows), _BATCH):
        puts = [
            {"PutRequest": {"Item": row.get_save_kwargs_from_instance()["Item"]}}
            for row in rows[begin : begin + _BATCH]
        ]
        left = client.batch_write_item(RequestItems={name: puts})["UnprocessedItems"]
        assert not left, "the store took less than it was given"
