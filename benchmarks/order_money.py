"""What one order's money costs: from asking to pay, over the split, to the companion's income.

Settlement by itself, beside the real stand-in of WeChat Pay: what the other rooms do about the same events is counted
by `order`. Calls and units are exact and the same in every run.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

_KEPT_FOREVER_S = 1e9
POSTINGS, ROUND_TRIPS, TRANSACTIONS, READ_UNITS, WRITE_UNITS = 8, 15, 5, 14, 80
"""Of one order together, at most."""


def measure() -> dict[str, Any]:
    """The second order of a process, act by act and together; its postings sum to zero and its income is released."""
    from benchmarks.meter import Meter
    from benchmarks.town import metered_handle
    from functions.settlement import actions
    from functions.shared import table
    from functions.shared.consumer import Subscriptions
    from infra.local.standins.keys import make_keys
    from tests.harness.world import open_world
    from tests.settlement.makers import open_till

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_keys(folder)
        world = stack.enter_context(open_world())
        meter = stack.enter_context(Meter().running())
        stack.enter_context(patch.object(table, "_KEEP_S", _KEPT_FOREVER_S))
        # The till forgets what is kept whenever it puts something, which only tests need.
        stack.enter_context(patch.object(table, "forget_kept", lambda: None))
        stack.enter_context(patch.object(Subscriptions, "handle", metered_handle(meter)))
        till = stack.enter_context(open_till(world, folder, folder))
        _play(till, meter)
        meter.acts.clear()
        order = _play(till, meter)
        acts = list(meter.acts)
        booked = actions.order_ledger(order.order_id)
    postings = [posting for transaction in booked for posting in transaction.postings]
    assert sum(posting.amount_fen for posting in postings) == 0, "the order's books balance"
    assert any(act.name.endswith("release_income") and act.writes for act in acts), "the income was released"
    return {
        "postings": len(postings),
        "ledger_transactions": len(booked),
        "round_trips": sum(len(act.store_calls) for act in acts),
        "reads": sum(act.reads for act in acts),
        "transactions": sum(act.writes for act in acts),
        "rru": sum(act.units.read for act in acts),
        "wru": sum(act.units.write for act in acts),
        "acts": [
            {"name": act.name, "reads": act.reads, "writes": act.writes}
            | {"rru": act.units.read, "wru": act.units.write, "outside_calls": act.outside_calls}
            for act in acts
        ],
    }


def _play(till: Any, meter: Any) -> Any:
    """Pay, insure, complete, release."""
    from functions.insurance.events import PolicyIssued
    from functions.shared import ids

    order, world = till.order(), till.world
    with meter.act("POST /orders/{order_id}/payments", kind="request", room="settlement"):
        reply = till.start(order)
    assert reply.status == 201, reply.body
    world.deliver()
    till.pays(order)
    with meter.act("POST /webhooks/wechat-pay/payments", kind="request", room="settlement"):
        reply = till.notify(order)
    assert reply.status == 200, reply.body
    world.deliver()
    world.publish(
        PolicyIssued(
            policy_id=ids.derived("pol", order.order_id),
            order_id=order.order_id,
            client_id=order.client.subject,
            product_id="ins_visit",
            insurer_id="insurer",
            premium_fen=order.completed().split.premium_fen,
        )
    )
    world.publish(order.completed())
    world.advance(days=8)
    return order


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """All exact; no act writes in more than one transaction."""
    limits = {
        "postings": POSTINGS,
        "round_trips": ROUND_TRIPS,
        "transactions": TRANSACTIONS,
        "rru": READ_UNITS,
        "wru": WRITE_UNITS,
    }
    of_order = [Verdict(f"an order's money: {name}", most, found[name], True) for name, most in limits.items()]
    most_writes = max(act["writes"] for act in found["acts"])
    return [*of_order, Verdict("an order's money: transactions of one act", 1, most_writes, is_exact=True)]


def text(found: dict[str, Any]) -> str:
    """A row for each act."""
    rows = [
        (act["name"], act["reads"], act["writes"], f"{act['rru']:g}", f"{act['wru']:g}", act["outside_calls"])
        for act in found["acts"]
    ]
    total = ("together", found["reads"], found["transactions"], f"{found['rru']:g}", f"{found['wru']:g}", "")
    title = f"An order's money: {found['postings']} postings in {found['ledger_transactions']} ledger transactions"
    return text_table(title, ("act", "reads", "writes", "rru", "wru", "outside"), [*rows, total])
