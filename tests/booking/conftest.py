"""The town that booking's tests play in."""

import pytest

from tests.booking.makers import Town, town_of
from tests.harness.world import World


@pytest.fixture
def town(world: World) -> Town:
    """A hospital, a catalogue, a client with a patient; no companion yet."""
    return town_of(world)
