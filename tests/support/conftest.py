"""A completed order that waits for its review, with the real WeChat stand-in as content check."""

import pytest

from infra.local.standins.wechat.rules import DOUBTFUL, RISKY
from tests.accounts.makers import put_templates
from tests.harness.world import World
from tests.standins.servers import Standin
from tests.support.makers import Office, connect_wechat


@pytest.fixture
def office(world: World, wechat_standin: Standin) -> Office:
    """Accounts (for the content check) and support hear the bus."""
    world.rooms = ("accounts", "support")
    connect_wechat(wechat_standin)
    put_templates()
    return Office(world, wechat_standin)


@pytest.fixture
def texts() -> dict[str, str]:
    """A text for each suggestion of the content check."""
    return {"risky": f"这次很好，{RISKY[0]}", "review": f"这次很好，{DOUBTFUL[0]}"}
