"""What it costs to cancel or move an order: the city's terms, frozen with the order's quote (B3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from functions.booking.rules.orders import ClosedReason, OrderState
from functions.shared import money
from functions.shared.errors import Conflict
from functions.shared.money import BP_WHOLE

EVERYWHERE = "*"
"""The city code of the terms that hold where a city has none of its own."""


@dataclass(frozen=True)
class LateFee:
    """The part of the price that is kept when less than `within_s` is left before the visit."""

    within_s: int
    fee_bp: int


@dataclass(frozen=True)
class Terms:
    """One version of a city's terms. Earlier than the first late fee, cancelling is free."""

    version: str
    effective_from: datetime
    late_fees: tuple[LateFee, ...]
    """The farthest from the visit first; a fee never falls as the visit comes nearer."""
    after_departure_bp: int
    """What is kept once the companion is on the way."""
    companion_part_bp: int
    """The companion's part of every fee; the rest is the platform's."""
    reschedule_before_s: int
    """How long before the visit it may still be moved."""
    max_reschedules: int
    client_no_show_bp: int = 8_000
    """What is kept when the companion came and the patient did not (B4)."""

    def __post_init__(self) -> None:
        windows = [late.within_s for late in self.late_fees]
        fees = [late.fee_bp for late in self.late_fees] + [self.after_departure_bp]
        if windows != sorted(set(windows), reverse=True) or min(windows, default=1) <= 0:
            raise ValueError(f"cancellation terms {self.version}: windows are positive, the farthest first")
        if fees != sorted(fees) or not 0 <= fees[0] <= fees[-1] <= BP_WHOLE:
            raise ValueError(f"cancellation terms {self.version}: fees are 0 to {BP_WHOLE} bp and never fall")
        if not all(0 <= bp <= BP_WHOLE for bp in (self.companion_part_bp, self.client_no_show_bp)):
            raise ValueError(f"cancellation terms {self.version}: parts and no-show fees are 0 to {BP_WHOLE} bp")
        if self.reschedule_before_s < 0 or self.max_reschedules < 0:
            raise ValueError(f"cancellation terms {self.version}: rescheduling limits are not negative")

    @property
    def free_before_s(self) -> int:
        """Cancelling is free while at least this much is left."""
        return self.late_fees[0].within_s if self.late_fees else 0


DEFAULT_TERMS = Terms(
    version="2026.1",
    effective_from=datetime(2026, 1, 1, tzinfo=UTC),
    late_fees=(LateFee(24 * 3600, 2_000), LateFee(4 * 3600, 5_000)),
    after_departure_bp=8_000,
    companion_part_bp=8_000,
    reschedule_before_s=12 * 3600,
    max_reschedules=2,
)
"""In force where neither the city nor the country has a row."""


CANCELLABLE = frozenset({OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.DISPATCHING, OrderState.ASSIGNED})


class CostReason(StrEnum):
    """Why cancelling costs what it costs."""

    UNPAID = "unpaid"
    NOBODY_ASSIGNED = "nobody_assigned"
    IN_TIME = "in_time"
    LATE = "late"
    DEPARTED = "departed"
    CLIENT_NO_SHOW = "client_no_show"
    COMPANION_NO_SHOW = "companion_no_show"
    COMPLAINT = "complaint"


COST_TITLES = {
    CostReason.UNPAID: "尚未付款，取消不收费",
    CostReason.NOBODY_ASSIGNED: "陪诊师还没有接单，取消全额退款",
    CostReason.IN_TIME: "在免费取消时间内，全额退款",
    CostReason.LATE: "临近就诊，按规则收取取消费",
    CostReason.DEPARTED: "陪诊师已出发，按规则收取取消费",
    CostReason.CLIENT_NO_SHOW: "就诊人未到场，按规则收取爽约费",
    CostReason.COMPANION_NO_SHOW: "陪诊师未到场，全额退款",
    CostReason.COMPLAINT: "申诉处理结果，全额退款",
}


