"""The room's routes, one module per topic; importing this module registers them all."""

from functions.tracking.api import (
    calls,
    chat,
    check_ins,
    emergencies,
    extras,
    no_shows,
    photos,
    positions,
    trails,
    visits,
)
from functions.tracking.api.declared import routes

bp = routes.blueprint

__all__ = [
    "bp",
    "calls",
    "chat",
    "check_ins",
    "emergencies",
    "extras",
    "no_shows",
    "photos",
    "positions",
    "routes",
    "trails",
    "visits",
]
