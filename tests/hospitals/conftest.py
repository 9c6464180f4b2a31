"""A desk that can be called."""

from collections.abc import Iterator

import pytest

from tests.harness.world import World
from tests.hospitals.desk_makers import HelpScene, help_scene, receiver


@pytest.fixture
def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[HelpScene]:
    """A visit at a hospital whose desk has two contacts behind one server."""
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")
    with receiver() as desk:
        yield help_scene(world, desk)
