"""Clients whose complaints are rejected again and again: a flag for staff alone, with its reason, reversible (F28)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.shared.errors import Conflict
from functions.support.rules.policy import ClientPolicy


class NotFlagged(Conflict):
    """There is no flag to take back."""

    code = "client_not_flagged"
    title = "该客户没有被标记"


class FlaggedAlready(Conflict):
    """The client is flagged."""

    code = "client_flagged"
    title = "该客户已被标记"


@dataclass(frozen=True)
class Flag:
    """Since when, why as staff read it, and by whom: an id, or `rule`."""

    at: datetime
    reason: str
    by: str


def recent(rejections: Iterable[datetime], *, now: datetime, policy: ClientPolicy) -> tuple[datetime, ...]:
    """Those that still count, the earliest first."""
    since = now - timedelta(days=policy.window_days)
    return tuple(sorted(at for at in rejections if at > since))


def flag_by_rule(rejections: Iterable[datetime], *, now: datetime, policy: ClientPolicy) -> Flag | None:
    """The flag that so many rejected complaints bring; None while they are fewer."""
    count = len(recent(rejections, now=now, policy=policy))
    if count < policy.flag_from:
        return None
    return Flag(now, f"近 {policy.window_days} 天有 {count} 件申诉经核实不成立", "rule")
