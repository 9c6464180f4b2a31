"""Counts what an act does: calls at PynamoDB's seam with their request units, other AWS calls, calls to the outside.

An act is one request, one event for one room, or one timer. The items before and after a write are read past the
meter, straight from the local engine, because a response does not tell what a write cost. Time spent in calls is told
apart from our own time: a local engine's speed says nothing about AWS's.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import get_ident, local
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from pynamodb.connection import Connection
from urllib3.connectionpool import HTTPConnectionPool

from benchmarks import metered_calls
from benchmarks.capacity import Units


@dataclass(frozen=True)
class StoreCall:
    """One round trip to the store."""

    operation: str
    is_read: bool
    units: Units
    outbox_rows: int = 0
    """Events and timers written with it: the relay is called for them."""


@dataclass
class Act:
    """What happened between the beginning and the end of one request, event or timer."""

    name: str
    kind: str
    """`request`, `event`, `timer`, `socket` or a workflow's `step`."""
    room: str
    store_calls: list[StoreCall] = field(default_factory=list)
    aws_calls: Counter[str] = field(default_factory=Counter)
    """`kms.Decrypt` and the like, without the store."""
    outside_calls: int = 0
    own_ms: float = 0.0
    """Our code's processor time in the thread that acts, without what calls took of it."""

    @property
    def reads(self) -> int:
        return sum(call.is_read for call in self.store_calls)

    @property
    def writes(self) -> int:
        return len(self.store_calls) - self.reads

    @property
    def outbox_commits(self) -> int:
        return sum(call.outbox_rows > 0 for call in self.store_calls)

    @property
    def units(self) -> Units:
        return sum((call.units for call in self.store_calls), Units())


class Meter:
    """The acts so far. Use `running()` around everything, `act()` around each act; calls outside acts do not count."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self._open: Act | None = None
        self._thread = get_ident()
        self._inside = local()
        self._in_calls_s = 0.0

    @contextmanager
    def running(self) -> Iterator["Meter"]:
        """Meter all calls of this process."""
        with ExitStack() as stack:
            for owner, name, wrap in (
                (Connection, "_make_api_call", self._store),
                (BaseClient, "_make_api_call", self._aws),
                (HTTPConnectionPool, "urlopen", self._outside),
            ):
                stack.enter_context(patch.object(owner, name, wrap(getattr(owner, name))))
            yield self

    @contextmanager
    def act(self, name: str, *, kind: str, room: str) -> Iterator[Act]:
        """One act; acts do not nest."""
        assert self._open is None, f"{name} inside {self._open and self._open.name}"
        self._open = act = Act(name, kind, room)
        self._in_calls_s, begun = 0.0, time.thread_time()
        try:
            yield act
        finally:
            act.own_ms = (time.thread_time() - begun - self._in_calls_s) * 1000
            self._open = None
            self.acts.append(act)

    @contextmanager
    def _call(self, *, this_thread: bool = False) -> Iterator[Act | None]:
        """The act that this call counts for: none outside acts and inside another counted call.

        The room's own threads count too, but only the time of the thread that acts is time that it waited.
        """
        is_acting = get_ident() == self._thread
        if self._open is None or hasattr(self._inside, "a_call") or (this_thread and not is_acting):
            yield None
            return
        self._inside.a_call = True
        begun = time.thread_time()
        try:
            yield self._open
        finally:
            del self._inside.a_call
            if is_acting:
                self._in_calls_s += time.thread_time() - begun

    def _store(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def metered(connection: Connection, operation: str, arguments: dict[str, Any]) -> Any:
            with self._call() as act:
                if act is None:
                    return original(connection, operation, arguments)
                cost = metered_calls.begin(operation, arguments)
                try:
                    answer = original(connection, operation, arguments)
                except Exception:
                    units = cost.refused()
                    raise
                else:
                    units = cost.done(answer)
                    return answer
                finally:
                    act.store_calls.append(
                        StoreCall(operation, operation in metered_calls.READS, units, cost.outbox_rows)
                    )

        return metered

    def _aws(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def metered(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            with self._call() as act:
                if act is not None:
                    act.aws_calls[f"{client.meta.service_model.service_name}.{operation}"] += 1
                return original(client, operation, arguments)

        return metered

    def _outside(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def metered(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **options: Any) -> Any:
            is_push = "/@connections/" in url
            # The stand-ins live in this process and make calls of their own; only the room pushes, from many threads.
            with self._call(this_thread=not is_push) as act:
                if act is not None and is_push:
                    act.aws_calls["apigatewaymanagementapi.PostToConnection"] += 1
                elif act is not None:
                    act.outside_calls += 1
                return original(pool, method, url, *args, **options)

        return metered
