"""Which companions suit a visit, in which order, and why (F1, F2).

Hard filters first, one after the other, so that an empty list can say what emptied it; then a score in whole points.
The order depends on nothing but the inputs: the same quote shows the same list on every page.

An index holds candidates by their standing, the part of the score that no single visit changes, so that one short read
finds the best. A newcomer stands at a place drawn above their own, another one every few days: in every department
some of them are among those who are looked at, and everybody comes to it.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from functions.booking.rules.availability import Hours
from functions.booking.rules.conditions import CONDITION_TITLES, ConditionType
from functions.booking.rules.policy import TIER_TITLES, Tier
from functions.shared.errors import Conflict

FULL = 1_000
"""Points of a perfect signal; weights are in parts of their own sum, so a score is 0 to 1,000."""
_RATING_FLOOR, _RATING_TOP = 400, 500
_CASES_HALF = 30
"""Cases in the department at which the experience signal is half of its most."""
_WELL_RATED = 470
_PERCENT = 100
_EXPERIENCED_CASES = 10


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class Emptied(StrEnum):
    """The condition after which nobody was left."""

    DEPARTMENT = "department"
    GENDER = "gender"
    LANGUAGE = "language"
    FIRST_AID = "first_aid"
    HOURS = "hours"
    CALENDAR = "calendar"


EMPTIED_TITLES: Mapping[Emptied, str] = {
    Emptied.DEPARTMENT: "这个科室暂时没有可预约的陪诊师",
    Emptied.GENDER: "没有符合性别要求的陪诊师，可以放宽这一项再看",
    Emptied.LANGUAGE: "没有会这种语言的陪诊师，可以放宽这一项再看",
    Emptied.FIRST_AID: "没有持急救证的陪诊师，可以放宽这一项再看",
    Emptied.HOURS: "这个时间没有陪诊师接单，可以换一个时间",
    Emptied.CALENDAR: "符合要求的陪诊师在这个时段都已有约，可以换一个时间",
}


class CompanionUnavailable(Conflict):
    """The companion does not take visits in this department, or does not meet what the client asked for."""

    code = "companion_unavailable"
    title = "这位陪诊师暂不接这次陪诊，请另选一位"


@dataclass(frozen=True)
class Candidate:
    """A companion as matching sees them, in one department."""

    companion_id: str
    display_name: str
    city: str
    tier: Tier
    gender: Gender
    languages: frozenset[str]
    first_aid_certified: bool
    rating_hundredths: int | None
    completed_visits: int
    cases: int
    """Visits completed in this department."""
    hours: str = ""
    """Their hours of the week, packed (`availability.packed_week`); empty for the policy's."""
    extra_days: frozenset[date] = frozenset()
    """Days on which they work at other times as well: the calendar says at which."""
    daily_cap: int | None = None
    """Visits that they begin in one day at most, if fewer than the policy allows."""
    specialties: frozenset[ConditionType] = frozenset()


@dataclass(frozen=True)
class Companion:
    """What booking knows of a companion: enough to make a Candidate for each department that they serve."""

    companion_id: str
    display_name: str
    city: str
    tier: Tier
    gender: Gender
    languages: frozenset[str]
    first_aid_certified: bool
    rating_hundredths: int | None
    completed_visits: int
    cases_by_department: Mapping[str, int]
    serves: Mapping[str, frozenset[str]]
    """Department ids by hospital id."""
    specialties: frozenset[ConditionType] = frozenset()

    @property
    def departments(self) -> frozenset[tuple[str, str]]:
        """Every (hospital id, department id) that they serve."""
        return frozenset((hospital_id, each) for hospital_id, served in self.serves.items() for each in served)

    def in_department(
        self,
        department_id: str,
        *,
        hours: str = "",
        extra_days: frozenset[date] = frozenset(),
        daily_cap: int | None = None,
    ) -> Candidate:
        """The companion as a candidate there, with what they said of their time."""
        return Candidate(
            companion_id=self.companion_id,
            display_name=self.display_name,
            city=self.city,
            tier=self.tier,
            gender=self.gender,
            languages=self.languages,
            first_aid_certified=self.first_aid_certified,
            rating_hundredths=self.rating_hundredths,
            completed_visits=self.completed_visits,
            cases=self.cases_by_department.get(department_id, 0),
            hours=hours,
            extra_days=extra_days,
            daily_cap=daily_cap,
            specialties=self.specialties,
        )


@dataclass(frozen=True)
class Wanted:
    """The client's hard conditions; None or False asks nothing."""

    gender: Gender | None = None
    language: str | None = None
    first_aid: bool = False


@dataclass(frozen=True)
class DayLoad:
    """What the visit's day already holds for a companion."""

    visits: int = 0
    same_campus: bool = False


