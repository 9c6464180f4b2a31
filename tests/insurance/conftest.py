"""The desk that insurance's tests play at."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.harness.world import World
from tests.insurance.makers import Desk, open_desk


@pytest.fixture
def desk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Insurance beside an insurer's server whose host the operator has named; no endpoint yet."""
    with open_desk(world, tmp_path) as opened:
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", urlsplit(opened.insurer.url).netloc)
        yield opened
