"""A scheduled visit for the tests that need one."""

import pytest

from tests.harness.world import World
from tests.tracking.makers import VisitScene, visit_scene


@pytest.fixture
def visit(world: World) -> VisitScene:
    """Scheduled, in two hours; nothing recorded."""
    return visit_scene(world)
