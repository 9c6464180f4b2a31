"""Things to do later: one thread watches the clock, a few others do them."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

WORKERS: Final = 8


class Agenda:
    """Runs each action once, when its delay has passed, in any thread; forgets what is left when it is closed."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._pool = ThreadPoolExecutor(WORKERS)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def after(self, delay_s: float, action: Callable[[], object]) -> None:
        """Do `action` once `delay_s` seconds have passed."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._order), action))
            self._changed.notify()

    def close(self) -> None:
        """Start nothing more and wait for what is running."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                _, _, action = heapq.heappop(self._due)
            self._pool.submit(action)
