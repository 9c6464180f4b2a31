"""The room's thresholds: documented defaults, replaced by one configuration row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Measure(StrEnum):
    """What of a visit can be read off the system's records, in seconds."""

    ABSENCE = "absence"
    """Since the appointment, as long as the companion has not checked in."""
    ARRIVAL_DELAY = "arrival_delay"
    REPORT_DELAY = "report_delay"
    """Beyond the hour that the companion has for the report."""


@dataclass(frozen=True, kw_only=True)
class VerdictRule:
    """Complaints of this category are upheld by rule when `measure` is at least this long."""

    category: str
    measure: Measure
    at_least_s: int
    refund_bp: int
    """Of what the client paid, in hundredths of a percent."""
    reason: str
    """As the client reads it."""

    def __post_init__(self) -> None:
        if self.at_least_s <= 0 or not 0 < self.refund_bp <= 10_000:
            raise ValueError("support policy: a verdict rule is out of range")


@dataclass(frozen=True)
class ComplaintPolicy:
    """What is decided without a person, and what an agent is given (F17). How long each side has says the workflow."""

    window_days: int = 7
    """How long after the visit was completed a complaint may be filed."""
    agent_most: int = 10
    """So many complaints one agent holds at once; the rest is for the others."""
    watch_s: int = 10 * 60
    """So long after the workflow should have gone on, it is woken, or begun anew if it is no more."""
    verdicts: tuple[VerdictRule, ...] = (
        VerdictRule(
            category="companion_absent",
            measure=Measure.ABSENCE,
            at_least_s=2 * 60 * 60,
            refund_bp=10_000,
            reason="系统没有陪诊师到场签到的记录，全额退款",
        ),
        VerdictRule(
            category="late_arrival",
            measure=Measure.ARRIVAL_DELAY,
            at_least_s=30 * 60,
            refund_bp=1_000,
            reason="陪诊师签到晚于预约时间 30 分钟以上，退还 10%",
        ),
        VerdictRule(
            category="late_arrival",
            measure=Measure.ARRIVAL_DELAY,
            at_least_s=60 * 60,
            refund_bp=3_000,
            reason="陪诊师签到晚于预约时间 1 小时以上，退还 30%",
        ),
        VerdictRule(
            category="report_late",
            measure=Measure.REPORT_DELAY,
            at_least_s=24 * 60 * 60,
            refund_bp=1_000,
            reason="陪诊报告迟交 1 天以上，退还 10%",
        ),
    )

    @property
    def watch(self) -> timedelta:
        """`watch_s` as a span of time."""
        return timedelta(seconds=self.watch_s)

    def __post_init__(self) -> None:
        if min(self.window_days, self.agent_most, self.watch_s) <= 0:
            raise ValueError("support policy: a complaint's window is not positive")


@dataclass(frozen=True)
class RectificationPolicy:
    """How long a companion has to put things right, and what they are given to read (F31)."""

    rectify_s: int = 14 * 24 * 60 * 60
    inspect_s: int = 3 * 24 * 60 * 60
    """So long an answer waits for its inspection before it is overdue."""
    extensions_most: int = 2
    articles: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"*": ("service_standards",)})
    """Articles of the handbook by kind of complaint; under `*` those for everybody."""

    def __post_init__(self) -> None:
        if min(self.rectify_s, self.inspect_s) <= 0 or self.extensions_most < 0:
            raise ValueError("support policy: a rectification's time is not positive")


@dataclass(frozen=True)
class ClientPolicy:
    """From how many rejected complaints in so many days on a client is flagged for staff (F28)."""

    window_days: int = 180
    flag_from: int = 3

    def __post_init__(self) -> None:
        if min(self.window_days, self.flag_from) <= 0:
            raise ValueError("support policy: a client's window is not positive")


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
    complaints: ComplaintPolicy = field(default_factory=ComplaintPolicy)
    rectification: RectificationPolicy = field(default_factory=RectificationPolicy)
    clients: ClientPolicy = field(default_factory=ClientPolicy)

    def __post_init__(self) -> None:
        if min(self.review_window_days, self.review_edit_s, self.check_timeout_s) <= 0:
            raise ValueError("support policy: a window is not positive")
        if not (100 <= self.prior_hundredths <= 500 and self.prior_weight >= 0):
            raise ValueError("support policy: the prior is out of range")
