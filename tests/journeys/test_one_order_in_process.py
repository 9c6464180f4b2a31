"""The order of the tour, played in one process: quick, without a stack, IAM, real timers or the live channel."""

from pathlib import Path

import pytest

from infra.local import demo, demo_troubles, seeding
from infra.local.demo_stage import HttpHost, Missing, Stage, Story
from tests.harness.stage import batches


@pytest.mark.feature("F1")
@pytest.mark.feature("F4")
@pytest.mark.feature("F10")
@pytest.mark.feature("F25")
def test_one_order_from_login_to_the_companions_income(stage: Stage) -> None:
    order = demo.play_order(stage)
    assert order.total_fen == 32_500


@pytest.mark.feature("B1")
def test_orders_that_are_not_rightly_paid_in_time_end_without_a_cost(stage: Stage) -> None:
    troubles = demo_troubles.begin(stage)
    demo_troubles.check_wrong_amount_is_set_aside(stage, troubles)
    demo_troubles.finish(stage, troubles)


def test_an_effect_that_does_not_come_ends_the_story_with_one_sentence() -> None:
    story = Story(lambda _: None)
    nowhere = HttpHost("接口", "http://127.0.0.1:1", story)
    stage = Stage(story=story, api=nowhere, wechat=nowhere, pay=nowhere, insurer=nowhere, patience_s=0.2)
    with pytest.raises(Missing, match="没有等到"):
        stage.wait_for(lambda: None, "没有等到")
    with pytest.raises(Missing, match="接口没有应答（GET /cities：NewConnectionError）"):
        stage.api.request("GET", "/cities")


def test_seeding_again_writes_only_what_changed(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _seed_again(tmp_path) == 0
    monkeypatch.setattr(seeding, "HOLD_S", seeding.HOLD_S + 1)
    assert _seed_again(tmp_path) == 1


def _seed_again(folder: Path) -> int:
    facts = {"standins": {"insurer": "http://127.0.0.1:1"}, "standins_folder": str(folder / "standins")}
    # The endpoint's address is another one on every run of the stand-ins.
    return sum(seeding.write(each) for each in batches(folder, facts) if each.name != "endpoint-0")
