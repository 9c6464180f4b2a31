"""A world in which only this room listens, and a scheduled visit for the tests that need one."""

import pytest

from tests.harness.world import World
from tests.tracking.makers import VisitScene, visit_scene


@pytest.fixture
def world(world: World) -> World:
    """Only tracking hears the bus."""
    world.rooms = ("tracking",)
    return world


@pytest.fixture
def visit(world: World) -> VisitScene:
    """Scheduled, in two hours; nothing recorded."""
    return visit_scene(world)
