"""What can be done about insurance; other rooms read through this package."""

from functions.insurance.actions.deliveries import attempt_delivery, put_endpoint, queue_policy_issued
from functions.insurance.actions.policies import (
    find_default_product,
    find_policy,
    find_product,
    issue_policy,
    products,
    put_product,
)
from functions.insurance.rules.policies import Product
from functions.insurance.table import put_policy

__all__ = [
    "Product",
    "attempt_delivery",
    "find_default_product",
    "find_policy",
    "find_product",
    "issue_policy",
    "products",
    "put_endpoint",
    "put_policy",
    "put_product",
    "queue_policy_issued",
]
