"""The room's routes, one module per topic; importing this module registers them all."""

from functions.hospitals.api import directory, emergencies, guide_maps
from functions.hospitals.api.declared import routes

bp = routes.blueprint

__all__ = ["bp", "directory", "emergencies", "guide_maps", "routes"]
