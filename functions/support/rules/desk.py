"""Who of the agents on duty gets the next case: whoever has least to do, then whoever has waited longest (F31).

A case is a complaint to be decided, or a rectification to be inspected.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """An agent on duty, how many cases they hold, and when they were given the last one."""

    agent_id: str
    holds: int
    given_at: datetime | None


def next_agent(on_duty: Iterable[Desk], *, without: Collection[str], most: int) -> str | None:
    """The agent for the next case; None if all hold as many as they may. Those of `without` had a part in it."""
    free = [desk for desk in on_duty if desk.holds < most and desk.agent_id not in without]
    if not free:
        return None
    return min(free, key=lambda desk: (desk.holds, desk.given_at or _NEVER, desk.agent_id)).agent_id
