"""Clients whose complaints are rejected again and again: flagged by rule or by staff, who alone see it (F28)."""

from functions.shared import audit
from functions.shared.tx import Tx
from functions.support.rules import clients as rules
from functions.support.rules.clients import Flag
from functions.support.table import base
from functions.support.table import clients as table
from functions.support.table.clients import ClientStandingRow


def count_rejected(tx: Tx, *, client_id: str) -> None:
    """One more complaint in which the client was not right; the rule flags them when these are many. One read."""
    row, policy = table.find_client_standing(client_id), base.policy().clients
    row.rejections = rules.recent((*row.rejections, tx.now), now=tx.now, policy=policy)
    if row.flag is None:
        row.flag = rules.flag_by_rule(row.rejections, now=tx.now, policy=policy)
        if row.flag is not None:
            _record(tx, "system", "client.flagged", client_id, row.flag.reason)
    tx.save(row)


def flag(tx: Tx, *, client_id: str, reason: str, actor: str) -> ClientStandingRow:
    """Staff flags a client, with a reason. FlaggedAlready."""
    row = find(client_id)
    if row.flag is not None:
        raise rules.FlaggedAlready()
    row.flag = Flag(tx.now, reason, actor)
    tx.save(row)
    _record(tx, actor, "client.flagged", client_id, reason)
    return row


def lift(tx: Tx, *, client_id: str, reason: str, actor: str) -> ClientStandingRow:
    """Staff takes the flag back; the rejections that led to it count no more. NotFlagged."""
    row = find(client_id)
    if row.flag is None:
        raise rules.NotFlagged()
    row.flag, row.rejections = None, ()
    tx.save(row)
    _record(tx, actor, "client.flag_lifted", client_id, reason)
    return row


def find(client_id: str) -> ClientStandingRow:
    """What staff see of a client: one read."""
    return table.find_client_standing(client_id)


def _record(tx: Tx, actor: str, act: str, client_id: str, reason: str) -> None:
    audit.record(tx, actor=actor, act=act, subject=client_id, reason=reason)
