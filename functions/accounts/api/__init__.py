"""The room's routes, one module per topic; importing this module registers them all."""

from functions.accounts.api import emergency_cards, guests, notices, patients, pushes, sessions
from functions.accounts.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "emergency_cards", "guests", "notices", "patients", "pushes", "routes", "sessions"]
