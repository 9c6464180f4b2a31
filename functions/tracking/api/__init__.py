"""The room's routes, one module per topic; importing this module registers them all."""

from functions.tracking.api import calls, check_ins, emergencies, extras, no_shows, photos, positions, visits
from functions.tracking.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "calls", "check_ins", "emergencies", "extras", "no_shows", "photos", "positions", "routes", "visits"]
