"""Products on offer, and the policy of an order."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.insurance.rules.policies import Endorsement, Policy, PolicyState, Product, Visit
from functions.insurance.table.base import InsuranceRow
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Key, find, find_all, keep, query_page
from functions.shared.tx import Tx

_PRODUCTS = "PRODUCTS"
_MOST = 50


class ProductRow(InsuranceRow, discriminator="insurance_product"):
    product: JsonAttribute[Product] = JsonAttribute(Product)


class PolicyRow(InsuranceRow, discriminator="insurance_policy"):
    policy_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    product_id = UnicodeAttribute()
    product_name = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    premium_fen = FenAttribute()
    wording_version = UnicodeAttribute()
    state = UnicodeAttribute()
    starts_at = InstantAttribute()
    ends_at = InstantAttribute()
    issued_at = InstantAttribute()
    terms: JsonAttribute[Product | None] = JsonAttribute(Product | None, null=True)
    companion_id = UnicodeAttribute(default="")
    revision = NumberAttribute(default=0)
    """Which revision of the order this is of."""
    endorsements: JsonAttribute[tuple[Endorsement, ...]] = JsonAttribute(tuple[Endorsement, ...], default=())
    ended_at = InstantAttribute(null=True)
    premium_back_fen = FenAttribute(default=0)

    def to_policy(self) -> Policy:
        return Policy(
            policy_id=self.policy_id,
            order_id=self.order_id,
            client_id=self.client_id,
            product_id=self.product_id,
            product_name=self.product_name,
            insurer_id=self.insurer_id,
            premium_fen=self.premium_fen,
            wording_version=self.wording_version,
            state=PolicyState(self.state),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            issued_at=self.issued_at,
            version=int(self.version),
            terms=self.terms,
            companion_id=self.companion_id,
            endorsements=self.endorsements,
            ended_at=self.ended_at,
            premium_back_fen=int(self.premium_back_fen),
        )


class OrderNewsRow(InsuranceRow, discriminator="insured_order_news"):
    """What booking said of an order before its policy was there (events come in any order); expires."""

    visit: JsonAttribute[Visit | None] = JsonAttribute(Visit | None, null=True)
    closed_at = InstantAttribute(null=True)


def policy_key(order_id: str) -> Key:
    return f"ORDER#{order_id}", "POLICY"


def products() -> list[Product]:
    """Everything that is on offer: one Query."""
    rows, _ = query_page(ProductRow, _PRODUCTS, limit=_MOST, consistent=False)
    return [row.product for row in rows]


def kept_product(product_id: str) -> Product | None:
    """A product, up to a minute old."""
    row = keep(ProductRow, _PRODUCTS, product_id)
    return row.product if row else None


def find_product(product_id: str) -> Product | None:
    """A product as it is now."""
    row = find(ProductRow, _PRODUCTS, product_id)
    return row.product if row else None


def save_product(tx: Tx, product: Product) -> None:
    row = find(ProductRow, _PRODUCTS, product.product_id) or ProductRow(_PRODUCTS, product.product_id)
    row.product = product
    tx.save(row)


def policy_row(
    *,
    policy_id: str,
    order_id: str,
    client_id: str,
    product: Product,
    premium_fen: int,
    starts_at: datetime,
    ends_at: datetime,
    issued_at: datetime,
    companion_id: str = "",
) -> PolicyRow:
    """A policy as it is issued: product, insurer and wording are copied, so that later offers do not change it."""
    return PolicyRow(
        *policy_key(order_id),
        policy_id=policy_id,
        order_id=order_id,
        client_id=client_id,
        product_id=product.product_id,
        product_name=product.name,
        insurer_id=product.insurer_id,
        premium_fen=premium_fen,
        wording_version=product.wording_version,
        state=PolicyState.ISSUED,
        starts_at=starts_at,
        ends_at=ends_at,
        issued_at=issued_at,
        terms=product,
        companion_id=companion_id,
    )


def find_policy(order_id: str) -> PolicyRow | None:
    return find(PolicyRow, *policy_key(order_id))


def find_policy_and_news(order_id: str) -> tuple[PolicyRow | None, OrderNewsRow]:
    """The order's policy, and what was heard before there was one (a new row if nothing): one BatchGetItem."""
    key = (f"ORDER#{order_id}", "NEWS")
    rows = find_all(InsuranceRow, [policy_key(order_id), key])
    policy, news = rows.get(policy_key(order_id)), rows.get(key)
    return (
        policy if isinstance(policy, PolicyRow) else None,
        news if isinstance(news, OrderNewsRow) else OrderNewsRow(*key),
    )
