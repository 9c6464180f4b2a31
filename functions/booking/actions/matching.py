"""Who can take a visit, best first (F1, F2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from functions.booking import table
from functions.booking.rules import calendar, matching
from functions.booking.rules.calendar import Booking
from functions.booking.rules.matching import Candidate, DayLoad, Emptied, Ranked, Wanted
from functions.booking.table import Loaded

_MAX_KEYS = 100
"""What one BatchGet reads."""


@dataclass(frozen=True)
class Suited:
    """Companions who can take a visit, best first; if none, the condition that left nobody."""

    ranked: Sequence[Ranked]
    emptied_by: Emptied | None
    loaded: Loaded
    """The calendar days that were read."""


def suited(
    hospital_id: str,
    department_id: str,
    booking: Booking,
    *,
    wanted: Wanted,
    seed: str,
    without: Iterable[str] = (),
    also_days_of: str | None = None,
) -> Suited:
    """Who may take the visit that `booking` describes: one Query, then one BatchGet for the best ones' calendar days.

    `without` are left out; the days of `also_days_of` are read along for a caller who will change them.
    """
    policy, weights = table.policy(), table.weights()
    passed_over = set(without)
    pool = [
        candidate
        for candidate in table.candidates(hospital_id, department_id, limit=policy.candidate_pool)
        if candidate.companion_id not in passed_over
    ]
    fitting, emptied_by = matching.narrow(pool, wanted)
    dates = calendar.days_of(booking.starts_at, booking.ends_at)
    best = matching.rank(fitting, loads={}, weights=weights, seed=seed)[: _MAX_KEYS // len(dates) - 1]
    owners = [entry.candidate.companion_id for entry in best] + ([also_days_of] if also_days_of else [])
    loaded = table.load([table.day_key(owner, service_date) for owner in owners for service_date in dates])
    free: list[Candidate] = []
    loads: dict[str, DayLoad] = {}
    for entry in best:
        days = [row.day for row in loaded.days(entry.candidate.companion_id, dates)]
        if all(calendar.fits(day, booking, policy) for day in days):
            free.append(entry.candidate)
            loads[entry.candidate.companion_id] = _load_of(days[0].bookings, booking)
    ranked = matching.rank(free, loads=loads, weights=weights, seed=seed)
    return Suited(ranked, emptied_by if ranked or emptied_by else Emptied.CALENDAR, loaded)


def _load_of(bookings: Sequence[Booking], booking: Booking) -> DayLoad:
    others = [other for other in bookings if other.order_id != booking.order_id]
    return DayLoad(len(others), any(other.campus_id == booking.campus_id for other in others))
