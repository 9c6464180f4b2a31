"""Rows of the `insurance` table; the key layout is in the room's contract."""

from functions.insurance.table.base import InsuranceRow, ThresholdsRow, put_policy, thresholds
from functions.insurance.table.deliveries import (
    DeliveryRow,
    EndpointRow,
    delivery_key,
    endpoint_key,
    endpoints_of,
    find_delivery,
    find_endpoint,
)
from functions.insurance.table.policies import (
    PolicyRow,
    ProductRow,
    find_policy,
    find_policy_and_news,
    find_product,
    kept_product,
    policy_key,
    policy_row,
    products,
    save_product,
)

__all__ = [
    "DeliveryRow",
    "EndpointRow",
    "InsuranceRow",
    "PolicyRow",
    "ProductRow",
    "ThresholdsRow",
    "delivery_key",
    "endpoint_key",
    "endpoints_of",
    "find_delivery",
    "find_endpoint",
    "find_policy",
    "find_policy_and_news",
    "find_product",
    "kept_product",
    "policy_key",
    "policy_row",
    "products",
    "put_policy",
    "save_product",
    "thresholds",
]
