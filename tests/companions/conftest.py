"""What tests of companions share."""

import pytest

from tests.companions.makers import Office, put_city_and_hospital
from tests.harness.world import World


@pytest.fixture
def office(world: World) -> Office:
    """The directory, an applicant and staff; the other rooms do not listen."""
    world.rooms = ("companions",)
    put_city_and_hospital()
    return Office.of(world)
