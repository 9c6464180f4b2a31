"""The room's routes, one module per topic; importing this module registers them all."""

from functions.tracking.api import emergencies, photos, positions, visits
from functions.tracking.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "emergencies", "photos", "positions", "routes", "visits"]
