"""The room's routes, one module per topic; importing this module registers them all."""

from functions.support.api import clients, complaints, rectifications, reviews
from functions.support.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "clients", "complaints", "rectifications", "reviews", "routes"]
