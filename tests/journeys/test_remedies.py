"""The tour's other story on the deployed stack: what is done when something went wrong."""

import pytest

from infra.local import demo_remedies
from infra.local.demo_stage import Stage, Story
from tests.stack.running import Stack


@pytest.mark.feature("F17")
@pytest.mark.feature("F36")
@pytest.mark.feature("B13")
@pytest.mark.feature("B14")
def test_a_complaint_to_its_end_a_companion_exchanged_and_a_claim_paid(stack: Stack) -> None:
    told: list[str] = []
    stage = Stage.of_stack(stack.facts, Story(told.append))
    demo_remedies.play_remedies(stage, Stage.of_stack(stack.facts, Story(lambda _: None)))
    assert any("/appeal" in line for line in told)
    assert any("已赔付 ¥90.00" in line for line in told)


def test_a_story_that_is_not_known_is_refused_by_its_name(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="there are: order, remedies"):
        stack.run("infra.local.demo", "nonsense")
