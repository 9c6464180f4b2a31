"""Favourites, blocks, and companions who come again (B7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.booking import table
from functions.booking.rules import relations as rules
from functions.booking.rules.matching import Companion, CompanionUnavailable
from functions.booking.rules.relations import Relations
from functions.booking.table import OrderRow, RelationsRow
from functions.shared import audit, ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_Change = Callable[[Relations, str], Relations]


@dataclass(frozen=True)
class Liked:
    """A companion on a client's list. Without `companion`, they do not work on the platform any more."""

    companion_id: str
    companion: Companion | None


def add_favourite(tx: Tx, *, client_id: str, companion_id: str) -> None:
    """One read. Raises NotFound (no such companion), TooMany."""
    _add(tx, client_id, companion_id, rules.with_favourite)


def remove_favourite(tx: Tx, *, client_id: str, companion_id: str) -> None:
    """Raises NotFound."""
    _change(tx, table.find_relations(client_id), companion_id, rules.without_favourite)


def add_block(tx: Tx, *, client_id: str, companion_id: str) -> None:
    """The two are not brought together any more; orders that the companion has already taken stay.

    One read. Raises NotFound (no such companion), TooMany.
    """
    _add(tx, client_id, companion_id, rules.with_block)


def remove_block(tx: Tx, *, client_id: str, companion_id: str) -> None:
    """Raises NotFound."""
    _change(tx, table.find_relations(client_id), companion_id, rules.without_block)


def refuse_client(tx: Tx, *, order_id: str, companion_id: str, reason: str) -> None:
    """The companion who took this order will not be brought together with its client any more; `reason` is for staff.

    The order itself stays. Two reads. Raises NotFound, TooMany.
    """
    row = _client_of(order_id, companion_id)
    _change(tx, row, companion_id, rules.with_refusal)
    audit.record(tx, actor=companion_id, act="client.refused", subject=order_id, reason=reason)


def accept_client_again(tx: Tx, *, order_id: str, companion_id: str) -> None:
    """Two reads. Raises NotFound."""
    row = _client_of(order_id, companion_id)
    _change(tx, row, companion_id, rules.without_refusal)
    audit.record(tx, actor=companion_id, act="client.accepted_again", subject=order_id)


def list_favourites(client_id: str) -> Sequence[Liked]:
    """The latest first: two reads."""
    return _named(table.find_relations(client_id).relations.favourites)


def list_blocks(client_id: str) -> Sequence[Liked]:
    """The client's own, the latest first: two reads."""
    return _named(table.find_relations(client_id).relations.blocks)


def read_relations(tx: Tx, *, client_id: str, actor: str) -> Relations:
    """For staff, both sides of it; leaves an audit entry."""
    audit.record(tx, actor=actor, act="relations.viewed", subject=client_id)
    return table.find_relations(client_id).relations


def remember_visit(tx: Tx, order: OrderRow) -> None:
    """The order was completed by its companion: the next list for this patient says so. One read."""
    assert order.companion_id is not None, "a completed order has a companion"
    row = table.find_relations(order.client_id)
    row.relations = rules.with_visit(row.relations, patient_id=order.patient_id, companion_id=order.companion_id)
    tx.save(row)


def check_allowed(relations: Relations, companion_id: str) -> None:
    """CompanionUnavailable for two who are not to be brought together; a client is told only what they said."""
    if companion_id in relations.blocks:
        raise CompanionUnavailable("您已屏蔽这位陪诊师，如需预约请先取消屏蔽")
    if relations.is_blocked(companion_id):
        raise CompanionUnavailable()


def _add(tx: Tx, client_id: str, companion_id: str, change: _Change) -> None:
    loaded = table.load([table.relations_key(client_id), table.companion_key(companion_id)])
    if loaded.companion(companion_id) is None:
        raise NotFound()
    _change(tx, loaded.relations(client_id), companion_id, change)


def _change(tx: Tx, row: RelationsRow, companion_id: str, change: _Change) -> None:
    changed = change(row.relations, companion_id)
    if changed != row.relations:
        row.relations = changed
        tx.save(row)


def _client_of(order_id: str, companion_id: str) -> RelationsRow:
    order = table.find_order(order_id) if ids.is_id("ord", order_id) else None
    if order is None or order.companion_id != companion_id:
        raise NotFound()
    return table.find_relations(order.client_id)


def _named(companion_ids: Sequence[str]) -> Sequence[Liked]:
    loaded = table.load(table.companion_key(each) for each in companion_ids)
    found = ((each, loaded.companion(each)) for each in companion_ids)
    return [Liked(each, row.companion if row and row.companion.serves else None) for each, row in found]
