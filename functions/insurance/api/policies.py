"""Insurance over HTTP: each route is one read."""

from typing import Any

from functions.insurance import actions
from functions.insurance.api.declared import routes
from functions.insurance.schemas.policies import PolicyView, ProductList, ProductView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call


@routes.get("/insurance-products", summary="保险产品", roles={Role.CLIENT, Role.COMPANION, *STAFF}, reply=ProductList)
def list_products(call: Call[Any]) -> ProductList:
    """下单时可勾选的保险：保费、保障项目与限额、条款版本。"""
    return ProductList(items=[ProductView.of(product) for product in actions.products()])


@routes.get(
    "/orders/{order_id}/policy",
    summary="订单的保单",
    roles={Role.CLIENT, *STAFF},
    reply=PolicyView,
    problems=(NotFound,),
)
def get_policy(call: Call[Any], order_id: str) -> PolicyView:
    """支付成功后出单；未投保的订单没有保单。"""
    client_id = None if call.caller.is_staff else call.caller.subject
    return PolicyView.of(actions.find_policy(order_id, client_id=client_id))
