"""The ledger proves itself every night, in slices of a table in motion; whatever is wrong is named (B10)."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from functions.settlement import table
from functions.settlement.actions import put_policy
from functions.settlement.actions.ledger import post
from functions.settlement.rules import ledger
from functions.settlement.rules.policy import Policy
from functions.settlement.table import ProofRow
from functions.shared import clock, ids
from functions.shared.table import find
from tests.harness.world import Reply, World
from tests.settlement.makers import commit

DAY = "2026-03-02"
PARTS = 2


@pytest.fixture
def order_id(world: World) -> str:
    """An order that was paid; the proof goes in small slices."""
    small = replace(Policy(), proof_parts=PARTS, proof_rows=4)
    commit("settlement", partial(put_policy, wanted=small))
    order_id = ids.new("ord")
    paid = ledger.payment_received(payment_id="pay_1", order_id=order_id, amount_fen=100, at=clock.now())
    commit("settlement", partial(post, transaction=paid))
    return order_id


def read(world: World) -> Reply:
    return world.get(f"/ledger/proofs/{DAY}", as_=world.person("finance_reader"))


def proof(world: World) -> dict[str, Any]:
    return dict(read(world).body)


def proven(world: World) -> dict[str, Any]:
    """A whole night's proof."""
    world.run("settlement", "prove_ledger")
    world.advance(minutes=2)
    return proof(world)


@pytest.mark.feature("B10")
@pytest.mark.usefixtures("order_id")
class TestSound:
    def test_every_row_is_looked_at_and_nothing_is_wrong(self, world: World) -> None:
        seen = proven(world)
        assert (seen["day"], seen["is_finished"], seen["is_sound"]) == (DAY, True, True)
        assert (seen["wrong"], seen["culprits"]) == (0, [])
        assert seen["rows"] >= 6
        assert not [timer for timer in world.timers.values() if timer.kind == "prove_ledger_slice"]

    def test_a_proof_that_goes_on_is_not_sound_yet(self, world: World) -> None:
        world.run("settlement", "prove_ledger")
        begun = proof(world)
        assert (begun["rows"], begun["is_finished"], begun["is_sound"]) == (0, False, False)

    def test_begun_twice_it_changes_nothing(self, world: World) -> None:
        first = proven(world)
        assert proven(world) == first

    def test_a_slice_that_is_repeated_changes_nothing(self, world: World) -> None:
        world.run("settlement", "prove_ledger")
        world.deliver()
        timers = [timer for timer in world.timers.values() if timer.kind == "prove_ledger_slice"]
        seen = proven(world)
        for timer in timers:
            world.fire(timer)
        assert proof(world) == seen

    def test_a_part_that_is_missing_is_not_sound(self, world: World) -> None:
        proven(world)
        row = find(ProofRow, *table.proof_key(DAY, PARTS - 1))
        assert row is not None
        row.delete()
        seen = proof(world)
        assert (seen["is_finished"], seen["is_sound"]) == (False, False)

    def test_a_night_without_a_proof_is_404(self, world: World) -> None:
        assert read(world).status == 404


@pytest.mark.feature("B10")
class TestCulprits:
    def test_a_tampered_line_is_named(self, world: World, order_id: str) -> None:
        (line,) = table.lines_of(ledger.funds_held(order_id), limit=1)
        line.amount_fen = -99
        line.save()
        seen = proven(world)
        assert (seen["is_finished"], seen["is_sound"]) == (True, False)
        account = f"ACCOUNT#client_funds_held:{order_id}"
        assert f"line of payment#pay_1 in {account} is -99 fen, its posting says -100" in seen["culprits"]
        assert f"balance of {account} is -100 fen, its lines say -99" in seen["culprits"]
        assert seen["wrong"] >= len(set(seen["culprits"]))

    def test_an_invented_line_is_named(self, world: World, order_id: str) -> None:
        (line,) = table.lines_of(ledger.funds_held(order_id), limit=1)
        shard = ledger.shard_of(order_id)
        forged = table.line_row(
            ledger.GOODWILL, shard, ledger.Transaction("payment#pay_1", order_id, line.at, _zero_sum()), 7
        )
        commit("settlement", lambda tx: tx.insert(forged))
        seen = proven(world)
        assert not seen["is_sound"]
        assert f"line of payment#pay_1 in {forged.pk} is 7 fen, no posting says so" in seen["culprits"]

    def test_a_missing_transaction_is_named_by_its_lines(self, world: World, order_id: str) -> None:
        row = find(table.TransactionRow, *table.transaction_key(order_id, "payment#pay_1"))
        assert row is not None
        row.delete()
        seen = proven(world)
        assert not seen["is_sound"]
        assert any("no posting says so" in culprit and order_id in culprit for culprit in seen["culprits"])


def _zero_sum() -> tuple[ledger.Posting, ...]:
    return (ledger.Posting(ledger.GOODWILL, 7), ledger.Posting(ledger.SUSPENSE, -7))