@dataclass(frozen=True)
class Cost:
    """What cancelling costs: refund + companion's fee + platform's fee = what was paid, to the fen."""

    reason: CostReason
    fee_bp: int
    companion_fee_fen: int
    platform_fee_fen: int
    refund_fen: int
    until: datetime | None
    """When it changes by the clock alone; None if only events change it."""

    @property
    def fee_fen(self) -> int:
        return self.companion_fee_fen + self.platform_fee_fen


class QuoteOutdated(Conflict):
    """What the client agreed to is no longer what cancelling costs; `latest` is what it costs now."""

    code = "cancellation_quote_outdated"
    title = "取消费用有变化，请按最新的结果重新确认"

    def __init__(self, detail: str | None = None, *, latest: Any = None, **more: Any) -> None:
        super().__init__(detail, **more)
        self.latest = latest


class TooLateToCancel(Conflict):
    """The service has begun or is over."""

    code = "too_late_to_cancel"
    title = "服务已开始或订单已结束，不能取消"


def in_force(versions: Sequence[Terms], at: datetime) -> Terms | None:
    """The version that took effect last, or None before the first."""
    begun = [terms for terms in versions if terms.effective_from <= at]
    return max(begun, key=lambda terms: terms.effective_from) if begun else None


def cost(
    terms: Terms,
    *,
    paid_fen: int,
    premium_fen: int,
    starts_at: datetime,
    now: datetime,
    assigned: bool,
    departed: bool,
) -> Cost:
    """The cost of cancelling now, before the service begins; the premium is never part of a fee (F36).

    `paid_fen` is 0 for an unpaid order. Nobody is kept waiting while nobody took the order, so that is free.
    """
    reason, fee_bp, until = _standing(terms, starts_at=starts_at, now=now, departed=departed)
    if paid_fen == 0 or not assigned:
        reason = CostReason.UNPAID if paid_fen == 0 else CostReason.NOBODY_ASSIGNED
        fee_bp, until = 0, None
    return _cost(terms, reason, fee_bp, paid_fen=paid_fen, premium_fen=premium_fen, until=until)


NO_SHOWS = {
    ClosedReason.CLIENT_NO_SHOW: CostReason.CLIENT_NO_SHOW,
    ClosedReason.COMPANION_NO_SHOW: CostReason.COMPANION_NO_SHOW,
}


def no_show_cost(terms: Terms, reason: ClosedReason, *, paid_fen: int, premium_fen: int) -> Cost:
    """What is kept of a paid order whose visit one of the two did not come to (B4); a companion's absence is free."""
    fee_bp = terms.client_no_show_bp if reason is ClosedReason.CLIENT_NO_SHOW else 0
    return _cost(terms, NO_SHOWS[reason], fee_bp, paid_fen=paid_fen, premium_fen=premium_fen, until=None)


def _cost(
    terms: Terms, reason: CostReason, fee_bp: int, *, paid_fen: int, premium_fen: int, until: datetime | None
) -> Cost:
    fee_fen = money.share(max(0, paid_fen - premium_fen), fee_bp)
    companion_fee_fen = money.share(fee_fen, terms.companion_part_bp)
    return Cost(
        reason=reason,
        fee_bp=fee_bp,
        companion_fee_fen=companion_fee_fen,
        platform_fee_fen=fee_fen - companion_fee_fen,
        refund_fen=paid_fen - fee_fen,
        until=until,
    )


def free_until(terms: Terms, starts_at: datetime) -> datetime:
    """Until when an assigned order may be cancelled without a fee."""
    return starts_at - timedelta(seconds=terms.free_before_s)


def _standing(
    terms: Terms, *, starts_at: datetime, now: datetime, departed: bool
) -> tuple[CostReason, int, datetime | None]:
    """Why, how many basis points, and when the next late fee begins."""
    if departed:
        return CostReason.DEPARTED, terms.after_departure_bp, None
    begins = [(starts_at - timedelta(seconds=late.within_s), late.fee_bp) for late in terms.late_fees]
    ahead = [at for at, _ in begins if now <= at]
    passed = [fee_bp for at, fee_bp in begins if now > at]
    until = ahead[0] if ahead else None
    return (CostReason.LATE, passed[-1], until) if passed else (CostReason.IN_TIME, 0, until)
