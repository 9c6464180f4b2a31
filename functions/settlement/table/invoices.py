"""Rows of the e-invoices.

ORDER#<order>             INVOICE#<invoice>   an invoice, with its title sealed
INVOICES#<China month>    <invoice>           that it was asked for in that month
"""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from functions.settlement.rules.invoices import order_id_of
from functions.settlement.table.keys import Key, order_pk
from functions.settlement.table.rows import SettlementRow
from functions.shared.table import FenAttribute, InstantAttribute, find, find_all, query_page

_MOST = 100


class InvoiceRow(SettlementRow, discriminator="e_invoice"):
    invoice_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    amount_fen = FenAttribute()
    item = UnicodeAttribute()
    state = UnicodeAttribute()
    wrapped_key = UnicodeAttribute()
    title_sealed = UnicodeAttribute()
    requested_at = InstantAttribute()
    outdated = BooleanAttribute(default=False)
    """A refund came before it was issued: it is made red as soon as it is."""
    asked_reverse = BooleanAttribute(default=False)
    number = UnicodeAttribute(default="")
    red_number = UnicodeAttribute(default="")
    refusal = UnicodeAttribute(default="")
    issued_at = InstantAttribute(null=True)
    file_key = UnicodeAttribute(null=True)


class InvoiceEntryRow(SettlementRow, discriminator="e_invoice_entry"):
    invoice_id = UnicodeAttribute()


def invoice_key(invoice_id: str) -> Key:
    return order_pk(order_id_of(invoice_id)), f"INVOICE#{invoice_id}"


def entry_key(invoice_id: str, month: str) -> Key:
    return f"INVOICES#{month}", invoice_id


def find_invoice(invoice_id: str) -> InvoiceRow | None:
    return find(InvoiceRow, *invoice_key(invoice_id))


def invoices_of(order_id: str) -> list[InvoiceRow]:
    """The order's invoices, the first one first: one Query."""
    rows, _ = query_page(InvoiceRow, order_pk(order_id), prefix="INVOICE#", limit=_MOST)
    return sorted(rows, key=lambda row: (row.requested_at, len(row.invoice_id), row.invoice_id))


def invoices_of_month(month: str, *, limit: int, after: str | None) -> tuple[list[InvoiceRow], str | None]:
    """A page of what was asked for in a month: one Query, one BatchGet."""
    entries, last = query_page(InvoiceEntryRow, f"INVOICES#{month}", limit=limit, after=after, newest_first=True)
    keys = [invoice_key(entry.invoice_id) for entry in entries]
    rows = find_all(SettlementRow, keys)
    return [row for key in keys if isinstance(row := rows.get(key), InvoiceRow)], last
