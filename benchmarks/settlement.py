"""What settlement costs, and that it does not grow: an order's money, a payout run, a day's bill.

order     postings, round trips and units from asking to pay to the companion's income (`order_money`)
payouts   a run of 1,000 to 100,000 withdrawals: time and calls for each, peak memory (`payouts`)
bills     the provider's bill of 100,000 and 1,000,000 lines against our books: lines/s, peak memory
"""

from typing import Any

from benchmarks import order_money, payouts, reconciliation
from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

LINES = {"quick": (10_000, 100_000), "full": (100_000, 1_000_000)}
PEAK_OF_SHORTER = 1.5


def measure(*, quick: bool = False) -> dict[str, Any]:
    """All three; `quick`: shorter runs in the store, and a tenth of the bill."""
    lines = LINES["quick" if quick else "full"]
    return {
        "order": order_money.measure(),
        "payouts": payouts.measure(quick=quick),
        "bills": [reconciliation.measure(each) for each in lines],
    }


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """Calls and units exactly; time and memory as ratios, with room for a machine's moods."""
    shorter, longer = found["bills"]
    grown = longer["peak_mb"] / shorter["peak_mb"]
    name = f"bill of {longer['lines']:,} lines: peak memory, of {shorter['lines']:,}"
    flat = Verdict(name, PEAK_OF_SHORTER, grown, is_exact=True)
    return [*order_money.verdicts(found["order"]), *payouts.verdicts(found["payouts"]), flat]


def text(found: dict[str, Any]) -> str:
    """The three tables."""
    bills = text_table(
        "Reconciliation of a day's bill",
        ("lines", "lines/s", "peak MB", "of it before", "differences"),
        [
            (f"{each['lines']:,}", f"{each['lines_per_s']:,}", each["peak_mb"], each["base_mb"], each["differences"])
            for each in found["bills"]
        ],
    )
    return "\n".join((order_money.text(found["order"]), payouts.text(found["payouts"]), bills))
