"""The room's routes, one module per topic; importing this module registers them all."""

from functions.companions.api import applications, credentials, handbook, profiles, reviews, tiers
from functions.companions.api.declared import routes

bp = routes.blueprint

__all__ = ["applications", "bp", "credentials", "handbook", "profiles", "reviews", "routes", "tiers"]
