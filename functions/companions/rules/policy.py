"""The room's thresholds: documented defaults, replaced by one configuration row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Thresholds of companions. Days, years and counts as the names say."""

    warn_days: tuple[int, ...] = (30, 7, 1)
    """How many days before a credential's last day its companion is warned (F23)."""
    min_validity_days: int = 30
    """A certificate that ends sooner is not taken."""
    reapply_after_days: int = 30
    """How long after a rejection a new application may be made (F27)."""
    min_age: int = 18
    max_age: int = 65
    """Who may apply, in completed years of the calendar."""
    credentials_per_account: int = 60
    """How many certificates an account may ever upload."""
    cases_shown_from: int = 5
    """Fewer cases of a department are not shown: they could point at a person (F23)."""
    announce_each_below: int = 20
    """Up to so many visits the other rooms are told each one at once; a longer record, once a night."""
    suspend_above_bp: int = 500
    """Above this rate of complaints in the tiers' window a companion stops working until things are put right (F31)."""
    rejected_weight_bp: int = 0
    """How much a complaint that was rejected weighs in that rate, an upheld one being 10,000."""
    review_page: int = 100
    """How many companions are reviewed together."""
    review_pages_per_run: int = 40
    """How many such pages one run of the nightly review takes on."""

    def __post_init__(self) -> None:
        positive = (self.min_validity_days, self.credentials_per_account, self.review_page, self.review_pages_per_run)
        if min(positive) <= 0 or self.review_page > 100:
            raise ValueError("companions policy: a count is out of range")
        if not self.warn_days or min(self.warn_days) < 1:
            raise ValueError("companions policy: warn_days are at least one day ahead")
        if min(self.reapply_after_days, self.cases_shown_from, self.announce_each_below) < 0:
            raise ValueError("companions policy: negative")
        if not (0 < self.suspend_above_bp <= 10_000 and 0 <= self.rejected_weight_bp <= 10_000):
            raise ValueError("companions policy: a share is 0 to 10,000 bp")
        if not 16 <= self.min_age <= self.max_age:
            raise ValueError("companions policy: nobody could apply")
