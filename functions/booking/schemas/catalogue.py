"""What can be ordered."""

from typing import TYPE_CHECKING

from functions.booking.actions.catalogue import PricedPackage
from functions.booking.rules.conditions import CONDITION_TITLES, ConditionType
from functions.booking.rules.pricing import SpecialRequest
from functions.booking.schemas.common import Id
from functions.shared.http import Reading
from functions.shared.http.schemas import Body

if TYPE_CHECKING:
    from functions.insurance.actions import Product


class PackagesQuery(Body, frozen=True):
    """价格按医院所在城市的档位给出。"""

    hospital_id: Id


class SpecialRequestsQuery(Body, frozen=True):
    """指定医院或套餐时，按该处的价格给出。"""

    hospital_id: Id | None = None
    package_id: Id | None = None


class PackageView(Reading, frozen=True, kw_only=True):
    """一种套餐在所选医院的价格与内容。"""

    package_id: str
    name: str
    summary: str
    duration_min: int
    includes: list[str]
    included_special_requests: list[str]
    """套餐已含、勾选时不另收费的定制需求。"""
    price_fen: int

    @classmethod
    def of(cls, priced: PricedPackage) -> "PackageView":
        package = priced.package
        return cls(
            package_id=package.id,
            name=package.name,
            summary=package.summary,
            duration_min=package.duration_min,
            includes=list(package.includes),
            included_special_requests=sorted(package.included_special_requests),
            price_fen=priced.price_fen,
        )


class SpecialRequestView(Reading, frozen=True, kw_only=True):
    """一项定制需求；`price_fen` 为 0 表示免费。"""

    special_request_id: str
    name: str
    summary: str
    price_fen: int

    @classmethod
    def of(cls, request: SpecialRequest) -> "SpecialRequestView":
        return cls(
            special_request_id=request.id, name=request.name, summary=request.summary, price_fen=request.price_fen
        )


class ConditionTypeView(Reading, frozen=True, kw_only=True):
    """一种就诊类型。"""

    condition_type: ConditionType
    title: str

    @classmethod
    def of(cls, condition_type: ConditionType) -> "ConditionTypeView":
        return cls(condition_type=condition_type, title=CONDITION_TITLES[condition_type])


class InsuranceOptionView(Reading, frozen=True, kw_only=True):
    """报价时可以加选的保险。"""

    product_id: str
    name: str
    summary: str
    premium_fen: int

    @classmethod
    def of(cls, option: "Product") -> "InsuranceOptionView":
        return cls(
            product_id=option.product_id, name=option.name, summary=option.summary, premium_fen=option.premium_fen
        )
