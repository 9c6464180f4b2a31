"""Medians and how far to trust them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """Median of one thing over the median of another, with the 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"value": round(self.value, 3), "low": round(self.low, 3), "high": round(self.high, 3)}

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(of: Sequence[float], to: Sequence[float], *, seed: int = 1) -> Ratio:
    """Ratio of medians of two series measured in turn; rounds are resampled whole: neighbours share their noise."""
    assert len(of) == len(to) > 0, "measured in rounds"
    draw = random.Random(seed)
    rounds = range(len(of))
    values = []
    for _ in range(RESAMPLES):
        picked = draw.choices(rounds, k=len(of))
        values.append(median(of[i] for i in picked) / median(to[i] for i in picked))
    values.sort()
    return Ratio(median(of) / median(to), values[int(0.025 * RESAMPLES)], values[int(0.975 * RESAMPLES) - 1])
