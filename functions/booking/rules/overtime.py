"""Time beyond the planned end, agreed upon step by step at the order's frozen rate (B9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.booking.rules.pricing import Overtime
from functions.booking.rules.surcharges import overtime_fen
from functions.shared.money import BP_WHOLE, allocate


@dataclass(frozen=True, kw_only=True)
class OvertimeTerms:
    """What an order agreed upon when it was placed: the rate, and the companion's part of everything it earns."""

    rate: Overtime | None
    share_bp: int


@dataclass(frozen=True, kw_only=True)
class Extension:
    """More time, in whole units, and what it costs: share + commission = amount."""

    minutes: int
    amount_fen: int
    share_fen: int
    commission_fen: int


def free_until(rate: Overtime, planned_end: datetime) -> datetime:
    """Until when staying longer costs nothing."""
    return planned_end + timedelta(minutes=rate.free_min)


def in_units(rate: Overtime, minutes: int) -> int:
    """`minutes` rounded up to whole units."""
    return -(-minutes // rate.unit_min) * rate.unit_min


def extension(rate: Overtime, *, planned_end: datetime, agreed_min: int, more_min: int, share_bp: int) -> Extension:
    """What `more_min` (rounded up to units) cost on top of `agreed_min` that were agreed upon before.

    However the time is cut into steps, the steps together cost what the whole would have cost at once.
    """
    minutes = in_units(rate, more_min)

    def so_far_fen(beyond_min: int) -> int:
        ended_at = free_until(rate, planned_end) + timedelta(minutes=beyond_min)
        return overtime_fen(rate, planned_end=planned_end, ended_at=ended_at)

    amount_fen = so_far_fen(agreed_min + minutes) - so_far_fen(agreed_min)
    share_fen, commission_fen = allocate(amount_fen, (share_bp, BP_WHOLE - share_bp))
    return Extension(minutes=minutes, amount_fen=amount_fen, share_fen=share_fen, commission_fen=commission_fen)
