"""What clients owe on top of their orders' prices, and which of it is overdue."""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from functions.settlement.rules.ledger import month_of
from functions.settlement.rules.supplements import Item, ItemKind, ItemState, payment_id_of
from functions.settlement.table.keys import Key, order_pk
from functions.settlement.table.rows import PaymentRow, SettlementRow
from functions.shared.table import FenAttribute, InstantAttribute, find, find_all, query_page

_ALL = 200


class ItemRow(SettlementRow, discriminator="supplement_item"):
    """Overtime or an expense, as its client approved it."""

    item_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    item_kind = UnicodeAttribute()
    amount_fen = FenAttribute()
    share_fen = FenAttribute()
    commission_fen = FenAttribute()
    approved_at = InstantAttribute()
    due_since = InstantAttribute()
    """When it was heard of."""
    state = UnicodeAttribute(default=ItemState.DUE)
    payment_id = UnicodeAttribute(null=True)
    """By which it was paid."""
    paid_at = InstantAttribute(null=True)

    def to_item(self) -> Item:
        return Item(
            item_id=self.item_id,
            order_id=self.order_id,
            client_id=self.client_id,
            companion_id=self.companion_id,
            kind=ItemKind(self.item_kind),
            amount_fen=self.amount_fen,
            share_fen=self.share_fen,
            commission_fen=self.commission_fen,
            approved_at=self.approved_at,
        )


class OverdueRow(SettlementRow, discriminator="supplement_overdue"):
    """In the list of its month; whether it was paid since is said by the item itself."""

    order_id = UnicodeAttribute()
    item_id = UnicodeAttribute()


def item_key(order_id: str, item_id: str) -> Key:
    return order_pk(order_id), f"SUPPLEMENT#{item_id}"


def overdue_key(month: str, order_id: str, item_id: str) -> Key:
    return f"OVERDUE#{month}", f"{item_id}#{order_id}"


def item_row(item: Item) -> ItemRow:
    return ItemRow(
        *item_key(item.order_id, item.item_id),
        item_id=item.item_id,
        order_id=item.order_id,
        client_id=item.client_id,
        companion_id=item.companion_id,
        item_kind=item.kind,
        amount_fen=item.amount_fen,
        share_fen=item.share_fen,
        commission_fen=item.commission_fen,
        approved_at=item.approved_at,
    )


def overdue_row(row: ItemRow) -> OverdueRow:
    key = overdue_key(month_of(row.approved_at), row.order_id, row.item_id)
    return OverdueRow(*key, order_id=row.order_id, item_id=row.item_id)


def find_item(order_id: str, item_id: str) -> ItemRow | None:
    return find(ItemRow, *item_key(order_id, item_id))


def items_of(order_id: str) -> Sequence[ItemRow]:
    """Everything that was approved for the order: one Query."""
    rows, _ = query_page(ItemRow, order_pk(order_id), prefix="SUPPLEMENT#", limit=_ALL)
    return rows


def load_items(order_id: str, item_ids: Sequence[str]) -> list[ItemRow]:
    """These items, as far as they exist: one BatchGetItem."""
    rows = find_all(SettlementRow, [item_key(order_id, item_id) for item_id in item_ids])
    return [row for row in rows.values() if isinstance(row, ItemRow)]


def payments_of(order_id: str) -> Sequence[PaymentRow]:
    """The order's supplementary payments by number: one Query."""
    prefix = f"PAYMENT#{payment_id_of(order_id, 0)[:3]}"
    rows, _ = query_page(PaymentRow, order_pk(order_id), prefix=prefix, limit=_ALL)
    return rows


def overdue_of(month: str, *, limit: int, after: str | None) -> tuple[list[ItemRow], str | None]:
    """A page of what became overdue of a month's approvals, latest first, as it stands now: a Query, a BatchGet."""
    rows, last = query_page(OverdueRow, f"OVERDUE#{month}", limit=limit, after=after, newest_first=True)
    keys = [item_key(row.order_id, row.item_id) for row in rows]
    items = find_all(SettlementRow, keys)
    return [row for key in keys if isinstance(row := items.get(key), ItemRow)], last
