"""A world in which only the visit's rooms listen, and a visit that has just ended."""

import pytest

from tests.harness.world import World
from tests.tracking.makers import ALL, VisitScene, visit_scene


@pytest.fixture
def world(world: World) -> World:
    """Only tracking and care hear the bus."""
    world.rooms = ("tracking", "care")
    return world


@pytest.fixture
def ended(world: World) -> VisitScene:
    """A visit whose last milestone was recorded this instant."""
    visit = visit_scene(world)
    visit.walk(*ALL)
    world.deliver()
    return visit
