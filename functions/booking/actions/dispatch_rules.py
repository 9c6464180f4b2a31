"""The rules of dispatch, changed by staff: which city finds its companions how, at which hours (F19, F20)."""

from functions.booking.rules.dispatch import DispatchPolicy
from functions.booking.table import dispatch as rows
from functions.booking.table.dispatch import DispatchPolicyRow
from functions.shared import audit
from functions.shared.errors import PreconditionFailed
from functions.shared.tx import Tx


def find_dispatch_policy() -> DispatchPolicyRow:
    """What holds now (one read); version 0 while nobody has said anything."""
    stored = rows.find_dispatch_policy()
    return stored or DispatchPolicyRow(*rows.DISPATCH_POLICY_KEY, policy=DispatchPolicy())


def change_dispatch_policy(
    tx: Tx, *, policy: DispatchPolicy, version: int, actor: str, reason: str
) -> DispatchPolicyRow:
    """Replace it; searches that go a step further follow it within a minute. Raises PreconditionFailed."""
    row = find_dispatch_policy()
    if row.version != version:
        raise PreconditionFailed()
    row.policy = policy
    tx.save(row)
    audit.record(tx, actor=actor, act="dispatch_policy.changed", subject="dispatch_policy", reason=reason)
    return row


def put_dispatch_policy(tx: Tx, policy: DispatchPolicy) -> None:
    """Replace it, whatever it was (the seed)."""
    row = find_dispatch_policy()
    row.policy = policy
    tx.save(row)
