"""What every row of the room shares, and its thresholds."""

from datetime import datetime

from functions.shared.table import JsonAttribute, Row, find, keep
from functions.support.rules.policy import Policy

Key = tuple[str, str]
_POLICY: Key = ("CONFIG", "policy")


class SupportRow(Row):
    class Meta:
        table_name = "support"


class PolicyRow(SupportRow, discriminator="support_policy"):
    """The room's thresholds."""

    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


def sortable(at: datetime) -> str:
    """An instant as part of a key, so that keys sort by time."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def policy() -> Policy:
    """The thresholds in force, read at most once a minute by each process."""
    row = keep(PolicyRow, *_POLICY)
    return row.policy if row else Policy()


def find_policy_row() -> PolicyRow:
    """The stored policy row, or a new one."""
    return find(PolicyRow, *_POLICY) or PolicyRow(*_POLICY, policy=Policy())
