"""Audit rows, and recurring work that may be called twice or cut off."""

from functions.shared import audit, clock
from functions.shared.consumer import Subscriptions
from functions.shared.run import Run
from functions.shared.tx import Tx
from tests.harness.world import World


def note(subject: str, act: str) -> None:
    tx = Tx("booking", now=clock.now(), correlation_id="test")
    audit.record(tx, actor="stf_1", act=act, subject=subject, reason="复核材料")
    tx.commit()


def test_entries_come_newest_first_and_page(world: World) -> None:
    for act in ("opened", "approved", "reopened"):
        note("sub_1", act)
        world.advance(seconds=1)
    note("sub_2", "opened")
    page, after = audit.entries_of("booking", "sub_1", limit=2)
    assert [entry.act for entry in page] == ["reopened", "approved"]
    rest, _ = audit.entries_of("booking", "sub_1", limit=2, after=after)
    assert [(entry.act, entry.actor, entry.reason) for entry in rest] == [("opened", "stf_1", "复核材料")]


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(world: World) -> None:
    done: list[str] = []
    bus = Subscriptions("booking")

    @bus.recurring("nightly", "cron(30 2 * * ? *)")
    def nightly(run: Run) -> None:
        for name in ("a", "b"):

            def act(tx: Tx, name: str = name) -> None:
                audit.record(tx, actor="system", act=name, subject="run")

            if run.act(name, act):
                done.append(name)
            if len(done) == 1 and name == "a":
                raise InterruptedError

    call = {"recurring": "nightly", "scheduled_at": "2026-03-02T18:30:00Z"}
    for _ in range(3):
        try:
            bus.handle(call)
        except InterruptedError:
            done.append("cut off")
    bus.handle(call)
    assert done == ["a", "cut off", "b"]
    bus.handle(call | {"scheduled_at": "2026-03-03T18:30:00Z"})
    assert done[3:] == ["a", "b"]
    assert bus.schedules == {"nightly": "cron(30 2 * * ? *)"}
