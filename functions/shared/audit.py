"""Who looked at what, or decided it, and why: rows that nothing in the product changes or removes.

`record` puts the row into the transaction of the act that it describes, so there is no act without its row. It stands
in the room's own table under `AUDIT#<subject>` / `<instant>#<id>`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.shared import ids
from functions.shared.config import config
from functions.shared.table import connection
from functions.shared.tx import Tx

_TEXTS = ("actor", "act", "reason", "before", "after")


@dataclass(frozen=True)
class Entry:
    """One audit row; `before` and `after` are short texts for people, empty where nothing changed."""

    at: datetime
    actor: str
    act: str
    reason: str
    before: str
    after: str


def record(tx: Tx, *, actor: str, act: str, subject: str, reason: str = "", before: str = "", after: str = "") -> None:
    """Remember that `actor` did `act` (`subsidy.approved`) to `subject` (an object's id). Never health or identity."""
    at = tx.now.astimezone(UTC)
    texts = dict(zip(_TEXTS, (actor, act, reason, before, after), strict=True))
    tx.append(
        pk=f"AUDIT#{subject}",
        sk=f"{at:%Y-%m-%dT%H:%M:%S.%fZ}#{ids.new('aud', tx.now)}",
        texts={"kind": "audit", "at": at.isoformat(), "correlation_id": tx.correlation_id}
        | {name: text for name, text in texts.items() if text},
    )


def entries_of(room: str, subject: str, *, limit: int = 50, after: str | None = None) -> tuple[list[Entry], str | None]:
    """What was recorded of `subject` in this room's table, newest first, and where to go on: one Query."""
    pk = f"AUDIT#{subject}"
    request: dict[str, Any] = {
        "TableName": config().table_name(room),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ScanIndexForward": False,
        "Limit": limit,
    }
    if after:
        request["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
    answer = connection()._make_api_call("Query", request)
    last = answer.get("LastEvaluatedKey")
    return [_entry(item) for item in answer["Items"]], str(last["sk"]["S"]) if last else None


def _entry(item: dict[str, Any]) -> Entry:
    texts = {name: item.get(name, {}).get("S", "") for name in _TEXTS}
    return Entry(at=datetime.fromisoformat(item["at"]["S"]), **texts)
