"""The order of the tour on the deployed stack: over HTTP and the WebSocket, with IAM, streams, bus and timers."""

import pytest

from infra.local import demo
from infra.local.demo_stage import Stage, Story
from tests.stack.running import Stack

WARM_S = 60
"""A machine that is busy with other tests is slower than the 25 s of a quiet one."""


@pytest.mark.feature("F1")
@pytest.mark.feature("F7")
@pytest.mark.feature("F9")
@pytest.mark.feature("F10")
@pytest.mark.feature("F11")
@pytest.mark.feature("F14")
@pytest.mark.feature("F19")
@pytest.mark.feature("F25")
@pytest.mark.feature("F36")
def test_one_order_from_login_to_the_companions_income_with_three_that_go_wrong(stack: Stack) -> None:
    told: list[str] = []
    stage = Stage.of_stack(stack.facts, Story(told.append))
    stage.patience_s = 90
    order = demo.play_all(stage)
    assert order.total_fen == 32_500
    assert any("/guest-accesses" in line for line in told)
    assert stage.story.elapsed_s < WARM_S
