"""Answers of the insurance routes. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime

from functions.insurance.rules.policies import Policy, PolicyState, Product
from functions.shared import clock
from functions.shared.http.schemas import Reading


class PerilView(Reading, frozen=True):
    """One thing that is covered, up to `limit_fen`."""

    code: str
    title: str
    limit_fen: int


class ProductView(Reading, frozen=True):
    """An insurance that can be ticked when ordering."""

    product_id: str
    name: str
    insurer_id: str
    premium_fen: int
    wording_version: str
    summary: str
    perils: list[PerilView]

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        return cls(
            product_id=product.product_id,
            name=product.name,
            insurer_id=product.insurer_id,
            premium_fen=product.premium_fen,
            wording_version=product.wording_version,
            summary=product.summary,
            perils=[PerilView(code=p.code, title=p.title, limit_fen=p.limit_fen) for p in product.perils],
        )


class ProductList(Reading, frozen=True):
    """All products on offer."""

    items: list[ProductView]


class PolicyView(Reading, frozen=True):
    """The cover of one order."""

    policy_id: str
    order_id: str
    product_id: str
    product_name: str
    insurer_id: str
    premium_fen: int
    wording_version: str
    state: PolicyState
    starts_at: datetime
    ends_at: datetime
    issued_at: datetime
    version: int

    @classmethod
    def of(cls, policy: Policy) -> "PolicyView":
        return cls(
            policy_id=policy.policy_id,
            order_id=policy.order_id,
            product_id=policy.product_id,
            product_name=policy.product_name,
            insurer_id=policy.insurer_id,
            premium_fen=policy.premium_fen,
            wording_version=policy.wording_version,
            state=policy.state,
            starts_at=clock.china(policy.starts_at),
            ends_at=clock.china(policy.ends_at),
            issued_at=clock.china(policy.issued_at),
            version=policy.version,
        )
