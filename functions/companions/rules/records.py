"""What a companion did lately, day by day: visits, complaints and cancellations, for tiers and the complaint rate."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta


@dataclass(frozen=True)
class Record:
    """Counts by China calendar day, as far back as the window goes."""

    visits: Mapping[date, int] = field(default_factory=dict)
    complaints: Mapping[date, int] = field(default_factory=dict)
    cancellations: Mapping[date, int] = field(default_factory=dict)
    rejected: Mapping[date, int] = field(default_factory=dict)
    """Complaints in which the client was not right."""
    rectified_on: date | None = None
    """When the last rectification was lifted: what was complained of until then is dealt with."""

    def within(self, today: date, *, window_days: int) -> "Record":
        """Only the last `window_days` days, `today` the last of them."""
        since = today - timedelta(days=window_days - 1)
        visits, complaints, cancellations, rejected = (
            {day: count for day, count in counts.items() if day >= since}
            for counts in (self.visits, self.complaints, self.cancellations, self.rejected)
        )
        return Record(visits, complaints, cancellations, rejected, self.rectified_on)

    def with_visit(self, day: date) -> "Record":
        """One more completed visit."""
        return replace(self, visits=_more(self.visits, day))

    def with_complaint(self, day: date) -> "Record":
        """One more complaint in which the client was right."""
        return replace(self, complaints=_more(self.complaints, day))

    def with_rejected(self, day: date) -> "Record":
        """One more complaint in which the client was not right."""
        return replace(self, rejected=_more(self.rejected, day))

    def with_cancellation(self, day: date) -> "Record":
        """One more order that the companion had taken and gave up, or did not confirm."""
        return replace(self, cancellations=_more(self.cancellations, day))


def _more(counts: Mapping[date, int], day: date) -> dict[date, int]:
    return {**counts, day: counts.get(day, 0) + 1}
