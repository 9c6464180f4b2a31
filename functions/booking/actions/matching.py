"""Who can take a visit, best first (F1, F2).

One Query of an index brings candidates of the highest standing; who of them fits is known without another read. Then
one BatchGet reads the calendar of a window of them, the best first. A list goes on with the next window, and with the
next part of the index; dispatch looks on by itself until somebody is free.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from functions.booking import table
from functions.booking.rules import calendar, matching
from functions.booking.rules.availability import Hours, packed_week
from functions.booking.rules.calendar import Booking
from functions.booking.rules.conditions import ConditionType
from functions.booking.rules.matching import Candidate, DayLoad, Emptied, Ranked, Wanted
from functions.booking.rules.relations import Relations
from functions.booking.table import Key, Loaded

_MAX_KEYS = 100
"""What one BatchGet reads."""
_LISTED_DAYS = 56
"""How many calendar days a list reads at most: half a read unit each."""
_WISHED = 6
"""How many favourites a list looks up who do not stand high enough to be found by the index."""
_MOST_WINDOWS = 20
"""How far dispatch looks: at nearly two thousand companions."""


@dataclass(frozen=True)
class Window:
    """Which candidates are looked at: window number `number` of the part of the index behind `after`."""

    after: str | None = None
    number: int = 0


FIRST_WINDOW = Window()


@dataclass(frozen=True)
class Suited:
    """Companions who can take a visit, best first; if none, the condition that left nobody."""

    ranked: Sequence[Ranked]
    emptied_by: Emptied | None
    loaded: Loaded
    """The calendar days that were read."""
    following: Window | None = None
    """Where more candidates are looked at, if there are more."""


def suited(
    hospital_id: str,
    department_id: str,
    booking: Booking,
    *,
    wanted: Wanted,
    seed: str,
    without: Iterable[str] = (),
    also_days_of: str | None = None,
    client_id: str | None = None,
    patient_id: str = "",
    condition_type: ConditionType | None = None,
) -> Suited:
    """Who may take the visit that `booking` describes: one Query, then one BatchGet for the best ones' calendar days.

    Again for the next best only while nobody is free. `without` are left out, and who is blocked with the client;
    the days of `also_days_of` are read along for a caller who will change them.
    """
    search = _Search(hospital_id, department_id, booking, wanted, seed, patient_id, condition_type)
    passed_over = frozenset(without)
    found = _dispatchable(search, FIRST_WINDOW, passed_over, also_days_of, client_id)
    for _ in range(_MOST_WINDOWS - 1):
        if found.ranked or found.following is None:
            break
        found = _dispatchable(search, found.following, passed_over, also_days_of, client_id)
    return found


def listed(
    hospital_id: str,
    department_id: str,
    booking: Booking,
    *,
    wanted: Wanted,
    seed: str,
    relations: Relations,
    patient_id: str,
    condition_type: ConditionType | None,
    window: Window,
) -> Suited:
    """The same for a client's list: one Query and one eventually consistent BatchGet for a window of candidates.

    Favourites, and whoever accompanied the patient before, are looked up even where the index would not find them.
    """
    search = _Search(hospital_id, department_id, booking, wanted, seed, patient_id, condition_type)
    size = min(table.policy().candidate_window, _LISTED_DAYS // len(search.dates))
    wished = relations.wished_for(patient_id)[:_WISHED]
    passed_over = relations.blocked | (frozenset(wished) if window.after else frozenset())
    pool = _pool(search, window, size, relations, passed_over)
    unseen = [] if window != FIRST_WINDOW else [each for each in wished if each not in pool.seen]
    keys = [table.companion_key(each) for each in unseen] + _days(search, [*pool.ids, *unseen])
    loaded = table.load(keys, consistent=False)
    asked_for, _ = matching.narrow(_found(search, loaded, unseen), wanted)
    return _judged(search, [*pool.candidates, *asked_for], relations, loaded, pool)


@dataclass(frozen=True)
class _Search:
    hospital_id: str
    department_id: str
    booking: Booking
    wanted: Wanted
    seed: str
    patient_id: str
    condition_type: ConditionType | None

    @property
    def dates(self) -> tuple[date, ...]:
        return calendar.days_held(self.booking.starts_at, self.booking.ends_at, table.policy())

    @property
    def hours(self) -> Hours:
        return Hours(self.booking, table.policy())


@dataclass(frozen=True)
class _Pool:
    """The candidates of one window, and who else the index brought."""

    candidates: Sequence[Candidate]
    seen: frozenset[str]
    emptied_by: Emptied | None
    following: Window | None

    @property
    def ids(self) -> list[str]:
        return [each.companion_id for each in self.candidates]


def _dispatchable(
    search: _Search, window: Window, passed_over: frozenset[str], also_days_of: str | None, client_id: str | None
) -> Suited:
    size = _MAX_KEYS // len(search.dates) - 2
    pool = _pool(search, window, size, Relations(), passed_over)
    owners = [*pool.ids, *([also_days_of] if also_days_of else [])]
    loaded = table.load(_days(search, owners) + ([table.relations_key(client_id)] if client_id else []))
    relations = loaded.relations(client_id).relations if client_id else Relations()
    allowed = [each for each in pool.candidates if not relations.is_blocked(each.companion_id)]
    return _judged(search, allowed, relations, loaded, pool)


def _pool(search: _Search, window: Window, size: int, relations: Relations, passed_over: frozenset[str]) -> _Pool:
    policy, language = table.policy(), search.wanted.language
    found, last = table.candidate_page(
        search.hospital_id,
        search.department_id,
        language=None if language in policy.common_languages else language,
        limit=policy.candidate_pool,
        after=window.after,
    )
    considered = [each for each in found if each.companion_id not in passed_over]
    fitting, emptied_by = matching.narrow(considered, search.wanted, hours=search.hours, dates=search.dates)
    if emptied_by is Emptied.DEPARTMENT and language is not None:
        emptied_by = Emptied.LANGUAGE
    ranked = matching.rank(
        fitting,
        loads={},
        weights=table.weights(),
        seed=search.seed,
        favourites=relations.favourites,
        known=relations.known_to(search.patient_id),
        condition_type=search.condition_type,
    )
    begin = window.number * size
    end = begin + size
    following = Window(window.after, window.number + 1) if len(ranked) > end else Window(last) if last else None
    return _Pool(
        [entry.candidate for entry in ranked[begin:end]],
        frozenset(each.companion_id for each in found),
        emptied_by,
        following,
    )


def _judged(
    search: _Search, candidates: Iterable[Candidate], relations: Relations, loaded: Loaded, pool: _Pool
) -> Suited:
    """Those who are free, ranked with what their day holds."""
    policy, hours, booking = table.policy(), search.hours, search.booking
    free: list[Candidate] = []
    loads: dict[str, DayLoad] = {}
    for candidate in candidates:
        days = [row.day for row in loaded.days(candidate.companion_id, search.dates)]
        has_room = all(calendar.fits(day, booking, policy, daily_cap=candidate.daily_cap) for day in days)
        if has_room and hours.on(candidate.hours, days):
            free.append(candidate)
            loads[candidate.companion_id] = _load_of(days[0].bookings, booking)
    ranked = matching.rank(
        free,
        loads=loads,
        weights=table.weights(),
        seed=search.seed,
        favourites=relations.favourites,
        known=relations.known_to(search.patient_id),
        condition_type=search.condition_type,
    )
    emptied_by = None if ranked or pool.following else pool.emptied_by or Emptied.CALENDAR
    return Suited(ranked, emptied_by, loaded, pool.following)


def _found(search: _Search, loaded: Loaded, companion_ids: Iterable[str]) -> list[Candidate]:
    """These companions as candidates, those who serve the department."""
    found = []
    for companion_id in companion_ids:
        row = loaded.companion(companion_id)
        if row is not None and (search.hospital_id, search.department_id) in row.companion.departments:
            said = row.availability
            candidate = row.companion.in_department(
                search.department_id, hours=packed_week(said), daily_cap=said.daily_cap
            )
            found.append(candidate)
    return found


def _days(search: _Search, owners: Iterable[str]) -> list[Key]:
    return [table.day_key(owner, service_date) for owner in owners for service_date in search.dates]


def _load_of(bookings: Sequence[Booking], booking: Booking) -> DayLoad:
    others = [other for other in bookings if other.order_id != booking.order_id]
    return DayLoad(len(others), any(other.campus_id == booking.campus_id for other in others))
