"""The room's routes, one module per topic; importing this module registers them all."""

from functions.booking.api import catalogue, offers, orders, quotes
from functions.booking.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "catalogue", "offers", "orders", "quotes", "routes"]
