"""Rows of the `insurance` table; the key layout is in the room's contract."""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from functions.insurance.rules.deliveries import DeliveryState
from functions.insurance.rules.policies import Policy, PolicyState, Product
from functions.insurance.rules.thresholds import Thresholds
from functions.shared import crypto
from functions.shared.endpoints import Attempt
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Row, find, keep, query_page
from functions.shared.tx import Tx

Key = tuple[str, str]
_CONFIG: Key = ("CONFIG", "policy")
_PRODUCTS = "PRODUCTS"
_SECRET = "secret"
_ROOM = "insurance"
_MAX_OF_ONE_INSURER = 50


class InsuranceRow(Row):
    class Meta:
        table_name = "insurance"


class ThresholdsRow(InsuranceRow, discriminator="insurance_thresholds"):
    thresholds: JsonAttribute[Thresholds] = JsonAttribute(Thresholds)


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
        )


class EndpointRow(InsuranceRow, discriminator="insurer_endpoint"):
    """Where an insurer wants to be told; its signing secret is encrypted under a key of its own."""

    endpoint_id = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    url = UnicodeAttribute()
    event_types: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    wrapped_key = UnicodeAttribute()
    secret = UnicodeAttribute()
    disabled_at = InstantAttribute(null=True)

    def hide_secret(self, secret: str) -> None:
        key = crypto.new_key(room=_ROOM, owner_id=self.endpoint_id)
        self.wrapped_key, self.secret = key.wrapped, key.encrypt(_SECRET, secret)

    def open_secret(self) -> str:
        key = crypto.open_key(self.wrapped_key, room=_ROOM, owner_id=self.endpoint_id)
        return key.decrypt(_SECRET, self.secret)


class DeliveryRow(InsuranceRow, discriminator="webhook_delivery"):
    """One message to one endpoint, with every attempt; `body` never changes."""

    delivery_id = UnicodeAttribute()
    insurer_id = UnicodeAttribute()
    endpoint_id = UnicodeAttribute()
    event_type = UnicodeAttribute()
    body = UnicodeAttribute()
    state = UnicodeAttribute(default=DeliveryState.PENDING.value)
    attempts: JsonAttribute[tuple[Attempt, ...]] = JsonAttribute(tuple[Attempt, ...], default=())
    created_at = InstantAttribute()


def thresholds() -> Thresholds:
    """The thresholds in force, read at most once a minute."""
    row = keep(ThresholdsRow, *_CONFIG)
    return row.thresholds if row else Thresholds()


def put_policy(tx: Tx, wanted: Thresholds) -> None:
    """Replace the thresholds."""
    row = find(ThresholdsRow, *_CONFIG) or ThresholdsRow(*_CONFIG)
    row.thresholds = wanted
    tx.save(row)


def policy_key(order_id: str) -> Key:
    return f"ORDER#{order_id}", "POLICY"


def endpoint_key(insurer_id: str, endpoint_id: str) -> Key:
    return f"INSURER#{insurer_id}", f"ENDPOINT#{endpoint_id}"


def delivery_key(delivery_id: str) -> Key:
    return f"DELIVERY#{delivery_id}", "DELIVERY"


def products() -> list[Product]:
    """Everything that is on offer: one Query."""
    rows, _ = query_page(ProductRow, _PRODUCTS, limit=_MAX_OF_ONE_INSURER, consistent=False)
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
    )


def find_policy(order_id: str) -> PolicyRow | None:
    return find(PolicyRow, *policy_key(order_id))


def find_endpoint(insurer_id: str, endpoint_id: str) -> EndpointRow | None:
    return find(EndpointRow, *endpoint_key(insurer_id, endpoint_id))


def endpoints_of(insurer_id: str) -> list[EndpointRow]:
    """The insurer's endpoints, also the disabled ones: one Query."""
    rows, _ = query_page(EndpointRow, f"INSURER#{insurer_id}", prefix="ENDPOINT#", limit=_MAX_OF_ONE_INSURER)
    return list(rows)


def find_delivery(delivery_id: str) -> DeliveryRow | None:
    return find(DeliveryRow, *delivery_key(delivery_id))
