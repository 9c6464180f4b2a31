"""Products on offer, and the policy of an order (F36)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from functions.insurance import table
from functions.insurance.events import PolicyIssued
from functions.insurance.rules.policies import Peril, Policy, Product, ProductUnknown
from functions.shared import ids
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def products() -> list[Product]:
    """Everything that is on offer."""
    return table.products()


def find_default_product() -> Product | None:
    """What a client gets who ticks insurance at the quote, up to a minute old; None while nothing is on offer."""
    return table.kept_product(table.thresholds().default_product_id)


def find_product(product_id: str) -> Product | None:
    """A product, up to a minute old."""
    return table.kept_product(product_id)


def put_product(
    tx: Tx,
    *,
    id: str,
    name: str,
    insurer_id: str,
    premium_fen: int,
    wording_version: str,
    summary: str,
    perils: Iterable[Mapping[str, Any]],
) -> Product:
    """Offer or replace a product, in the shape of the seed. Policies issued before keep what they were issued with."""
    product = Product(
        product_id=id,
        name=name,
        insurer_id=insurer_id,
        premium_fen=premium_fen,
        wording_version=wording_version,
        summary=summary,
        perils=tuple(Peril(**peril) for peril in perils),
    )
    table.save_product(tx, product)
    return product


def issue_policy(
    tx: Tx,
    *,
    order_id: str,
    client_id: str,
    product_id: str,
    premium_fen: int,
    starts_at: datetime,
    ends_at: datetime,
) -> None:
    """Cover a paid order from now on, once; the premium is the one the client paid.

    Raises ProductUnknown: the event is then delivered again, and a person looks at what stays.
    """
    if table.find_policy(order_id) is not None:
        return
    product = table.find_product(product_id)
    if product is None:
        raise ProductUnknown(product_id)
    row = table.policy_row(
        policy_id=ids.derived("pol", order_id),
        order_id=order_id,
        client_id=client_id,
        product=product,
        premium_fen=premium_fen,
        starts_at=starts_at,
        ends_at=ends_at,
        issued_at=tx.now,
    )
    tx.insert(row)
    tx.emit(
        PolicyIssued(
            policy_id=row.policy_id,
            order_id=order_id,
            client_id=client_id,
            product_id=product_id,
            insurer_id=product.insurer_id,
            premium_fen=premium_fen,
        )
    )


def find_policy(order_id: str, *, client_id: str | None) -> Policy:
    """The order's policy; NotFound if there is none or it is not `client_id`'s (None: staff)."""
    row = table.find_policy(order_id)
    if row is None or client_id not in (None, row.client_id):
        raise NotFound()
    return row.to_policy()
