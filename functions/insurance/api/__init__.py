"""The room's routes, one module per topic; importing this module registers them all."""

from functions.insurance.api import claims, insurers, policies, subscribing
from functions.insurance.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "claims", "insurers", "policies", "routes", "subscribing"]
