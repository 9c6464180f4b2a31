"""A day's bill of a million lines against as many of our own: lines per second, and what it takes of memory.

The bill is made line by line in the provider's real format while it is read, so that nothing but the reconciliation
itself could hold it. Three lines in four thousand differ: ours only, theirs only, another amount.
"""

import time
from collections.abc import Iterator
from typing import Any

from benchmarks import fresh

DIFFERENT = 3 / 4_000


def measure(lines: int) -> dict[str, Any]:
    """In a process of its own: {lines_per_s, peak_mb, base_mb, differences, …}."""
    return fresh.measured("reconciliation", "reconciled", lines=lines)


def reconciled(lines: int) -> dict[str, Any]:
    """The same in this process."""
    from functions.settlement.gateways.spool import Spool
    from functions.settlement.gateways.wechat_bill import lines_of
    from functions.settlement.rules.reconciliation import Tally

    base_mb, begun = fresh.peak_mb(), time.perf_counter()
    tally = Tally()
    with Spool() as spool:
        for own in _ours(lines):
            spool.add_ours(own)
        for line in lines_of(_bill(lines)):
            spool.add_theirs(line)
        differences = sum(1 for _ in spool.differences(tally))
    seconds = time.perf_counter() - begun
    assert tally.matched + differences >= lines, "every line was compared"
    return {
        "lines": lines,
        "lines_per_s": round(lines / seconds),
        "peak_mb": round(fresh.peak_mb(), 1),
        "base_mb": round(base_mb, 1),
        "differences": differences,
    }


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
