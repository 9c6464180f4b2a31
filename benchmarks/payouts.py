"""A payout run of 1,000 to 100,000 withdrawals: what each of them takes, and whether that grows with the run.

Planning is pure and measured at every length, in turn and as a ratio; its memory and that of the plan's file are those
of processes of their own. The withdrawals are made one by one while they are read, so that nothing but the plan itself
could hold them. The run in the store is metered at two lengths: round trips and units are exact, time is our own
without the store's. An empty run is metered too, for every run looks into each part of each of the last thirty days:
what a withdrawal takes is what comes on top of that.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import fresh
from benchmarks.limits import Verdict
from benchmarks.prices import ASSUMED_MS, FULL_VCPU_MB
from benchmarks.report import table as text_table
from benchmarks.stats import ratio

SIZES = (1_000, 10_000, 100_000)
RUNS = {"quick": (50, 200), "full": (200, 1_000)}
"""Withdrawals of a metered run: the store here takes a tenth of a second for each."""
BY_BANK = 40
"""In a run to bank cards, compared with as many to WeChat: each row of the bank's batch has to be unsealed."""
ROUNDS = {"quick": 3, "full": 7}
PER_ITEM_OF_SMALLEST = 2.0
MEMORY_OF_SMALLEST = 1.5
ROUND_TRIPS_OF_EACH = 0.25
"""A page of at most 24 is a Query, a BatchGet and a transaction; in short runs pages are not full."""
FUNCTION = "settlement_events"
EACH = ("round_trips_per_item", "wru_per_item", "own_us_per_item", "waiting_ms_per_item")
DAY = date(2026, 3, 2)
ASKED_AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
_CONFIG = Path(__file__).parents[1] / ".chalice" / "config.json"
_MOST_REPEATS = 20
_WARM = 100
_KEPT_FOREVER_S = 1e9


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Times, calls and memory by length of the run, and how long the longest would take in production."""
    pace = "quick" if quick else "full"
    planned, of_smallest = planning(SIZES, rounds=ROUNDS[pace])
    for size in SIZES:
        planned[str(size)] |= _memory(size)
    empty = run_in_store(0)
    runs = {str(count): of_each(run_in_store(count), empty, count) for count in RUNS[pace]}
    smallest, largest = (runs[str(each(RUNS[pace]))]["own_us_per_item"] for each in (min, max))
    return {
        "planned": planned,
        "time_per_item_of_smallest": of_smallest,
        "empty_run": empty,
        "runs": runs,
        "run_time_per_item_of_smallest": round(largest / smallest, 3),
        "by_bank": of_each(run_in_store(BY_BANK, by_bank=True), run_in_store(BY_BANK), BY_BANK),
    }


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """Planning is flat in time and memory; the run makes so many calls for each withdrawal; its file fits.

    Time in the run is reported only: what remains when an empty run is taken off is little.
    """
    from benchmarks.cost import memory_mb

    smallest, largest = (found["planned"][str(each(map(int, found["planned"])))] for each in (min, max))
    run = found["runs"][str(max(map(int, found["runs"])))]
    memory = largest["plan_peak_mb"] / smallest["plan_peak_mb"]
    grown = found["time_per_item_of_smallest"]["value"]
    in_run = found["run_time_per_item_of_smallest"]
    return [
        Verdict("payout plan: time per item, largest of smallest", PER_ITEM_OF_SMALLEST, grown, is_exact=True),
        Verdict("payout plan: peak memory, largest of smallest", MEMORY_OF_SMALLEST, memory, is_exact=True),
        Verdict("payout plan's file: peak MB", memory_mb(FUNCTION), largest["file_peak_mb"], is_exact=True),
        Verdict("payout run: round trips for each", ROUND_TRIPS_OF_EACH, run["round_trips_per_item"], is_exact=True),
        Verdict("payout run: own time per item, largest of smallest", PER_ITEM_OF_SMALLEST, in_run, is_exact=False),
    ]


def text(found: dict[str, Any]) -> str:
    """Planning by length, the runs, and what holds more than it should."""
    planned = text_table(
        f"Payout plan: time per item, largest of smallest {found['time_per_item_of_smallest']['value']:.2f}",
        ("withdrawals", "µs each", "plan: peak MB", "its file: peak MB"),
        [
            (f"{int(size):,}", each["us_per_item"], each["plan_peak_mb"], each["file_peak_mb"])
            for size, each in found["planned"].items()
        ],
    )
    each_heads = ("round trips each", "wru each", "own µs each", "waiting ms each")
    runs = text_table(
        "Payout run in the store; each: beyond an empty run, by bank beyond the same run to WeChat",
        ("withdrawals", "reads", "transactions", *each_heads),
        [
            (name, run["reads"], run["transactions"], *(run.get(column, "") for column in EACH))
            for name, run in [("none", found["empty_run"]), *found["runs"].items(), ("by bank", found["by_bank"])]
        ],
    )
    largest, run = found["planned"][str(max(SIZES))], found["runs"][str(max(map(int, found["runs"])))]
    note = (
        f"The plan's file is made in memory and put whole: {largest['file_mb']} MB of it take "
        f"{largest['file_peak_mb'] - largest['file_base_mb']:.0f} MB. A row of the bank's batch takes "
        f"a read and {found['by_bank']['kms_per_item']:g} of KMS more, one after the other, and the batch is made "
        f"whole or not at all.\nWithin the function's {timeout_s()} s: {_most(run):,} withdrawals, or "
        f"a batch of {_most(found['by_bank']):,} rows; a run that was cut off goes on, a batch begins again."
    )
    return f"{planned}\n{runs}\n{note}"


def timeout_s() -> int:
    """How long the function may take."""
    settings = json.loads(_CONFIG.read_text(encoding="utf-8"))
    return int(settings["lambda_functions"][FUNCTION]["lambda_timeout"])


def _most(run: Mapping[str, float]) -> int:
    """How many withdrawals a run gets through before the function times out, by the cost model's assumptions."""
    from benchmarks.cost import memory_mb

    stretch = max(1.0, FULL_VCPU_MB / memory_mb(FUNCTION))
    each_ms = run["waiting_ms_per_item"] + run["own_us_per_item"] / 1_000 * stretch
    return int(timeout_s() * 1_000 / each_ms) // 1_000 * 1_000


