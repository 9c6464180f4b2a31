"""The room's routes, one module per topic; importing this module registers them all."""

from functions.booking.api import (
    availability,
    cancellations,
    catalogue,
    catalogue_admin,
    coupons,
    hall,
    itineraries,
    offers,
    orders,
    preparation,
    quotes,
    relations,
    series,
    subsidies,
)
from functions.booking.api.declared import routes

bp = routes.blueprint

__all__ = [
    "availability",
    "bp",
    "cancellations",
    "catalogue",
    "catalogue_admin",
    "coupons",
    "hall",
    "itineraries",
    "offers",
    "orders",
    "preparation",
    "quotes",
    "relations",
    "routes",
    "series",
    "subsidies",
]
