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
from threading import get_ident
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


@dataclass
class Act:
    """What happened between the beginning and the end of one request, event or timer."""

    name: str
    kind: str
    """`request`, `event` or `timer`."""
    room: str
    store_calls: list[StoreCall] = field(default_factory=list)
    aws_calls: Counter[str] = field(default_factory=Counter)
    """`kms.Decrypt` and the like, without the store."""
    outside_calls: int = 0
    own_ms: float = 0.0
    """Our code's time: without the time inside calls."""

    @property
    def reads(self) -> int:
        return sum(call.is_read for call in self.store_calls)

    @property
    def writes(self) -> int:
        return len(self.store_calls) - self.reads

    @property
    def units(self) -> Units:
        return sum((call.units for call in self.store_calls), Units())


class Meter:
    """The acts so far. Use `running()` around everything, `act()` around each act; calls outside acts do not count."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self._open: Act | None = None
        self._thread = get_ident()
        self._depth = 0
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
        self._in_calls_s, begun = 0.0, time.perf_counter()
        try:
            yield act
        finally:
            act.own_ms = (time.perf_counter() - begun - self._in_calls_s) * 1000
            self._open = None
            self.acts.append(act)

    @contextmanager
    def _call(self) -> Iterator[Act | None]:
        """The act that this call counts for: none outside acts, in other threads, or inside another counted call."""
        counts = self._open is not None and get_ident() == self._thread and self._depth == 0
        if not counts:
            yield None
            return
        self._depth += 1
        begun = time.perf_counter()
        try:
            yield self._open
        finally:
            self._depth -= 1
            self._in_calls_s += time.perf_counter() - begun

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
                    act.store_calls.append(StoreCall(operation, operation in metered_calls.READS, units))

        return metered

    def _aws(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def metered(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            with self._call() as act:
                if act is not None:
                    act.aws_calls[f"{client.meta.service_model.service_name}.{operation}"] += 1
                return original(client, operation, arguments)

        return metered

    def _outside(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def metered(*args: Any, **options: Any) -> Any:
            with self._call() as act:
                if act is not None:
                    act.outside_calls += 1
                return original(*args, **options)

        return metered
