"""What every row of the room shares, and its thresholds."""

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


def policy() -> Policy:
    """The thresholds in force, read at most once a minute by each process."""
    row = keep(PolicyRow, *_POLICY)
    return row.policy if row else Policy()


def find_policy_row() -> PolicyRow:
    """The stored policy row, or a new one."""
    return find(PolicyRow, *_POLICY) or PolicyRow(*_POLICY, policy=Policy())
