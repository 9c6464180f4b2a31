"""One DynamoDB transaction per request or event: rows, outbox, and the marker that makes it happen exactly once.

An action loads, decides and registers its writes on a `Tx`; nothing is written before `commit`, so an action that
raises has changed nothing. The edge (`shared.http`, `shared.consumer`) commits and, when somebody else changed a row
in between, runs the whole action again on fresh rows.

The commit carries a marker row `ONCE#<scope>#<key>` with `attribute_not_exists`: the idempotency key of a request, or
the id of an event for one handler. It stores the answer, so a repeated request is replayed from the marker that the
failed transaction returns, without a second round trip. It also stores the commit's own id, so that a commit whose
answer was lost and which the SDK sent again comes out as the success that it was.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import msgspec
from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from functions.shared import clock, ids
from functions.shared.config import config
from functions.shared.errors import Busy, Problem, Unavailable, Unprocessable
from functions.shared.events import Event, Timer, name_of
from functions.shared.table import Row, connection

MARKER_TTL = timedelta(days=15)
"""Longer than any delivery repeats: a dead-letter queue keeps a message for 14 days."""
REPLY_TTL = timedelta(days=2)
"""An app repeats a request for minutes; its stored answer, which may be personal, is not kept much longer."""
OUTBOX_TTL = timedelta(days=7)
MAX_WRITES = 100
_ATTEMPTS = 6
_BACKOFF_S = 0.03
_REFUSED = "ConditionalCheckFailed"
_T = TypeVar("_T")


# Written out, because building them from PynamoDB's expressions is a tenth of a warm request.
_ABSENT: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}


def _of_version(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :read",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":read": {"N": str(version)}},
    }


class StaleRead(Exception):
    """A row changed between the action's read and its commit: run the action again. Never leaves the edge."""


class KeyReused(Unprocessable):
    """The idempotency key was used before with another request body."""

    code = "idempotency_key_reused"
    title = "该 Idempotency-Key 已用于另一个请求"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as it is stored for replay."""

    status: int
    body: str


class AlreadyDone(Exception):
    """The marker exists: this request or event took effect before. `reply` is the first answer (None for events)."""

    def __init__(self, reply: Reply | None) -> None:
        super().__init__("already done")
        self.reply = reply


@dataclass(frozen=True)
class Marker:
    """What makes a commit unique: `scope` says whose `key` it is; `fingerprint` tells the same key's bodies apart."""

    scope: str
    key: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Requirement:
    """A row, of any room, that must exist for an act to take effect; rooms hand them out, `Tx.require` checks them."""

    room: str
    pk: str
    sk: str


@dataclass(frozen=True)
class _Write:
    operation: str
    arguments: dict[str, Any]
    conflict: Problem | None


