"""What every row of the room shares, and its thresholds."""

from functions.shared.table import JsonAttribute, Row, find, keep
from functions.tracking.rules.policy import Policy


class TrackingRow(Row):
    class Meta:
        table_name = "tracking"


class PolicyRow(TrackingRow, discriminator="tracking_policy"):
    """The room's thresholds."""

    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


_POLICY_KEY = ("CONFIG", "policy")


def policy() -> Policy:
    """The thresholds in force, read at most once a minute by each process."""
    row = keep(PolicyRow, *_POLICY_KEY)
    return row.policy if row else Policy()


def find_policy_row() -> PolicyRow:
    """The stored policy row, or a new one."""
    return find(PolicyRow, *_POLICY_KEY) or PolicyRow(*_POLICY_KEY, policy=Policy())
