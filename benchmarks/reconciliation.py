"""A day's bill of a million lines against as many of our own: lines per second, and what it takes of memory.

The bill is made line by line in the provider's real format while it is read, so that nothing but the reconciliation
itself could hold it. Every thousandth line differs, in each way that there is.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

_CHILD = "from benchmarks.reconciliation import child; child({lines})"


def measure(lines: int) -> dict[str, Any]:
    """Runs in a process of its own, whose peak memory is the reconciliation's: {lines_per_s, peak_mb, base_mb, …}."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", _CHILD.format(lines=lines)], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(lines: int) -> None:
    """Prints one JSON object."""
    import json
    import resource
    import time

    from functions.settlement.gateways.spool import Spool
    from functions.settlement.gateways.wechat_bill import lines_of
    from functions.settlement.rules.reconciliation import Tally

    base_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    tally = Tally()
    with Spool() as spool:
        for own in _ours(lines):
            spool.add_ours(own)
        for line in lines_of(_bill(lines)):
            spool.add_theirs(line)
        differences = sum(1 for _ in spool.differences(tally))
    seconds = time.perf_counter() - begun
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert tally.matched + differences >= lines, "every line was compared"
    print(
        json.dumps(
            {
                "lines": lines,
                "lines_per_s": round(lines / seconds),
                "peak_mb": round(peak_kb / 1024, 1),
                "base_mb": round(base_kb / 1024, 1),
                "differences": differences,
            }
        )
    )


def _ours(lines: int) -> Iterator[Any]:
    from functions.settlement.rules.reconciliation import LineKind, OurLine

    for number in range(lines):
        if number % 4_000 != 0:  # theirs only
            amount_fen = 22_500 + (number % 4_000 == 1_000)
            yield OurLine(LineKind.PAYMENT, f"pay_{number:026d}", f"ord_{number:026d}", amount_fen, True)
    for number in range(0, lines, 4_000):
        yield OurLine(LineKind.PAYMENT, f"pay_x{number:025d}", "ord_x", 22_500, True)


def _bill(lines: int) -> Iterator[str]:
    from functions.settlement.gateways.wechat_bill import HEADER, TOTALS_HEADER

    yield ",".join(HEADER) + "\n"
    for number in range(lines):
        yield (
            f"`2026-03-02 09:00:01,`wx1,`190000,`,`,`42{number:026d},`pay_{number:026d},`oWang,`JSAPI,`SUCCESS,`OTHERS,"
            "`CNY,`225.00,`0.00,`0,`0,`0.00,`0.00,`,`,`深度陪诊,`,`1.35000,`0.60%,`225.00,`0.00,`\n"
        )
    yield ",".join(TOTALS_HEADER) + "\n"
    total = lines * 22_500
    fees = lines * 135
    yield (
        f"`{lines},`{total // 100}.{total % 100:02d},`0.00,`0.00,`{fees // 100}.{fees % 100:02d}000,"
        f"`{total // 100}.{total % 100:02d},`0.00\n"
    )