class Tx:
    """Collects the writes of one act in one room and commits them as one transaction.

    `now` is the instant at which the act happens; `correlation_id` follows the first request through events and timers.
    """

    def __init__(self, room: str, *, now: datetime, correlation_id: str, marker: Marker | None = None) -> None:
        self.room = room
        self.now = now
        self.correlation_id = correlation_id
        self._marker = marker
        self._writes: list[_Write] = []
        self._commit_id = ""
        self._results: dict[str, Any] = {}
        self.reply: Reply | None = None
        """What the marker will store; set by the edge before `commit`."""

    def restart(self) -> None:
        """Forget the registered writes, for another attempt on fresh rows."""
        self._writes.clear()
        self.reply = None

    def once(self, name: str, call: Callable[[], _T]) -> _T:
        """The result of an outside call that must not be repeated when the act runs again (a code that works once)."""
        if name not in self._results:
            self._results[name] = call()
        return cast(_T, self._results[name])

    def insert(self, row: Row, *, taken: Problem | None = None) -> None:
        """A new row. If its key exists at commit, `taken` is raised (without it, the action runs again)."""
        row.version = 1
        self._add("Put", row.get_save_kwargs_from_instance() | _ABSENT, taken)

    def save(self, row: Row) -> None:
        """The whole row as it now is; the action runs again if the stored version is not the one that was loaded."""
        condition = _of_version(int(row.version)) if row.version else _ABSENT
        row.version += 1
        self._add("Put", row.get_save_kwargs_from_instance() | condition, None)

    def update(
        self,
        row: Row,
        actions: Sequence[Action],
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
    ) -> None:
        """Part of a row (counters, sharded balances), created if absent; `conflict` is raised if `condition` fails."""
        # PynamoDB leaves the kind out of updates; a row that this creates could not be read back without it.
        kind = type(row).kind.set(type(row))
        arguments = row.get_update_kwargs_from_instance(actions=[*actions, kind], condition=condition)
        self._add("Update", arguments, conflict)

    def delete(self, row: Row) -> None:
        """Remove a row of the version that was loaded."""
        self._add("Delete", row.get_delete_kwargs_from_instance(condition=Row.version == row.version), None)

    def require(self, requirement: Requirement, *, otherwise: Problem) -> None:
        """`otherwise` is raised unless the row exists at commit: no read, and nothing changes in between."""
        key = {"pk": {"S": requirement.pk}, "sk": {"S": requirement.sk}}
        check = {"TableName": config().table_name(requirement.room), "Key": key}
        self._add("ConditionCheck", check | {"ConditionExpression": "attribute_exists(pk)"}, otherwise)

    def append(self, *, pk: str, sk: str, texts: dict[str, str]) -> None:
        """A plain row that nobody loads to change it (an audit entry): written once, never overwritten."""
        item = {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": text} for name, text in texts.items()}}
        self._add("Put", {"TableName": self._table, "Item": item} | _ABSENT, None)

    def emit(self, event: Event) -> str:
        """Put `event` into the outbox; it reaches the bus after the commit. Returns the event's id."""
        event_id = ids.new("evt", self.now)
        self._outbox(event_id, name_of(event), msgspec.json.encode(event))
        return event_id

    def schedule(self, timer: Timer) -> None:
        """Have `timer.room`'s events function called at `timer.due_at`; the same timer twice is one timer."""
        timer = msgspec.structs.replace(timer, correlation_id=self.correlation_id)
        self._outbox(ids.new("tmr", self.now), "timer", msgspec.json.encode(timer))

    def commit(self) -> None:
        """Write everything, or nothing. Without writes there is nothing to commit and no marker.

        Raises AlreadyDone, KeyReused, a write's own `taken`/`conflict`, StaleRead (to the edge), or Unavailable if the
        store gave no answer and the outcome is unknown.
        """
        if not self._writes:
            return
        self._commit_id = os.urandom(16).hex()
        writes = [*([self._marker_write(self._marker)] if self._marker else ()), *self._writes]
        assert len(writes) <= MAX_WRITES, f"{len(writes)} writes do not fit one transaction"
        try:
            connection()._make_api_call(
                "TransactWriteItems",
                {
                    "TransactItems": [{write.operation: write.arguments} for write in writes],
                    "ClientRequestToken": self._commit_id,
                },
            )
        except BotoCoreError as error:
            raise Unavailable() from error
        except VerboseClientError as error:
            self._explain(error, writes)

    def find_reply(self) -> Reply | None:
        """The first answer to this request, if it was already given: one GetItem, used only on the way to an error."""
        item = self._stored_marker(self._marker) if self._marker else None
        return self._read_marker(self._marker, item) if self._marker and item else None

    @property
    def _table(self) -> str:
        return config().table_name(self.room)

    def _add(self, operation: str, arguments: dict[str, Any], conflict: Problem | None) -> None:
        self._writes.append(_Write(operation, arguments, conflict))

    def _outbox(self, row_id: str, name: str, payload: bytes) -> None:
        item = {
            "pk": {"S": row_id},
            "name": {"S": name},
            "room": {"S": self.room},
            "payload": {"S": payload.decode()},
            "occurred_at": {"S": self.now.isoformat()},
            "correlation_id": {"S": self.correlation_id},
            "ttl": {"N": str(clock.epoch_s(self.now + OUTBOX_TTL))},
        }
        self._add("Put", {"TableName": config().table_name("outbox"), "Item": item}, None)

    def _marker_key(self, marker: Marker) -> dict[str, Any]:
        return {"pk": {"S": f"ONCE#{marker.scope}#{marker.key}"}, "sk": {"S": "ONCE"}}

    def _marker_write(self, marker: Marker) -> _Write:
        item = self._marker_key(marker) | {
            "commit_id": {"S": self._commit_id},
            "fingerprint": {"S": marker.fingerprint},
            "ttl": {"N": str(clock.epoch_s(self.now + (REPLY_TTL if self.reply else MARKER_TTL)))},
        }
        if self.reply is not None:
            item |= {"status": {"N": str(self.reply.status)}, "body": {"S": self.reply.body}}
        return _Write(
            "Put",
            {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
            None,
        )

    def _read_marker(self, marker: Marker, item: dict[str, Any]) -> Reply | None:
        if item["fingerprint"]["S"] != marker.fingerprint:
            raise KeyReused()
        return Reply(int(item["status"]["N"]), item["body"]["S"]) if "status" in item else None

    def _explain(self, error: VerboseClientError, writes: Sequence[_Write]) -> None:
        """Turn a refused transaction into what it means; returning means that it was our own, already committed."""
        code = error.response["Error"].get("Code", "")
        if code == "TransactionInProgressException":
            raise StaleRead from error
        if code in Unavailable.store_codes:
            raise Unavailable() from error
        if code != "TransactionCanceledException":
            raise error
        failed = [reason.code if reason else "" for reason in error.cancellation_reasons]
        if self._marker and failed[0] == _REFUSED:
            reason = error.cancellation_reasons[0]
            item = (reason and reason.raw_item) or self._stored_marker(self._marker)
            if item["commit_id"]["S"] == self._commit_id:
                return
            raise AlreadyDone(self._read_marker(self._marker, item))
        if "ValidationError" in failed:
            raise error
        refused = [write for code, write in zip(failed, writes, strict=True) if code == _REFUSED]
        conflicts = [write.conflict for write in refused if write.conflict is not None]
        if conflicts and len(conflicts) == len(refused):
            raise conflicts[0]
        # A row that was read has changed too, so what the conflict seems to say may be no longer so.
        raise StaleRead from error

    def _stored_marker(self, marker: Marker) -> dict[str, Any]:
        """The marker as stored, or an empty dict."""
        request = {"TableName": self._table, "Key": self._marker_key(marker), "ConsistentRead": True}
        return dict(connection()._make_api_call("GetItem", request).get("Item", {}))


def retrying(attempt: Callable[[], None]) -> None:
    """Run `attempt` until it commits on fresh rows, six times at most; then `Busy`, with nothing changed."""
    for tries in range(_ATTEMPTS):
        try:
            return attempt()
        except StaleRead:
            time.sleep(random.uniform(0, _BACKOFF_S * 2**tries))  # noqa: S311 jitter, not a secret
    raise Busy()
