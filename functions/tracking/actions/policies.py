"""Configuration of the room, written by the seed and by operators' tools."""

from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.rules.policy import Policy


def put_policy(tx: Tx, *, policy: Policy) -> None:
    """Replace the room's thresholds; other processes follow within a minute."""
    row = table.find_policy_row()
    row.policy = policy
    tx.save(row)
