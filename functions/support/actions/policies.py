"""Configuration of the room, written by the seed and by operators' tools."""

from functions.shared.tx import Tx
from functions.support.rules.policy import Policy
from functions.support.table import base


def put_policy(tx: Tx, *, policy: Policy) -> None:
    """Replace the room's thresholds; other processes follow within a minute."""
    row = base.find_policy_row()
    row.policy = policy
    tx.save(row)
