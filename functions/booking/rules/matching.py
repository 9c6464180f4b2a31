"""Which companions suit a visit, in which order, and why (F1, F2).

Hard filters first, one after the other, so that an empty list can say what emptied it; then a score in whole points.
The order depends on nothing but the inputs: the same quote shows the same list on every page.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from functions.booking.rules.policy import TIER_TITLES, Tier
from functions.shared.errors import Conflict

FULL = 1_000
"""Points of a perfect signal; weights are in parts of their own sum, so a score is 0 to 1,000."""
_RATING_FLOOR, _RATING_TOP = 400, 500
_CASES_HALF = 30
"""Cases in the department at which the experience signal is half of its most."""
_WELL_RATED = 470
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
    CALENDAR = "calendar"


EMPTIED_TITLES: Mapping[Emptied, str] = {
    Emptied.DEPARTMENT: "这个科室暂时没有可预约的陪诊师",
    Emptied.GENDER: "没有符合性别要求的陪诊师，可以放宽这一项再看",
    Emptied.LANGUAGE: "没有会这种语言的陪诊师，可以放宽这一项再看",
    Emptied.FIRST_AID: "没有持急救证的陪诊师，可以放宽这一项再看",
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

    @property
    def departments(self) -> frozenset[tuple[str, str]]:
        """Every (hospital id, department id) that they serve."""
        return frozenset((hospital_id, each) for hospital_id, served in self.serves.items() for each in served)

    def in_department(self, department_id: str) -> Candidate:
        """The companion as a candidate there."""
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
    newcomer_below_visits: int = 20
    """Companions with fewer completed visits share the exploration weight, in another order for every quote."""
    tier_points: Mapping[Tier, int] = field(
        default_factory=lambda: {Tier.JUNIOR: 300, Tier.INTERMEDIATE: 650, Tier.SENIOR: FULL}
    )

    def __post_init__(self) -> None:
        signals = (self.rating, self.cases, self.tier, self.idle, self.nearby, self.exploration)
        if min(signals) < 0 or sum(signals) <= 0:
            raise ValueError("matching weights are not negative and not all zero")


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


def narrow(candidates: Sequence[Candidate], wanted: Wanted) -> tuple[list[Candidate], Emptied | None]:
    """The candidates that meet every condition; if there are none, the condition that took the last of them away."""
    left = list(candidates)
    if not left:
        return left, Emptied.DEPARTMENT
    for name, holds in _conditions(wanted):
        left = [candidate for candidate in left if holds(candidate)]
        if not left:
            return left, name
    return left, None


def rank(candidates: Iterable[Candidate], *, loads: Mapping[str, DayLoad], weights: Weights, seed: str) -> list[Ranked]:
    """Best first. `loads` is by companion id (absent: a free day); `seed` (the quote's id) shuffles newcomers."""
    ranked = [
        _judge(candidate, loads.get(candidate.companion_id, DayLoad()), weights, seed) for candidate in candidates
    ]
    return sorted(ranked, key=lambda entry: entry.place)


def _conditions(wanted: Wanted) -> list[tuple[Emptied, Callable[[Candidate], bool]]]:
    conditions: list[tuple[Emptied, Callable[[Candidate], bool]]] = []
    if wanted.gender is not None:
        conditions.append((Emptied.GENDER, lambda candidate: candidate.gender == wanted.gender))
    if wanted.language is not None:
        conditions.append((Emptied.LANGUAGE, lambda candidate: wanted.language in candidate.languages))
    if wanted.first_aid:
        conditions.append((Emptied.FIRST_AID, lambda candidate: candidate.first_aid_certified))
    return conditions


def _judge(candidate: Candidate, load: DayLoad, weights: Weights, seed: str) -> Ranked:
    signals = (
        (weights.rating, _rating_points(candidate), _rating_reason(candidate)),
        (weights.cases, FULL * candidate.cases // (candidate.cases + _CASES_HALF), _cases_reason(candidate)),
        (weights.tier, weights.tier_points[candidate.tier], _tier_reason(candidate)),
        (weights.idle, FULL // (1 + load.visits), "" if load.visits else "当天没有其他安排"),
        (weights.nearby, FULL if load.same_campus else 0, "当天已在这个院区" if load.same_campus else ""),
        (weights.exploration, _exploration_points(candidate, weights, seed), _newcomer_reason(candidate, weights)),
    )
    whole = sum(weight for weight, _, _ in signals)
    score = sum(weight * points for weight, points, _ in signals) // whole
    said = sorted((signal for signal in signals if signal[2]), key=lambda signal: -signal[0] * signal[1])
    return Ranked(candidate, score, tuple(reason for _, _, reason in said))


def _rating_points(candidate: Candidate) -> int:
    """Unrated companions count as the middle: neither punished nor favoured for being new."""
    if candidate.rating_hundredths is None:
        return FULL // 2
    above = min(max(candidate.rating_hundredths, _RATING_FLOOR), _RATING_TOP) - _RATING_FLOOR
    return FULL * above // (_RATING_TOP - _RATING_FLOOR)


def _exploration_points(candidate: Candidate, weights: Weights, seed: str) -> int:
    if candidate.completed_visits >= weights.newcomer_below_visits:
        return 0
    digest = hashlib.blake2b(f"{seed}/{candidate.companion_id}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % (FULL + 1)


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
    return "平台新人，已通过认证" if candidate.completed_visits < weights.newcomer_below_visits else ""