@dataclass(frozen=True)
class Weights:
    """How much each signal counts, and who is new."""

    rating: int = 30
    cases: int = 30
    tier: int = 10
    idle: int = 15
    nearby: int = 5
    exploration: int = 10
    specialty: int = 15
    """Counts only where the client said what the visit is about."""
    favourite_lift: int = 80
    continuity_lift: int = 60
    """How far a favourite, or who accompanied this patient before, is lifted towards the full score, in percent."""
    newcomer_below_visits: int = 20
    """Companions with fewer completed visits share the exploration weight, in another order for every quote."""
    newcomer_every: int = 8
    """After so many others there is room for one newcomer, whose turn it is for this quote; 0: for none."""
    tier_points: Mapping[Tier, int] = field(
        default_factory=lambda: {Tier.JUNIOR: 300, Tier.INTERMEDIATE: 650, Tier.SENIOR: FULL}
    )

    def __post_init__(self) -> None:
        standing = (self.rating, self.cases, self.tier)
        others = (self.idle, self.nearby, self.exploration, self.specialty, self.newcomer_every)
        if min(*standing, *others) < 0 or sum(standing) <= 0:
            raise ValueError("matching weights are not negative, and those of the standing are not all zero")
        if not all(0 <= lift <= _PERCENT for lift in (self.favourite_lift, self.continuity_lift)):
            raise ValueError("matching weights lift by 0 to 100 percent")


@dataclass(frozen=True)
class Ranked:
    """A companion with score (0 to 1,000) and the reasons for it, the weightiest first."""

    candidate: Candidate
    score: int
    reasons: tuple[str, ...]

    @property
    def place(self) -> tuple[int, str]:
        """What the list is sorted by: unique, so that a page can continue after it."""
        return (-self.score, self.candidate.companion_id)


def meets(candidate: Candidate, wanted: Wanted) -> bool:
    """Whether the companion satisfies every hard condition."""
    return all(holds(candidate) for _, holds in _conditions(wanted))


def narrow(
    candidates: Sequence[Candidate], wanted: Wanted, *, hours: Hours | None = None, dates: Iterable[date] = ()
) -> tuple[list[Candidate], Emptied | None]:
    """The candidates that meet every condition; if there are none, the condition that took the last of them away.

    With `hours`, those who do not work at the time of the visit are left out as far as their weeks tell; whoever works
    at other times on one of its `dates` stays.
    """
    left = list(candidates)
    if not left:
        return left, Emptied.DEPARTMENT
    for name, holds in (*_conditions(wanted), *_in_hours(hours, frozenset(dates))):
        left = [candidate for candidate in left if holds(candidate)]
        if not left:
            return left, name
    return left, None


def rank(
    candidates: Iterable[Candidate],
    *,
    loads: Mapping[str, DayLoad],
    weights: Weights,
    seed: str,
    favourites: Container[str] = frozenset(),
    known: Container[str] = frozenset(),
    condition_type: ConditionType | None = None,
) -> list[Ranked]:
    """Best first. `loads` is by companion id (absent: a free day); `seed` (the quote's id) shuffles newcomers.

    `favourites` are the client's; `known` are companions who accompanied the patient before. Whoever is good at
    `condition_type` goes up; nobody is left out for not being.
    """
    ranked = []
    for candidate in candidates:
        companion_id = candidate.companion_id
        tie = _Tie(companion_id in favourites, companion_id in known)
        ranked.append(_judge(candidate, loads.get(companion_id, DayLoad()), tie, condition_type, weights, seed))
    return sorted(_with_newcomers(ranked, weights, seed), key=lambda entry: entry.place)


def standing(candidate: Candidate, weights: Weights) -> int:
    """0 to 1,000: the part of the score that is the same for every visit to the department."""
    signals = (
        (weights.rating, _rating_points(candidate)),
        (weights.cases, _cases_points(candidate)),
        (weights.tier, weights.tier_points[candidate.tier]),
    )
    return sum(weight * points for weight, points in signals) // sum(weight for weight, _ in signals)


def index_standing(candidate: Candidate, weights: Weights, *, place: str, turn: int) -> int:
    """What the index of a department (`place`) sorts the candidate by: a newcomer's is drawn anew for every `turn`."""
    own = standing(candidate, weights)
    if not is_newcomer(candidate.completed_visits, weights):
        return own
    return own + _drawn(f"{turn}/{place}/{candidate.companion_id}") * (FULL - own) // FULL


def is_newcomer(completed_visits: int, weights: Weights) -> bool:
    return completed_visits < weights.newcomer_below_visits


def _conditions(wanted: Wanted) -> list[tuple[Emptied, Callable[[Candidate], bool]]]:
    conditions: list[tuple[Emptied, Callable[[Candidate], bool]]] = []
    if wanted.gender is not None:
        conditions.append((Emptied.GENDER, lambda candidate: candidate.gender == wanted.gender))
    if wanted.language is not None:
        conditions.append((Emptied.LANGUAGE, lambda candidate: wanted.language in candidate.languages))
    if wanted.first_aid:
        conditions.append((Emptied.FIRST_AID, lambda candidate: candidate.first_aid_certified))
    return conditions


