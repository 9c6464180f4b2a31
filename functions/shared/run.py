"""One run of recurring work, of which every part is done once however often the run is begun."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.shared import clock
from functions.shared.tx import AlreadyDone, Marker, Tx, retrying


@dataclass(frozen=True)
class Run:
    """One run of recurring work. `at` is when it was due: the same on every repetition of the run."""

    room: str
    kind: str
    at: datetime

    def act(self, name: str, act: Callable[[Tx], None]) -> bool:
        """Do one part of the run in a transaction of its own; False if this run did it before.

        A run that was cut off and starts again skips the parts that are done: `name` tells them apart.
        """
        marker = Marker(scope=f"run#{self.kind}", key=f"{clock.epoch_s(self.at):x}#{name}")
        tx = Tx(self.room, now=clock.now(), correlation_id=f"{self.kind}-{clock.epoch_s(self.at):x}", marker=marker)

        def attempt() -> None:
            tx.restart()
            act(tx)
            tx.commit()

        try:
            retrying(attempt)
        except AlreadyDone:
            return False
        return True
