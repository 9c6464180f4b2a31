"""Prove the ledger over the whole table: `make ledger-check`, or `python -m functions.settlement.ledger_check`.

Prints each culprit and exits with 1 if there is one (`actions.proof` says what is proven). It scans, in memory that
does not grow with the table: run it over a table that is at rest, or read a finding about a total as a question to
ask again. The same is proven every night, in slices, of the table in motion.
"""

import sys
from collections.abc import Iterable

from functions.settlement.actions.proof import findings
from functions.settlement.table import SettlementRow
from functions.shared.table import Row

__all__ = ["findings", "main"]


def main() -> int:
    """Check the stage's table; 0 if the ledger holds, 1 with the culprits on stderr if it does not."""
    wrong = findings(_everything())
    for culprit in wrong:
        print(culprit, file=sys.stderr)
    print("账本不平，见上" if wrong else "账本平衡：每笔合计为零，余额与分录一致")
    return 1 if wrong else 0


def _everything() -> Iterable[Row]:
    return SettlementRow.scan(page_size=1_000, consistent_read=True)


if __name__ == "__main__":
    sys.exit(main())
