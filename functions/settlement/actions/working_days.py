"""What the operator says of single days, before the published calendar."""

from datetime import date

from functions.settlement.table import payouts as table
from functions.shared import audit
from functions.shared.errors import PreconditionFailed
from functions.shared.tx import Tx


def days_said() -> tuple[dict[date, bool], int]:
    """What the operator said of single days, and the version of that (0 while nothing was said)."""
    row = table.find_workdays()
    return row.days, int(row.version)


def say_of_day(
    tx: Tx, *, day: date, is_worked: bool | None, staff_id: str, version: int
) -> tuple[dict[date, bool], int]:
    """What the operator says of a day; None leaves it to the published calendar.

    All days that were spoken of, and their version. PreconditionFailed.
    """
    row = table.find_workdays()
    if version != int(row.version):
        raise PreconditionFailed()
    others = {each: worked for each, worked in row.days.items() if each != day}
    row.days = others if is_worked is None else {**others, day: is_worked}
    tx.save(row)
    audit.record(tx, actor=staff_id, act="working_day.said", subject=day.isoformat(), after=str(is_worked))
    return row.days, int(row.version)
