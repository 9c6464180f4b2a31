"""Shared fixtures. The environment is set before anything of the product is imported."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from infra.local.demo_stage import Stage
    from tests.harness.world import World
    from tests.stack.running import Stack

os.environ.update(
    STAGE="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    POWERTOOLS_METRICS_NAMESPACE="Zhenban/test",
    LOG_LEVEL="WARNING",
    SCHEDULER_ROLE_ARN="arn:aws:iam::123456789012:role/zhenban-test-scheduler",
    EVENTS_FUNCTION_ARN_PREFIX="arn:aws:lambda:us-east-1:123456789012:function:zhenban-test-",
)
os.environ.pop("CAPABILITY", None)
# How long an example takes says more about the machine than about a rule. What lands must not depend on luck: with CI
# set, properties are tried on the same examples each time; elsewhere on new ones, where a person can look at a find.
settings.register_profile("unhurried", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the deployed stack stay in one process: there is one such stack in a run."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture
def world() -> Iterator["World"]:
    """The whole product on moto with a frozen clock."""
    from tests.harness.world import open_world

    with open_world() as opened:
        yield opened


@pytest.fixture
def stage(world: "World", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Stage"]:
    """The product and its stand-ins in this process, for the stories that are played on a deployed stack too."""
    from tests.harness.stage import open_stage

    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "")
    with open_stage(world, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def stack() -> Iterator["Stack"]:
    """The product deployed on a local stack of the tests' own (a quarter of a minute, once per run)."""
    from tests.stack.running import running_stack

    with running_stack() as running:
        yield running
