"""The room's thresholds: documented defaults, replaced by one configuration row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Thresholds of support, units as the names say."""

    review_window_days: int = 15
    """How long after its completion an order may be reviewed."""
    review_edit_s: int = 24 * 60 * 60
    """How long after handing it in a review may be changed."""
    prior_hundredths: int = 460
    """What a companion is taken for before anybody rated them, out of five times one hundred."""
    prior_weight: int = 8
    """So many reviews weigh as much as what was thought before: one review does not rule."""
    check_timeout_s: int = 10 * 60
    """So long a text waits for the content check; then a person looks at it."""

    def __post_init__(self) -> None:
        if min(self.review_window_days, self.review_edit_s, self.check_timeout_s) <= 0:
            raise ValueError("support policy: a window is not positive")
        if not (100 <= self.prior_hundredths <= 500 and self.prior_weight >= 0):
            raise ValueError("support policy: the prior is out of range")
