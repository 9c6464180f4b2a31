"""A watcher who loses the connection, on the deployed stack with real sockets: exactly what was missed comes again."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.shared.clock import now
from infra.local import demo_order, demo_visit
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Live, Stage, Story, expect
from tests.stack.running import Stack


@pytest.fixture(scope="module")
def stage(stack: Stack) -> Stage:
    return Stage.of_stack(stack.facts, Story(tell=lambda _: None))


@pytest.fixture(scope="module")
def hospital(stage: Stage) -> dict[str, Any]:
    return demo_order.browse(stage)


def assigned(stage: Stage) -> tuple[Order, Person, str]:
    """A paid order, the companion who took it, and its visit's path."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.start_payment(stage, order, quiet=True)
    demo_order.pay_at_provider(stage, order, quiet=True)
    stage.wait_for(lambda: demo_order.order_in(stage, order, {"dispatching", "assigned"}), "付款后订单没有进入派单")
    companion, path = demo_order.accept(stage, order), demo_visit.visit_path(order)

    def scheduled() -> bool | None:
        return stage.api.request("GET", path, token=companion.token, quiet=True).status == 200 or None

    stage.wait_for(scheduled, "接单后没有生成陪诊")
    return order, companion, path


def follow(stage: Stage, token: str, path: str, *, after_sequence: int) -> Live:
    live = Live(stage.live_url, token)
    live.send({"action": "subscribe", "visit_id": path.rpartition("/")[2], "after_sequence": after_sequence})
    stage.wait_for(lambda: live.of("visit.subscribed") or None, "实时通道没有确认订阅")
    return live


def heard(live: Live) -> list[tuple[int, str, str]]:
    return [(m["sequence"], m["change"], m["milestone"]["code"]) for m in live.of("visit.progressed")]


def change(stage: Stage, token: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = stage.api.request("POST", path, dict(body), token=token)
    return dict(expect(answer, 201, path))


@pytest.mark.feature("F10")
def test_a_watcher_who_comes_back_hears_exactly_the_five_changes_that_were_missed(
    stage: Stage, hospital: dict[str, Any]
) -> None:
    order, companion, path = assigned(stage)
    agent = demo_order.sign_in_staff(stage, "agent")
    change(stage, companion.token, f"{path}/milestones", {"code": "departed"})
    first = follow(stage, order.client.token, path, after_sequence=0)
    stage.wait_for(lambda: heard(first) or None, "实时通道没有收到出发")
    assert {sequence for sequence, *_ in heard(first)} == {1}
    first.close()

    change(stage, agent, f"{path}/check-ins/arrived/override", {"reason": "院区内定位失灵，已电话核实"})
    seen = change(stage, companion.token, f"{path}/milestones", {"code": "arrived"})
    correction = {"recorded_at": now().isoformat(), "reason": "recorded_late"}
    change(stage, companion.token, f"{path}/milestones/arrived/corrections", correction)
    following = [step for step in seen["milestones"] if step["state"] == "pending"]
    by_staff, skipped = following[0]["code"], following[1]["code"]
    note = {"note": "陪诊师手机没电，已电话核实"}
    change(stage, agent, f"{path}/milestones", {"code": by_staff} | note)
    change(stage, agent, f"{path}/milestones/{skipped}/skip", {"reason": "hospital_unavailable"} | note)

    missed = [
        (2, "vouched", "arrived"),
        (3, "recorded", "arrived"),
        (4, "corrected", "arrived"),
        (5, "recorded", by_staff),
        (6, "skipped", skipped),
    ]
    back = follow(stage, order.client.token, path, after_sequence=1)
    stage.wait_for(lambda: len(heard(back)) >= len(missed) or None, "重连后没有收齐错过的变化")
    assert heard(back) == missed
    assert [message["sequence"] for message in back.of("visit.subscribed")] == [6]
    back.close()

    polled = expect(stage.api.request("GET", path, token=order.client.token), 200, "轮询进度")
    assert (polled["sequence"], polled["milestones"][1]["proved_by"]) == (6, "staff")


@pytest.mark.feature("F10")
def test_the_bus_wakes_other_rooms_only_for_the_steps_that_they_need(stack: Stack, stage: Stage) -> None:
    """The conditions of the rooms' rules, as the bus reads them: the order follows its visit, its client is told."""
    rules = {
        rule["Name"]: rule["EventPattern"]
        for rule in stack.client("events").list_rules(EventBusName="zhenban-local")["Rules"]
    }
    others = {name: pattern for name, pattern in rules.items() if "tracking" not in name.lower()}
    conditional = [pattern for pattern in others.values() if '"state"' in pattern and "visit.progressed" in pattern]
    assert len(conditional) == 3
    order, companion, path = assigned(stage)
    change(stage, companion.token, f"{path}/milestones", {"code": "departed"})
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "visit_started"), "出发后没有通知客户")
    agent = demo_order.sign_in_staff(stage, "agent")
    change(stage, agent, f"{path}/milestones", {"code": "arrived", "note": "手机没电，已电话核实"})
    stage.wait_for(lambda: demo_order.order_in(stage, order, {"in_service"}), "到院后订单没有进入服务中")
