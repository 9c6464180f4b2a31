"""The stages that stories are played on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.demo_stage import Stage
from tests.harness.world import World
from tests.journeys.in_process import open_stage


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Iterator[Stage]:
    """The product and its stand-ins in this process."""
    before = os.environ.get("WEBHOOK_ALLOWED_HOSTS")
    with open_stage(world, tmp_path) as opened:
        yield opened
    if before is None:
        os.environ.pop("WEBHOOK_ALLOWED_HOSTS", None)
    else:
        os.environ["WEBHOOK_ALLOWED_HOSTS"] = before
