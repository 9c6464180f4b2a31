"""Round trips and units per endpoint and per delivery, from the acts of a played order."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.meter import Act


@dataclass(frozen=True)
class Endpoint:
    """The worst of all calls of one endpoint (`POST /orders`) or delivery (`booking ← payment.succeeded`)."""

    name: str
    kind: str
    calls: int
    reads: int
    writes: int
    rru: float
    wru: float

    def as_json(self) -> dict[str, Any]:
        """The shape of the result document; `round_trips` is both kinds together."""
        return {
            "calls": self.calls,
            "round_trips": self.reads + self.writes,
            "reads": self.reads,
            "writes": self.writes,
            "rru": self.rru,
            "wru": self.wru,
        }


def endpoints_of(acts: Iterable[Act]) -> dict[str, Endpoint]:
    """By name, in the order in which they were first called."""
    by_name: dict[str, list[Act]] = {}
    for act in acts:
        by_name.setdefault(act.name, []).append(act)
    return {
        name: Endpoint(
            name=name,
            kind=same[0].kind,
            calls=len(same),
            reads=max(act.reads for act in same),
            writes=max(act.writes for act in same),
            rru=max(act.units.read for act in same),
            wru=max(act.units.write for act in same),
        )
        for name, same in by_name.items()
    }
