"""The till that settlement's tests play at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.standins.keys import make_keys
from tests.harness.world import World
from tests.settlement.makers import Order, Till, open_till


@pytest.fixture(scope="session")
def till_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's and the merchant's keys, made once because RSA keys take a while."""
    folder = tmp_path_factory.mktemp("till")
    make_keys(folder)
    return folder


@pytest.fixture
def till(world: World, till_keys: Path, tmp_path: Path) -> Iterator[Till]:
    """Settlement beside the WeChat Pay stand-in; only settlement listens to the bus."""
    with open_till(world, till_keys, tmp_path) as opened:
        yield opened


@pytest.fixture
def order(till: Till) -> Order:
    """An order that waits for its payment."""
    return till.order()
