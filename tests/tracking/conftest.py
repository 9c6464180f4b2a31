"""A world in which only this room listens, and a scheduled visit for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.harness.world import World
from tests.tracking.makers import VisitScene, visit_scene
from tests.tracking.sockets_server import Sockets, serve_sockets


@pytest.fixture
def world(world: World) -> World:
    """Only tracking hears the bus."""
    world.rooms = ("tracking",)
    return world


@pytest.fixture
def visit(world: World) -> VisitScene:
    """Scheduled, in two hours; nothing recorded."""
    return visit_scene(world)


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sockets]:
    """Where messages for open sockets arrive."""
    with serve_sockets() as serving:
        monkeypatch.setenv("LIVE_ENDPOINT", serving.url)
        yield serving
