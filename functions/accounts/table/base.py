"""The base of the room's rows, and its thresholds."""

from functions.accounts.rules.policy import Policy
from functions.shared.table import JsonAttribute, Row, keep


class AccountsRow(Row):
    class Meta:
        table_name = "accounts"


class PolicyRow(AccountsRow, discriminator="accounts_policy"):
    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


def policy() -> Policy:
    """The thresholds, up to a minute old."""
    row = keep(PolicyRow, "CONFIG", "policy")
    return row.policy if row else Policy()
