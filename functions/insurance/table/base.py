"""The base of the room's rows, and its thresholds."""

from functions.insurance.rules.thresholds import Thresholds
from functions.shared.table import JsonAttribute, Key, Row, find, keep
from functions.shared.tx import Tx

_CONFIG: Key = ("CONFIG", "policy")


class InsuranceRow(Row):
    class Meta:
        table_name = "insurance"


class ThresholdsRow(InsuranceRow, discriminator="insurance_thresholds"):
    thresholds: JsonAttribute[Thresholds] = JsonAttribute(Thresholds)


def thresholds() -> Thresholds:
    """The thresholds in force, read at most once a minute."""
    row = keep(ThresholdsRow, *_CONFIG)
    return row.thresholds if row else Thresholds()


def put_policy(tx: Tx, wanted: Thresholds) -> None:
    """Replace the thresholds."""
    row = find(ThresholdsRow, *_CONFIG) or ThresholdsRow(*_CONFIG)
    row.thresholds = wanted
    tx.save(row)
