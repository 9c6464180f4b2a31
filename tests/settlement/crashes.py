"""Processes that die: at any call to the store or to the provider, before it is made or when it took effect.

What died is called again, as the cloud does: an event, timer or run by the one that delivers it, a request by its
client with the same key, a notification by the provider.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from pynamodb.connection import Connection
from urllib3 import HTTPConnectionPool

from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.rules.ledger import SplitMismatch
from functions.settlement.rules.refunds import NothingToRefund
from functions.shared.consumer import Subscriptions
from tests.harness.world import World

TOO_EARLY = (NothingToRefund, SplitMismatch, PaymentUnknown, PaymentRejected)
"""What a consumer raises for an event that came before what it needs: the bus delivers it again later."""


class Killed(BaseException):
    """The process died; nothing in the product can catch it."""


@dataclass
class Crashes:
    """Deaths to come, and what the bus has to deliver again."""

    undelivered: list[tuple[Subscriptions, dict[str, Any]]] = field(default_factory=list)
    deaths: int = 0
    _calls_left: int = 0
    _took_effect: bool = False
    _depth: int = 0

    def die(self, *, at_call: int, took_effect: bool) -> None:
        """The product dies at its nth call from now on."""
        self._calls_left, self._took_effect = at_call, took_effect

    @contextmanager
    def running(self, world: World) -> Iterator["Crashes"]:
        """Within it, the product in `world` dies when it was said, and is called again."""
        with ExitStack() as stack:
            for owner, name in ((Connection, "_make_api_call"), (HTTPConnectionPool, "urlopen")):
                stack.enter_context(patch.object(owner, name, self._deadly(getattr(owner, name))))
            stack.enter_context(patch.object(Subscriptions, "handle", self._delivered_again(Subscriptions.handle)))
            stack.enter_context(patch.object(world, "http", _Asking(world.http, self)))
            yield self

    def deliver_late(self) -> None:
        """The bus tries what came too early again."""
        waiting, self.undelivered = self.undelivered, []
        for bus, raw in waiting:
            bus.handle(raw)

    def survived(self, act: Callable[[], Any]) -> Any:
        """What `act` of the product returns, done again if the process dies in it."""
        while True:
            self._depth += 1
            try:
                return act()
            except Killed:
                self.deaths += 1
            finally:
                self._depth -= 1

    def _deadly(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            if not self._is_last():
                return original(*arguments, **named)
            if self._took_effect:
                original(*arguments, **named)
            raise Killed

        return called

    def _is_last(self) -> bool:
        if not self._depth or not self._calls_left:
            return False
        self._calls_left -= 1
        return self._calls_left == 0

    def _delivered_again(self, handle: Callable[[Subscriptions, dict[str, Any]], Any]) -> Callable[..., Any]:
        def delivered(bus: Subscriptions, raw: dict[str, Any]) -> Any:
            try:
                return self.survived(lambda: handle(bus, raw))
            except TOO_EARLY:
                self.undelivered.append((bus, raw))
                return None

        return delivered


@dataclass
class _Asking:
    """The API's client, which repeats what got no answer."""

    http: Any
    crashes: Crashes

    def request(self, *arguments: Any, **named: Any) -> Any:
        return self.crashes.survived(lambda: self.http.request(*arguments, **named))