def withdrawals(count: int) -> Iterator[Any]:
    """Due on `DAY`, all different, every fourth too large for one transfer."""
    from functions.settlement.rules.withdrawals import Channel, Withdrawal, WithdrawalState

    for number in range(count):
        yield Withdrawal(
            withdrawal_id=f"wdr_{number:026d}",
            companion_id=f"acc_{number:026d}",
            payee_id=f"pye_{number:026d}",
            channel=Channel.WECHAT,
            amount_fen=45_000 if number % 4 == 0 else 10_000 + number % 9_000,
            state=WithdrawalState.REQUESTED,
            requested_at=ASKED_AT,
        )


def planning(sizes: Sequence[int], *, rounds: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Processor time of a planned item by length, and the ratio of the largest to the smallest run's."""
    times: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size, found in times.items():
            repeats = min(_MOST_REPEATS, max(sizes) // size)
            begun = time.process_time()
            for _ in range(repeats):
                plan_whole(size)
            found.append((time.process_time() - begun) / (repeats * size))
    by_size = {str(size): {"us_per_item": round(min(found) * 1e6, 2)} for size, found in times.items()}
    return by_size, ratio(times[max(sizes)], times[min(sizes)]).as_json()


def plan_whole(count: int) -> Any:
    """The totals of a plan of so many, as the run makes them."""
    from functions.settlement.rules import payouts
    from functions.settlement.rules.withdrawals import PayoutPolicy

    totals = payouts.Totals()
    for item in payouts.plan(withdrawals(count), day=DAY, policy=PayoutPolicy()):
        totals.add(item)
    assert totals.count == count, "everybody is due"
    return totals


def _memory(count: int) -> dict[str, float]:
    plan = fresh.measured("payouts", "planned_in_memory", count=count)
    file = fresh.measured("payouts", "filed_in_memory", count=count)
    return {
        "plan_base_mb": plan["base_mb"],
        "plan_peak_mb": plan["peak_mb"],
        "file_base_mb": file["base_mb"],
        "file_peak_mb": file["peak_mb"],
        "file_mb": file["file_mb"],
    }


def planned_in_memory(count: int) -> dict[str, float]:
    """Peak memory of this process when it has planned so many."""
    plan_whole(_WARM)
    base_mb = fresh.peak_mb()
    plan_whole(count)
    return {"base_mb": round(base_mb, 1), "peak_mb": round(fresh.peak_mb(), 1)}


def filed_in_memory(count: int) -> dict[str, float]:
    """The same with the file of the plan, which goes nowhere."""
    from functions.settlement.actions import payouts
    from functions.settlement.rules.payouts import plan
    from functions.settlement.rules.withdrawals import PayoutPolicy
    from functions.shared import files

    sizes: list[int] = []

    def put(*_: Any, content: bytes, **__: Any) -> None:
        sizes.append(len(content))

    def items(length: int) -> Iterator[Any]:
        return plan(withdrawals(length), day=DAY, policy=PayoutPolicy())

    with patch.object(files, "put", put):
        with patch.object(payouts, "items_of", lambda _: items(_WARM)):
            payouts._write_files(DAY)
        base_mb = fresh.peak_mb()
        with patch.object(payouts, "items_of", lambda _: items(count)):
            payouts._write_files(DAY)
    return {
        "base_mb": round(base_mb, 1),
        "peak_mb": round(fresh.peak_mb(), 1),
        "file_mb": round(sizes[-1] / 1e6, 2),
    }


def run_in_store(count: int, *, by_bank: bool = False) -> dict[str, float]:
    """A whole run of so many, from nothing to a plan that waits for approval or is handed over."""
    from benchmarks.meter import Meter
    from functions.settlement.actions import payouts
    from functions.settlement.table.payouts import find_plan
    from functions.shared import clock, table
    from functions.shared.run import Run
    from tests.harness.world import open_world

    kept = patch.object(table, "_KEEP_S", _KEPT_FOREVER_S)
    with kept, open_world() as world, Meter().running() as meter:
        world.travel.move_to(datetime(DAY.year, DAY.month, DAY.day, 2, tzinfo=UTC), tick=False)
        payouts.run_payouts(Run("settlement", "warm", clock.now() - timedelta(days=3)))
        _load(count, by_bank=by_bank)
        with meter.act("payout_run", kind="timer", room=FUNCTION) as act:
            payouts.run_payouts(Run("settlement", "payout_run", clock.now()))
        plan = find_plan(DAY)
    assert plan is not None and plan.items == count, "everybody is in the plan"
    waiting_ms = act.reads * ASSUMED_MS["store_read"] + act.writes * ASSUMED_MS["store_write"]
    waiting_ms += sum(act.aws_calls.values()) * ASSUMED_MS["aws_call"]
    return {
        "reads": act.reads,
        "transactions": act.writes,
        "rru": act.units.read,
        "wru": act.units.write,
        "kms_calls": act.aws_calls["kms.Decrypt"],
        "own_ms": round(act.own_ms, 1),
        "waiting_ms": waiting_ms,
    }


def of_each(run: Mapping[str, float], empty: Mapping[str, float], count: int) -> dict[str, float]:
    """The run with what each of `count` withdrawals takes beyond what an empty run takes."""
    more = {name: (run[name] - empty[name]) / count for name in run}
    return dict(run) | {
        "round_trips_per_item": round(more["reads"] + more["transactions"], 3),
        "wru_per_item": round(more["wru"], 2),
        "own_us_per_item": round(more["own_ms"] * 1_000, 1),
        "waiting_ms_per_item": round(more["waiting_ms"], 2),
        "kms_per_item": round(more["kms_calls"], 3),
    }


def _load(count: int, *, by_bank: bool) -> None:
    """What `request_withdrawal` leaves for a run: the withdrawal, and that it is due."""
    from benchmarks.loading import put_rows
    from functions.settlement.rules import ledger
    from functions.settlement.rules.withdrawals import Channel
    from functions.settlement.table import payouts as table
    from functions.shared.table import Row

    rows: list[Row] = []
    for each in withdrawals(count):
        owner, key, payee_id = each.companion_id, each.withdrawal_id, each.payee_id
        channel = Channel.BANK if by_bank else each.channel
        withdrawal = table.WithdrawalRow(
            *table.withdrawal_key(owner, key),
            withdrawal_id=key,
            companion_id=owner,
            payee_id=payee_id,
            channel=channel,
            amount_fen=each.amount_fen,
            state=each.state,
            requested_at=each.requested_at,
            due_on=str(DAY),
            version=1,
        )
        due_pk = table.due_pk(DAY, ledger.shard_of(key))
        rows += [withdrawal, table.DueRow(due_pk, key, companion_id=owner, version=1)]
        if by_bank:
            rows.append(_card(owner, payee_id))
    put_rows("settlement", rows)


def _card(companion_id: str, payee_id: str) -> Any:
    from functions.settlement.rules.withdrawals import Channel
    from functions.settlement.table import payouts as table
    from functions.shared import crypto

    key = crypto.new_key(room="settlement", owner_id=companion_id)
    return table.PayeeRow(
        *table.payee_key(companion_id, payee_id),
        payee_id=payee_id,
        companion_id=companion_id,
        channel=Channel.BANK,
        wrapped_key=key.wrapped,
        name_sealed=key.encrypt("name", "王建国"),
        account_sealed=key.encrypt("account", "4539148803436467"),
        bank="工商银行",
        bound_at=ASKED_AT,
        version=1,
    )
