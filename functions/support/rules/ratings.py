"""What many reviews say together: exact sums, shown so that one review does not rule (F16)."""

from dataclasses import dataclass, fields
from typing import Annotated

from msgspec import Meta

from functions.support.rules.policy import Policy

MAX_SCORE = 5
Score = Annotated[int, Meta(ge=1, le=MAX_SCORE)]


@dataclass(frozen=True)
class Scores:
    """A client's three marks, 1 to 5 each."""

    professionalism: Score
    responsiveness: Score
    attitude: Score

    def __post_init__(self) -> None:
        if not all(1 <= mark <= MAX_SCORE for mark in self.marks):
            raise ValueError("a mark is 1 to 5")

    @property
    def marks(self) -> tuple[int, int, int]:
        return self.professionalism, self.responsiveness, self.attitude


@dataclass(frozen=True)
class Rating:
    """The sums over a companion's published reviews: nothing is rounded before it is shown."""

    count: int = 0
    professionalism: int = 0
    responsiveness: int = 0
    attitude: int = 0

    def with_(self, scores: Scores) -> "Rating":
        """One published review more."""
        return self._moved(scores, 1)

    def without(self, scores: Scores) -> "Rating":
        """One published review less."""
        return self._moved(scores, -1)

    def _moved(self, scores: Scores, sign: int) -> "Rating":
        moved = Rating(
            self.count + sign,
            self.professionalism + sign * scores.professionalism,
            self.responsiveness + sign * scores.responsiveness,
            self.attitude + sign * scores.attitude,
        )
        assert min(getattr(moved, each.name) for each in fields(moved)) >= 0, "a review left that had not come"
        return moved

    def shown_hundredths(self, policy: Policy) -> int | None:
        """Out of five times one hundred, drawn towards the prior while reviews are few; None without any."""
        if self.count == 0:
            return None
        total = self.professionalism + self.responsiveness + self.attitude
        weight = self.count + policy.prior_weight
        # Mean of the three dimensions: total × 100 / 3, weighed with the prior; rounded half up once, at the end.
        numerator = total * 100 + 3 * policy.prior_weight * policy.prior_hundredths
        return (2 * numerator + 3 * weight) // (6 * weight)

    def mean_hundredths(self, dimension_sum: int) -> int | None:
        """The plain mean of one dimension times one hundred, rounded half up; None without reviews."""
        return (200 * dimension_sum + self.count) // (2 * self.count) if self.count else None