def _in_hours(hours: Hours | None, dates: frozenset[date]) -> list[tuple[Emptied, Callable[[Candidate], bool]]]:
    if hours is None:
        return []
    in_week = hours.in_week
    return [(Emptied.HOURS, lambda candidate: in_week(candidate.hours) or not dates.isdisjoint(candidate.extra_days))]


@dataclass(frozen=True)
class _Tie:
    """What binds the companion to the client and the patient."""

    is_favourite: bool
    is_known: bool


def _with_newcomers(ranked: Sequence[Ranked], weights: Weights, seed: str) -> list[Ranked]:
    """One newcomer after the other, as it is their turn, is lifted to just behind a group of the others."""
    new = [entry for entry in ranked if is_newcomer(entry.candidate.completed_visits, weights)]
    if not new or not weights.newcomer_every:
        return list(ranked)
    others = sorted(entry.score for entry in ranked if not is_newcomer(entry.candidate.completed_visits, weights))
    groups = others[::-1][weights.newcomer_every - 1 :: weights.newcomer_every]
    new.sort(key=lambda entry: (-_drawn(f"{seed}/{entry.candidate.companion_id}"), entry.candidate.companion_id))
    lifted = {
        entry.candidate.companion_id: score for entry, score in zip(new, groups, strict=False) if score > entry.score
    }
    return [
        replace(entry, score=lifted.get(entry.candidate.companion_id, entry.score)) if lifted else entry
        for entry in ranked
    ]


def _judge(
    candidate: Candidate,
    load: DayLoad,
    tie: _Tie,
    condition_type: ConditionType | None,
    weights: Weights,
    seed: str,
) -> Ranked:
    signals = (
        (weights.rating, _rating_points(candidate), _rating_reason(candidate)),
        (weights.cases, _cases_points(candidate), _cases_reason(candidate)),
        (weights.tier, weights.tier_points[candidate.tier], _tier_reason(candidate)),
        (weights.idle, FULL // (1 + load.visits), "" if load.visits else "当天没有其他安排"),
        (weights.nearby, FULL if load.same_campus else 0, "当天已在这个院区" if load.same_campus else ""),
        (weights.exploration, _exploration_points(candidate, weights, seed), _newcomer_reason(candidate, weights)),
        *_specialty_signals(candidate, condition_type, weights),
    )
    whole = sum(weight for weight, _, _ in signals)
    score = sum(weight * points for weight, points, _ in signals) // whole
    said = sorted((signal for signal in signals if signal[2]), key=lambda signal: -signal[0] * signal[1])
    reasons = [reason for _, _, reason in said]
    for holds, lift, reason in (
        (tie.is_favourite, weights.favourite_lift, "您收藏的陪诊师"),
        (tie.is_known, weights.continuity_lift, "上次陪过这位就诊人"),
    ):
        if holds:
            score += (FULL - score) * lift // _PERCENT
            reasons.insert(0, reason)
    return Ranked(candidate, score, tuple(reasons))


def _specialty_signals(
    candidate: Candidate, condition_type: ConditionType | None, weights: Weights
) -> tuple[tuple[int, int, str], ...]:
    """None where nothing was said of the visit: a perfect score must not need a specialty then."""
    if condition_type is None:
        return ()
    if condition_type not in candidate.specialties:
        return ((weights.specialty, 0, ""),)
    return ((weights.specialty, FULL, f"擅长{CONDITION_TITLES[condition_type]}陪诊"),)


def _rating_points(candidate: Candidate) -> int:
    """Unrated companions count as the middle: neither punished nor favoured for being new."""
    if candidate.rating_hundredths is None:
        return FULL // 2
    above = min(max(candidate.rating_hundredths, _RATING_FLOOR), _RATING_TOP) - _RATING_FLOOR
    return FULL * above // (_RATING_TOP - _RATING_FLOOR)


def _exploration_points(candidate: Candidate, weights: Weights, seed: str) -> int:
    return _drawn(f"{seed}/{candidate.companion_id}") if is_newcomer(candidate.completed_visits, weights) else 0


def _drawn(lot: str) -> int:
    """0 to 1,000, the same for the same lot."""
    return int.from_bytes(hashlib.blake2b(lot.encode(), digest_size=4).digest()) % (FULL + 1)


def _cases_points(candidate: Candidate) -> int:
    return FULL * candidate.cases // (candidate.cases + _CASES_HALF)


def _rating_reason(candidate: Candidate) -> str:
    rating = candidate.rating_hundredths
    if rating is None or rating < _WELL_RATED:
        return ""
    return f"评分 {rating // 100}.{rating % 100:02d}"


def _cases_reason(candidate: Candidate) -> str:
    return f"陪过本科室 {candidate.cases} 次" if candidate.cases >= _EXPERIENCED_CASES else ""


def _tier_reason(candidate: Candidate) -> str:
    return "" if candidate.tier is Tier.JUNIOR else f"{TIER_TITLES[candidate.tier]}陪诊师"


def _newcomer_reason(candidate: Candidate, weights: Weights) -> str:
    return "平台新人，已通过认证" if is_newcomer(candidate.completed_visits, weights) else ""
