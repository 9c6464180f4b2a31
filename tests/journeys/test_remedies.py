"""The tour's other story, told by its command on the deployed stack: what is done when something went wrong."""

import pytest

from tests.stack.running import Stack


@pytest.mark.feature("F17")
@pytest.mark.feature("F36")
@pytest.mark.feature("B13")
@pytest.mark.feature("B14")
def test_a_complaint_to_its_end_a_companion_exchanged_and_a_claim_paid(stack: Stack) -> None:
    told = stack.run("infra.local.demo", "remedies")
    assert "/appeal" in told
    assert "已赔付 ¥90.00" in told
    assert "步都已核对" in told.splitlines()[-1]


def test_a_story_that_is_not_known_is_refused_by_its_name(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="there are: order, remedies"):
        stack.run("infra.local.demo", "nonsense")
