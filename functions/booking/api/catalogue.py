"""Routes: what can be booked, at which price."""

from typing import Any

from functions.booking import actions
from functions.booking.api.declared import routes
from functions.booking.rules.conditions import CONDITION_TITLES
from functions.booking.schemas.catalogue import (
    ConditionTypeView,
    InsuranceOptionView,
    PackagesQuery,
    PackageView,
    SpecialRequestsQuery,
    SpecialRequestView,
)
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Page


@routes.get(
    "/packages",
    summary="套餐与价格",
    roles=PUBLIC,
    query=PackagesQuery,
    reply=Page[PackageView],
    problems=(NotFound,),
)
def list_packages(call: Call[Any]) -> Page[PackageView]:
    """所选医院所在城市的价格，由低到高。"""
    return Page(items=[PackageView.of(priced) for priced in actions.list_packages(call.query.hospital_id)])


@routes.get(
    "/special-requests",
    summary="可勾选的定制需求",
    roles=PUBLIC,
    query=SpecialRequestsQuery,
    reply=Page[SpecialRequestView],
    problems=(NotFound,),
)
def list_special_requests(call: Call[Any]) -> Page[SpecialRequestView]:
    """免费的在前；指定医院或套餐时按该处的价格。"""
    found = actions.list_special_requests(hospital_id=call.query.hospital_id, package_id=call.query.package_id)
    return Page(items=[SpecialRequestView.of(request) for request in found])


@routes.get("/condition-types", summary="就诊类型", roles=PUBLIC, reply=Page[ConditionTypeView])
def list_condition_types(call: Call[Any]) -> Page[ConditionTypeView]:
    """询价时可以填一种，陪诊师以此说明擅长什么。都不符合就不填。"""
    return Page(items=[ConditionTypeView.of(each) for each in CONDITION_TITLES])


@routes.get("/insurance-options", summary="可加选的保险", roles=PUBLIC, reply=Page[InsuranceOptionView])
def list_insurance_options(call: Call[Any]) -> Page[InsuranceOptionView]:
    """报价时把 `insurance` 设为 true 即加选。"""
    return Page(items=[InsuranceOptionView.of(option) for option in actions.list_insurance_options()])
