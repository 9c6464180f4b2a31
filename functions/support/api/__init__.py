"""The room's routes, one module per topic; importing this module registers them all."""

from functions.support.api import complaints, reviews
from functions.support.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "complaints", "reviews", "routes"]
