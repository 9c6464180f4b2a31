"""Answers of the insurance routes. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime

from functions.insurance.rules.policies import Change, Endorsement, Policy, PolicyState, Product
from functions.shared import clock
from functions.shared.http.schemas import Reading


class PerilView(Reading, frozen=True):
    """一项保障：限额、免赔额，以及理赔时需要的凭证。"""

    code: str
    title: str
    limit_fen: int
    deductible_fen: int
    evidence: list[str]


class ProductView(Reading, frozen=True):
    """下单时可勾选的一种保险。`wording` 是条款全文；出单 `waiting_h` 小时后起保，陪诊结束 `filing_days` 天内可报案。"""

    product_id: str
    name: str
    insurer_id: str
    premium_fen: int
    wording_version: str
    summary: str
    perils: list[PerilView]
    wording: str
    waiting_h: int
    filing_days: int

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        return cls(
            product_id=product.product_id,
            name=product.name,
            insurer_id=product.insurer_id,
            premium_fen=product.premium_fen,
            wording_version=product.wording_version,
            summary=product.summary,
            perils=[
                PerilView(
                    code=each.code,
                    title=each.title,
                    limit_fen=each.limit_fen,
                    deductible_fen=each.deductible_fen,
                    evidence=list(each.evidence),
                )
                for each in product.perils
            ],
            wording=product.wording,
            waiting_h=product.waiting_h,
            filing_days=product.filing_days,
        )


class ProductList(Reading, frozen=True):
    """All products on offer."""

    items: list[ProductView]


class EndorsementView(Reading, frozen=True):
    """一次批改：陪诊师（companion）或时间（time）有变。"""

    number: int
    at: datetime
    changes: list[Change]
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, endorsement: Endorsement) -> "EndorsementView":
        return cls(
            number=endorsement.number,
            at=clock.china(endorsement.at),
            changes=list(endorsement.changes),
            starts_at=clock.china(endorsement.starts_at),
            ends_at=clock.china(endorsement.ends_at),
        )


class PolicyView(Reading, frozen=True):
    """一单的保单。退保后 `premium_back_fen` 为退回的保费；`filing_until` 之前可以报案。"""

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
    filing_until: datetime
    endorsements: list[EndorsementView]
    ended_at: datetime | None
    premium_back_fen: int
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
            filing_until=clock.china(policy.filing_until),
            endorsements=[EndorsementView.of(each) for each in policy.endorsements],
            ended_at=clock.china(policy.ended_at) if policy.ended_at else None,
            premium_back_fen=policy.premium_back_fen,
            version=policy.version,
        )
